/// An app's number with the supervisor. It is the app's as long as the supervisor knows it.
package struct AppID: Hashable, Sendable {
  package var slot: Int
  package init(_ slot: Int) { self.slot = slot }
}

/// One launch of one app. Numbers are never used twice, so what a dead instance said is never taken for a living one's.
package struct Instance: Hashable, Sendable {
  package var number: UInt64
  package init(_ number: UInt64) { self.number = number }
}

/// Where an app is in its life.
package enum LifeState: UInt8, CaseIterable, Hashable, Sendable {
  /// It does not run. It may wait for another app.
  case down
  /// It was launched and is not ready.
  case starting
  /// It is ready, and not yet up for as long as `restart.ceiling`.
  case ready
  /// It was up so long that its next crash begins with no wait.
  case running
  /// It was asked to end, or said that it does.
  case stopping
  /// It ended and waits for its restart.
  case backingOff
  /// It ended and is not started again by itself.
  case failed
  case frozen

  /// The word in `status`.
  package var word: String {
    switch self {
    case .down: "down"
    case .starting: "starting"
    case .ready: "ready"
    case .running: "running"
    case .stopping: "stopping"
    case .backingOff: "backing-off"
    case .failed: "failed"
    case .frozen: "frozen"
    }
  }
}

/// What somebody wants of one app.
package enum Order: UInt8, CaseIterable, Hashable, Sendable {
  /// What its `start` says: started, or listened for.
  case activate
  case start, stop, restart
  /// A restart because its profile changed.
  case reload
  case freeze, thaw
  /// Everything in it is killed at once; its restart policy decides what is next.
  case kill
  case resetFailed
}

/// Why an order was not carried out. Nothing has changed.
package enum OrderRefusal: Error, Hashable, Sendable {
  case unknownApp
  /// The daemon ends.
  case shuttingDown
  /// It needs an app that runs; this one's state.
  case notUp(LifeState)
  case notFrozen(LifeState)
  case notFailed(LifeState)
}

/// What happened to an app. What an instance says that is no longer there changes nothing.
package enum AppEvent: Hashable, Sendable {
  /// Its program was executed.
  case launched(Instance)
  /// Nothing was started, and nothing is left.
  case launchFailed(Instance, step: String, number: Int32)
  /// Nothing of it is left. The cause as the kernel's evidence has it.
  case ended(Instance, Cause)
  /// READY=1
  case ready(Instance)
  /// STOPPING=1
  case stopping(Instance)
  /// WATCHDOG=1
  case ping(Instance)
  /// WATCHDOG=trigger
  case trigger(Instance)
  /// WATCHDOG_USEC, in milliseconds; 0 is no watchdog.
  case watchdogInterval(Instance, Int64)
  /// EXTEND_TIMEOUT_USEC, in milliseconds: it needs so much longer to be ready. Its end is not put off: that is not the app's to say.
  case extend(Instance, Int64)
  /// What a check found; one answer to each `check`.
  case healthy(Instance)
  case unhealthy(Instance)
  /// Somebody connects to a socket that is armed.
  case knock
  /// Its sockets could not be opened.
  case listenFailed(number: Int32)
}

/// What the session must do, in this order.
package enum SupervisorAction: Hashable, Sendable {
  /// Answered by `launched` and later `ended`, or by `launchFailed`.
  case launch(AppID, Instance)
  case signal(AppID, Instance, Int32)
  /// Kill everything in it; it may be in the middle of its launch.
  case killTree(AppID, Instance)
  case freeze(AppID, Instance)
  case thaw(AppID, Instance)
  /// Check its health; answered by `healthy` or `unhealthy` within the check's time.
  case check(AppID, Instance)
  case openListeners(AppID)
  case closeListeners(AppID)
  /// Poll its sockets: the next who connects is a `knock`.
  case arm(AppID)
  case disarm(AppID)
  case changed(AppID, from: LifeState, to: LifeState)
  /// An instance ended, or could not be launched: exactly one for each `launch`.
  case report(EndReport)
  /// The app is forgotten; its number may become another's.
  case forget(AppID)
  /// Every app is down; the daemon may end.
  case finished
}

/// The end of one instance.
package struct EndReport: Hashable, Sendable {
  /// What follows.
  package enum Next: Hashable, Sendable {
    /// It stays down: it was stopped, or ended well.
    case down
    case failed
    /// In so many milliseconds.
    case restart(milliseconds: Int64)
    /// As soon as everything it waits for is there: its end was planned.
    case again
  }
  package var app: AppID
  /// Nil: its sockets could not be opened, there was no launch.
  package var instance: Instance?
  package var cause: Cause
  /// It counts as a failure for `restart.when`, and is worth a crash report.
  package var isFailure: Bool
  /// From the launch, in milliseconds.
  package var upMilliseconds: Int64
  /// How often it was restarted after failures since it was last started by somebody.
  package var restarts: UInt64
  package var next: Next

  package init(
    app: AppID, instance: Instance?, cause: Cause, isFailure: Bool, upMilliseconds: Int64,
    restarts: UInt64, next: Next
  ) {
    self.app = app
    self.instance = instance
    self.cause = cause
    self.isFailure = isFailure
    self.upMilliseconds = upMilliseconds
    self.restarts = restarts
    self.next = next
  }
}

/// What is wrong with a set of apps.
package enum SupervisorError: Error, Hashable, Sendable {
  /// These wait for each other: each is after the next, the last after the first.
  case cycle([String])
  /// Members of one group do not agree on its strategy.
  case strategy(group: String, one: String, other: String)
  case shuttingDown
}
