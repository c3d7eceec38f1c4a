/// Why bytes are no JSON document, and where.
package struct JSONError: Error, Hashable, Sendable, CustomStringConvertible {
  package enum Reason: String, Hashable, Sendable {
    case tooLong = "the document is too long"
    case tooDeep = "arrays and objects are nested too deep"
    case endsEarly = "the document ends too early"
    case unexpected = "a byte that cannot stand here"
    case leftOver = "something follows the document"
    case word = "a word that is not true, false or null"
    case number = "not a number as JSON writes them"
    case range = "a number beyond 64 bits"
    case controlCharacter = "a control character in a string"
    case escape = "an escape that JSON does not know"
    case surrogate = "half of a surrogate pair"
    case encoding = "not UTF-8"
    case duplicateKey = "a key that the object has already"
  }

  package var reason: Reason
  /// Counted in bytes from 0.
  package var offset: Int

  /// "byte 7: not UTF-8".
  package var description: String { "byte \(offset): \(reason.rawValue)" }
}

/// Reads JSON (RFC 8259) from any bytes: a value, or an error with its place; never a trap.
///
/// Stricter than the RFC allows: no key twice in an object, no lone surrogate, no number that would change. An integer
/// is an Int64, every other number a finite Double. Memory and time are linear in the number of bytes.
package struct JSONReader {
  /// Of arrays and objects in each other.
  package static let deepest = 32

  private let bytes: [UInt8]
  private var place = 0
  private var depth = 0

  private init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// - Parameter limit: of the document, in bytes.
  package static func read(_ bytes: [UInt8], limit: Int) throws(JSONError) -> JSONValue {
    if bytes.count > limit { throw JSONError(reason: .tooLong, offset: limit) }
    var reader = JSONReader(bytes)
    reader.skipSpace()
    let value = try reader.value()
    reader.skipSpace()
    if reader.place < bytes.count { throw reader.error(.leftOver) }
    return value
  }

  /// The byte at the place; nil at the end.
  private var next: UInt8? { place < bytes.count ? bytes[place] : nil }

  private func error(_ reason: JSONError.Reason) -> JSONError {
    JSONError(reason: reason, offset: place)
  }

  /// What a byte that does not fit means: the end has come, or it is wrong.
  private var misfit: JSONError { error(next == nil ? .endsEarly : .unexpected) }

  private mutating func skipSpace() {
    while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
      place += 1
    }
  }

  private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
    guard next == UInt8(ascii: scalar) else { return false }
    place += 1
    return true
  }

  private mutating func value() throws(JSONError) -> JSONValue {
    guard let byte = next else { throw error(.endsEarly) }
    switch byte {
    case UInt8(ascii: "{"): return try object()
    case UInt8(ascii: "["): return try array()
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .boolean(true))
    case UInt8(ascii: "f"): return try word("false", .boolean(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
    default: throw error(.unexpected)
    }
  }

  private mutating func word(_ word: StaticString, _ value: JSONValue) throws(JSONError)
    -> JSONValue
  {
    let text = word.description.utf8
    if !bytes[place...].starts(with: text) { throw error(.word) }
    place += text.count
    return value
  }

  private mutating func enter() throws(JSONError) {
    if depth == Self.deepest { throw error(.tooDeep) }
    depth += 1
    place += 1
    skipSpace()
  }

  private mutating func array() throws(JSONError) -> JSONValue {
    try enter()
    var values: [JSONValue] = []
    if !take("]") {
      while true {
        values.append(try value())
        skipSpace()
        if take("]") { break }
        guard take(",") else { throw misfit }
        skipSpace()
      }
    }
    depth -= 1
    return .array(values)
  }

  private mutating func object() throws(JSONError) -> JSONValue {
    try enter()
    var members: [JSONObject.Member] = []
    /* As bytes: two spellings of an accent are two keys. Looked up where there are many, as a hostile object has thousands. */
    var keys: Set<[UInt8]> = []
    func isNew(_ key: String) -> Bool {
      if members.count < 24 { return !members.contains { $0.key.utf8.elementsEqual(key.utf8) } }
      if keys.isEmpty { keys = Set(members.map { Array($0.key.utf8) }) }
      return keys.insert(Array(key.utf8)).inserted
    }
    if !take("}") {
      while true {
        guard next == UInt8(ascii: "\"") else { throw misfit }
        let start = place
        let key = try string()
        if !isNew(key) {
          throw JSONError(reason: .duplicateKey, offset: start)
        }
        skipSpace()
        guard take(":") else { throw misfit }
        skipSpace()
        members.append(JSONObject.Member(key, try value()))
        skipSpace()
        if take("}") { break }
        guard take(",") else { throw misfit }
        skipSpace()
      }
    }
    depth -= 1
    return .object(JSONObject(members))
  }

  // MARK: strings

  private mutating func string() throws(JSONError) -> String {
    let start = place
    place += 1
    var text: [UInt8] = []
    while true {
      let run = place
      while let byte = next, byte >= 0x20, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") {
        place += 1
      }
      text += bytes[run..<place]
      guard let byte = next else { throw error(.endsEarly) }
      if byte < 0x20 { throw error(.controlCharacter) }
      if byte == UInt8(ascii: "\\") {
        try escape(into: &text)
        continue
      }
      place += 1
      guard let checked = String(validating: text, as: UTF8.self) else {
        throw JSONError(reason: .encoding, offset: start)
      }
      return checked
    }
  }

  private mutating func escape(into text: inout [UInt8]) throws(JSONError) {
    let start = place
    place += 1
    guard let byte = next else { throw error(.endsEarly) }
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
    case UInt8(ascii: "b"): text.append(0x08)
    case UInt8(ascii: "f"): text.append(0x0C)
    case UInt8(ascii: "n"): text.append(0x0A)
    case UInt8(ascii: "r"): text.append(0x0D)
    case UInt8(ascii: "t"): text.append(0x09)
    case UInt8(ascii: "u"):
      place += 1
      try unicode(from: start, into: &text)
      return
    default: throw JSONError(reason: .escape, offset: start)
    }
    place += 1
  }

  /// The four digits after \u, and the other half of a pair.
  private mutating func unicode(from start: Int, into text: inout [UInt8]) throws(JSONError) {
    let first = try fourDigits(start)
    var code = first
    if (0xD800..<0xDC00).contains(first) {
      guard take("\\"), take("u") else { throw JSONError(reason: .surrogate, offset: start) }
      let second = try fourDigits(start)
      guard (0xDC00..<0xE000).contains(second) else {
        throw JSONError(reason: .surrogate, offset: start)
      }
      code = 0x10000 + (first - 0xD800) << 10 + (second - 0xDC00)
    }
    guard let scalar = Unicode.Scalar(code) else {
      throw JSONError(reason: .surrogate, offset: start)
    }
    text.append(contentsOf: UTF8.encode(scalar).map { Array($0) } ?? [])
  }

  private mutating func fourDigits(_ start: Int) throws(JSONError) -> UInt32 {
    var code: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = next else { throw error(.endsEarly) }
      let digit: UInt8
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
      case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
      default: throw JSONError(reason: .escape, offset: start)
      }
      code = code << 4 | UInt32(digit)
      place += 1
    }
    return code
  }

  // MARK: numbers

  private mutating func number() throws(JSONError) -> JSONValue {
    let start = place
    let isNegative = take("-")
    let first = place
    let magnitude = try digits(start)
    if place - first > 1, bytes[first] == UInt8(ascii: "0") {
      throw JSONError(reason: .number, offset: start)
    }
    var isWhole = true
    if take(".") {
      isWhole = false
      _ = try digits(start)
    }
    if let byte = next, byte | 0x20 == UInt8(ascii: "e") {
      isWhole = false
      place += 1
      if !take("+") { _ = take("-") }
      _ = try digits(start)
    }
    if isWhole {
      let signed =
        isNegative ? magnitude.flatMap(Self.negative) : magnitude.flatMap(Int64.init(exactly:))
      guard let signed else { throw JSONError(reason: .range, offset: start) }
      return .integer(signed)
    }
    guard let number = Double(String(decoding: bytes[start..<place], as: UTF8.self)),
      number.isFinite
    else { throw JSONError(reason: .range, offset: start) }
    return .double(number)
  }

  private static func negative(_ magnitude: UInt64) -> Int64? {
    magnitude <= Int64.min.magnitude ? Int64(truncatingIfNeeded: 0 &- magnitude) : nil
  }

  /// At least one digit; what they say, or nil when that is beyond 64 bits.
  private mutating func digits(_ start: Int) throws(JSONError) -> UInt64? {
    let first = place
    var sum: UInt64? = 0
    while let byte = next, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) {
      sum = sum.flatMap { Self.appending(byte - UInt8(ascii: "0"), to: $0) }
      place += 1
    }
    if place == first {
      throw next == nil ? error(.endsEarly) : JSONError(reason: .number, offset: start)
    }
    return sum
  }

  private static func appending(_ digit: UInt8, to sum: UInt64) -> UInt64? {
    let (tens, isOver) = sum.multipliedReportingOverflow(by: 10)
    let (all, isOverToo) = tens.addingReportingOverflow(UInt64(digit))
    return isOver || isOverToo ? nil : all
  }
}
