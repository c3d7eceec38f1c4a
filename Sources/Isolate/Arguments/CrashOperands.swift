/// The operands of `crashes`.
extension CrashQuestion {
  static func read(_ operands: [TypedWord], directory: String?) throws(UsageError) -> CrashQuestion
  {
    guard let verb = operands.first else { return CrashQuestion(directory: directory) }
    guard verb.text == "show" else {
      throw UsageError(
        .crashes, argument: verb.argument, "unexpected '\(verb.text)'",
        cure: "isolated crashes show ID")
    }
    guard operands.count > 1 else {
      throw UsageError(
        .crashes, "the ID of a report is needed", cure: "isolated crashes show latest")
    }
    if operands.count > 2 {
      throw UsageError(
        .crashes, argument: operands[2].argument, "unexpected '\(operands[2].text)'")
    }
    let word = operands[1]
    if word.text == "latest" { return CrashQuestion(report: .latest, directory: directory) }
    guard let id = UInt64(word.text), id > 0 else {
      throw UsageError(
        .crashes, argument: word.argument, "'\(word.text)' is no ID of a report",
        cure: "a number that 'isolated crashes' lists, or latest")
    }
    return CrashQuestion(report: .number(id), directory: directory)
  }
}
