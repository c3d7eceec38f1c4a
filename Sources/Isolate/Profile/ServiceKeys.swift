extension ProfileKey {
  /// The sections that only the daemon uses; `isolated run` leaves them out.
  package static let daemonSections: Set<Substring> = [
    "service", "restart", "group", "readiness", "watchdog", "health", "logs",
  ]

  /// Only the daemon uses it.
  package var isOfDaemon: Bool { Self.daemonSections.contains(section) }

  static let service: [ProfileKey] =
    [
      ProfileKey(
        "service.start", .words(StartMomentWord.allCases.map(\.rawValue)), .replace, .never,
        "When the daemon starts the app: when it starts itself, or on demand: by `isolated start`, or when somebody "
          + "connects to what it listens on for the app.", "\"boot\""),
      ProfileKey(
        "service.after", .strings, .union, .never,
        "Apps that start before this one and stop after it, if they run at all.", "[\"redis\"]"),
      ProfileKey(
        "service.requires", .strings, .union, .never,
        "Apps without which this one does not run: they are started first, and when one is down for good this one is "
          + "stopped.", "[\"postgresql\"]"),
      ProfileKey(
        "service.run-time", .time, .replace, .never,
        "How long the app may run at a stretch; then it is ended, and restarted as `restart` says.",
        "\"24h\""),
      ProfileKey(
        "service.listen", .listeners, .byName, .never,
        "Sockets that the daemon opens for the app and keeps open while it is down; the app gets them as LISTEN_FDS.",
        "[{ name = \"web\", address = \"tcp:127.0.0.1:8080\" }]"),
      ProfileKey(
        "service.descriptor-store", .count, .replace, .never,
        "How many descriptors the app may give the daemon to keep for its next start, FDSTORE=1 (sd_notify): 0 to 256; 0 if "
          + "nothing is said.", "16"),
    ] + lives + watching

  private static let lives: [ProfileKey] = [
    ProfileKey(
      "restart.when", .words(RestartWord.allCases.map(\.rawValue)), .replace, .never,
      "After which ends the app is started again.", "\"on-failure\""),
    ProfileKey(
      "restart.delay", .time, .replace, .never,
      "How long the second restart in a row waits; each further one twice as long. The first does not wait.",
      "\"100ms\""),
    ProfileKey(
      "restart.ceiling", .time, .replace, .never,
      "The longest wait; an app that was up for so long begins again with no wait.", "\"30s\""),
    ProfileKey(
      "restart.burst", .count, .replace, .never,
      "How many restarts there may be within the window; at the next end the app has failed.",
      "10"),
    ProfileKey(
      "restart.window", .time, .replace, .never, "The time in which restarts are counted.",
      "\"5m\""),
    ProfileKey(
      "restart.jitter", .count, .replace, .never,
      "By how many hundredths (0 to 50) a wait may be shortened at random, so that apps do not come back in step.",
      "10"),
    ProfileKey(
      "group.name", .string, .replace, .never, "The group the app belongs to.", "\"shop\""),
    ProfileKey(
      "group.strategy", .words(GroupStrategyWord.allCases.map(\.rawValue)), .replace, .never,
      "Who is restarted when a member is: it alone, with it those that come after it, or all.",
      "\"rest\""),
    ProfileKey(
      "readiness.when", .words(ReadinessWord.allCases.map(\.rawValue)), .replace, .never,
      "When the app counts as ready: its program was executed, or it says READY=1 (sd_notify).",
      "\"notify\""),
    ProfileKey(
      "readiness.timeout", .time, .replace, .never,
      "How long that may take before the app is ended; 0 for no bound.", "\"90s\""),
  ]

  private static let watching: [ProfileKey] = [
    ProfileKey(
      "watchdog.interval", .time, .replace, .never,
      "The longest time between two signs of life, WATCHDOG=1 (sd_notify).", "\"10s\""),
    ProfileKey(
      "watchdog.signal", .words(ProfileUnits.signals.map(\.name)), .replace, .never,
      "The signal for an app that missed it; after `stop.timeout` it is killed.", "\"SIGABRT\""),
    ProfileKey(
      "health.command", .strings, .replace, .never,
      "A check: a command run in the app's sandbox; good when it exits with 0.",
      "[\"pg_isready\", \"-q\"]"),
    ProfileKey(
      "health.http", .string, .replace, .never,
      "A check: a page that must be answered with 200 to 299.", "\"http://127.0.0.1:8080/health\""),
    ProfileKey(
      "health.tcp", .string, .replace, .never, "A check: a port that must take connections.",
      "\"127.0.0.1:5432\""),
    ProfileKey(
      "health.interval", .time, .replace, .never, "How long after one check the next begins.",
      "\"10s\""),
    ProfileKey(
      "health.timeout", .time, .replace, .never,
      "How long a check may take before it counts as failed.", "\"5s\""),
    ProfileKey(
      "health.failures", .count, .replace, .never, "How many failures in a row end the app.", "3"),
    ProfileKey(
      "health.successes", .count, .replace, .never,
      "How many good checks in a row make the app healthy.", "1"),
    ProfileKey(
      "logs.to", .wordList(LogWord.allCases.map(\.rawValue)), .replace, .never,
      "Where the daemon keeps what the app writes to its standard output and error.",
      "[\"files\", \"journald\"]"),
    ProfileKey(
      "logs.rate", .count, .replace, .never,
      "Lines a second; what is beyond is dropped and counted. 0 for no bound.", "10000"),
    ProfileKey(
      "logs.size", .size, .replace, .never, "How large a log file grows before the next is begun.",
      "\"16M\""),
    ProfileKey(
      "logs.files", .count, .replace, .never,
      "How many log files are kept, the current one included.", "4"),
  ]
}
