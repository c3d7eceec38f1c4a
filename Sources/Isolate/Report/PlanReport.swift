/// What `plan` prints: the steps of a launch, in words and in order.
package enum PlanReport {
  package static func text(_ plan: LaunchPlan, _ policy: Policy) -> String {
    let width = String(plan.steps.count).count
    var text = "launch \(policy.app): \(policy.command.joined(separator: " "))\n"
    for (index, step) in plan.steps.enumerated() {
      let number = String(index + 1)
      let gap = String(repeating: " ", count: width - number.count)
      text += "\(gap)\(number). \(step)\n"
    }
    if let line = PolicyText.daemonLine(policy) { text += "(\(line))\n" }
    for line in broker(policy) { text += line + "\n" }
    return text
  }

  /// What the app may ask for once it runs.
  private static func broker(_ policy: Policy) -> [String] {
    guard let number = policy.brokerDescriptor else { return [] }
    let grants = policy.grants.map { "  \($0.name): \($0.inWords) (\($0.position))" }
    let drivers = policy.drivers.map { "  driver \($0.name): \($0.inWords) (\($0.position))" }
    return ["ask its broker, on descriptor \(number), for:"] + grants + drivers
  }

  package static func json(_ plan: LaunchPlan, _ policy: Policy) -> String {
    var json = JSONWriter(indented: true)
    json.beginObject()
    json.field("app", policy.app)
    json.field("command", policy.command)
    json.field("steps", plan.steps.map(\.description))
    json.field("daemonOnly", policy.daemonKeys)
    if !policy.grants.isEmpty {
      json.key("grants")
      json.beginArray()
      for grant in policy.grants {
        json.beginObject()
        json.field("name", grant.name)
        json.field("what", grant.inWords)
        json.field("file", grant.position.file)
        json.field("line", grant.position.line)
        json.endObject()
      }
      json.endArray()
    }
    json.field("notices", policy.notices)
    json.endObject()
    json.endLine()
    return json.text
  }
}
