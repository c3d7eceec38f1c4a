/// What resolv.conf(5) and hosts(5) say, as far as a stub resolver needs them. Pure: the texts come from whoever may read them.
package struct ResolverSettings: Hashable, Sendable {
  /// At most three; this machine when none is named.
  package var servers: [InternetAddress] = []
  /// Of the servers. Not in resolv.conf; for tests.
  package var port: UInt16 = 53
  /// Suffixes that are tried, at most six.
  package var search: [[UInt8]] = []
  /// A name with this many dots is tried as it is before it is tried with suffixes.
  package var dots = 1
  /// How long one server is waited for, in milliseconds.
  package var timeout: Int64 = 5000
  /// How often all servers are asked.
  package var attempts = 2
  /// The text of /etc/hosts.
  private var hosts: [UInt8]

  /// Of either text, in bytes; what lies behind is not looked at.
  package static let textBytes = 1 << 20

  package init(configuration: [UInt8], hosts: [UInt8]) {
    self.hosts = Array(hosts.prefix(ResolverSettings.textBytes))
    for line in configuration.prefix(ResolverSettings.textBytes).split(separator: 0x0A) {
      let words = ResolverSettings.words(line)
      guard let key = words.first.map({ String(decoding: $0, as: UTF8.self) }) else { continue }
      switch key {
      case "nameserver":
        /* An address with a zone is none for InternetAddress: such a server is left out. */
        if let word = words.dropFirst().first, servers.count < 3,
          let address = ResolverSettings.address(word)
        {
          servers.append(address)
        }
      case "domain": search = words.dropFirst().prefix(1).map { Array($0) }
      case "search": search = words.dropFirst().prefix(6).map { Array($0) }
      case "options": for word in words.dropFirst() { option(word) }
      default: continue
      }
    }
    if servers.isEmpty { servers = [InternetAddress(four: 0x7F00_0001)] }
  }

  private mutating func option(_ word: ArraySlice<UInt8>) {
    let parts = word.split(separator: UInt8(ascii: ":"), maxSplits: 1)
    guard parts.count == 2, let number = Int(String(decoding: parts[1], as: UTF8.self)) else {
      return
    }
    /* The same bounds as resolv.conf(5) has them. */
    switch String(decoding: parts[0], as: UTF8.self) {
    case "ndots": dots = min(max(0, number), 15)
    case "timeout": timeout = Int64(min(max(1, number), 30)) * 1000
    case "attempts": attempts = min(max(1, number), 5)
    default: return
    }
  }

  private static func words(_ line: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
    let text = line.prefix { $0 != UInt8(ascii: "#") && $0 != UInt8(ascii: ";") }
    return text.split { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }
  }

  private static func address(_ word: ArraySlice<UInt8>) -> InternetAddress? {
    let bytes = Array(word)
    return InternetAddress(text: bytes.span)
  }

  /// What needs no server: an address, `localhost` and names beneath it (RFC 6761), a name of hosts(5). Nil: ask.
  package func known(_ name: [UInt8]) -> [InternetAddress]? {
    let plain = ResolverSettings.plain(name)
    if let address = InternetAddress(text: plain.span) { return [address] }
    let local = Array("localhost".utf8)
    if plain == local || plain.suffix(local.count + 1) == [0x2E] + local {
      return [InternetAddress(four: 0x7F00_0001), InternetAddress(high: 0, low: 1)]
    }
    var found: [InternetAddress] = []
    for line in hosts.split(separator: 0x0A) {
      let words = ResolverSettings.words(line)
      guard let first = words.first,
        words.dropFirst().contains(where: { ResolverSettings.plain(Array($0)) == plain }),
        let address = ResolverSettings.address(first), found.count < DNSMessage.addresses
      else { continue }
      if !found.contains(address) { found.append(address) }
    }
    return found.isEmpty ? nil : found
  }

  /// The names to ask for, one after the other.
  package func candidates(_ name: [UInt8]) -> [[UInt8]] {
    if name.last == 0x2E { return [name] }
    let longer = search.map { name + [0x2E] + $0 }
    let isLong = name.count { $0 == 0x2E } >= dots
    return isLong ? [name] + longer : longer + [name]
  }

  private static func plain(_ name: [UInt8]) -> [UInt8] {
    let small = name.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
    return small.count > 1 && small.last == 0x2E ? Array(small.dropLast()) : small
  }
}
