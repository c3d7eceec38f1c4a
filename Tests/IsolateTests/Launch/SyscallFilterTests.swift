import CSeccomp
import Isolate
import Testing

@Suite("The compiled filter, run by an interpreter")
struct SyscallFilterTests {
  typealias Call = BPFInterpreter.Call

  /// AUDIT_ARCH_* of i386, arm and the other 64-bit machine, and a made-up one.
  static let foreign: [UInt32] = [0x4000_0003, 0x4000_0028, 0xc000_003e, 0xc000_00b7, 0]
    .filter { $0 != filter_architecture() }

  static func policies() throws -> [SyscallPolicy] {
    var open = try SyscallPolicy(
      base: .standard, allow: ["@ptrace", "@bpf", "clone3", "openat2"], deny: ["@sockets", "kill"])
    open.allowsNestedUserNamespaces = true
    open.allowsPersonality = true
    open.allowsTerminalInjection = true
    open.allowsWriteOfSetIDBits = true
    var killing = SyscallPolicy()
    killing.refusal = .kill
    killing.socketFamilies = [.unix]
    var logging = SyscallPolicy()
    logging.refusal = .log
    logging.socketFamilies = []
    var alone = SyscallPolicy()
    alone.hasNamespaces = false
    alone.socketFamilies = []
    return [
      SyscallPolicy(), open, killing, logging, alone,
      try SyscallPolicy(base: .strict, allow: [], deny: []),
      try SyscallPolicy(base: .nothing, allow: ["@io", "socket"], deny: []),
    ]
  }

  @Test("answers every number of this machine as the policy says, and the unknown with ENOSYS")
  func everyNumber() throws {
    for policy in try Self.policies() {
      let filter = BPFInterpreter(try SyscallFilter.compile(policy))
      let oracle = FilterOracle(policy)
      for number in Array(UInt32(0)...1100) + [0x3fff_ffff, 0xffff_ffff] {
        let call = Call(number: number, architecture: filter_architecture())
        let expected =
          KnownCalls.native[number].map { oracle.answer(to: $0, call.arguments) } ?? .error(38)
        #expect(try filter.run(call).action == expected, "number \(number)")
      }
    }
  }

  @Test("kills on every other entry: i386, x32, arm, the other 64-bit machine")
  func otherEntries() throws {
    let filter = BPFInterpreter(try SyscallFilter.compile(SyscallPolicy()))
    for number in UInt32(0)...1100 {
      for architecture in Self.foreign {
        let call = Call(number: number, architecture: architecture)
        #expect(try filter.run(call).action == .killProcess)
      }
      #if arch(x86_64)
        let x32 = Call(number: 0x4000_0000 | number, architecture: filter_architecture())
        #expect(try filter.run(x32).action == .killProcess)
      #endif
    }
  }

  @Test("looks at arguments of no call but those it must")
  func allowBitmap() throws {
    let filter = BPFInterpreter(try SyscallFilter.compile(SyscallPolicy()))
    let checked: Set = [
      "socket", "socketpair", "clone", "ioctl", "personality", "chmod", "fchmod", "fchmodat",
      "fchmodat2", "mknod", "mknodat", "creat", "open", "openat", "prlimit64", "setpriority",
      "ioprio_set", "sched_setscheduler", "sched_setparam", "sched_setattr", "sched_setaffinity",
    ]
    for (number, name) in KnownCalls.native {
      let run = try filter.run(Call(number: number, architecture: filter_architecture()))
      #expect(run.readsArguments == checked.contains(name), "\(name)")
    }
  }

  @Test("answers arguments from a seed, and around every checked value, as promised")
  func arguments() throws {
    var random = Seeded(state: 0x5eed)
    for policy in try Self.policies() {
      let filter = BPFInterpreter(try SyscallFilter.compile(policy))
      let oracle = FilterOracle(policy)
      for (number, name) in KnownCalls.native.sorted(by: { $0.key < $1.key }) {
        for _ in 0..<(Self.hasChecks(name) ? 4000 : 3) {
          let arguments = (0..<6).map { _ in Self.argument(&random) }
          let call = Call(
            number: number, architecture: filter_architecture(), arguments: arguments)
          let expected = oracle.answer(to: name, arguments)
          let action = try filter.run(call).action
          #expect(action == expected, "\(name) \(arguments.map { String($0, radix: 16) })")
          if action != expected { return }
        }
      }
    }
  }

  static func hasChecks(_ name: String) -> Bool {
    SyscallPolicy().rules.contains { $0.name == name && !$0.checks.isEmpty }
  }

  /// Values that matter somewhere, values of few bits, anything; now and then with high bits set.
  static func argument(_ random: inout Seeded) -> UInt64 {
    let special: [UInt64] = [
      0, 1, 2, 3, 5, 6, 10, 15, 16, 17, 38, 40, 0xffff_ffff, UInt64.max, 0x5401, 0x5412, 0x5413,
      0x541c, 0x541d, 0x5423, 0o4000, 0o2000, 0o100, 0o20_000_100, 0o644, 0o4755, 0o2101,
      0x7e02_0000, 0x1000_0000, 0x80, 0x3d_0f00, 0x4_0000, 0x8000_0000, 33, 115, 132, 136,
      0o2_000_006, 0o2_000_012, 0xffff_fffe, 0x7fff_ffff,
    ]
    var value: UInt64
    switch random.next() % 4 {
    case 0, 1: value = special[Int(random.next() % UInt64(special.count))]
    case 2: value = UInt64(1) << (random.next() % 33) | UInt64(1) << (random.next() % 33)
    default: value = random.next()
    }
    if random.next() % 8 == 0 { value |= 1 << (32 + random.next() % 32) }
    if random.next() % 16 == 0 { value |= 0xffff_ffff_0000_0000 }
    return value
  }

  @Test(
    "refuses to be made with an error number the kernel cannot return",
    arguments: [
      -1, 0, 4095, 65536,
    ] as [Int32])
  func badErrors(number: Int32) {
    var policy = SyscallPolicy()
    policy.refusal = .error(number)
    #expect(!policy.canonicalText.isEmpty)
    #expect(throws: FilterError.badError(number)) { try SyscallFilter.compile(policy) }
    #expect(throws: FilterError.badError(number)) {
      try SyscallFilter.cached(policy, directory: nil)
    }
  }

  @Test(
    "has room for every other error number", arguments: [1, 13, 4094] as [Int32])
  func goodErrors(number: Int32) throws {
    var policy = SyscallPolicy()
    policy.refusal = .error(number)
    let filter = BPFInterpreter(try SyscallFilter.compile(policy))
    let mount = try #require(KnownCalls.number("mount"))
    let run = try filter.run(Call(number: mount, architecture: filter_architecture()))
    #expect(run.action == .error(number))
  }

  @Test("fits the kernel's limit even when everything is refused") func length() throws {
    let policy = try SyscallPolicy(base: .nothing, allow: [], deny: [])
    let program = try SyscallFilter.compile(policy)
    #expect(program.count / SyscallFilter.instructionSize < SyscallFilter.maximumInstructions)
  }
}

/// SplitMix64: a small generator with a seed, so that a failure can be repeated.
struct Seeded: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var value = state
    value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
    value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
    return value ^ value >> 31
  }
}
