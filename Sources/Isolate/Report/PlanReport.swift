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
    return text
  }

  package static func json(_ plan: LaunchPlan, _ policy: Policy) -> String {
    var json = JSONWriter(indented: true)
    json.beginObject()
    json.field("app", policy.app)
    json.field("command", policy.command)
    json.field("steps", plan.steps.map(\.description))
    json.field("daemonOnly", policy.daemonKeys)
    json.field("notices", policy.notices)
    json.endObject()
    json.endLine()
    return json.text
  }
}
