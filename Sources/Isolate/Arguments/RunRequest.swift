/// What a person asked `run`, `plan` or `show` for: as typed, nothing looked up and nothing checked
/// against the machine.
///
/// Argument numbers count from 1, the command's own word (`run`) being 1. They are the positions of
/// the rules that come from the command line.
package struct RunRequest: Hashable, Sendable {
  /// `--profile`: a name or a file. With it there is no APP.
  package var profile: TypedWord?
  /// The APP operand: the name or file of the app's profile, which also has the command.
  package var app: TypedWord?
  /// What follows APP: added to the profile's command.
  package var appArguments: [String]
  /// What follows `--`: the whole command; empty without `--`. Its first word is argument
  /// `commandArgument`.
  package var command: [String]
  package var commandArgument: Int
  /// `--name`.
  package var name: TypedWord?
  /// The options that are rules of a profile, in the order they were typed.
  package var rules: [TypedRule]
  /// `--json-status-fd`: where one JSON object per event goes.
  package var jsonStatusFD: Int32?
  /// `--audit`: where a line for every decision of the app's broker goes.
  package var audit: TypedWord?
  package var isQuiet: Bool
  /// Nobody typed it as what to run: its APP is no program that could be meant.
  package var isService = false
  /// `--crash-report`: where reports go. It also asks for them.
  package var crashDirectory: TypedWord?

  package init() {
    appArguments = []
    command = []
    commandArgument = 0
    rules = []
    isQuiet = false
  }
}

/// A word of the command line with its number.
package struct TypedWord: Hashable, Sendable {
  package var text: String
  package var argument: Int

  package init(_ text: String, argument: Int) {
    self.text = text
    self.argument = argument
  }
}

/// One rule given as an option: `--read PATH`. Only options with `isRule` occur.
package struct TypedRule: Hashable, Sendable {
  package var option: CommandOption
  package var value: String
  /// The number of the argument that holds the option's name.
  package var argument: Int

  package init(option: CommandOption, value: String, argument: Int) {
    self.option = option
    self.value = value
    self.argument = argument
  }
}
