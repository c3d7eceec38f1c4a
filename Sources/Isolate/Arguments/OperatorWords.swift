/// The operands of the commands for operators.
enum OperatorWords {
  static func read(
    _ command: Command, _ operands: [TypedWord]
  ) throws(UsageError) -> OperatorCommand {
    var rest = operands[...]
    let app = try take(&rest, "the APP", command)
    let result: OperatorCommand
    switch command {
    case .grants: result = .grants(app: app)
    case .handles: result = .handles(app: app)
    case .revoke: result = .revoke(app: app, grant: try take(&rest, "the GRANT", command))
    case .forget:
      result = .forget(app: app, grant: rest.isEmpty ? nil : try take(&rest, "the GRANT", command))
    case .answer where rest.isEmpty: result = .questions(app: app)
    case .answer: result = try readAnswer(app, &rest)
    case .run, .plan, .show, .check, .profiles, .doctor, .exec, .crashes, .daemon, .start, .stop,
      .restart,
      .reload,
      .status, .why, .top, .ps, .logs, .events, .kill, .freeze, .thaw, .resetFailed, .metrics,
      .help,
      .completions,
      .man:
      preconditionFailure("no command for operators")
    }
    if let extra = rest.first {
      throw UsageError(command, argument: extra.argument, "unexpected '\(extra.text)'")
    }
    return result
  }

  private static func take(
    _ rest: inout ArraySlice<TypedWord>, _ what: String, _ command: Command
  ) throws(UsageError) -> String {
    guard let word = rest.popFirst() else {
      throw UsageError(command, "\(what) is needed", cure: "isolated \(command.usage[0])")
    }
    if word.text.isEmpty {
      throw UsageError(command, argument: word.argument, "\(what) is empty")
    }
    return word.text
  }

  private static func readAnswer(
    _ app: String, _ rest: inout ArraySlice<TypedWord>
  ) throws(UsageError) -> OperatorCommand {
    let words = OperatorAnswer.allCases.map(\.rawValue)
    let number = rest.first
    let typed = try take(&rest, "the ASK", .answer)
    guard let ask = UInt64(typed) else {
      throw UsageError(
        .answer, argument: number?.argument, "the ASK is the number of a question, not '\(typed)'",
        cure: "isolated answer \(app)")
    }
    let word = rest.first
    let answer = try take(&rest, "the answer", .answer)
    guard let known = OperatorAnswer(rawValue: answer) else {
      let near = nearest(to: answer, in: words).map { "did you mean \($0)?" }
      throw UsageError(
        .answer, argument: word?.argument, "'\(answer)' is no answer",
        cure: near ?? "one of \(words.joined(separator: ", "))")
    }
    return .answer(app: app, ask: ask, known)
  }
}
