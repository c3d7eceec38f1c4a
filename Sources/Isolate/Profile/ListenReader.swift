/// How `service.listen` is read.
extension ProfileReader {
  /// Each a text with an address, or a table with `address` and options.
  mutating func listeners(_ table: inout ProfileTable) -> [ListenSetting] {
    guard let node = table.take("listen") else { return [] }
    var found: [ListenSetting] = []
    for element in list(node, "service.listen") {
      guard let one = listener(element) else { continue }
      if let other = found.first(where: { $0.name == one.name }) {
        error(
          element, "`service.listen`: a second socket called \"\(one.name)\"",
          cure: "give each its own `name`; the first is at \(other.place.position.precise)")
        continue
      }
      found.append(one)
    }
    if found.count > 64 {
      error(node, "`service.listen`: more than 64 sockets")
      return []
    }
    return found
  }

  private mutating func listener(_ node: TOMLNode) -> ListenSetting? {
    if case .string = node.value {
      return text(node, "service.listen").flatMap { address($0) }
    }
    guard case .table(let options) = node.value else {
      wrongType(node, "service.listen", wanted: "an address or a table with `address`")
      return nil
    }
    var table = ProfileTable(section: "service.listen", options)
    let name = string("name", &table)
    let place = string("address", &table)
    let mode = table.take("mode").flatMap { octal($0, "service.listen.mode", max: 0o777) }
    let backlog = table.take("backlog").flatMap {
      integer($0, "service.listen.backlog", in: 1...65535)
    }
    for index in table.entries.indices where !table.isTaken[index] {
      let key = table.entries[index].key
      let near = nearest(to: key.name, in: ["name", "address", "mode", "backlog"])
      report(
        Diagnostic(
          at: key.position, length: key.length, "no key `service.listen.\(key.name)`",
          cure: near.map { "did you mean `\($0)`?" }
            ?? "a socket has `name`, `address`, `mode`, `backlog`"))
    }
    guard let place else {
      if options["address"] == nil { error(node, "`service.listen`: a socket without `address`") }
      return nil
    }
    guard var one = address(place) else { return nil }
    if let name {
      guard isName(name, "service.listen.name") else { return nil }
      one.name = name.value
    }
    if let mode, !one.kind.isPath || one.place.value.utf8.first == 0x40 {
      meansNothing(mode.position, mode.length, "mode", "only a path's socket file has one")
    }
    if let backlog, !one.kind.hasBacklog {
      meansNothing(backlog.position, backlog.length, "backlog", "it has no connections")
    }
    one.mode = mode?.value
    one.backlog = backlog.map { Int32($0.value) }
    return one
  }

  private mutating func meansNothing(
    _ position: Position, _ length: Int, _ name: String, _ why: String
  ) {
    report(
      Diagnostic(
        at: position, length: length, "`service.listen.\(name)` means nothing here",
        cure: "remove it: \(why)"))
  }

  private mutating func address(_ text: Setting<String>) -> ListenSetting? {
    guard let (kind, rest) = ListenText.split(text.value) else {
      badAddress(text)
      return nil
    }
    var one = ListenSetting(
      name: "listen", kind: kind,
      place: Setting(String(rest), at: text.position, length: text.length), port: 0, mode: nil,
      backlog: nil)
    guard kind.isPath else {
      guard let (host, port) = ListenText.listening(rest) else {
        badAddress(text)
        return nil
      }
      one.place.value = host
      one.port = port
      return one
    }
    if rest.utf8.first == 0x40 {
      /* sun_path has 108 bytes; the first of an abstract name is NUL. Source: unix(7). */
      guard (2...108).contains(rest.utf8.count) else {
        badAddress(text)
        return nil
      }
      return one
    }
    guard let path = path(TOMLNode(.string(String(rest)), at: text.position), "service.listen")
    else { return nil }
    one.place.value = path.value
    return one
  }

