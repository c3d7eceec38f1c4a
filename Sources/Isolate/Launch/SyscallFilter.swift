internal import CSeccomp

/// Why a filter could not be made. Nothing may be launched without it.
package enum FilterError: Error, Hashable, Sendable {
  /// A rule names a call that the table of numbers lacks. A defect of this build.
  case unknownCall(String)
  /// A rule compares more arguments than one rule can. A defect of this build.
  case tooManyChecks(String)
  /// A refusal with a number that is no errno, or that libseccomp does not take: 1 to 4094.
  case badError(Int32)
  /// libseccomp refused, or had no memory.
  case compiler(errno: Int32)
}

/// Makes the BPF program of a policy.
package enum SyscallFilter {
  /// The kernel takes no longer program. Source: BPF_MAXINSNS in linux/bpf_common.h.
  package static let maximumInstructions = 4096
  /// Bytes of one instruction, `struct sock_filter`.
  package static let instructionSize = 8

  /// Compiles the filter: an array of `struct sock_filter`, as bytes of this machine.
  package static func compile(_ policy: SyscallPolicy) throws(FilterError) -> [UInt8] {
    var rules: [filter_rule] = []
    for rule in policy.rules {
      if let flat = try flatten(rule) { rules.append(flat) }
    }
    let room = maximumInstructions * instructionSize
    var result = 0
    let program = unsafe [UInt8](unsafeUninitializedCapacity: room) { bytes, count in
      unsafe rules.withUnsafeBufferPointer { rules in
        result = unsafe filter_compile(rules.baseAddress, rules.count, bytes.baseAddress, room)
      }
      count = max(0, result)
    }
    guard result > 0 else { throw .compiler(errno: Int32(-result)) }
    return program
  }

  /// The name of a system call by its number on this machine.
  package static func callName(_ number: Int32) -> String? {
    var index = 0
    var name: UnsafePointer<CChar>?
    var (one, other): (Int32, Int32) = (0, 0)
    while unsafe filter_known_call(index, &name, &one, &other) != 0, let known = unsafe name {
      if unsafe filter_number(known) == number { return unsafe String(cString: known) }
      index += 1
    }
    return nil
  }

  /// Appends what decides the filter besides the policy: the machine and the compiler.
  static func appendCompiler(to text: inout [UInt8]) {
    text += "machine ".utf8
    SyscallPolicy.append(UInt64(filter_architecture()), to: &text)
    text += "\nlibseccomp ".utf8
    SyscallPolicy.append(UInt64(filter_compiler_version()), to: &text)
    text += "\n".utf8
  }

  /// The rule for libseccomp, or nil when this machine has no such call.
  private static func flatten(_ rule: SyscallRule) throws(FilterError) -> filter_rule? {
    let number = unsafe rule.name.withCString { unsafe filter_number($0) }
    if number == FILTER_NUMBER_ELSEWHERE.rawValue { return nil }
    guard number >= 0 else { throw .unknownCall(rule.name) }
    guard rule.checks.count <= 2 else { throw .tooManyChecks(rule.name) }
    var flat = filter_rule()
    flat.number = number
    flat.check_count = UInt32(rule.checks.count)
    switch rule.answer {
    case .error(let errorNumber):
      guard (1...4094).contains(errorNumber) else { throw .badError(errorNumber) }
      flat.action = FILTER_ERROR.rawValue
      flat.error = UInt32(errorNumber)
    case .kill: flat.action = FILTER_KILL.rawValue
    case .log: flat.action = FILTER_LOG.rawValue
    }
    if let check = rule.checks.first { flat.checks.0 = flatten(check) }
    if let check = rule.checks.dropFirst().first { flat.checks.1 = flatten(check) }
    return flat
  }

  private static func flatten(_ check: SyscallCheck) -> filter_check {
    var flat = filter_check()
    flat.argument = check.argument
    switch check.comparison {
    case .equal(let value):
      flat.compare = FILTER_EQUAL.rawValue
      flat.value = value
    case .notEqual(let value):
      flat.compare = FILTER_NOT_EQUAL.rawValue
      flat.value = value
    case .greater(let value):
      flat.compare = FILTER_GREATER.rawValue
      flat.value = value
    case .masked(let mask, equals: let value):
      flat.compare = FILTER_MASKED_EQUAL.rawValue
      flat.mask = mask
      flat.value = value
    case .neither(let first, let second):
      flat.compare = FILTER_NEITHER.rawValue
      flat.mask = UInt64(first)
      flat.value = UInt64(second)
    }
    return flat
  }
}
