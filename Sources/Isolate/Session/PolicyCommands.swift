/// Carries `show` out.
package func showPolicy(_ request: RunRequest, json: Bool) -> CommandResult {
  do throws(PreparationError) {
    let prepared = try Preparation.make(request, explaining: true)
    let text =
      json
      ? PolicyText.json(prepared.policy).text
      : PolicyText.lines(prepared.policy).map { $0 + "\n" }.joined()
    return CommandResult(output: text, errors: warnings(prepared))
  } catch {
    return failure(error)
  }
}

/// Carries `plan` out: everything that `run` does up to the launch, and nothing that changes the
/// machine.
package func plan(_ request: RunRequest, json: Bool) -> CommandResult {
  do throws(PreparationError) {
    let prepared = try Preparation.make(request)
    let plan = try dryPlan(prepared)
    let text =
      json ? PlanReport.json(plan, prepared.policy) : PlanReport.text(plan, prepared.policy)
    let notices = json ? "" : prepared.notices.map { "isolated: \($0)\n" }.joined()
    return CommandResult(output: text, errors: warnings(prepared) + notices)
  } catch {
    return failure(error)
  }
}

private func dryPlan(_ prepared: Preparation) throws(PreparationError) -> LaunchPlan {
  let policy = prepared.policy
  let filter: [UInt8]
  do throws(LaunchError) {
    filter = try PreparedPlan.filterBytes(policy, cache: nil)
  } catch {
    throw PreparationError(messages: ["isolated: cannot make the system-call filter: \(error)"])
  }
  let standard = PreparedLaunch.standardDescriptors(policy)
  let clocks = policy.namespaces.time ? HostProbe.clocks() : (0, 0)
  let context = PlanContext(
    landlockABI: prepared.host.landlockABI,
    filterInstructions: filter.count / SyscallFilter.instructionSize, standard: standard,
    terminal: TerminalRelay.settings(standard), nullDescriptor: 0, bootSeconds: clocks.0,
    monotonicSeconds: clocks.1)
  do throws(PlanErrors) {
    return try LaunchPlanner(policy, context: context, sources: .host).plan()
  } catch {
    throw PreparationError(
      messages: error.errors.map {
        "\($0.rule.position): error: \($0.message)\n  help: \($0.cure)"
      })
  }
}

private func warnings(_ prepared: Preparation) -> String {
  prepared.warnings.map { $0 + "\n" }.joined()
}

private func failure(_ error: PreparationError) -> CommandResult {
  CommandResult(errors: error.messages.map { $0 + "\n" }.joined(), exitCode: 125)
}
