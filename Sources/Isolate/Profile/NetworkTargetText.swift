/// Places of the network as a profile writes them: `example.org:443`, `tcp:10.0.0.0/8:5432`, `[::1]:80`, `unix:/run/x.sock`.
package enum NetworkTargetText {
  /// What is wrong with one, and what to write instead.
  package struct Failure: Error, Equatable {
    package var message: String
    package var cure: String

    init(_ message: String, _ cure: String) {
      self.message = message
      self.cure = cure
    }
  }

  package struct Parts: Equatable, Sendable {
    package var transport: TransportWord
    package var host: String
    package var ports: ClosedRange<UInt16>?
  }

  private static let form = "write HOST:PORT, tcp:HOST:PORT, udp:HOST:PORT or unix:/PATH"

  /// Takes a place apart. The path of `unix` is not judged here: it may hold variables.
  package static func parse(_ text: String) throws(Failure) -> Parts {
    var transport = TransportWord.tcp
    var rest = text[...]
    if let colon = text.utf8.firstIndex(of: colon) {
      let word = String(text[..<colon])
      if let known = TransportWord(rawValue: word) {
        transport = known
        rest = text[text.utf8.index(after: colon)...]
      } else if hasMoreColons(text, after: colon), text.utf8.first != bracket {
        if let near = nearest(to: word, in: TransportWord.allCases.lazy.map(\.rawValue)) {
          throw Failure("\"\(word)\" is no transport", "did you mean \"\(near)\"?")
        }
        throw Failure(
          "\"\(text)\" has too many colons",
          "put an IPv6 address in brackets: [2001:db8::1]:443")
      }
    }
    if transport == .unix { return Parts(transport: .unix, host: String(rest), ports: nil) }
    let (host, port) = try split(rest, text)
    return Parts(
      transport: transport, host: try self.host(host), ports: try ports(port, of: host))
  }

  private static func hasMoreColons(_ text: String, after first: String.Index) -> Bool {
    text.utf8[text.utf8.index(after: first)...].contains(colon)
  }

  private static func split(
    _ rest: Substring, _ whole: String
  ) throws(Failure) -> (host: String, port: String) {
    if rest.utf8.first == bracket {
      guard let end = rest.utf8.firstIndex(of: closingBracket) else {
        throw Failure("\"\(whole)\" has a `[` without `]`", "write [2001:db8::1]:443")
      }
      let host = String(rest[rest.utf8.index(after: rest.startIndex)..<end])
      var after = rest[rest.utf8.index(after: end)...]
      // A prefix length may stand inside the brackets or after them.
      var prefix = ""
      if after.utf8.first == slash {
        let colonAt = after.utf8.firstIndex(of: colon) ?? after.endIndex
        prefix = String(after[..<colonAt])
        after = after[colonAt...]
      }
      guard after.utf8.first == colon else {
        throw Failure("\"\(whole)\" names no port", "write [\(host)]:443, or [\(host)]:*")
      }
      guard AddressText.parse(host + prefix)?.bytes.count == 16 else {
        throw Failure("\"\(host)\(prefix)\" is no IPv6 address", "write [2001:db8::1]:443")
      }
      return (host + prefix, String(after.dropFirst()))
    }
    guard let colonAt = rest.utf8.lastIndex(of: colon) else {
      throw Failure(
        "\"\(whole)\" names no port",
        rest.isEmpty ? form : "write \(rest):443, or \(rest):* for every port")
    }
    let host = String(rest[..<colonAt])
    if host.utf8.contains(colon) {
      throw Failure(
        "\"\(whole)\" has too many colons", "put an IPv6 address in brackets: [2001:db8::1]:443")
    }
    return (host, String(rest[rest.utf8.index(after: colonAt)...]))
  }

  /// `443`, `8000-8010`, `*`.
  private static func ports(
    _ text: String, of host: String
  ) throws(Failure) -> ClosedRange<UInt16> {
    if text == "*" { return 0...65535 }
    let cure = "write a port from 1 to 65535, a range such as 8000-8010, or *"
    let first: UInt16
    let last: UInt16
    if let dash = text.utf8.firstIndex(of: UInt8(ascii: "-")) {
      first = try port(text[..<dash], text, cure)
      last = try port(text[text.utf8.index(after: dash)...], text, cure)
    } else {
      first = try port(text[...], text, cure)
      last = first
    }
    guard first <= last else {
      throw Failure("the ports \(text) run backwards", "write \(last)-\(first)")
    }
    return first...last
  }

  private static func port(
    _ digits: Substring, _ whole: String, _ cure: String
  ) throws(Failure) -> UInt16 {
    guard (1...5).contains(digits.utf8.count), digits.utf8.allSatisfy({ isDigit($0) }),
      let number = UInt16(digits)
    else { throw Failure("\"\(whole)\" is no port", cure) }
    guard number > 0 else { throw Failure("port 0 is none", cure) }
    return number
  }

  /// A host in its one spelling: names in small letters.
  package static func host(_ text: String) throws(Failure) -> String {
    if text == "*" { return text }
    if text.utf8.contains(colon) || looksLikeAddress(text) {
      guard let address = AddressText.parse(text) else {
        throw Failure("\"\(text)\" is no address", "write 192.0.2.1, 10.0.0.0/8 or [2001:db8::1]")
      }
      guard address.hasOnlyPrefixBits else {
        throw Failure(
          "\"\(text)\" has bits beyond its prefix", "write the network itself, such as 10.0.0.0/8")
      }
      return lowercase(text)
    }
    return try name(text)
  }

  /// A host name, or `*.` and a suffix.
  package static func name(_ text: String) throws(Failure) -> String {
    if text == "*" { return text }
    var rest = text[...]
    if rest.utf8.starts(with: [star, dot]) { rest = Substring(rest.utf8.dropFirst(2)) }
    let cure = "write example.org, *.example.org for all beneath it, or *"
    if rest.utf8.contains(star) {
      throw Failure("\"\(text)\": a `*` can only be the first label", cure)
    }
    guard (1...253).contains(rest.utf8.count) else {
      throw Failure("\"\(text)\" is no host name", cure)
    }
    if rest.utf8.contains(where: { $0 >= 0x80 }) {
      throw Failure("\"\(text)\" is not ASCII", "write its international form: xn--...")
    }
    for label in rest.utf8.split(separator: dot, omittingEmptySubsequences: false) {
      let isGood =
        (1...63).contains(label.count) && label.first != hyphen && label.last != hyphen
        && label.allSatisfy { $0 == hyphen || $0 == UInt8(ascii: "_") || isLetterOrDigit($0) }
      guard isGood else { throw Failure("\"\(text)\" is no host name", cure) }
    }
    return lowercase(text)
  }

  /// Whether the last label is a number: then it is an address or nothing.
  private static func looksLikeAddress(_ text: String) -> Bool {
    let end = text.utf8.firstIndex(of: slash) ?? text.endIndex
    if end < text.endIndex { return true }
    guard let last = text.utf8[..<end].split(separator: dot).last else { return false }
    return last.allSatisfy { isDigit($0) }
  }

  private static func lowercase(_ text: String) -> String {
    guard text.utf8.contains(where: { (0x41...0x5A).contains($0) }) else { return text }
    return String(
      decoding: text.utf8.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }, as: UTF8.self)
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

  private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
    isDigit(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
  }

  private static let colon = UInt8(ascii: ":")
  private static let slash = UInt8(ascii: "/")
  private static let bracket = UInt8(ascii: "[")
  private static let closingBracket = UInt8(ascii: "]")
  private static let star = UInt8(ascii: "*")
  private static let dot = UInt8(ascii: ".")
  private static let hyphen = UInt8(ascii: "-")
}
