/// The status of an HTTP/1 answer (RFC 9112, 4), from its first 13 bytes: more is not read, and nothing of it can be too long.
package struct HTTPStatus: Hashable, Sendable {
  package enum Reading: Hashable, Sendable {
    case more
    /// 100 to 999.
    case status(Int)
    /// No such answer.
    case malformed
  }

  private static let version = Array("HTTP/1.".utf8)
  private var count = 0
  private var status = 0

  package init() {}

  /// What the next bytes make of it. Once it is decided, what follows changes nothing: do not ask again.
  package mutating func feed(_ bytes: some Sequence<UInt8>) -> Reading {
    for byte in bytes {
      let isDigit = (0x30...0x39).contains(byte)
      switch count {
      case 0..<7: if byte != Self.version[count] { return .malformed }
      case 7: if !isDigit { return .malformed }
      case 8: if byte != UInt8(ascii: " ") { return .malformed }
      case 9...11:
        guard isDigit else { return .malformed }
        status = status * 10 + Int(byte - 0x30)
      default:
        let isEnd = byte == UInt8(ascii: " ") || byte == 0x0D || byte == 0x0A
        return isEnd && status >= 100 ? .status(status) : .malformed
      }
      count += 1
    }
    return .more
  }

  /// A GET of a path in visible ASCII.
  package static func request(host: String, port: UInt16, path: String) -> [UInt8] {
    let name = host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]" : host
    let place = port == 80 ? name : "\(name):\(port)"
    return Array(
      "GET \(path) HTTP/1.1\r\nHost: \(place)\r\nUser-Agent: isolated\r\nAccept: */*\r\nConnection: close\r\n\r\n"
        .utf8)
  }
}
