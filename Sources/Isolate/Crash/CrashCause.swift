/// What a signal says, in words.
package struct CrashCause: Hashable, Sendable {
  /// Who sent it.
  package enum Sender: Hashable, Sendable {
    /// The kernel, which found a fault.
    case kernel
    /// The process itself: abort(3), raise(3).
    case itself
    /// Another process of the app.
    case process(Int32)
    /// Somebody who has no id in the app's pid namespace.
    case outside
    case filter
  }

  package var sender: Sender
  /// SEGV_MAPERR and its like; empty: no name is known.
  package var code: String
  /// What happened, without the signal's name.
  package var words: String

  package init(_ facts: CrashCore.Facts, stackPointer: UInt64?) {
    sender = Self.sender(facts)
    let known = Self.known[Key(signal: facts.signal, code: facts.code)]
    code = sender == .kernel ? known?.name ?? "" : ""
    switch sender {
    case .itself: words = facts.signal == 6 ? "it called abort" : "it sent the signal to itself"
    case .process(let id): words = "process \(id) of the app sent the signal"
    case .outside: words = "somebody outside the app sent the signal"
    case .filter: words = "it made a system call that its filter refuses"
    case .kernel:
      words = known?.words ?? "the kernel found a fault"
      guard Self.hasAddress.contains(facts.signal), facts.code != Self.kernelCode else { return }
      words += " (\(CrashText.hex(facts.address))" + Self.hint(facts, stackPointer) + ")"
    }
  }

  /// si_code of what the kernel sends without saying more (SI_KERNEL).
  private static let kernelCode: Int32 = 0x80
  /// SIGILL, SIGBUS, SIGFPE, SIGSEGV: they have si_addr.
  private static let hasAddress: Set<Int32> = [4, 7, 8, 11]

  private static func sender(_ facts: CrashCore.Facts) -> Sender {
    if facts.isByFilter { return .filter }
    if facts.code > 0 { return .kernel }
    if facts.sender == facts.process { return .itself }
    return facts.sender > 0 ? .process(facts.sender) : .outside
  }

  private static func hint(_ facts: CrashCore.Facts, _ stackPointer: UInt64?) -> String {
    guard facts.signal == 11 else { return "" }
    if let stackPointer {
      let distance =
        max(stackPointer, facts.address) - min(stackPointer, facts.address)
      if distance < 65_536 { return ", at the stack pointer: perhaps the stack is used up" }
    }
    return facts.address < 65_536 ? ", near zero: perhaps a null pointer" : ""
  }

  private struct Key: Hashable {
    var signal: Int32
    var code: Int32
  }

  /// Source: sigaction(2), "The si_code field".
  private static let known: [Key: (name: String, words: String)] = [
    Key(signal: 11, code: 1): ("SEGV_MAPERR", "it used an address where no memory is"),
    Key(signal: 11, code: 2): ("SEGV_ACCERR", "it used memory in a way that is not allowed there"),
    Key(signal: 11, code: 3): ("SEGV_BNDERR", "it went over a bound"),
    Key(signal: 11, code: 4): ("SEGV_PKUERR", "a protection key refused it memory"),
    Key(signal: 11, code: 0x80): ("SI_KERNEL", "it used an address that can be none"),
    Key(signal: 7, code: 1): ("BUS_ADRALN", "it used an address that is not aligned"),
    Key(signal: 7, code: 2): ("BUS_ADRERR", "it used memory that has no storage behind it"),
    Key(signal: 7, code: 3): ("BUS_OBJERR", "the hardware failed"),
    Key(signal: 7, code: 4): ("BUS_MCEERR_AR", "the machine's memory is damaged there"),
    Key(signal: 4, code: 1): ("ILL_ILLOPC", "it ran an illegal instruction"),
    Key(signal: 4, code: 2): ("ILL_ILLOPN", "it ran an instruction with an illegal operand"),
    Key(signal: 4, code: 5): ("ILL_PRVOPC", "it ran an instruction that is the kernel's"),
    Key(signal: 8, code: 1): ("FPE_INTDIV", "it divided an integer by zero"),
    Key(signal: 8, code: 2): ("FPE_INTOVF", "an integer overflowed"),
    Key(signal: 8, code: 3): ("FPE_FLTDIV", "it divided by zero"),
    Key(signal: 5, code: 1): ("TRAP_BRKPT", "it ran into a breakpoint"),
    Key(signal: 5, code: 2): ("TRAP_TRACE", "it ran a single step"),
    Key(signal: 5, code: 0x80): ("SI_KERNEL", "it ran into a breakpoint"),
    Key(signal: 31, code: 1): ("SYS_SECCOMP", "it made a system call that its filter refuses"),
    Key(signal: 24, code: 0x80): ("SI_KERNEL", "it used up its CPU time"),
    Key(signal: 25, code: 0x80): ("SI_KERNEL", "it wrote beyond the largest file it may have"),
  ]
}

extension CrashReport {
  package var cause: CrashCause {
    let pointer = threads.first?.registers.first { $0.name == "rsp" || $0.name == "sp" }?.value
    return CrashCause(facts, stackPointer: pointer)
  }
}

extension CrashReport {
  /// The system call that the filter ended it for, by name. Nil: it was not that, or the number is nobody's.
  package var refusedCall: String? {
    guard facts.isByFilter else { return nil }
    let number = threads.first?.registers.first(where: \.isSystemCall)?.value
    return number.flatMap { Int32(exactly: $0) }.flatMap(SyscallFilter.callName)
  }
}
