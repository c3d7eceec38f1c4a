import Isolate
import Testing

@Suite("A template")
struct TemplatePlanTests {
  private func template(_ rules: [(CommandOption, String)] = []) throws -> TemplatePlan {
    let run = try PreparedRun("true", rules, name: "template")
    return try TemplatePlan(
      run.policy, landlockABI: run.preparation.host.landlockABI, sources: .host)
  }

  private func rest(
    of run: PreparedRun, from template: TemplatePlan
  ) throws -> [LaunchStep] {
    try template.rest(of: run.policy, context: run.context(9), sources: .host)
  }

  @Test("shares only what is read-only, and nothing that names an app") func shares() throws {
    let plan = try template([(.write, "/var/tmp")])
    for step in plan.prepare {
      switch step {
      case .bind(let bind):
        let isShown = bind.attributes.contains(.readOnly) || bind.source.hasPrefix("/dev/")
        #expect(isShown || bind.source == "/proc", "\(step)")
        #expect(bind.mappedOwner == nil)
      case .writeProc, .makeMountsPrivate, .makeRoot, .setAttributes, .enterRoot: break
      default: Issue.record("\(step) is in the template")
      }
    }
    for step in plan.ready {
      switch step {
      case .setOwner, .setHostname, .becomeIdentity, .unshare, .loadFilter, .execute,
        .makeFile("etc/hosts", _, _), .makeFile("etc/hostname", _, _):
        Issue.record("\(step) is made before the app is known")
      case .mountTmpfs(let tmpfs): #expect(!tmpfs.options.contains("uid="))
      default: break
      }
    }
    #expect(!plan.ready.contains { $0.description.contains("bind /var/tmp") })
    #expect(plan.ready.contains(.mountProc(path: "proc")))
  }

  @Test("and the rest make the same steps as an ordinary launch") func complete() throws {
    let run = try PreparedRun("true", name: "other")
    let plan = try template()
    let both = plan.ready + (try rest(of: run, from: plan))
    let ordinary = try LaunchPlanner(run.policy, context: run.context(9), sources: .host).plan()
    /* Owners are set apart from the mounts, by a step each. */
    func words(_ steps: [LaunchStep]) -> [String] {
      steps.filter { if case .setOwner = $0 { false } else { true } }
        .filter { !$0.description.hasPrefix("make a user namespace") && $0 != .makeMountsPrivate }
        .map { String($0.description.split(separator: ",uid=").first ?? "") }
        .map { String($0.split(separator: " (size").first ?? "") }.sorted()
    }
    #expect(words(both) == words(ordinary.steps))
    #expect(both.last == ordinary.steps.last)
  }

  @Test("fits no app with another network, fewer private places, or a mount over what is ready")
  func misfits() throws {
    let plan = try template()
    #expect(throws: TemplateMisfit.self) {
      _ = try self.rest(of: try PreparedRun("true", [(.network, "host")]), from: plan)
    }
    let wider = try template([(.private, "/opt/made")])
    do {
      _ = try rest(of: try PreparedRun("true"), from: wider)
      Issue.record("the app would see /opt/made")
    } catch TemplateMisfit.missing(let step) {
      #expect(step.description.contains("/opt/made"))
    }
    let inner = try template([(.private, "/opt/made/inner")])
    let outer = try PreparedRun("true", [(.private, "/opt/made"), (.private, "/opt/made/inner")])
    do {
      _ = try rest(of: outer, from: inner)
      Issue.record("/opt/made would hide /opt/made/inner")
    } catch TemplateMisfit.covers {
    }
  }
}
