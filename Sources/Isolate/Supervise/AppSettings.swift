/// What the supervisor must know of an app to decide about its life; the rest of its policy is the session's. Times in
/// milliseconds.
package struct AppSettings: Hashable, Sendable {
  /// Unique among all apps.
  package var name: String
  package var start: StartMoment
  package var restart: RestartPolicy
  package var group: GroupPolicy?
  package var after: [String]
  package var requires: [String]
  package var readiness: ReadinessPolicy
  package var watchdog: WatchdogPolicy?
  package var health: HealthTimes?
  package var runtimeMilliseconds: Int64?
  package var stop: StopPolicy
  /// The daemon listens for it.
  package var hasListeners: Bool

  /// When an app is checked; how is the session's.
  package struct HealthTimes: Hashable, Sendable {
    package var intervalMilliseconds: Int64
    package var timeoutMilliseconds: Int64
    package var failures: Int
    package var successes: Int

    package init(
      intervalMilliseconds: Int64, timeoutMilliseconds: Int64, failures: Int, successes: Int
    ) {
      self.intervalMilliseconds = intervalMilliseconds
      self.timeoutMilliseconds = timeoutMilliseconds
      self.failures = failures
      self.successes = successes
    }
  }

  package init(
    name: String, service: ServicePolicy = ServicePolicy(),
    stop: StopPolicy = StopPolicy(signal: 15, timeoutMilliseconds: 10_000)
  ) {
    self.name = name
    start = service.start
    restart = service.restart
    group = service.group
    after = service.after
    requires = service.requires
    readiness = service.readiness
    watchdog = service.watchdog
    health = service.health.map {
      HealthTimes(
        intervalMilliseconds: $0.intervalMilliseconds,
        timeoutMilliseconds: $0.timeoutMilliseconds, failures: $0.failures,
        successes: $0.successes)
    }
    runtimeMilliseconds = service.runtimeMilliseconds
    self.stop = stop
    hasListeners = !service.listen.isEmpty
  }
}
