/// One option of the command line that stands for a profile's key.
package struct CommandLineOption: Sendable {
  package enum Form: Sendable {
    /// The value of a key.
    case value
    /// A path rule: `PATH` or `PATH:PLACE`.
    case rule
    /// `KEY=VALUE` of `limits`.
    case limit
    /// `NAME=VALUE` sets, `NAME` keeps.
    case environment
    /// `KEY=REASON`.
    case relax
    /// `KEY=VALUE` of any key.
    case set
  }

  /// As written: `--read`.
  package var name: String
  package var placeholder: String
  package var form: Form
  /// The key it stands for: `files.read`, `limits`, `relax`; empty for any.
  package var key: String
  /// One sentence.
  package var doc: String

  init(_ name: String, _ placeholder: String, _ form: Form, _ key: String, _ doc: String) {
    self.name = name
    self.placeholder = placeholder
    self.form = form
    self.key = key
    self.doc = doc
  }

  package static func named(_ name: String) -> CommandLineOption? {
    all.first { $0.name == name }
  }

  /// In the order of the help.
  package static let all: [CommandLineOption] = [
    CommandLineOption(
      "--read", "PATH[:PLACE]", .rule, "files.read", "Show a file or directory, read-only."),
    CommandLineOption(
      "--write", "PATH[:PLACE]", .rule, "files.write", "Let the app change a file or directory."),
    CommandLineOption(
      "--private", "PATH", .rule, "files.private", "Give it an empty directory in memory."),
    CommandLineOption(
      "--overlay", "PATH[:PLACE]", .rule, "files.overlay",
      "Let it change a directory; the changes are thrown away."),
    CommandLineOption("--hide", "PATH", .rule, "files.hide", "Cover a file or directory."),
    CommandLineOption("--device", "PATH", .rule, "files.devices", "Add a device to its /dev."),
    CommandLineOption(
      "--network", "MODE", .value, "network.mode", "none, loopback or host."),
    CommandLineOption(
      "--connect", "PORT", .value, "network.connect", "Allow connections to this TCP port only."),
    CommandLineOption(
      "--bind", "PORT", .value, "network.bind", "Allow listening on this TCP port only."),
    CommandLineOption(
      "--limit", "KEY=VALUE", .limit, "limits", "Set a limit: memory=512M, processes=64."),
    CommandLineOption(
      "--env", "NAME[=VALUE]", .environment, "environment.set",
      "Set a variable, or keep the caller's."),
    CommandLineOption(
      "--unset-env", "NAME", .value, "environment.unset", "Take a variable away."),
    CommandLineOption(
      "--workdir", "DIR", .value, "command.workdir", "Start in this directory."),
    CommandLineOption(
      "--hostname", "NAME", .value, "identity.hostname", "The host name the app sees."),
    CommandLineOption("--user", "NAME", .value, "identity.user", "The app's user name."),
    CommandLineOption("--home", "DIR", .value, "identity.home", "The app's home directory."),
    CommandLineOption("--umask", "MODE", .value, "identity.umask", "The file mode mask, octal."),
    CommandLineOption(
      "--timezone", "ZONE", .value, "identity.timezone", "The time zone the app sees."),
    CommandLineOption("--fd", "N", .value, "descriptors.keep", "Hand over an open descriptor."),
    CommandLineOption(
      "--terminal", "MODE", .value, "terminal.mode", "auto, inherit or none."),
    CommandLineOption(
      "--allow-syscall", "NAME", .value, "syscalls.allow", "Allow a system call or @group."),
    CommandLineOption(
      "--deny-syscall", "NAME", .value, "syscalls.deny", "Refuse a system call or @group."),
    CommandLineOption(
      "--require", "NAME", .value, "require", "Do not start without this protection."),
    CommandLineOption(
      "--stop-signal", "NAME", .value, "stop.signal", "The signal that asks it to end."),
    CommandLineOption(
      "--stop-timeout", "TIME", .value, "stop.timeout", "How long it has to end."),
    CommandLineOption(
      "--relax", "KEY=REASON", .relax, "relax", "Say why a refusal must be lifted."),
    CommandLineOption("--set", "KEY=VALUE", .set, "", "Set any key of a profile."),
  ]
}
