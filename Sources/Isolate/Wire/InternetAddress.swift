/// An IPv4 or IPv6 address. An IPv4 address that is written as IPv6 (`::ffff:192.0.2.1`) is the IPv4 address: the kernel connects
/// to the same place.
package struct InternetAddress: Hashable, Sendable {
  /// The upper and lower half of the IPv6 form.
  package var high: UInt64
  package var low: UInt64

  private static let mapped: UInt64 = 0xFFFF_0000_0000

  package init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  package init(four: UInt32) {
    self.init(high: 0, low: Self.mapped | UInt64(four))
  }

  package var isFour: Bool { high == 0 && low & ~0xFFFF_FFFF == Self.mapped }

  /// 4 or 16 bytes in network order; nil for another number.
  package init?(bytes: Span<UInt8>) {
    switch bytes.count {
    case 4: self.init(four: UInt32(truncatingIfNeeded: Self.number(bytes, 0..<4)))
    case 16: self.init(high: Self.number(bytes, 0..<8), low: Self.number(bytes, 8..<16))
    default: return nil
    }
  }

  private static func number(_ bytes: Span<UInt8>, _ range: Range<Int>) -> UInt64 {
    var number: UInt64 = 0
    for index in range { number = number << 8 | UInt64(bytes[index]) }
    return number
  }

  /// Reads `192.0.2.1` and `2001:db8::1` as RFC 4291, 2.2 has them: no zones, no octal, no short forms, no brackets. Allocates nothing.
  package init?(text: Span<UInt8>) {
    var hasColon = false
    for index in text.indices where text[index] == AddressByte.colon { hasColon = true }
    if hasColon {
      self.init(six: text)
    } else if let four = Self.four(text, 0..<text.count) {
      self.init(four: four)
    } else {
      return nil
    }
  }

  private static func four(_ text: Span<UInt8>, _ range: Range<Int>) -> UInt32? {
    var address: UInt32 = 0
    var parts = 0
    var digits = 0
    var part: UInt32 = 0
    for place in range {
      let byte = text[place]
      if byte == AddressByte.dot {
        guard digits > 0, parts < 3 else { return nil }
        address = address << 8 | part
        (parts, digits, part) = (parts + 1, 0, 0)
      } else {
        guard byte >= 0x30, byte <= 0x39, digits == 0 || part > 0 else { return nil }
        part = part * 10 + UInt32(byte - 0x30)
        digits += 1
        if part > 255 { return nil }
      }
    }
    guard parts == 3, digits > 0 else { return nil }
    return address << 8 | part
  }

  private init?(six text: Span<UInt8>) {
    var groups = InlineArray<8, UInt16>(repeating: 0)
    var count = 0
    var gap: Int?
    var at = 0
    let end = text.count
    if end >= 2, text[0] == AddressByte.colon {
      guard text[1] == AddressByte.colon else { return nil }
      (gap, at) = (0, 2)
    }
    while at < end {
      var stop = at
      var hasDot = false
      while stop < end, text[stop] != AddressByte.colon {
        if text[stop] == AddressByte.dot { hasDot = true }
        stop += 1
      }
      if hasDot {
        guard stop == end, count <= 6, let four = Self.four(text, at..<stop) else { return nil }
        groups[count] = UInt16(four >> 16)
        groups[count + 1] = UInt16(four & 0xFFFF)
        count += 2
        break
      }
      guard count < 8, let group = Self.group(text, at..<stop) else { return nil }
      groups[count] = group
      count += 1
      if stop == end { break }
      at = stop + 1
      if at == end { return nil }
      if text[at] == AddressByte.colon {
        guard gap == nil else { return nil }
        gap = count
        at += 1
      }
    }
    guard gap == nil ? count == 8 : count < 8 else { return nil }
    var halves: (UInt64, UInt64) = (0, 0)
    let missing = 8 - count
    for index in 0..<count {
      let place = index < gap ?? 8 ? index : index + missing
      let bits = UInt64(groups[index]) << (48 - 16 * (place & 3))
      if place < 4 { halves.0 |= bits } else { halves.1 |= bits }
    }
    self.init(high: halves.0, low: halves.1)
  }

  private static func group(_ text: Span<UInt8>, _ range: Range<Int>) -> UInt16? {
    guard (1...4).contains(range.count) else { return nil }
    var group: UInt16 = 0
    for place in range {
      let byte = text[place]
      let digit: UInt8
      switch byte {
      case 0x30...0x39: digit = byte - 0x30
      case 0x41...0x46: digit = byte - 0x41 + 10
      case 0x61...0x66: digit = byte - 0x61 + 10
      default: return nil
      }
      group = group << 4 | UInt16(digit)
    }
    return group
  }
}

private enum AddressByte {
  static let colon = UInt8(ascii: ":")
  static let dot = UInt8(ascii: ".")
}

/// All addresses that begin with the same bits.
package struct InternetNetwork: Hashable, Sendable {
  package var address: InternetAddress
  /// Of the IPv6 form: IPv4's /8 is 104 here.
  package var prefix: Int

  package init(_ address: InternetAddress, prefix: Int) {
    self.address = address
    self.prefix = prefix
  }

  /// An address, or an address and `/` and a prefix length; nil when it is neither.
  package init?(text: Span<UInt8>) {
    var slash = text.count
    for index in text.indices where text[index] == UInt8(ascii: "/") {
      slash = index
      break
    }
    guard let address = InternetAddress(text: text.extracting(0..<slash)) else { return nil }
    self.init(address, prefix: 128)
    guard slash < text.count else { return }
    var number = 0
    guard (1...3).contains(text.count - slash - 1) else { return nil }
    for place in slash + 1..<text.count {
      guard (0x30...0x39).contains(text[place]) else { return nil }
      number = number * 10 + Int(text[place] - 0x30)
    }
    // `::ffff:10.0.0.0/104` is one of IPv4 as well, with the prefix as written.
    var hasColon = false
    for index in 0..<slash where text[index] == UInt8(ascii: ":") { hasColon = true }
    prefix = address.isFour && !hasColon ? number + 96 : number
    guard prefix <= 128 else { return nil }
    // A network of mapped addresses that is wider than IPv4 would be all of IPv4 and a little more.
    if address.isFour && prefix < 96 { return nil }
  }

  /// A network of one family never holds an address of the other.
  package func contains(_ other: InternetAddress) -> Bool {
    guard address.isFour == other.isFour else { return false }
    if prefix <= 64 { return prefix == 0 || (address.high ^ other.high) >> (64 - prefix) == 0 }
    return address.high == other.high
      && (address.low ^ other.low) >> (128 - prefix) == 0
  }
}
