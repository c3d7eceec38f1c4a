import Testing

/// One attack: a promise, what the victim does against it, and how it is shown that the promise is what stops it.
///
/// `$DIR` in any word is the run's own scratch directory (see `Scene`), `$VICTIM` the victim.
struct AttackRow: Sendable, CustomTestStringConvertible {
  /// The promise, as a sentence about the app.
  var promise: String
  /// The victim's mode and its words.
  var mode: [String]
  /// Options of `isolated run` that the promise is about.
  var options: [String] = []
  /// The victim's wrapper that arranges what is attacked, outside.
  var outside: [String] = []
  /// How the protection is taken away.
  var bare: Bare = .direct
  /// The errors that count as refusal, by name, or SIGSYS; empty for any error.
  var refusal: [String] = []
  /// Errors that the attack may end with when nothing protects: the kernel has been reached.
  var reached: [String] = []
  var caller: Caller = .anyone

  enum Bare: Sendable {
    /// The victim runs as it is.
    case direct
    /// As root of throw-away namespaces: for what needs rights or would be felt.
    case inNamespaces
    /// Under `isolated run` with these options in place of `options`.
    case relaxed([String])
  }

  /// Who calls `isolated`.
  enum Caller: Sendable { case anyone, root, ordinary }

  init(
    _ promise: String, _ mode: [String], options: [String] = [], outside: [String] = [],
    bare: Bare = .direct, refusal: [String] = [], reached: [String] = [],
    caller: Caller = .anyone
  ) {
    self.promise = promise
    self.mode = mode
    self.options = options
    self.outside = outside
    self.bare = bare
    self.refusal = refusal
    self.reached = reached
    self.caller = caller
  }

  var testDescription: String { promise }

  /// The row is for whoever runs the suite now.
  var isEnabled: Bool {
    switch caller {
    case .anyone: true
    case .root: Privileges.isRoot
    case .ordinary: !Privileges.isRoot
    }
  }

  /// With the protection, refused; without it, done: or the row could not fail.
  func check(_ location: SourceLocation = #_sourceLocation) {
    let held = protected()
    #expect(held.isRefusal(refusal), "with the protection: \(held)", sourceLocation: location)
    let open = unprotected()
    let worked = open == .done || (!reached.isEmpty && open.isRefusal(reached))
    #expect(worked, "without it: \(open)", sourceLocation: location)
  }

  func protected() -> Outcome {
    Scene.run { scene in outcome(scene, scene.isolated(options) + [Executable.victim] + mode) }
  }

  func unprotected() -> Outcome {
    Scene.run { scene in
      switch bare {
      case .direct: outcome(scene, [Executable.victim] + mode)
      case .inNamespaces:
        outcome(scene, [Executable.victim, "in-namespaces", "--", Executable.victim] + mode)
      case .relaxed(let options):
        outcome(scene, scene.isolated(options) + [Executable.victim] + mode)
      }
    }
  }

  private func outcome(_ scene: Scene, _ command: [String]) -> Outcome {
    let wrapped = outside.isEmpty ? command : [Executable.victim] + outside + ["--"] + command
    return scene.outcome(of: wrapped, mode: mode[0])
  }
}

/// How an attack ended.
enum Outcome: Equatable, CustomStringConvertible {
  case done
  /// By its error's name.
  case refused(String)
  /// By this signal.
  case killed(Int32)
  case other(code: Int32, String)

  var description: String {
    switch self {
    case .done: "it worked"
    case .refused(let error): "refused with \(error)"
    case .killed(let signal): "killed by signal \(signal)"
    case .other(let code, let text): "exit code \(code): \(text)"
    }
  }

  func isRefusal(_ expected: [String]) -> Bool {
    switch self {
    case .refused(let error): expected.isEmpty || expected.contains(error)
    /* The 32-bit entry has no error numbers of its own to answer with. */
    case .killed(let signal): signal == 31 && expected == ["SIGSYS"]
    case .done, .other: false
    }
  }
}
