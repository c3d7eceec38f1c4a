/// Why bytes are not a state of the supervisor.
package enum StateError: Error, Hashable, Sendable {
  /// They are no state at all.
  case notAState
  /// They are of another version.
  case version(UInt16)
  case truncated
  /// A field has a value that it cannot have, or fields contradict each other.
  case contradiction(String)
  case leftOver
}

/// Writes fields one after the other, little-endian.
struct StateWriter {
  private(set) var bytes: [UInt8] = []

  mutating func put(_ value: some FixedWidthInteger) {
    var rest = value
    for _ in 0..<value.bitWidth / 8 {
      bytes.append(UInt8(truncatingIfNeeded: rest))
      rest >>= 8
    }
  }

  mutating func put(_ value: Bool) { bytes.append(value ? 1 : 0) }

  mutating func put(_ text: String) {
    put(UInt32(text.utf8.count))
    bytes += text.utf8
  }

  mutating func put<Value>(
    _ value: Value?, _ body: (inout StateWriter, Value) -> Void
  ) {
    put(value != nil)
    if let value { body(&self, value) }
  }

  mutating func put<Value>(
    list: [Value], _ body: (inout StateWriter, Value) -> Void
  ) {
    put(UInt32(list.count))
    for value in list { body(&self, value) }
  }
}

/// Takes fields off bytes. Every take is checked, so no bytes whatever make it trap.
struct StateReader {
  private let bytes: [UInt8]
  private var place = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  var left: Int { bytes.count - place }

  mutating func take<Value: FixedWidthInteger>(
    _: Value.Type = Value.self
  ) throws(StateError) -> Value {
    let count = Value.bitWidth / 8
    guard left >= count else { throw .truncated }
    var value: Value = 0
    for offset in 0..<count {
      value |= Value(truncatingIfNeeded: bytes[place + offset]) << Value(8 * offset)
    }
    place += count
    return value
  }

  /// A number that is not negative and fits; such as a time's length.
  mutating func length(
    _ what: String, upTo most: Int64 = .max
  ) throws(StateError) -> Int64 {
    let value: Int64 = try take()
    guard (0...most).contains(value) else { throw .contradiction(what) }
    return value
  }

  mutating func bool() throws(StateError) -> Bool {
    switch try take(UInt8.self) {
    case 0: false
    case 1: true
    default: throw .contradiction("boolean")
    }
  }

  mutating func text() throws(StateError) -> String {
    let count = Int(try take(UInt32.self))
    guard count <= left else { throw .truncated }
    guard let text = String(validating: bytes[place..<place + count], as: UTF8.self) else {
      throw .contradiction("text")
    }
    place += count
    return text
  }

  mutating func optional<Value>(
    _ body: (inout StateReader) throws(StateError) -> Value
  ) throws(StateError) -> Value? {
    try bool() ? try body(&self) : nil
  }

  /// Every element takes a byte at least, so a count that lies costs nothing.
  mutating func list<Value>(
    _ body: (inout StateReader) throws(StateError) -> Value
  ) throws(StateError) -> [Value] {
    let count = Int(try take(UInt32.self))
    guard count <= left else { throw .truncated }
    var result: [Value] = []
    for _ in 0..<count { result.append(try body(&self)) }
    return result
  }

  mutating func word<Value: RawRepresentable>(
    _: Value.Type = Value.self
  ) throws(StateError) -> Value where Value.RawValue == UInt8 {
    guard let value = Value(rawValue: try take()) else { throw .contradiction("\(Value.self)") }
    return value
  }

  /// One of the cases, by its place in their list.
  mutating func place<Value: CaseIterable>(
    of _: Value.Type = Value.self
  ) throws(StateError) -> Value {
    let number = Int(try take(UInt8.self))
    let all = Array(Value.allCases)
    guard number < all.count else { throw .contradiction("\(Value.self)") }
    return all[number]
  }
}

extension CaseIterable where Self: Equatable {
  /// Its place in the list of cases.
  var place: UInt8 {
    var number: UInt8 = 0
    for value in Self.allCases {
      if value == self { break }
      number += 1
    }
    return number
  }
}
