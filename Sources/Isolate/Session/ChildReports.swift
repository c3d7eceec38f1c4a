/// What the reports of a child say of its launch and its end, for those to whom nothing else in them matters.
struct ChildReports {
  private(set) var failure: LaunchFailure?
  private(set) var status: ExitStatus?

  /// Reads what is there.
  ///
  /// - Throws: as `Launcher.receive`.
  mutating func read(_ child: borrowing Child) throws(SystemError) {
    while let message = try Launcher.receive(from: child.reports) {
      switch consume message {
      case .failed(let step, let number): failure = LaunchFailure(step: step, number: number)
      case .exited(let status, _): self.status = ExitStatus(waitStatus: status)
      case .terminal: break
      case .started: break
      case .stopped: break
      case .continued: break
      case .shared: break
      case .crashFile: break
      case .crashed: break
      case .unwitnessed: break
      }
    }
  }
}

/// The step of a launch that failed, and what the kernel said.
package struct LaunchFailure: Equatable, Sendable {
  package var step: Int
  /// errno(3).
  package var number: Int32

  /// In words, with the likely cause and the cure.
  func text(_ plan: LaunchPlan, _ policy: Policy) -> String {
    Hints.explain(step: step, number: number, plan: plan, policy: policy).text
  }
}
