/// How limits, sizes and times are read.
extension ProfileReader {
  /// The largest count of processes or descriptors: PID_MAX_LIMIT. Source: proc(5).
  private static let maximumCount: Int64 = 4_194_304

  /// Source: the kernel's cgroup-v2 document, "Weights".
  private static let weights: ClosedRange<Int64> = 1...10_000

  /// A limit's amount in its unit; `.some(nil)` for "unlimited".
  mutating func limit(_ node: TOMLNode, _ name: LimitName) -> UInt64?? {
    if case .string("unlimited") = node.value { return .some(nil) }
    if name == .ioWeight {
      return integer(node, name.key, in: Self.weights).map { .some(UInt64($0.value)) }
    }
    guard let value = amount(node, name.key, unit: name.unit) else { return nil }
    if value == 0, name != .coreSize {
      error(
        node, "`\(name.key)`: with 0 the app cannot run",
        cure: "leave the key out, or say \"unlimited\", for no limit")
      return nil
    }
    return .some(value)
  }

  /// A number with a unit: a string such as "64M" or "10s", or a plain number.
  mutating func amount(_ node: TOMLNode, _ key: String, unit: LimitName.Unit) -> UInt64? {
    switch unit {
    case .bytes: bytes(node, key)
    case .milliseconds: milliseconds(node, key)
    case .count: integer(node, key, in: 0...Self.maximumCount).map { UInt64($0.value) }
    case .thousandths: thousandths(node, key)
    }
  }

  mutating func bytes(_ node: TOMLNode, _ key: String) -> UInt64? {
    if case .string(let text) = node.value {
      if let value = ProfileUnits.bytes(text) { return value }
      error(
        node, "`\(key)`: \"\(text)\" is not a size",
        cure: "write a number of bytes, or digits and one of K, M, G, T: \"64M\"")
      return nil
    }
    guard case .integer = node.value else {
      wrongType(node, key, wanted: "a size such as \"64M\"")
      return nil
    }
    return integer(node, key, in: 0...Int64.max).map { UInt64($0.value) }
  }

  /// A time, in milliseconds.
  mutating func milliseconds(_ node: TOMLNode, _ key: String) -> UInt64? {
    let value: UInt64?
    if case .string(let text) = node.value {
      value = ProfileUnits.milliseconds(text)
      if value == nil {
        error(
          node, "`\(key)`: \"\(text)\" is not a time",
          cure: "write a number of seconds, or digits and one of ms, s, m, h: \"10s\"")
      }
    } else if case .integer = node.value {
      // Seconds; the bound keeps milliseconds within Int64.
      value = integer(node, key, in: 0...Int64.max / 1000).map { UInt64($0.value) * 1000 }
    } else {
      wrongType(node, key, wanted: "a time such as \"10s\"")
      value = nil
    }
    guard let value else { return nil }
    if value > Self.longestMilliseconds {
      error(node, "`\(key)`: too long", cure: "at most \"1000000h\"")
      return nil
    }
    return value
  }

  /// A million hours: more is meant as "for ever", and adding it to what a clock says must not overflow.
  private static var longestMilliseconds: UInt64 { 3_600_000_000_000 }

  private mutating func thousandths(_ node: TOMLNode, _ key: String) -> UInt64? {
    var value = 0.0
    switch node.value {
    case .integer(let number): value = Double(number)
    case .float(let number): value = number
    case .string, .boolean, .dateTime, .array, .table:
      wrongType(node, key, wanted: "a number such as 1.5")
      return nil
    }
    // The kernel's smallest quota is one in a hundred: cgroups-v2, "cpu.max".
    guard value >= 0.01, value <= 65536 else {
      error(
        node, "`\(key)`: \(value) is out of range", cure: "allowed are 0.01 to 65536 CPUs")
      return nil
    }
    return UInt64(value * 1000 + 0.5)
  }
}
