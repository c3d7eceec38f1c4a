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
    guard let directory else {
      return [.failed("there is no place for crash reports: neither $XDG_STATE_HOME nor $HOME")]
    }
    let context = completed(context, policy)
    let unwinding = Unwinding(policy: policy, host: host)
    do throws(SystemError) {
      let store = try CrashStore(directory: directory)
      var outcomes: [Outcome] = []
      for capture in captures {
        guard let report = try Self.report(capture, policy, context, unwinding, isUnwanted) else {
          outcomes.append(.failed("a crash could not be read"))
          continue
        }
        let (id, path) = try store.add(report)
        outcomes.append(.written(id: id, path: path, report: report))
      }
      return outcomes
    } catch {
      return [.failed("no crash report can be written: \(error)")]
    }
  }

  private static func report(
    _ capture: CrashCapture, _ policy: Policy, _ context: CrashContext, _ unwinding: Unwinding,
    _ isUnwanted: () -> Bool
  ) throws(SystemError) -> CrashReport? {
    let bytes = try capture.core.readAll(limit: CrashCapture.coreLimit)
    guard let core = CrashCore(bytes) else { return nil }
    let stacks = unwinding.run(capture, isUnwanted: isUnwanted)
    return CrashReport(
      app: VisibleText.of(policy.app, limit: 64), core: core, stacks: stacks.threads,
      unwinder: stacks.unwinder, context: context)
  }

  private func completed(_ context: CrashContext, _ policy: Policy) -> CrashContext {
    var context = context
    context.command = policy.command
    for name in LimitName.allCases {
      if let limit = policy.limits[name] {
        context.limits.append(.init(name.rawValue, EndText.amount(limit.amount, name.unit)))
      }
    }
    do throws(SystemError) {
      context.time = try SystemClock.now().seconds
    } catch {
      /* A report without its time is worth having. */
    }
    do throws(PreparationError) {
      let explained = try Preparation.make(request, explaining: true)
      context.profiles = explained.files
      context.profileHash = Self.hash(explained.policy)
    } catch {
      /* The profiles are not what they were: the hash of others would say the wrong thing. */
    }
    return context
  }

  /// Of every value of the policy, wherever it was written: 32 hexadecimal digits.
  static func hash(_ policy: Policy) -> String {
    let lines = policy.provenance.flatMap { Array("\($0.key)=\($0.value)\n".utf8) }
    let text = String(Fingerprint.wide(lines), radix: 16)
    return String(repeating: "0", count: 32 - text.utf8.count) + text
  }
}
