/// Understands a command line.
///
/// Rules: `--opt VALUE` and `--opt=VALUE` are the same. The first word that is no option ends the
/// options of `run`, `plan` and `show`: it is APP, and everything after it belongs to the app. `--`
/// ends the options, too: what follows is the whole command. An option's value never starts with
/// `--` unless it is written with `=`.
package struct ArgumentReader {
  private let words: [String]
  private var next = 0
  private var command: Command?
  private var seen = SeenOptions()

  private init(_ words: [String]) { self.words = words }

  /// Reads the arguments, the program's own name not among them.
  ///
  /// - Throws: the first thing that makes no sense.
  package static func read(_ arguments: [String]) throws(UsageError) -> Invocation {
    var reader = ArgumentReader(arguments)
    return try reader.readAll()
  }

  private mutating func readAll() throws(UsageError) -> Invocation {
    guard let first = words.first else {
      throw UsageError(nil, "a command is needed", cure: ArgumentReader.commandList)
    }
    next = 1
    switch first {
    case "--version", "-V":
      try expectEnd(after: first)
      return .version
    case "--help", "-h":
      try expectEnd(after: first)
      return .help(nil)
    default: break
    }
    guard let command = Command.named(first) else { throw ArgumentReader.unknown(first) }
    self.command = command
    return try read(command)
  }

  private mutating func read(_ command: Command) throws(UsageError) -> Invocation {
    if command.startsFromProfile { return try readRun(command) }
    if command == .exec { return try readExec() }
    var operands: [TypedWord] = []
    var values: [CommandOption: TypedWord] = [:]
    while let item = try nextItem() {
      switch item {
      case .option(.help, _, _): return .help(command)
      case .option(let option, let value, let argument):
        values[option] = TypedWord(value, argument: argument)
      case .operand(let word): operands.append(word)
      case .endOfOptions:
        operands += words[next...].indices.map { TypedWord(words[$0], argument: $0 + 1) }
        next = words.count
      }
    }
    let json = seen[.json] != nil
    switch command {
    case .check: return .check(operands, json: json)
    case .profiles:
      try refuse(operands)
      if json, let names = seen[.names] {
        throw UsageError(command, argument: names, "--json and --names exclude each other")
      }
      return .profiles(json ? .json : seen[.names] != nil ? .names : .text)
    case .doctor:
      try refuse(operands)
      return .doctor(json: json)
    case .grants, .handles, .revoke, .answer, .forget:
      return .operate(try OperatorWords.read(command, operands), json: json)
    case .daemon: return .daemon(try DaemonWords.readDaemon(operands, values))
    case .start, .stop, .restart, .reload, .status, .why, .top, .ps, .logs, .events, .kill, .freeze,
      .thaw,
      .resetFailed, .metrics:
      return .direct(
        try DaemonWords.read(command, operands, values), socket: values[.socket]?.text, json: json)
    case .crashes:
      var question = try CrashQuestion.read(operands, directory: values[.directory]?.text)
      question.socket = values[.socket]?.text
      if let socket = values[.socket], values[.directory] != nil {
        throw UsageError(
          .crashes, argument: socket.argument, "--socket and --directory exclude each other")
      }
      return .crashes(question, json: json)
    case .help: return .help(try readCommandName(operands))
    case .completions: return .completions(try readShell(operands))
    case .man: return .man(try readPage(operands))
    case .run, .plan, .show, .exec: preconditionFailure("read above")
    }
  }

  private mutating func readExec() throws(UsageError) -> Invocation {
    var operands: [TypedWord] = []
    var terminal: TypedWord?
    var socket: String?
    var rest: [String]?
    while let item = try nextItem() {
      switch item {
      case .option(.help, _, _): return .help(.exec)
      case .option(.terminal, let value, let argument):
        terminal = TypedWord(value, argument: argument)
      case .option(.socket, let value, _): socket = value
      case .option: continue
      case .operand(let word): operands.append(word)
      case .endOfOptions:
        rest = Array(words[next...])
        next = words.count
      }
    }
    return .exec(try ExecRequest(operands, command: rest, terminal: terminal, socket: socket))
  }

  // MARK: run, plan, show

  private mutating func readRun(_ command: Command) throws(UsageError) -> Invocation {
    var request = RunRequest()
    loop: while let item = try nextItem() {
      switch item {
      case .option(.help, _, _): return .help(command)
      case .option(let option, let value, let argument):
        try take(option, value, argument, into: &request)
      case .operand(let word):
        request.app = word
        request.appArguments = Array(words[next...])
        next = words.count
        break loop
      case .endOfOptions:
        request.command = Array(words[next...])
        request.commandArgument = next + 1
        guard let program = request.command.first, !program.isEmpty else {
          throw UsageError(
            command, argument: next, "a command is needed after '--'",
            cure: "isolated \(command.rawValue) -- COMMAND [ARGS...]")
        }
        next = words.count
        break loop
      }
    }
    try checkTarget(request, command)
    let json = seen[.json] != nil
    switch command {
    case .plan: return .plan(request, json: json)
    case .show: return .show(request, json: json)
    case .run, .check, .profiles, .doctor, .exec, .grants, .handles, .revoke, .answer, .forget,
      .crashes,
      .daemon,
      .start, .stop, .restart, .reload, .status, .why, .top, .ps, .logs, .events, .kill, .freeze,
      .thaw,
      .resetFailed,
      .metrics, .help, .completions, .man:
      return .run(request)
    }
  }

  private func checkTarget(_ request: RunRequest, _ command: Command) throws(UsageError) {
    if let app = request.app, let profile = request.profile {
      throw UsageError(
        command, argument: app.argument,
        "APP '\(app.text)' and --profile (argument \(profile.argument)) both name a profile",
        cure: "to run the program \(app.text) under that profile, put '--' before it: "
          + "isolated \(command.rawValue) --profile \(profile.text) -- \(app.text)")
    }
    if request.app == nil, request.profile == nil, request.command.isEmpty {
      throw UsageError(
        command, "nothing to run: an APP, a --profile or '-- COMMAND' is needed",
        cure: "isolated \(command.rawValue) -- COMMAND [ARGS...]")
    }
    if let app = request.app, app.text.isEmpty {
      throw UsageError(command, argument: app.argument, "the APP is empty")
    }
  }

  private func take(
    _ option: CommandOption, _ value: String, _ argument: Int, into request: inout RunRequest
  ) throws(UsageError) {
    if option.isRule {
      request.rules.append(TypedRule(option: option, value: value, argument: argument))
      return
    }
    let word = TypedWord(value, argument: argument)
    if option == .profile {
      request.profile = word
    } else if option == .name {
      request.name = word
    } else if option == .audit {
      request.audit = word
    } else if option == .quiet {
      request.isQuiet = true
    } else if option == .crashReport {
      request.crashDirectory = word
    } else if option == .jsonStatusFD {
      guard let number = Int32(value), (1...1_048_575).contains(number) else {
        throw UsageError(
          command, argument: argument,
          "--json-status-fd takes the number of an open descriptor, not '\(value)'",
          cure: "isolated run --json-status-fd 3 ... 3>status.json")
      }
      request.jsonStatusFD = number
    }
  }

  // MARK: words

  private enum Item {
    case option(CommandOption, value: String, argument: Int)
    case operand(TypedWord)
    case endOfOptions
  }

  /// The next option with its value, or operand; nil at the end.
  private mutating func nextItem() throws(UsageError) -> Item? {
    guard next < words.count else { return nil }
    let word = words[next]
    let argument = next + 1
    next += 1
    if word == "--" { return .endOfOptions }
    if word == "-h" { return .option(.help, value: "", argument: argument) }
    if word == "-f", command?.accepts(.follow) == true {
      seen[.follow] = argument
      return .option(.follow, value: "", argument: argument)
    }
    if !word.utf8.starts(with: [UInt8(ascii: "-")]) || word == "-" {
      return .operand(TypedWord(word, argument: argument))
    }
    let equals = word.utf8.firstIndex(of: UInt8(ascii: "="))
    let typedName = equals.map { String(word[..<$0]) } ?? word
    let option = try findOption(typedName, argument)
    let attached = equals.map { String(word[word.utf8.index(after: $0)...]) }
    if let earlier = seen[option], !option.isRule, !option.isFlag {
      throw UsageError(
        command, argument: argument,
        "\(option.typed) was given before, as argument \(earlier); it can be given once")
    }
    seen[option] = argument
    let value = try readValue(of: option, attached, argument)
    return .option(option, value: value, argument: argument)
  }

  private mutating func readValue(
    of option: CommandOption, _ attached: String?, _ argument: Int
  ) throws(UsageError) -> String {
    if option.isFlag {
      guard attached == nil else {
        throw UsageError(command, argument: argument, "\(option.typed) takes no value")
      }
      return ""
    }
    if let attached {
      guard !attached.isEmpty else {
        throw UsageError(
          command, argument: argument, "\(option.typed) has an empty value", cure: option.synopsis)
      }
      return attached
    }
    guard next < words.count else {
      throw UsageError(
        command, argument: argument, "\(option.typed) needs a value", cure: option.synopsis)
    }
    let value = words[next]
    guard !value.hasPrefix("--") else {
      throw UsageError(
        command, argument: argument, "\(option.typed) needs a value, but '\(value)' follows",
        cure: "if '\(value)' is the value, write \(option.typed)=\(value)")
    }
    guard !value.isEmpty else {
      throw UsageError(
        command, argument: next + 1, "\(option.typed) has an empty value",
        cure: option.synopsis)
    }
    next += 1
    return value
  }

  private func findOption(
    _ typed: String, _ argument: Int
  ) throws(UsageError) -> CommandOption {
    let name = typed.hasPrefix("--") ? String(typed.dropFirst(2)) : ""
    let found = CommandOption.named(name)
    if let found, let command, command.accepts(found) { return found }
    var cure: String?
    if let found {
      let homes = Command.allCases.filter { $0.accepts(found) }.map(\.rawValue)
      let places = homes.isEmpty ? "before any command" : homes.joined(separator: ", ")
      cure = "\(found.typed) belongs to: \(places)"
    } else if let near = nearestOption(to: typed) {
      cure = "did you mean \(near)?"
    }
    let place = command.map { " for '\($0.rawValue)'" } ?? ""
    throw UsageError(
      command, argument: argument, "unknown option \(typed)\(place)", cure: cure)
  }

  private func nearestOption(to typed: String) -> String? {
    let name = String(typed.drop { $0 == "-" })
    let names = CommandOption.allCases.filter { command?.accepts($0) ?? false }.map(\.rawValue)
    return ArgumentReader.meant(by: name, in: names).map { "--" + $0 }
  }

  // MARK: operands

  private func refuse(_ operands: [TypedWord]) throws(UsageError) {
    guard let extra = operands.first else { return }
    throw UsageError(command, argument: extra.argument, "unexpected '\(extra.text)'")
  }

  private func expectEnd(after word: String) throws(UsageError) {
    guard words.count > 1 else { return }
    throw UsageError(nil, argument: 2, "nothing may follow \(word)")
  }

  private func readCommandName(_ operands: [TypedWord]) throws(UsageError) -> Command? {
    try refuse(Array(operands.dropFirst()))
    guard let word = operands.first else { return nil }
    guard let named = Command.named(word.text) else {
      throw ArgumentReader.unknown(word.text, argument: word.argument, in: command)
    }
    return named
  }

  private func readShell(_ operands: [TypedWord]) throws(UsageError) -> Shell {
    try refuse(Array(operands.dropFirst()))
    let list = Shell.allCases.map(\.rawValue).joined(separator: ", ")
    guard let word = operands.first else {
      throw UsageError(command, "a shell is needed", cure: "one of \(list)")
    }
    guard let shell = Shell(rawValue: word.text) else {
      throw UsageError(
        command, argument: word.argument, "no completions for the shell '\(word.text)'",
        cure: "one of \(list)")
    }
    return shell
  }

  private func readPage(_ operands: [TypedWord]) throws(UsageError) -> ManualPage {
    try refuse(Array(operands.dropFirst()))
    guard let word = operands.first else { return .overview }
    guard let page = ManualPage(word: word.text) else {
      throw ArgumentReader.unknown(word.text, argument: word.argument, in: command)
    }
    return page
  }

  /// The nearest word, or the only one that starts with what was typed.
  private static func meant(by typed: String, in words: [String]) -> String? {
    if let near = nearest(to: typed, in: words) { return near }
    let completed = words.filter { !typed.isEmpty && $0.hasPrefix(typed) }
    return completed.count == 1 ? completed[0] : nil
  }

  private static var commandList: String {
    "one of " + Command.allCases.map(\.rawValue).joined(separator: ", ")
  }

  private static func unknown(
    _ word: String, argument: Int = 1, in command: Command? = nil
  ) -> UsageError {
    let isOption = word.hasPrefix("-")
    let names = isOption ? ["--help", "--version"] : Command.allCases.map(\.rawValue)
    if let near = meant(by: word, in: names) {
      let what = isOption ? "option" : "command"
      return UsageError(
        command, argument: argument, "unknown \(what) \(word)", cure: "did you mean \(near)?")
    }
    if isOption {
      return UsageError(
        command, argument: argument, "unknown option \(word) before a command",
        cure: "options of a command come after it: isolated run \(word) ...")
    }
    return UsageError(
      command, argument: argument, "unknown command '\(word)'",
      cure: "\(commandList); to run a program: isolated run -- \(word)")
  }
}

/// The options that were given, each with the number of its last argument. A dictionary would do; but its type's first use costs
/// more than all else that reading `isolated run --read DIR` takes.
private struct SeenOptions {
  private var list: [(option: CommandOption, argument: Int)] = []

  subscript(option: CommandOption) -> Int? {
    get { list.last { $0.option == option }?.argument }
    set { if let newValue { list.append((option, newValue)) } }
  }
}
