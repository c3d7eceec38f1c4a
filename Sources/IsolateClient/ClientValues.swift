internal import Glibc

/// Why a request was not performed.
public struct BrokerError: Error, Hashable, Sendable {
  /// An errno. ENOTCONN: the program runs without a broker. ETIMEDOUT without a detail: the broker said nothing.
  public var number: Int32
  /// Docs/protocol.md, "Details"; nil: the broker had no say.
  public var detail: UInt8?
  /// The file:line that decided, or "".
  public var rule = ""

  init(_ number: Int32, detail: UInt8? = nil, rule: String = "") {
    self.number = number
    self.detail = detail
    self.rule = rule
  }
}

extension BrokerError: CustomStringConvertible {
  private static let reasons = [
    "", "no such grant", "the grant lacks a right", "outside the grant",
    "too many requests in a short time", "the grant is used up", "the grant's time is over",
    "the grant was revoked", "an operator said no", "no operator answered",
    "too many requests wait", "the deadline passed", "cancelled", "the broker died with it",
    "the driver failed", "it means nothing", "not to be had here",
  ]

  /// Why, in words; "" where errno says it all.
  public var reason: String {
    let detail = Int(detail ?? 0)
    return detail < Self.reasons.count ? Self.reasons[detail] : ""
  }

  public var description: String {
    let why = reason.isEmpty ? "" : ": \(reason)"
    return unsafe String(cString: strerror(number)) + why + (rule.isEmpty ? "" : " (rule \(rule))")
  }
}

/// A descriptor with one owner; leaving scope closes it. It is close-on-exec.
public struct OwnedDescriptor: ~Copyable, Sendable {
  public let raw: Int32

  /// Takes `raw` over.
  public init(adopting raw: Int32) { self.raw = raw }

  deinit { _ = close(raw) }

  /// Gives the number up without closing it.
  public consuming func release() -> Int32 {
    let raw = self.raw
    discard self
    return raw
  }

  /// What can be read up to the end, at most `limit` bytes.
  public borrowing func readAll(limit: Int = 1 << 20) throws(BrokerError) -> [UInt8] {
    var bytes: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 4096)
    while bytes.count < limit {
      let count = unsafe part.withUnsafeMutableBytes { unsafe read(raw, $0.baseAddress, $0.count) }
      if count < 0 && errno != EINTR { throw BrokerError(errno) }
      if count == 0 { break }
      bytes += part.prefix(max(0, min(count, limit - bytes.count)))
    }
    return bytes
  }
}

public struct OpenFlags: OptionSet, Sendable {
  public let rawValue: UInt32
  public init(rawValue: UInt32) { self.rawValue = rawValue }
  public static let read = OpenFlags(rawValue: 1)
  public static let write = OpenFlags(rawValue: 2)
  public static let create = OpenFlags(rawValue: 4)
  public static let exclusive = OpenFlags(rawValue: 8)
  public static let truncate = OpenFlags(rawValue: 16)
  public static let append = OpenFlags(rawValue: 32)
  public static let directory = OpenFlags(rawValue: 64)
}

public enum Transport: UInt8, Sendable { case tcp = 1, udp, unix }

public struct AppGrant: Hashable, Sendable {
  public var name: String
  /// Numbers and bits as in docs/protocol.md.
  public var kind: UInt8
  public var rights: UInt32
}

public struct FileStatus: Hashable, Sendable {
  public var size: UInt64
  public var mode, uid, gid: UInt32
  public var modifiedSeconds: Int64
  public var modifiedNanoseconds: UInt32
  public var inode: UInt64
}

public struct DirectoryEntry: Hashable, Sendable {
  /// 0 unknown, 1 file, 2 directory, 3 link, 4 FIFO, 5 socket, 6 and 7 devices.
  public var type: UInt8
  public var name: [UInt8]
}

public struct HandedOut: Hashable, Sendable {
  public var handle: UInt32
  public var grant: UInt16
  public var kind, state: UInt8
  public var ageMilliseconds: UInt64
  public var rights: UInt32
}

public struct AppStatus: Hashable, Sendable {
  public var state: UInt8
  public var exit: Int32
  public var restarts: UInt32
}

/// What requests are made of (docs/protocol.md): integers; text, with its size before it; and lists, with how many there are.
protocol Field {
  func put(into bytes: inout [UInt8])
}

extension Field where Self: FixedWidthInteger {
  func put(into bytes: inout [UInt8]) {
    for shift in stride(from: 0, to: bitWidth, by: 8) {
      bytes.append(UInt8(truncatingIfNeeded: self >> shift))
    }
  }
}

extension UInt8: Field {}
extension UInt16: Field {}
extension UInt32: Field {}
extension UInt64: Field {}
extension Int32: Field {}
extension Int64: Field {}
extension String: Field {
  func put(into bytes: inout [UInt8]) { Array(utf8).put(into: &bytes) }
}
extension Array: Field where Element: Field {
  func put(into bytes: inout [UInt8]) {
    UInt16(truncatingIfNeeded: count).put(into: &bytes)
    for element in self { element.put(into: &bytes) }
  }
}

/// Fields, one after the other.
func bytes(_ fields: [any Field]) -> [UInt8] {
  var bytes: [UInt8] = []
  for field in fields { field.put(into: &bytes) }
  return bytes
}

/// A reply, being read; what stays in it of descriptors is closed with it.
final class Reply {
  let bytes: [UInt8]
  var descriptors: [Int32]
  /// Whether it was as it should be up to here.
  private(set) var isSound = true
  private var place = 0
  var status: UInt32 = 0
  var detail: UInt8 = 0
  var rule = ""
  var hasMore = false

  init(_ bytes: [UInt8], _ descriptors: [Int32]) {
    self.bytes = bytes
    self.descriptors = descriptors
  }

  deinit { for descriptor in descriptors { _ = close(descriptor) } }

  var isAtEnd: Bool { isSound && place == bytes.count }

  func take<Value: FixedWidthInteger>(_: Value.Type = Value.self) -> Value {
    guard Value.bitWidth / 8 <= bytes.count - place else {
      isSound = false
      return 0
    }
    var value: Value = 0
    for shift in stride(from: 0, to: Value.bitWidth, by: 8) {
      value |= Value(truncatingIfNeeded: bytes[place]) << shift
      place += 1
    }
    return value
  }

  func text() -> [UInt8] {
    let count = Int(take(UInt16.self))
    guard count <= bytes.count - place else {
      isSound = false
      return []
    }
    place += count
    return Array(bytes[place - count..<place])
  }

  /// How many grants there are, and some of them.
  func hello() -> (total: Int, grants: [AppGrant]) {
    for _ in 0..<4 { _ = take(UInt16.self) }
    let total = Int(take(UInt16.self))
    return (total, list { AppGrant(name: $0.string(), kind: $0.take(), rights: $0.take()) })
  }

  /// Some entries of a directory, and where to go on; 0: that was all.
  func entries() -> (next: UInt64, entries: [DirectoryEntry]) {
    (take(), list { DirectoryEntry(type: $0.take(), name: $0.text()) })
  }

  func string() -> String { String(decoding: text(), as: UTF8.self) }

  func list<Entry>(_ read: (Reply) -> Entry) -> [Entry] {
    var entries: [Entry] = []
    for _ in 0..<take(UInt16.self) where isSound { entries.append(read(self)) }
    return entries
  }
}
