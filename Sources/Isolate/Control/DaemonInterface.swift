/// `io.isolated.Daemon`: what the control socket of the daemon speaks.
package enum DaemonInterface {
  package static let name = "io.isolated.Daemon"
  /// Apps, changes and events in one reply.
  package static let part = 64
  /// Events, and lines of a log, that are given when nobody says how many.
  package static let lines: Int64 = 100
  /// Events that the daemon keeps, of all apps together: some 200 bytes each.
  package static let eventsKept = 4096
  /// Lines of a log at most.
  package static let mostLines: Int64 = 100_000

  package static var interface: VarlinkInterface {
    VarlinkInterface(
      name: name, description: text,
      methods: [
        VarlinkMethod("GetStatus"), VarlinkMethod("ListApps"),
        VarlinkMethod("GetApp", [VarlinkParameter("app", .string)]),
        VarlinkMethod("GetSandbox", [VarlinkParameter("app", .string)]),
        VarlinkMethod(
          "Order",
          [
            VarlinkParameter("app", .string),
            VarlinkParameter("order", .words(AppOrder.allCases.map(\.rawValue))),
            VarlinkParameter("wait", .boolean, isOptional: true),
          ]),
        VarlinkMethod(
          "Reload",
          [
            VarlinkParameter("app", .string, isOptional: true),
            VarlinkParameter("plan", .boolean, isOptional: true),
          ]),
        VarlinkMethod(
          "GetEvents",
          [
            VarlinkParameter("app", .string, isOptional: true),
            VarlinkParameter("count", .integer, isOptional: true),
            VarlinkParameter("follow", .boolean, isOptional: true),
          ]),
        VarlinkMethod(
          "GetLog",
          [
            VarlinkParameter("app", .string),
            VarlinkParameter("count", .integer, isOptional: true),
            VarlinkParameter("follow", .boolean, isOptional: true),
          ]),
        VarlinkMethod("ListCrashes"),
        VarlinkMethod("GetCrash", [VarlinkParameter("id", .integer)]),
        VarlinkMethod(
          "GetWhy",
          [
            VarlinkParameter("app", .string),
            VarlinkParameter("count", .integer, isOptional: true),
          ]),
        VarlinkMethod("GetUse"), VarlinkMethod("GetMetrics"),
      ])
  }

  /// The file config/io.isolated.Daemon.varlink; a test holds the two equal.
  package static let text = """
    # The daemon of isolated: the lives of many apps. What an app was granted is told by the app's own session
    # (io.isolated.Session). Times are in milliseconds.
    interface io.isolated.Daemon

    # How the last instance of an app ended.
    type End (
      # exited, signal, system-call, memory-limit, cpu-time-limit, file-size-limit, wall-time-limit, stopped, lost, watchdog,
      # health, run-time-limit, start-timeout, dependency, launch-failure, daemon-restart, daemon-reload, daemon-kill,
      # daemon-group, daemon-shutdown
      cause: string,
      # The same in words.
      words: string,
      failure: bool,
      exit_code: ?int,
      signal: ?string,
      # How long it was up, and how long ago that is.
      up: int,
      age: int
    )

    type App (
      name: string,
      state: (down, starting, ready, running, stopping, backing_off, failed, frozen),
      # Whether it is meant to run.
      wanted: bool,
      # The apps it waits for before it can start.
      waits_for: []string,
      # Of the sandbox's init, in the pid namespace of the daemon.
      pid: ?int,
      # The number of this launch; no two launches of a daemon have one number.
      instance: ?int,
      # Since its launch.
      age: ?int,
      # Until the next try.
      restarts_in: ?int,
      # Since it said that it reads its settings anew (RELOADING=1), and not that it is done.
      reloading: ?int,
      # Since somebody started it.
      restarts: int,
      # Failures in a row.
      failures: int,
      healthy: ?bool,
      listening: bool,
      # What it says of itself: STATUS= of sd_notify(3). Text of the app: show control characters, do not send them to a
      # terminal.
      status: ?string,
      # The profile it runs by, and whether another one waits for its restart.
      profile: string,
      stale: bool,
      end: ?End
    )

    # One key of a profile that has changed.
    type Change (
      app: string,
      key: string,
      old: []string,
      new: []string,
      # live: at once. next_start: whenever it is started next. restart: only after a restart.
      effect: (live, next_start, restart)
    )

    type Event (
      sequence: int,
      age: int,
      # "": of the daemon itself
      app: string,
      # state, end, restart, notice, problem
      kind: string,
      # In words, for people.
      text: string,
      state: ?string,
      cause: ?string
    )

    # A line of a log, or a piece of a long one.
    type Line (
      # In UTC: 2026-11-22T19:30:02.123456Z
      time: string,
      # isolated: a remark of the daemon.
      stream: (stdout, stderr, isolated),
      # The line goes on in the next one of its stream.
      partial: bool,
      # Text of the app: show control characters, do not send them to a terminal. A byte that is part of no UTF-8 is
      # U+10FE00 and that byte.
      text: string
    )

    type Crash (id: int, app: string, group: string)

    # What an app has and does now. What stands behind instance is null where nothing runs.
    type Use (
      app: string,
      state: (down, starting, ready, running, stopping, backing_off, failed, frozen),
      # Since somebody started it.
      restarts: int,
      instance: ?int,
      # Since its launch, and the CPU time it used since: in microseconds.
      age: ?int,
      cpu: ?int,
      # In KiB: what its cgroup counts, else what its processes have that nobody can take back.
      memory: ?int,
      processes: ?int,
      # Open in all its processes.
      descriptors: ?int,
      # To its broker, performed and refused; null without grants.
      requests: ?int,
      refusals: ?int
    )

    # One thing that led to an app's state.
    type Reason (
      # state: what it does now. end: how its last instance ended, limit: a limit it met, next: what followed. crash: its last
      # report of a crash. broker: what its broker came to.
      kind: (state, end, next, limit, crash, broker),
      # How long ago; null: now.
      age: ?int,
      words: string,
      # The key of the profile behind it, and where it is set: file:line, or "built-in".
      key: ?string,
      rule: ?string,
      # The smallest change that would have it otherwise, and what that change opens.
      change: ?string,
      risk: ?string
    )

    \(SessionInterface.refusalType)

    # What the broker of the instance that runs refused, else of the last one.
    type Refusals (
      # It has grants; without, it can ask for nothing.
      grants: bool,
      ended: bool,
      # Requests that rules have refused, those that are not known any more among them.
      counted: int,
      # The newest first.
      list: []Refusal
    )

    type Why (
      app: string,
      state: (down, starting, ready, running, stopping, backing_off, failed, frozen),
      # The newest first.
      reasons: []Reason,
      refusals: Refusals
    )

    method GetStatus() -> (
      version: string,
      pid: int,
      # Since it was started.
      age: int,
      apps: int,
      live: int,
      # It ends.
      stopping: bool,
      # What of the limits can be enforced here, and by what.
      cgroups: string,
      # The directory with a directory of logs for each app.
      logs: ?string,
      # The directory of crash reports.
      crashes: ?string,
      # Peers of this socket that were cut off, and why the last one was.
      dropped: int,
      drop: ?string
    )

    # With "more" in parts; without, only the first part of them: at most 64.
    method ListApps() -> (apps: []App)

    method GetApp(app: string) -> (app: App)

    # What isolated exec needs to enter the sandbox of an app that runs. It gives nobody a right: who enters needs those of whoever
    # started the daemon.
    method GetSandbox(app: string) -> (
      # Of the sandbox's init, and of the daemon.
      pid: int,
      supervisor: int,
      # By which words the daemon finds the profile, from its own directory.
      profile: string,
      # The fingerprint of the policy that holds the app: equal when the policies are.
      policy: string,
      # The version of the app's cgroup, and what that limits.
      cgroup: ?(v1, v2),
      controllers: []string
    )

    # Carries an order out. start: an app that the daemon does not know yet is looked for among the profiles. With wait the
    # answer comes when the order is done: the app is ready, or down, or it has failed.
    method Order(
      app: string,
      order: (start, stop, restart, kill, freeze, thaw, reset_failed),
      wait: ?bool
    ) -> (app: App)

    # Reads the profiles of all apps, or of one, anew. With plan nothing is changed. With "more" in parts. What needs a restart is
    # restarted, one app after the other in their order.
    method Reload(app: ?string, plan: ?bool) -> (changes: []Change)

    # The last events of an app, or of all, the oldest first: 100 of them when nobody says how many; the daemon keeps
    # \(eventsKept), of all apps together. With "more" in parts; without, at most 64. With follow those that happen, too, until the
    # peer leaves: that takes "more".
    method GetEvents(app: ?string, count: ?int, follow: ?bool) -> (events: []Event)

    # The last lines that an app wrote, the oldest first: 100 of them when nobody says how many. For whoever may not read the
    # files of the log: it takes no running app, nor one that the daemon still has. It takes "more"; with follow those that
    # are written from then on, too, until the peer leaves.
    method GetLog(app: string, count: ?int, follow: ?bool) -> (
      lines: []Line,
      # Lines are missing before these: their file was removed.
      gap: bool
    )

    # The reports of crashes that are kept, the oldest first.
    method ListCrashes() -> (crashes: []Crash)

    # One of them: a JSON document, in pieces. It takes "more".
    method GetCrash(id: int) -> (text: string)

    # Why an app is in its state, and what was refused to it: 10 kinds of refusals when nobody says how many, at most 32.
    method GetWhy(app: string, count: ?int) -> (why: Why)

    # Looks at every app now, a few at a time. With "more" in parts; without, only at the first 8.
    method GetUse() -> (use: []Use)

    # Counters in the text format of Prometheus, version 0.0.4.
    method GetMetrics() -> (text: string)

    error NoSuchApp (app: string)
    # The app is not in a state in which this can be done.
    error NotInThisState (app: string, state: string)
    # What was ordered failed: the app ended, or could not be started.
    error OrderFailed (app: string, reason: string)
    # There is no log of this app in files here.
    error NoSuchLog (app: string, reason: string)
    error NoSuchCrash (id: int)
    # A profile has errors. Nothing was changed.
    error BadProfile (messages: []string)
    error ShuttingDown ()

    """
}
