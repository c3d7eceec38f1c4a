/// An IPv4 or IPv6 address, or a network of them, as text has it.
package struct AddressText: Hashable, Sendable {
  /// 4 or 16, in network order.
  package var bytes: [UInt8]
  /// How many leading bits count; all of them for a single address.
  package var prefix: Int

  /// Reads `192.0.2.1`, `10.0.0.0/8`, `2001:db8::1`, `2001:db8::/32`. No zones, no octal, no short forms.
  package static func parse(_ text: String) -> AddressText? {
    var address = text[...]
    var prefix: Int?
    if let slash = text.utf8.firstIndex(of: UInt8(ascii: "/")) {
      address = text[..<slash]
      guard let number = decimal(text[text.utf8.index(after: slash)...], atMost: 128) else {
        return nil
      }
      prefix = number
    }
    guard let bytes = address.utf8.contains(colon) ? six(address) : four(address) else {
      return nil
    }
    let bits = bytes.count * 8
    guard prefix ?? 0 <= bits else { return nil }
    return AddressText(bytes: bytes, prefix: prefix ?? bits)
  }

  /// Nothing is set after the prefix: 10.0.0.0/8, not 10.1.2.3/8.
  package var hasOnlyPrefixBits: Bool {
    for index in bytes.indices {
      let kept = max(0, min(8, prefix - index * 8))
      if bytes[index] & UInt8(truncatingIfNeeded: 0xFF >> kept) != 0 { return false }
    }
    return true
  }

  /// Whether every address of `other` is one of this network.
  package func contains(_ other: AddressText) -> Bool {
    guard bytes.count == other.bytes.count, prefix <= other.prefix else { return false }
    for index in bytes.indices {
      let kept = max(0, min(8, prefix - index * 8))
      let mask = ~UInt8(truncatingIfNeeded: 0xFF >> kept)
      if (bytes[index] ^ other.bytes[index]) & mask != 0 { return false }
    }
    return true
  }

  private static func four(_ text: Substring) -> [UInt8]? {
    let parts = text.utf8.split(separator: dot, omittingEmptySubsequences: false)
    guard parts.count == 4 else { return nil }
    var bytes: [UInt8] = []
    for part in parts {
      guard let number = decimal(Substring(part), atMost: 255) else { return nil }
      bytes.append(UInt8(number))
    }
    return bytes
  }

  /// RFC 4291, 2.2: eight groups, one run of zeros as `::`, the last two groups perhaps as IPv4.
  private static func six(_ text: Substring) -> [UInt8]? {
    let bytes = Array(text.utf8)
    var head: [UInt8] = []
    var tail: [UInt8] = []
    var hasGap = false
    var at = 0
    if bytes.starts(with: [colon, colon]) {
      hasGap = true
      at = 2
    }
    while at < bytes.count {
      var end = at
      while end < bytes.count && bytes[end] != colon { end += 1 }
      let part = Substring(decoding: bytes[at..<end], as: UTF8.self)
      let isLast = end == bytes.count
      guard let group = isLast && part.utf8.contains(dot) ? four(part) : self.group(part) else {
        return nil
      }
      if hasGap { tail += group } else { head += group }
      if isLast { break }
      at = end + 1
      if at == bytes.count { return nil }
      if bytes[at] == colon {
        if hasGap { return nil }
        hasGap = true
        at += 1
      }
    }
    let known = head.count + tail.count
    guard hasGap ? known <= 14 : known == 16 else { return nil }
    return head + [UInt8](repeating: 0, count: 16 - known) + tail
  }

  private static func group(_ text: Substring) -> [UInt8]? {
    guard (1...4).contains(text.utf8.count), let number = UInt16(text, radix: 16),
      text.utf8.first != UInt8(ascii: "+")
    else { return nil }
    return [UInt8(number >> 8), UInt8(number & 0xFF)]
  }

  /// Digits without a leading zero.
  private static func decimal(_ text: Substring, atMost limit: Int) -> Int? {
    guard (1...3).contains(text.utf8.count),
      text.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
      text.utf8.count == 1 || text.utf8.first != 0x30, let number = Int(text), number <= limit
    else { return nil }
    return number
  }

  private static let colon = UInt8(ascii: ":")
  private static let dot = UInt8(ascii: ".")
}
