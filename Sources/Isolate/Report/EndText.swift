/// What a person is told when an app has ended.
package enum EndText {
  /// One line, or nil when there is nothing to say: the app ended by itself and its exit status says it all.
  package static func line(_ end: AppEnd, app: String, limits: Limits) -> String? {
    switch end.cause {
    case .exited: return nil
    /* As a shell: who pressed Ctrl-C or closed the pipe knows. */
    case .signal(SignalNumber.interrupt, _), .signal(SignalNumber.pipe, _),
      .stopped(SignalNumber.interrupt, false):
      return nil
    case .signal(let signal, let core):
      let what = words(signal)
      guard isCrash(signal) else { return "\(app) was ended by \(name(signal))\(what)" }
      return "\(app) crashed: \(name(signal))\(what)\(core ? "; core dumped" : "; no core was dumped")"
    case .refusedSystemCall:
      return "\(app) was killed: it made a system call that its filter refuses (SIGSYS)"
    case .memoryLimit:
      return "\(app) was killed: over its memory limit of \(amount(limits.memoryBytes)) bytes"
        + rule(limits.memoryBytes)
    case .cpuTimeLimit:
      return "\(app) was killed: over its CPU time limit of \(amount(limits.cpuTimeMilliseconds)) ms"
        + rule(limits.cpuTimeMilliseconds)
    case .fileSizeLimit:
      return "\(app) was killed: over its file size limit of \(amount(limits.fileSizeBytes)) bytes"
        + rule(limits.fileSizeBytes)
    case .wallTimeLimit:
      return "\(app) was killed: over its time limit of \(amount(limits.wallTimeMilliseconds)) ms"
        + rule(limits.wallTimeMilliseconds)
    case .stopped(let signal, let forced):
      return "\(app) was stopped by \(name(signal))"
        + (forced ? "; it did not end in time and was killed" : "")
    case .lost(let signal):
      return "\(app) is gone: its init was killed from outside (\(name(signal)))"
    }
  }

  /// One line for each limit that was met on the way.
  package static func lines(_ met: [LimitMet]) -> [String] {
    met.map { limit in
      switch limit {
      case .fileSystemFull(let path):
        "the private file system on \(path) was full; its size is set by files.private"
      case .processes(let amount):
        "the limit of \(amount) processes was met (limits.processes)"
      case .memory(let amount, let kills):
        "the memory limit of \(amount) bytes was met; the kernel killed \(kills) of its processes"
      case .openFiles(let amount):
        "the limit of \(amount) open files was met (limits.open-files)"
      }
    }
  }

  private static func amount(_ limit: Limit?) -> String { limit.map { "\($0.amount)" } ?? "?" }

  private static func rule(_ limit: Limit?) -> String {
    limit.map { " (\($0.position))" } ?? ""
  }

  package static func name(_ signal: Int32) -> String {
    SignalText.name(signal) ?? "signal \(signal)"
  }

  /// The signals by which the kernel, or abort(3), says that a program went wrong.
  private static func isCrash(_ signal: Int32) -> Bool {
    [4, 5, 6, 7, 8, 11].contains(signal)
  }

  private static func words(_ signal: Int32) -> String {
    switch signal {
    case 4: " (an illegal instruction, or a trap)"
    case 5: " (a breakpoint or trap)"
    case 6: " (it called abort)"
    case 7: " (a bus error: memory that has no storage behind it)"
    case 8: " (an arithmetic error)"
    case 9: " (killed; nothing of ours did it)"
    case 11: " (an invalid memory access)"
    default: ""
    }
  }
}
