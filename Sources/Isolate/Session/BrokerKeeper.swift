/// The supervisor's side of one app's broker: launches it at the first knock, replaces it when it dies, and is what
/// operators act on.
///
/// It reads no byte that the app wrote. What the broker writes (the book, messages) is decoded as hostile.
package final class BrokerKeeper {
  package let policy: Policy
  package private(set) var state = BrokerState.asleep
  /// In the order of their arrival.
  package private(set) var pendingAsks: [PendingAsk] = []
  private var events: [BrokerEvent] = []

  init(policy: Policy) {
    self.policy = policy
  }

  /// Every grant of the policy, in its order.
  ///
  /// - Parameter now: milliseconds on the monotonic clock.
  package func grants(at now: Int64) -> [GrantStatus] { [] }

  /// Every descriptor that was handed to the app, oldest first.
  package func handles(at now: Int64) -> [HandleStatus] { [] }

  /// Takes a grant back: sockets are shut now, further requests are refused. Nil: no such grant.
  package func revoke(grant index: Int) -> Revocation? { nil }

  /// - Returns: false when no such request waits (any more).
  package func answer(_ number: UInt64, _ answer: AskAnswer) -> Bool { false }

  /// What has happened since the last call, oldest first.
  package func takeEvents() -> [BrokerEvent] {
    let taken = events
    events = []
    return taken
  }
}
