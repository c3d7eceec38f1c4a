/// Writes the reports of one session.
struct CrashDesk {
  /// `--crash-report`, or where reports are kept.
  let directory: String?
  let request: RunRequest
  let host: HostFacts

  init(_ request: RunRequest, _ host: HostFacts) {
    self.request = request
    self.host = host
    let typed = request.crashDirectory?.text
    directory =
      typed.map { $0.hasPrefix("/") ? $0 : host.workingDirectory + "/" + $0 }
      ?? ControlPlace(host).crashes
  }

  /// What became of one crash.
  enum Outcome {
    case written(id: UInt64, path: String, report: CrashReport)
    case failed(String)
  }

  /// - Parameters:
  ///   - context: what the session knows; what the profiles say is added.
  ///   - isUnwanted: whether somebody wants the session to end now.
  func write(
    _ captures: [CrashCapture], policy: Policy, context: CrashContext,
    isUnwanted: () -> Bool
  ) -> [Outcome] {
    guard !captures.isEmpty else { return [] }
    guard let directory else { return [.failed(Self.noPlace)] }
    let context = completed(context, policy)
    let unwinding = Unwinding(subject: UnwinderPolicy.Subject(policy), host: host)
    return captures.map {
      Self.write($0, into: directory, unwinding, context, isUnwanted: isUnwanted)
    }
  }

  static let noPlace = "there is no place for crash reports: neither $XDG_STATE_HOME nor $HOME"

  /// Unwinds one crash and keeps its report.
  static func write(
    _ capture: CrashCapture, into directory: String, _ unwinding: Unwinding,
    _ context: CrashContext, isUnwanted: () -> Bool
  ) -> Outcome {
    do throws(SystemError) {
      let store = try CrashStore(directory: directory)
      let bytes = try capture.core.readAll(limit: CrashCapture.coreLimit)
      guard let core = CrashCore(bytes) else { return .failed("a crash could not be read") }
      let stacks = unwinding.run(capture, isUnwanted: isUnwanted)
      let report = CrashReport(
        app: VisibleText.of(unwinding.subject.app, limit: 64), core: core, stacks: stacks.threads,
        unwinder: stacks.unwinder, context: context)
      let (id, path) = try store.add(report)
      return .written(id: id, path: path, report: report)
    } catch {
      return .failed("no crash report can be written: \(error)")
    }
  }

  private func completed(_ context: CrashContext, _ policy: Policy) -> CrashContext {
    var context = context
    context.add(policy)
    do throws(PreparationError) {
      let explained = try Preparation.make(request, explaining: true)
      context.profiles = explained.files
      context.profileHash = CrashContext.hash(explained.policy)
    } catch {
      /* The profiles are not what they were: the hash of others would say the wrong thing. */
    }
    return context
  }
}

extension CrashContext {
  /// What the policy says, and the time.
  mutating func add(_ policy: Policy) {
    command = policy.command
    for name in LimitName.allCases {
      if let limit = policy.limits[name] {
        limits.append(.init(name.rawValue, EndText.amount(limit.amount, name.unit)))
      }
    }
    do throws(SystemError) {
      time = try SystemClock.now().seconds
    } catch {
      /* A report without its time is worth having. */
    }
  }

  /// Of every value of the policy, wherever it was written: 32 hexadecimal digits.
  static func hash(_ policy: Policy) -> String {
    let lines = policy.provenance.flatMap { Array("\($0.key)=\($0.value)\n".utf8) }
    let text = String(Fingerprint.wide(lines), radix: 16)
    return String(repeating: "0", count: 32 - text.utf8.count) + text
  }
}
