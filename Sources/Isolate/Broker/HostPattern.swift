/// A host as a grant names it, ready to be compared without allocating.
package enum HostPattern: Hashable, Sendable {
  /// `*`: every name and every public address.
  case any
  /// A name, in small letters, without a dot at the end.
  case name([UInt8])
  /// `*.` and this: everything beneath it, not the suffix itself.
  case beneath([UInt8])
  case network(InternetNetwork)
  /// A path, byte for byte.
  case path([UInt8])

  /// What the text of a profile means for a name or an address. What is none of the known forms is a name that nothing equals.
  package init(_ text: String) {
    let bytes = Array(text.utf8)
    if bytes == [UInt8(ascii: "*")] {
      self = .any
    } else if let network = InternetNetwork(text: bytes.span) {
      self = .network(network)
    } else if bytes.starts(with: [UInt8(ascii: "*"), UInt8(ascii: ".")]) {
      self = .beneath(HostName.plain(bytes.dropFirst(2)))
    } else {
      self = .name(HostName.plain(bytes[...]))
    }
  }

  /// Whether it is this name, or one beneath it. Of patterns for addresses: never.
  package func matches(name: Span<UInt8>) -> Bool {
    let count = HostName.count(name)
    switch self {
    case .any: return true
    case .name(let own): return count == own.count && HostName.equal(name, from: 0, own)
    case .beneath(let suffix):
      let start = count - suffix.count
      return start >= 2 && name[start - 1] == UInt8(ascii: ".")
        && HostName.equal(name, from: start, suffix)
    case .network, .path: return false
    }
  }

  /// Whether an address that was given as one is meant.
  package func matches(address: InternetAddress) -> Bool {
    switch self {
    case .any: return !SpecialAddress.contains(address)
    case .network(let network): return network.contains(address)
    case .name, .beneath, .path: return false
    }
  }

  package func matches(path: Span<UInt8>) -> Bool {
    guard case .path(let own) = self, own.count == path.count else { return false }
    for index in own.indices where own[index] != path[index] { return false }
    return true
  }
}

/// Names of hosts as they come in requests.
package enum HostName {
  private static let dot = UInt8(ascii: ".")

  static func small(_ byte: UInt8) -> UInt8 { (0x41...0x5A).contains(byte) ? byte | 0x20 : byte }

  static func plain(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
    var plain = bytes.map { small($0) }
    if plain.last == dot { plain.removeLast() }
    return plain
  }

  /// Without the one dot that may stand at the end.
  package static func count(_ name: Span<UInt8>) -> Int {
    name.count > 1 && name[name.count - 1] == dot ? name.count - 1 : name.count
  }

  static func equal(_ name: Span<UInt8>, from start: Int, _ own: [UInt8]) -> Bool {
    for index in own.indices where small(name[start + index]) != own[index] { return false }
    return true
  }

  /// RFC 1123, 2.1, and `_`: labels of 1 to 63 letters, digits, hyphens; 253 in all; the last label no number, as that would be
  /// an address to some resolvers (`127.1`, `0x7f000001`) and a name to others.
  package static func isSound(_ name: Span<UInt8>) -> Bool {
    let count = count(name)
    guard (1...253).contains(count) else { return false }
    var label = 0
    var start = 0
    for index in 0..<count {
      let byte = name[index]
      if byte == dot {
        guard label > 0, name[index - 1] != UInt8(ascii: "-") else { return false }
        label = 0
        start = index + 1
        continue
      }
      label += 1
      switch byte {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "_"): break
      case UInt8(ascii: "-"): if label == 1 { return false }
      default: return false
      }
      if label > 63 { return false }
    }
    guard label > 0, name[count - 1] != UInt8(ascii: "-") else { return false }
    return !isNumber(name, start..<count)
  }

  /// Digits only, or `0x` and what may follow that.
  private static func isNumber(_ name: Span<UInt8>, _ range: Range<Int>) -> Bool {
    let isHex =
      range.count >= 2 && name[range.lowerBound] == 0x30
      && small(name[range.lowerBound + 1]) == UInt8(ascii: "x")
    for index in isHex ? range.dropFirst(2) : range {
      let byte = small(name[index])
      guard (0x30...0x39).contains(byte) || isHex && (0x61...0x66).contains(byte) else {
        return false
      }
    }
    return true
  }

  /// `localhost` and what is beneath it is the machine itself (RFC 6761, 6.3): who grants that name means loopback.
  package static func isLocal(_ name: Span<UInt8>) -> Bool {
    HostPattern.name(localhost).matches(name: name)
      || HostPattern.beneath(localhost).matches(name: name)
  }

  private static let localhost = Array("localhost".utf8)
}
