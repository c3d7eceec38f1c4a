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
      return
        "\(app) crashed: \(name(signal))\(what)\(core ? "; core dumped" : "; no core was dumped")"
    case .refusedSystemCall:
      return "\(app) was killed: it made a system call that its filter refuses (SIGSYS)"
    case .memoryLimit: return killed(app, .memory, limits)
    case .cpuTimeLimit: return killed(app, .cpuTime, limits)
    case .fileSizeLimit: return killed(app, .fileSize, limits)
    case .wallTimeLimit: return killed(app, .wallTime, limits)
    case .stopped(let signal, let forced):
      return "\(app) was stopped by \(name(signal))"
        + (forced ? "; it did not end in time and was killed" : "")
    case .lost(let signal):
      return "\(app) is gone: its init was killed from outside (\(name(signal)))"
    case .watchdog: return "\(app) was killed: it gave no sign of life in time (watchdog.interval)"
    case .health: return "\(app) was ended: its health checks failed"
    case .runtimeLimit: return "\(app) was ended: it ran as long as it may (service.run-time)"
    case .startTimeout: return "\(app) was ended: it was not ready in time (readiness.timeout)"
    case .dependency(let other): return "\(app) was stopped: \(other) is down"
    case .launchFailed(let step, let number):
      let error = "\(SystemError.text(number)) (\(SystemError.name(number)))"
      return "\(app) was not started: \(step): \(error)"
    case .daemon(let reason): return "\(app) was ended by the daemon: \(reason)"
    }
  }

  /// The same for a log of ends: always a line.
  package static func ended(_ cause: Cause, exit end: AppEnd?, app: String, limits: Limits)
    -> String
  {
    var end = end ?? AppEnd(evidence: Evidence(), use: ResourceUse(), limitsMet: [])
    end.cause = cause
    if let line = line(end, app: app, limits: limits) { return line }
    switch cause {
    case .exited(let code): return "\(app) exited with \(code)"
    default: return "\(app) was ended by \(cause.signal.map(name) ?? cause.word)"
    }
  }

  /// "app was killed: over limits.memory = 64M (app.toml:3, cgroup v2)".
  private static func killed(_ app: String, _ name: LimitName, _ limits: Limits) -> String {
    guard let limit = limits[name] else { return "\(app) was killed: over \(name.key)" }
    return "\(app) was killed: over \(name.key) = \(amount(limit.amount, name.unit)) "
      + "(\(limit.position), \(limit.enforcement.inWords))"
  }

  /// One line for each limit that was met on the way; not for the one that was the cause.
  package static func lines(_ met: [LimitMet], cause: Cause) -> [String] {
    met.compactMap { line($0, cause) }
  }

  static func line(_ met: LimitMet, _ cause: Cause) -> String? {
    let what: String
    switch met.what {
    case .privateFiles(let path):
      return "the private file system on \(path) was full: "
        + (met.position.map { "\(ProfileUnits.describe(bytes: met.amount)) (\($0))" }
          ?? "its size is set by files.private")
    case .limit(let name):
      let by = [met.position?.description, met.enforcement?.inWords].compactMap { $0 }
      what =
        "\(name.key) = \(amount(met.amount, name.unit)) was met (\(by.joined(separator: ", ")))"
    }
    switch met.sign {
    case .ended, .throttled: return nil
    case .killed(let count):
      return cause == .memoryLimit ? nil : "\(what): the kernel killed \(count) of its processes"
    case .refused(let times): return "\(what): the kernel refused \(times) times"
    case .reached: return what
    case .near: return "\(what): the app failed with nearly all of it in use"
    }
  }

  /// The word for programs: `sign` in --json-status-fd.
  package static func word(_ sign: LimitMet.Sign) -> String {
    switch sign {
    case .ended: "ended"
    case .killed: "killed"
    case .refused: "refused"
    case .reached: "reached"
    case .near: "near"
    case .throttled: "throttled"
    }
  }

  /// The unit of a limit's amount, for programs.
  package static func unit(_ met: LimitMet) -> String {
    switch met.what {
    case .privateFiles: "bytes"
    case .limit(let name):
      switch name.unit {
      case .bytes: "bytes"
      case .count: "count"
      case .thousandths: "thousandths"
      case .milliseconds: "milliseconds"
      }
    }
  }

  static func amount(_ amount: UInt64, _ unit: LimitName.Unit) -> String {
    switch unit {
    case .bytes: ProfileUnits.describe(bytes: amount)
    case .count: String(amount)
    case .thousandths: ProfileUnits.describe(thousandths: amount)
    case .milliseconds: ProfileUnits.describe(milliseconds: amount)
    }
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
