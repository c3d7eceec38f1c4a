/// FNV-1a: a fast hash for names and for noticing damage. It is no defence against someone who
/// makes collisions on purpose; its users compare the hashed bytes too, or trust their owner.
package enum Fingerprint {
  /// 128 bits. Source: the FNV specification's offset basis and prime.
  package static func wide(_ bytes: some Sequence<UInt8>) -> UInt128 {
    var value: UInt128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d
    let prime: UInt128 = 0x0000_0000_0100_0000_0000_0000_0000_013b
    for byte in bytes { value = (value ^ UInt128(byte)) &* prime }
    return value
  }

  /// 64 bits. Source: as above.
  package static func narrow(_ bytes: some Sequence<UInt8>) -> UInt64 {
    var value: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in bytes { value = (value ^ UInt64(byte)) &* 0x100_0000_01b3 }
    return value
  }

  /// A policy's, as 32 hexadecimal digits: the same for two policies that say the same, down to the lines that they come from.
  /// What only tells about the policy, and where its cgroup would be made and for what disks, does not count.
  package static func of(_ policy: Policy) -> String {
    var policy = policy
    policy.provenance = []
    policy.notices = []
    policy.warnings = []
    policy.files.synthesised = []
    policy.limits.cgroup = nil
    policy.limits.disks = []
    policy.limits.weighers = []
    let digits = String(wide(String(describing: policy).utf8), radix: 16)
    return String(repeating: "0", count: 32 - digits.utf8.count) + digits
  }
}
