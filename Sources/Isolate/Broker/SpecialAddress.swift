/// Addresses that no name and no `*` ever reaches; only a grant that names an address or a network with them in it.
///
/// Whoever controls a name controls where it points. Without this, `*.example.org` would be the machine itself, its neighbours
/// and the cloud's metadata service, as soon as somebody puts such an address into that zone (DNS rebinding).
package enum SpecialAddress {
  /// Source: the IANA special-purpose registries (RFC 6890 and its updates); everything that is not public unicast.
  private static let four: [(UInt32, Int)] = [
    (0x0000_0000, 8),  // "This host": Linux connects 0.0.0.0 to itself
    (0x0A00_0000, 8),  // private
    (0x6440_0000, 10),  // shared by carriers; 100.100.100.200 is a metadata service
    (0x7F00_0000, 8),  // loopback
    (0xA83F_8110, 32),  // 168.63.129.16: a cloud's host agent, at a public address
    (0xA9FE_0000, 16),  // link-local; 169.254.169.254 is the metadata service
    (0xAC10_0000, 12),  // private
    (0xC000_0000, 24),  // protocol assignments; 192.0.0.192 is a metadata service
    (0xC0A8_0000, 16),  // private
    (0xC612_0000, 15),  // benchmarks within a network
    (0xE000_0000, 3),  // multicast, reserved, broadcast
  ]

  /// Only 2000::/3 is public; of that these are not.
  private static let six: [(UInt64, Int)] = [
    (0x2001_0000_0000_0000, 32),  // Teredo: an IPv4 address in disguise
    (0x2001_0002_0000_0000, 48),  // benchmarks
    (0x2001_0010_0000_0000, 28),  // ORCHID
    (0x2001_0020_0000_0000, 28),  // ORCHIDv2
  ]

  package static func contains(_ address: InternetAddress) -> Bool {
    if address.isFour { return containsFour(UInt32(truncatingIfNeeded: address.low)) }
    // 64:ff9b::/96 (NAT64) and 2002::/16 (6to4) lead to the IPv4 address in them.
    if address.high == 0x0064_FF9B_0000_0000, address.low >> 32 == 0 {
      return containsFour(UInt32(truncatingIfNeeded: address.low))
    }
    if address.high >> 48 == 0x2002 {
      return containsFour(UInt32(truncatingIfNeeded: address.high >> 16))
    }
    if address.high >> 61 != 1 { return true }
    for at in six.indices where (address.high ^ six[at].0) >> (64 - six[at].1) == 0 { return true }
    return false
  }

  private static func containsFour(_ address: UInt32) -> Bool {
    for at in four.indices where (address ^ four[at].0) >> (32 - four[at].1) == 0 { return true }
    return false
  }
}
