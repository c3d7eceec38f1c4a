/// What `--help` prints, made from the command table.
package enum HelpText {
  /// Lines are at most this wide.
  package static let width = 88

  /// Help for one command, or the overview. Ends with a newline.
  package static func text(for command: Command?, style: TextStyle) -> String {
    let lines = command.map { page($0, style) } ?? overview(style)
    return lines.joined(separator: "\n") + "\n"
  }

  private static func overview(_ style: TextStyle) -> [String] {
    var lines = ["isolated: run any program with a private view of the machine", ""]
    lines += [style.heading("Try")]
    for (command, index) in [(Command.run, 0), (.run, 1), (.run, 2), (.doctor, 0)] {
      lines += example(command.examples[index], style)
    }
    lines += ["", style.heading("Commands")]
    let rows = Command.allCases.map { (name: $0.rawValue, text: $0.summary) }
    lines += TextWrap.table(rows, nameWidth: 12, width: width, dress: style.command)
    lines += ["", style.heading("More")]
    lines += TextWrap.table(
      [
        (name: "isolated COMMAND --help", text: "a command's options, with examples"),
        (name: "isolated --version", text: CommandOption.version.summary),
        (name: "man isolated-profile", text: "how profiles are written"),
      ], nameWidth: 24, width: width)
    return lines
  }

  private static func page(_ command: Command, _ style: TextStyle) -> [String] {
    var lines = ["isolated \(command.rawValue): \(command.summary)", ""]
    for form in command.usage { lines.append("  isolated \(form)") }
    lines += ["", style.heading("Examples")]
    for item in command.examples { lines += example(item, style) }
    for paragraph in command.about {
      lines.append("")
      lines += TextWrap.fill(paragraph, indent: 0, width: width)
    }
    for group in OptionGroup.allCases {
      let rows = command.options.filter { $0.group == group }.map {
        (name: $0.synopsis, text: $0.summary)
      }
      if rows.isEmpty { continue }
      lines += ["", style.heading(group.rawValue)]
      lines += TextWrap.table(rows, nameWidth: 23, width: width, dress: style.command)
    }
    lines += ["", style.heading("Exit code")]
    let codes = command.exitCodes.map { (name: $0.code, text: $0.meaning) }
    return lines + TextWrap.table(codes, nameWidth: 6, width: width)
  }

  private static func example(_ example: Example, _ style: TextStyle) -> [String] {
    ["  # \(example.does)", "  \(style.command(example.line))"]
  }
}

/// The headings under which help lists options.
package enum OptionGroup: String, CaseIterable, Sendable {
  case start = "What to start from"
  case files = "Files the app sees"
  case reach = "What it may reach and use"
  case identity = "Who and where it is"
  case any = "Any key of a profile"
  case output = "Output"
}

extension CommandOption {
  package var group: OptionGroup {
    switch self {
    case .profile, .name, .services, .socket, .socketGroup, .socketMode, .metrics, .state,
      .auditDirectory:
      .start
    case .read, .write, .private, .overlay, .hide, .device: .files
    case .network, .connect, .bind, .limit, .fd, .allowSyscall, .denySyscall, .require: .reach
    case .env, .unsetEnv, .workdir, .hostname, .user, .home, .umask, .timezone, .terminal,
      .stopSignal, .stopTimeout:
      .identity
    case .set, .relax: .any
    case .noWait, .plan, .follow, .interval, .once, .last, .lines, .jsonStatusFD, .audit,
      .crashReport,
      .directory, .quiet,
      .json,
      .names, .help, .version:
      .output
    }
  }

  /// The option with its value: `--read PATH`.
  package var synopsis: String {
    guard let placeholder else { return typed }
    return "\(typed) \(placeholder)"
  }
}

/// What several commands say.
extension Command {
  /// How the commands for operators find what they act on.
  static var whichSession: String {
    "APP is the app's name, or NAME.PID when several of that name run (PID is that of 'isolated run'). "
      + "Sessions are found in $XDG_RUNTIME_DIR/isolated/run, as root in /run/isolated/run; you see "
      + "your own."
  }

  /// How the commands for the daemon find it.
  static var whichDaemon: String {
    "The daemon is your own, by its socket in $XDG_RUNTIME_DIR/isolated/daemon (as root "
      + "/run/isolated/daemon); if you have none, the machine's, by /run/isolated.sock."
  }
}