  private mutating func badAddress(_ text: Setting<String>) {
    report(
      Diagnostic(
        at: text.position, length: text.length,
        "`service.listen`: \"\(text.value)\" is not something to listen on",
        cure:
          "write tcp:ADDRESS:PORT, udp:ADDRESS:PORT (* is every address), or unix:PATH, unix-dgram:PATH, "
          + "unix-seqpacket:PATH"))
  }
}

/// Addresses as profiles write them, numeric: no name is looked up.
package enum ListenText {
  /// `tcp:...` into its kind and the rest.
  static func split(_ text: String) -> (ListenSetting.Kind, Substring)? {
    guard let colon = text.utf8.firstIndex(of: colon),
      let kind = ListenSetting.Kind(rawValue: String(text[..<colon]))
    else { return nil }
    return (kind, text[text.utf8.index(after: colon)...])
  }

  /// `127.0.0.1:80`, `[::1]:80`, `*:80`; the host of `*` is "".
  static func listening(_ text: Substring) -> (host: String, port: UInt16)? {
    if text.utf8.first == UInt8(ascii: "*") {
      let rest = text.utf8.dropFirst()
      guard rest.first == colon, let port = port(Substring(rest.dropFirst())) else { return nil }
      return ("", port)
    }
    return address(text, defaultPort: nil)
  }

  /// `127.0.0.1:80`, `[::1]:80`.
  static func address(
    _ text: Substring, defaultPort: UInt16?
  ) -> (host: String, port: UInt16)? {
    var host = text
    var rest: Substring = ""
    if text.utf8.first == UInt8(ascii: "[") {
      guard let end = text.utf8.firstIndex(of: UInt8(ascii: "]")) else { return nil }
      host = text[text.utf8.index(after: text.startIndex)..<end]
      rest = text[text.utf8.index(after: end)...]
      guard isSix(host) else { return nil }
    } else {
      let end = text.utf8.firstIndex(of: colon) ?? text.endIndex
      host = text[..<end]
      rest = text[end...]
      guard isFour(host) else { return nil }
    }
    if rest.isEmpty { return defaultPort.map { (String(host), $0) } }
    guard rest.utf8.first == colon, let port = port(Substring(rest.utf8.dropFirst())) else {
      return nil
    }
    return (String(host), port)
  }

  private static func port(_ text: Substring) -> UInt16? {
    guard (1...5).contains(text.utf8.count), text.utf8.allSatisfy(isDigit), let port = UInt16(text),
      port > 0
    else { return nil }
    return port
  }

  private static func isFour(_ text: Substring) -> Bool {
    let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    return parts.count == 4
      && parts.allSatisfy {
        (1...3).contains($0.count) && $0.allSatisfy(isDigit) && UInt8(Substring($0)) != nil
          && ($0.count == 1 || $0.first != UInt8(ascii: "0"))
      }
  }

  /// RFC 4291, 2.2: eight groups, or fewer and one `::`.
  private static func isSix(_ text: Substring) -> Bool {
    let groups = text.utf8.split(separator: colon, omittingEmptySubsequences: false)
    guard (3...9).contains(groups.count) else { return false }
    var empty = 0
    for (index, group) in groups.enumerated() {
      if group.isEmpty {
        let isAtEdge = index == 0 || index == groups.count - 1
        /* `::` at an end makes two empty ones there. */
        let inner = index == 0 ? 1 : groups.count - 2
        if isAtEdge {
          guard groups[inner].isEmpty else { return false }
        } else {
          empty += 1
        }
      } else if group.count > 4 || !group.allSatisfy(isHex) {
        return false
      }
    }
    let filled = groups.count { !$0.isEmpty }
    return empty == 1 ? filled <= 7 : empty == 0 && filled == 8
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

  private static func isHex(_ byte: UInt8) -> Bool {
    isDigit(byte) || (0x41...0x46).contains(byte) || (0x61...0x66).contains(byte)
  }

  private static let colon = UInt8(ascii: ":")
}
