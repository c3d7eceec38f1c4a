/// What is known of one process that a signal ended.
package struct CrashReport: Hashable, Sendable {
  package struct Frame: Hashable, Sendable {
    package var address: UInt64
    /// Empty: no symbol is known.
    package var symbol: String
    /// The path of the program or library; empty: the address is in none.
    package var module: String
    /// Of the address in the module's file, in bytes.
    package var offset: UInt64
    /// "file:line:column", or empty.
    package var source: String
  }

  package struct Thread: Hashable, Sendable {
    package var id: Int32
    package var name: String
    package var registers: [CrashRegister]
    package var frames: [Frame]
  }

  /// What unwound the stacks, or why nothing did.
  package enum Unwinder: Hashable, Sendable {
    case done
    /// The frames that are there are the threads' own program counters, or what came before it went wrong.
    case missing(String)
  }

  package var app: String
  package var facts: CrashCore.Facts
  /// The one with the signal first.
  package var threads: [Thread]
  package var mappings: [CrashMapping]
  package var unwinder: Unwinder
  package var context: CrashContext

  /// - Parameter stacks: what the unwinder printed; what it left out is filled from the registers.
  package init(
    app: String, core: CrashCore, stacks: [StackText.Thread], unwinder: Unwinder,
    context: CrashContext
  ) {
    self.app = app
    facts = core.facts
    mappings = core.mappings
    self.unwinder = unwinder
    self.context = context
    threads = core.threads.map { thread in
      var frames = stacks.first { $0.id == thread.id }?.frames.map { Self.frame($0, core) } ?? []
      if frames.isEmpty, let place = thread.registers.first(where: \.isInstruction)?.value {
        let bare = StackText.Frame(
          address: place, isExact: true, symbol: "", module: "", source: "")
        frames = [Self.frame(bare, core)]
      }
      return Thread(id: thread.id, name: thread.name, registers: thread.registers, frames: frames)
    }
  }

  private static func frame(_ frame: StackText.Frame, _ core: CrashCore) -> Frame {
    let mapping = core.mapping(at: frame.address)
    let offset = mapping.map { frame.address - $0.start &+ $0.offset } ?? 0
    return Frame(
      address: frame.address, symbol: frame.symbol, module: mapping?.path ?? "", offset: offset,
      source: frame.source)
  }

  /// The stack of the thread that got the signal.
  package var stack: [Frame] { threads.first?.frames ?? [] }

  /// Where it went wrong, for one line: the innermost function that is not the C library's own way to abort. Nil: no name is
  /// known.
  package var place: String? {
    let symbols = stack.map(\.symbol).filter { !$0.isEmpty }
    return symbols.first { !Self.isOfAbort($0) } ?? symbols.first
  }

  static func isOfAbort(_ symbol: String) -> Bool {
    [
      "__pthread_kill_implementation", "__pthread_kill_internal", "pthread_kill", "raise", "abort",
      "__libc_message", "__fortify_fail", "__stack_chk_fail", "__assert_fail_base", "__assert_fail",
    ].contains(String(symbol.prefix { $0 != "@" }))
  }

  /// Equal for crashes that look alike, wherever the programs were loaded: the signal and the innermost frames, by symbol or by
  /// place in the file. 16 hexadecimal digits.
  package var group: String {
    var text = "\(app)\n\(facts.signal)\n"
    var last = ""
    var count = 0
    for frame in stack where count < Self.groupFrames {
      let name = Self.key(frame)
      /* A recursion is one frame, however deep it went. */
      if name == last { continue }
      last = name
      count += 1
      text += name + "\n"
    }
    let hash = String(Fingerprint.narrow(text.utf8), radix: 16)
    return String(repeating: "0", count: 16 - hash.utf8.count) + hash
  }

  static let groupFrames = 8

  private static func key(_ frame: Frame) -> String {
    let file = frame.module.split(separator: "/").last.map(String.init) ?? ""
    if !frame.symbol.isEmpty { return "\(file)!\(frame.symbol)" }
    return frame.module.isEmpty ? "?" : "\(file)+\(String(frame.offset, radix: 16))"
  }
}

/// What the supervisor knows besides.
package struct CrashContext: Hashable, Sendable {
  /// Seconds since 1970.
  package var time: Int64 = 0
  package var command: [String] = []
  /// Of the policy as `isolated show` prints it: equal when the policies are.
  package var profileHash = ""
  package var profiles: [String] = []
  /// The limits with their amounts, as written: `memory`, `64M`.
  package var limits: [Named] = []
  /// Amounts that were used: `peak-resident-kib`, 1234.
  package var use: [Named] = []
  /// Why the app as a whole ended, if it has; a word of `cause` in --json-status-fd.
  package var end: String?
  package var restarts: UInt64 = 0
  /// The last requests to the broker and what became of them, oldest first.
  package var requests: [String] = []
  /// The last lines of the log, oldest first.
  package var log: [String] = []

  package struct Named: Hashable, Sendable {
    package var name: String
    package var value: String

    package init(_ name: String, _ value: String) {
      self.name = name
      self.value = value
    }
  }

  package init() {}
}
