import FilterProbe
import Glibc
import Isolate
import Testing

@Suite("The compiled filter, run by this kernel")
struct FilterKernelTests {
  /// One call and what the kernel answers under a filter; nil: without any.
  static func probe(
    _ policy: SyscallPolicy?, _ name: String, _ arguments: [UInt64] = [],
    entry: probe_entry = PROBE_NATIVE, number: Int? = nil
  ) throws -> filter_probe_result {
    let program = try policy.map { try SyscallFilter.compile($0) }
    let native = try number ?? Int(#require(KnownCalls.number(name)))
    let padded = arguments + [UInt64](repeating: 0, count: 6 - arguments.count)
    let result = unsafe padded.withUnsafeBufferPointer { arguments in
      guard let program else {
        return unsafe filter_probe(nil, 0, entry, native, arguments.baseAddress)
      }
      return unsafe program.withUnsafeBytes {
        unsafe filter_probe($0.baseAddress, $0.count, entry, native, arguments.baseAddress)
      }
    }
    try #require(result.failed == 0)
    return result
  }

  @Test(
    "refuses calls with the error the policy names, and not without the filter",
    arguments: [
      ("unshare", [], EPERM), ("ptrace", [9999, 0], EPERM), ("mount", [], EPERM),
      ("bpf", [9999], EPERM), ("io_uring_setup", [], ENOSYS), ("keyctl", [9999], ENOSYS),
      ("clone3", [], ENOSYS), ("openat2", [], ENOSYS), ("modify_ldt", [9999], EPERM),
      ("socket", [38, 5], EAFNOSUPPORT), ("socket", [40, 1], EAFNOSUPPORT),
      ("socket", [16, 3, 9], EPROTONOSUPPORT), ("socketpair", [2, 1], EAFNOSUPPORT),
      ("ioctl", [9999, 0x5412], EPERM), ("ioctl", [9999, 0xdead_0000_5412], EPERM),
      ("clone", [0x1000_0000], EPERM), ("fchmod", [9999, 0o4755], EPERM),
      ("fchmodat2", [9999, 0, 0o2755], EPERM), ("openat", [9999, 0, 0o100, 0o4755], EPERM),
      ("personality", [0x4_0000], EPERM), ("userfaultfd", [9999], EPERM),
    ] as [(String, [UInt64], Int32)])
  func refuses(name: String, arguments: [UInt64], error: Int32) throws {
    let confined = try Self.probe(SyscallPolicy(), name, arguments)
    #expect(confined.signal == 0)
    #expect(confined.value == -Int64(error))
    // The same call with nothing in its way gets another answer: it is the filter that refuses. For
    // some errors the kernel of the test machine has the same answer; these differ everywhere.
    if ["unshare", "ioctl", "fchmod", "fchmodat2", "openat", "clone", "clone3"].contains(name) {
      #expect(try Self.probe(nil, name, arguments).value != -Int64(error))
    }
  }

  @Test(
    "lets ordinary calls through",
    arguments: [
      ("getpid", []), ("personality", [0xffff_ffff]), ("socket", [1, 1]),
      ("socket", [16, 3 | 0o2_000_000, 0]), ("socketpair", [1, 1, 0, 0]), ("umask", [0o22]),
      ("ioctl", [9999, 0x5401]), ("sched_yield", []), ("fchmod", [9999, 0o755]),
    ] as [(String, [UInt64])])
  func allows(name: String, arguments: [UInt64]) throws {
    let confined = try Self.probe(SyscallPolicy(), name, arguments)
    #expect(confined.signal == 0)
    #expect(![-Int64(EPERM), -Int64(ENOSYS)].contains(confined.value))
  }

  @Test(
    "keeps sockets of another network from connecting by TCP Fast Open",
    arguments: [
      ("sendto", [9999, 0, 0, 0x2000_0000, 0, 0]), ("sendmsg", [9999, 0, 0x2000_4000]),
      ("sendmmsg", [9999, 0, 1, 0x2000_0000]), ("setsockopt", [9999, 6, 30, 0, 4]),
      ("setsockopt", [9999, 6, 34, 0, 4]),
    ] as [(String, [UInt64])])
  func refusesFastOpen(name: String, arguments: [UInt64]) throws {
    var policy = SyscallPolicy()
    policy.refusesFastOpen = true
    #expect(try Self.probe(policy, name, arguments).value == -Int64(EPERM))
    #expect(try Self.probe(SyscallPolicy(), name, arguments).value == -Int64(EBADF))
    let plain: [String: [UInt64]] = [
      "sendto": [9999, 0, 0, 0x4000, 0, 0], "sendmsg": [9999, 0, 0x4000],
      "sendmmsg": [9999, 0, 1, 0], "setsockopt": [9999, 6, 1, 0, 4],
    ]
    #expect(try Self.probe(policy, name, plain[name] ?? []).value == -Int64(EBADF))
  }

  @Test("answers numbers nobody has with ENOSYS") func unknownNumbers() throws {
    for number in [470, 1000, 0x3fff_ffff, -1] {
      let result = try Self.probe(SyscallPolicy(), "", number: number)
      #expect(result.signal == 0)
      #expect(result.value == -Int64(ENOSYS))
    }
  }

  @Test("kills the process when the policy says so") func kills() throws {
    var policy = SyscallPolicy()
    policy.refusal = .kill
    #expect(try Self.probe(policy, "unshare").signal == SIGSYS)
    #expect(try Self.probe(policy, "getpid").signal == 0)
  }

  @Test("only logs when the policy says so") func logs() throws {
    var policy = SyscallPolicy()
    policy.refusal = .log
    let result = try Self.probe(policy, "kcmp", [1, 1, 9999])
    #expect(result.signal == 0)
    #expect(result.value == (try Self.probe(nil, "kcmp", [1, 1, 9999])).value)
  }

  #if arch(x86_64)
    @Test("kills a process that enters as i386 or x32") func otherEntries() throws {
      let getpid = 20
      let i386 = try Self.probe(SyscallPolicy(), "", entry: PROBE_I386, number: getpid)
      #expect(i386.signal == SIGSYS)
      let x32 = try Self.probe(SyscallPolicy(), "", number: 0x4000_0000 + 39)
      #expect(x32.signal == SIGSYS)
      #expect(try Self.probe(nil, "", number: 0x4000_0000 + 39).signal == 0)
    }
  #endif
}
