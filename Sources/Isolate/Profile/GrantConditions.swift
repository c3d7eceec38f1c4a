/// How the conditions of a grant are read: rights, rate, count, lease, question.
extension ProfileReader {
  mutating func readConditions(
    _ table: inout ProfileTable, _ kind: GrantKeyWord?, _ grant: inout GrantSetting
  ) {
    if let node = table.take("rights") {
      grant.rights = rights(node, table.path("rights"), kind)
    }
    if let node = table.take("rate") { grant.rate = rate(node, table.path("rate")) }
    if let node = table.take("burst") {
      grant.burst = integer(node, table.path("burst"), in: 1...1_000_000).map {
        Setting(UInt32($0.value), at: $0.position, length: $0.length)
      }
      needs("rate", "burst", node, table, isThere: table.has("rate"))
    }
    if let node = table.take("count") {
      grant.count = integer(node, table.path("count"), in: 1...Int64.max).map {
        Setting(UInt64($0.value), at: $0.position, length: $0.length)
      }
    }
    if let node = table.take("lease") {
      grant.leaseMilliseconds = positiveTime(node, table.path("lease"))
    }
    grant.asks = boolean("ask", &table)
    if let node = table.take("ask-timeout") {
      grant.askMilliseconds = positiveTime(node, table.path("ask-timeout"))
      needs("ask", "ask-timeout", node, table, isThere: table.has("ask"))
    }
    guard let node = table.take("optional") else { return }
    grant.isOptional = boolean(node, table.path("optional"))?.value ?? false
    if let kind, kind != .files, kind != .device {
      error(
        node, "`\(table.path("optional"))` means nothing for `\(kind.rawValue)`",
        cure: "only a grant of `files` or of a `device` can be optional")
    }
  }

  private mutating func needs(
    _ other: String, _ name: String, _ node: TOMLNode, _ table: ProfileTable, isThere: Bool
  ) {
    guard !isThere else { return }
    error(
      node, "`\(table.path(name))` means nothing without `\(other)`",
      cure: "add `\(other)`, or remove it")
  }

  private mutating func rights(
    _ node: TOMLNode, _ key: String, _ kind: GrantKeyWord?
  ) -> Setting<[GrantWord]>? {
    // What can be said depends on what is granted; without that, any word passes for now.
    let allowed = kind?.allowedRights ?? GrantWord.allCases
    var words: [GrantWord] = []
    for element in nonEmpty(node, key) {
      guard let text = text(element, key) else { continue }
      if let word = allowed.first(where: { $0.rawValue == text.value }) {
        if words.contains(word) {
          error(element, "`\(key)`: \"\(text.value)\" is written twice", cure: "remove one")
        } else {
          words.append(word)
        }
      } else if let kind, GrantWord(rawValue: text.value) != nil {
        error(
          element, "`\(key)`: \"\(text.value)\" means nothing for `\(kind.rawValue)`",
          cure: "allowed are " + allowed.map { "\"\($0.rawValue)\"" }.joined(separator: ", "))
      } else {
        badWord(element, text.value, key, allowed.map(\.rawValue))
      }
    }
    return words.isEmpty ? nil : Setting(words, at: node.position, length: node.length)
  }

  /// `100/s`, `20/m`, `5/h`.
  private mutating func rate(_ node: TOMLNode, _ key: String) -> Setting<RateSetting>? {
    guard case .string(let text) = node.value else {
      wrongType(node, key, wanted: "a rate such as \"100/s\"")
      return nil
    }
    if let slash = text.utf8.firstIndex(of: UInt8(ascii: "/")), slash > text.startIndex,
      text.utf8[..<slash].allSatisfy({ (0x30...0x39).contains($0) }),
      let requests = UInt32(text[..<slash]), (1...1_000_000).contains(requests)
    {
      let unit: UInt32? =
        switch text[text.utf8.index(after: slash)...] {
        case "s": 1000
        case "m": 60_000
        case "h": 3_600_000
        default: nil
        }
      if let unit {
        return Setting(
          RateSetting(requests: requests, perMilliseconds: unit), at: node.position,
          length: node.length)
      }
    }
    error(
      node, "`\(key)`: \"\(text)\" is not a rate",
      cure: "write 1 to 1000000 requests and one of /s, /m, /h: \"100/s\"")
    return nil
  }

  /// A time of more than nothing, in milliseconds.
  mutating func positiveTime(_ node: TOMLNode, _ key: String) -> Setting<UInt64>? {
    guard let value = milliseconds(node, key) else { return nil }
    guard value > 0 else {
      error(
        node, "`\(key)`: with 0 nothing could be asked for", cure: "write a time such as \"10s\"")
      return nil
    }
    return Setting(value, at: node.position, length: node.length)
  }
}
