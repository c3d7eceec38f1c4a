/// What a person asked `exec` for.
package struct ExecRequest: Hashable, Sendable {
  /// The app's name, or NAME.PID.
  package var app: String
  /// Not empty.
  package var command: [String]
  /// Nil: as the app's profile says.
  package var terminal: TerminalMode?
  /// Of the daemon whose app it is; nil: a session's, else the usual daemon's.
  package var socket: String?

  package init(
    app: String, command: [String], terminal: TerminalMode? = nil, socket: String? = nil
  ) {
    self.app = app
    self.command = command
    self.terminal = terminal
    self.socket = socket
  }
}

extension ExecRequest {
  /// - Parameters:
  ///   - operands: what stands before `--`.
  ///   - command: what stands after it; nil: there is none.
  init(
    _ operands: [TypedWord], command: [String]?, terminal: TypedWord?, socket: String?
  ) throws(UsageError) {
    guard let app = operands.first else {
      throw UsageError(.exec, "the APP is needed", cure: "isolated \(Command.exec.usage[0])")
    }
    if app.text.isEmpty { throw UsageError(.exec, argument: app.argument, "the APP is empty") }
    if let extra = operands.dropFirst().first {
      throw UsageError(
        .exec, argument: extra.argument, "unexpected '\(extra.text)'",
        cure: "the command stands after '--': isolated exec \(app.text) -- \(extra.text)")
    }
    guard let command, let program = command.first, !program.isEmpty else {
      throw UsageError(
        .exec, "a command is needed after '--'",
        cure: "isolated \(Command.exec.usage[0])")
    }
    var mode: TerminalMode?
    if let terminal {
      mode = TerminalMode(rawValue: terminal.text)
      if mode == nil {
        throw UsageError(
          .exec, argument: terminal.argument, "--terminal does not take '\(terminal.text)'",
          cure: "one of " + TerminalMode.allCases.map(\.rawValue).joined(separator: ", "))
      }
    }
    self.init(app: app.text, command: command, terminal: mode, socket: socket)
  }
}
