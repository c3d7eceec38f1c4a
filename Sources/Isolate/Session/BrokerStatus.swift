/// What operators see of an app's broker: values, read from `BrokerKeeper`.

/// How the broker of one app stands.
package enum BrokerState: Hashable, Sendable {
  /// Nobody has knocked: there is no process.
  case asleep
  /// Launched; `pid` is that of its init, in the supervisor's pid namespace.
  case running(pid: Int32)
  /// It died and is launched again at this time on the monotonic clock, in milliseconds.
  case resting(until: Int64)
  /// It died too often, or could not be launched: the app's door is shut. With the reason, for people.
  case givenUp(String)
  /// The app broke the protocol: its door is shut. With the reason, for people.
  case cutOff(String)
  /// The app has closed its door, or has ended.
  case closed
}

/// One grant as it stands now. Counters come from the book, which the broker writes: each is
/// bounded, none is believed for anything but showing.
package struct GrantStatus: Hashable, Sendable {
  /// The index in `Policy.grants`.
  package var index: Int
  package var grant: Grant
  package var isRevoked: Bool
  /// Requests that were performed, and that were refused, since the app's start.
  package var used: UInt64
  package var refused: UInt64
  /// Nil: no limit.
  package var countLeft: UInt64?
  /// Milliseconds; 0: over. Nil: as long as the app lives.
  package var leaseLeftMilliseconds: Int64?
  /// Requests by time taken: below 2^i microseconds in place i, the rest in the last.
  package var latencies: [UInt64]
}

/// One descriptor that was handed to the app.
package struct HandleStatus: Hashable, Sendable {
  package enum State: Hashable, Sendable {
    /// As far as the broker knows the app still has it.
    case held
    /// A socket that was shut.
    case cut
    /// Its grant was taken back, but the kernel has no way to recall it.
    case beyondRecall
  }

  package var handle: UInt32
  package var grant: Int
  package var opcode: Opcode?
  package var state: State
  package var ageMilliseconds: Int64
  package var rights: UInt32
  /// What it is of (fstat(2)), to find it in the app's descriptor table; 0 when unknown.
  package var device: UInt64
  package var inode: UInt64
  /// The first bytes of what was asked for: a path, a host. Hostile bytes.
  package var subject: [UInt8]
}

/// A request that waits for an operator.
package struct PendingAsk: Hashable, Sendable {
  /// Unique for the app's life.
  package var number: UInt64
  package var grant: Int
  package var opcode: Opcode
  /// What is asked for. Hostile bytes.
  package var subject: [UInt8]
  /// When it is answered with no, in milliseconds on the monotonic clock.
  package var deadlineAt: Int64
}

package enum AskAnswer: UInt8, CaseIterable, Hashable, Sendable {
  case no = 0
  /// This request only.
  case once = 1
  /// Every further request of this grant, as long as the app lives.
  case forThisRun = 2
  /// No, and never ask again for this grant as long as the app lives.
  case never = 3
}

/// What came of taking a grant back.
package struct Revocation: Hashable, Sendable {
  /// Sockets that were shut, by handle.
  package var cut: [UInt32]
  /// Handles that the app keeps.
  package var beyondRecall: [UInt32]
}

/// Something that happened to a broker, in order; for the session's reporter and for operators.
package enum BrokerEvent: Hashable, Sendable {
  /// A driver with a process of its own, by its name in the profile.
  case driverStarted(name: String, pid: Int32)
  /// With its cause in words.
  case driverDied(name: String, cause: String)
  /// It cannot be had for a while; with the reason, for people.
  case driverGivenUp(name: String, reason: String)
  case started(pid: Int32)
  /// With its cause in words: "killed by SIGKILL", "a trap (SIGILL)".
  case died(String)
  case asked(PendingAsk)
  /// Answered, cancelled, or out of time.
  case askGone(number: UInt64)
  case revoked(grant: Int)
  /// A line of sd_notify(3) that the app sent. Hostile bytes.
  case notified([UInt8])
  case cutOff(String)
  case givenUp(String)
}
