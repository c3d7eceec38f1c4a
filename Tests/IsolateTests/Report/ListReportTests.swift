import Testing

@testable import Isolate

@Suite("What commands print of apps, grants, descriptors, profiles and the machine")
struct ListReportTests {
  private func words(_ line: String) -> [String] { line.split(separator: " ").map(String.init) }

  private func end(age: Int64 = 300_000) -> ControlEnd {
    ControlEnd(
      cause: "signal", words: "it was killed by SIGSEGV", isFailure: true, exitCode: 139,
      signal: "SIGSEGV", upMilliseconds: 400_000_000, ageMilliseconds: age)
  }

  private func app(_ state: LifeState, _ change: (inout ControlApp) -> Void = { _ in })
    -> ControlApp
  {
    var app = ControlApp(name: "web", state: state)
    app.isWanted = true
    app.profile = "/p/web.toml"
    change(&app)
    return app
  }

  private func row(_ app: ControlApp, isStopping: Bool = false) -> [String] {
    var daemon = ControlDaemon(version: "1.0", pid: 7)
    daemon.apps = 3
    daemon.live = 2
    daemon.isStopping = isStopping
    return DaemonReport.table([app], daemon, style: .plain).split(separator: "\n").map(String.init)
  }

  @Test("a daemon's app on one line: what it waits for, what it says, how it ended") func table() {
    let plain = row(app(.down))
    #expect(words(plain[1]) == ["web", "down", "-", "-", "0", "-", "-"])
    #expect(plain[2] == "2 of 3 apps run; daemon 1.0, process 7, up for 0 s")
    #expect(row(app(.down), isStopping: true)[2].hasSuffix(", ending"))
    #expect(row(app(.down) { $0.isListening = true })[1].hasSuffix("listens"))
    #expect(row(app(.down) { $0.end = end() })[1].hasSuffix("signal 5 min ago"))
    #expect(row(app(.down) { $0.end = end(age: 90_000_000) })[1].hasSuffix("signal 25 h ago"))
    #expect(row(app(.down) { $0.end = end(age: 900_000_000) })[1].hasSuffix("signal 10 d ago"))
    let waits = row(app(.down) { $0.waitsFor = ["db", "mail\u{1B}"] })[1]
    #expect(waits.hasSuffix("waits for db, mail\\u{1b}"))
    let again = row(
      app(.backingOff) {
        $0.end = end()
        $0.restartsInMilliseconds = 40
      })[1]
    #expect(again.hasSuffix("signal; again in 40 ms"))
    let ready = app(.ready) {
      $0.pid = 9
      $0.ageMilliseconds = 5000
      $0.isHealthy = true
      $0.status = "all is well"
      $0.reloadingMilliseconds = 4
    }
    #expect(
      words(row(ready)[1])
        == ["web", "reloading", "9", "5", "s", "0", "good", "all", "is", "well"])
    #expect(row(app(.ready) { $0.isHealthy = false })[1].contains("bad"))
  }

  @Test("a daemon's app on its page has a line for whatever there is to say") func page() {
    #expect(
      DaemonReport.page(app(.down) { $0.isWanted = false }, style: .plain) == """
        web
          state      down, not wanted
          profile    /p/web.toml
          restarts   0, failures in a row: 0

        """)
    let full = app(.backingOff) {
      $0.pid = 9
      $0.instance = 4
      $0.ageMilliseconds = 1000
      $0.restartsInMilliseconds = 5
      $0.reloadingMilliseconds = 2000
      $0.isStale = true
      $0.waitsFor = ["db"]
      $0.isHealthy = true
      $0.isListening = true
      $0.status = "up"
      $0.end = end()
    }
    #expect(
      DaemonReport.page(full, style: .plain) == """
        web
          state      backing-off for 1 s, again in 5 ms, reloading for 2 s
          process    9 (its init)
          instance   4
          profile    /p/web.toml
                     another one waits for its restart
          waits for  db
          restarts   0, failures in a row: 0
          health     good
          sockets    open
          says       up
          last end   it was killed by SIGSEGV
                     5 min ago, after 4 d

        """)
  }

  @Test("events and changes are told with the app they are of") func changes() {
    let event = ControlEvent(sequence: 3, ageMilliseconds: 0, app: "", kind: .notice, text: "a\nb")
    #expect(DaemonReport.line(event) == "3 0 s ago daemon notice: a\\nb\n")
    #expect(DaemonReport.changes([], style: .plain) == "nothing has changed\n")
    func change(_ key: String, _ effect: PolicyChange.Effect) -> ControlChange {
      ControlChange(
        app: "web", PolicyChange(key: key, old: ["a", "b"], new: ["b", "c"], effect: effect))
    }
    #expect(
      DaemonReport.changes(
        [change("x", .live), change("y", .nextStart), change("z", .restart)], style: .plain) == """
          web
            x: at once
              - a
              + c
            y: when it is started next
              - a
              + c
            z: needs a restart
              - a
              + c

          """)
  }

  private func grants(_ broker: ControlStatus.Broker, asks: [ControlAsk] = []) -> [String] {
    var grant = ControlGrant(
      name: "web", kind: "connect", target: "tcp:h:443", rights: ["connect"], rule: "a.toml:3")
    grant.state = .usedUp
    grant.left = 0
    grant.leaseMilliseconds = 5000
    grant.answer = .run
    var other = ControlGrant(
      name: "data", kind: "files", target: "/srv", rights: ["read", "stat"], rule: "a.toml:5")
    other.asks = true
    var status = ControlStatus(app: "shop", supervisor: 1, pid: 2)
    status.broker = broker
    status.brokerReason = broker == .givenUp || broker == .cutOff ? "why" : nil
    status.restarts = broker == .running ? 0 : 2
    return GrantsReport.text([grant, other], status, asks: asks, style: .plain)
      .split(separator: "\n").map(String.init)
  }

  @Test("grants are told with how their broker stands, and what waits for an answer")
  func grantLines() {
    let lines = grants(.idle)
    #expect(
      words(lines[1])
        == [
          "web", "used", "up", "0", "0", "0", "5", "s", "run", "tcp:h:443", "connect", "a.toml:3",
        ])
    #expect(lines[2].contains("each time") && lines[2].contains("read,stat"))
    let told: [(ControlStatus.Broker, String)] = [
      (.idle, "it has asked for nothing yet"), (.running, "its broker is process 0"),
      (.restarting, "its broker is being replaced, replaced 2 times"),
      (.givenUp, "its broker was given up: why"),
      (.cutOff, "it was cut off from its broker: why"),
      (.closed, "it has closed the door to its broker"),
    ]
    for (broker, words) in told {
      #expect(grants(broker)[3] == "shop runs for 0 s; \(words)")
    }
    let ask = ControlAsk(
      ask: 4, grant: "data", rule: "a.toml:5", operation: "file.open", subject: "x\u{1B}",
      leftMilliseconds: 9000)
    #expect(
      words(grants(.idle, asks: [ask])[5])
        == ["4", "data", "file.open", "9", "s", "a.toml:5", "x\\u{1b}"])
    #expect(GrantsReport.json([ask]).contains("\"ask\": 4"))
    let document = GrantsReport.json(
      [], ControlStatus(app: "a", supervisor: 1, pid: 2), asks: [ask])
    #expect(document.contains("\"grants\": []") && document.contains("\"status\""))
  }

  private func handle(_ state: ControlHandle.State, subject: String) -> ControlHandle {
    ControlHandle(
      handle: 4, grant: "web", rule: "a.toml:3", kind: "socket", rights: ["connect"], state: state,
      ageMilliseconds: 5000, device: 1, inode: 2, subject: subject)
  }

  @Test("descriptors are told with where they came from") func handles() {
    let seen = SeenDescriptor(pid: 9, number: 5, link: "socket:[1]", device: 1, inode: 2)
    let rows: [(HandleRow, String, String)] = [
      (HandleRow(seen: seen, origin: .caller(1)), "caller's 1", "\"caller\""),
      (HandleRow(seen: seen, origin: .terminal), "a terminal of its own", "\"terminal\""),
      (
        HandleRow(seen: seen, origin: .nothing), "instead of the caller's terminal", "\"nothing\""
      ),
      (HandleRow(seen: seen, origin: .door), "door to the broker", "\"door\""),
      (HandleRow(seen: seen, origin: .own("pipe")), "opened by the app: pipe", "\"pipe\""),
      (
        HandleRow(seen: seen, origin: .granted(handle(.held, subject: "h:443"))),
        "grant web (a.toml:3)  5 s  connect  socket h:443", "\"grant\""
      ),
      (
        HandleRow(seen: nil, origin: .granted(handle(.cut, subject: ""))),
        "grant web (a.toml:3), revoked: cut  5 s  connect  socket, not open any more", "null"
      ),
      (
        HandleRow(seen: seen, origin: .granted(handle(.lasting, subject: ""))),
        "revoked: cannot be recalled  5 s  connect  socket socket:[1]", "\"lasting\""
      ),
    ]
    for (row, text, json) in rows {
      #expect(HandlesReport.text([row], style: .plain).contains(text))
      #expect(HandlesReport.json([row]).contains(json))
    }
  }

  @Test("what a check found is told once, however many profiles have it") func checked() {
    let wrong = Diagnostic(at: Position(file: "a.toml", line: 3, column: 4), "no", cure: "yes")
    let bare = Diagnostic(at: Position(file: "a.toml", line: 5), "why", cure: nil)
    let profiles = [
      CheckedProfile(name: "a", diagnostics: [(wrong, "a.toml:3: no"), (bare, "a.toml:5: why")]),
      CheckedProfile(name: "b", diagnostics: [(wrong, "a.toml:3: no")]),
      CheckedProfile(name: "c", diagnostics: []),
    ]
    #expect(CheckReport.errors(profiles) == "a.toml:3: no\na.toml:5: why\n")
    #expect(CheckReport.text(profiles) == "a: has errors\nb: has errors\nc: ok\n")
    let json = CheckReport.json(profiles)
    #expect(json.contains("\"cure\": \"yes\"") && json.contains("\"cure\": null"))
    #expect(json.contains("\"good\": true") && json.contains("\"column\": 4"))
  }

  @Test("profiles are listed with those that are not used") func listed() {
    let found = [
      FoundProfile(name: "web", file: "/a/web.toml", isShadowed: false),
      FoundProfile(name: "db", file: "/b/db.toml", isShadowed: true),
    ]
    #expect(
      ProfileListReport.text(found) == "web  /a/web.toml\ndb   /b/db.toml  (not used)\n")
    #expect(ProfileListReport.text([]) == "")
    #expect(ProfileListReport.names(found) == "web\n")
    #expect(ProfileListReport.json(found).contains("\"used\": false"))
  }

  private func finding(_ status: Finding.Status, cure: String?, isRequired: Bool) -> Finding {
    Finding(
      name: "overlays", status: status, detail: status == .works ? "" : "mount: EPERM",
      neededFor: "kept changes", cure: cure, isRequired: isRequired)
  }

  @Test("doctor says what is lacking, for what, and what to type") func doctor() {
    let good = finding(.works, cure: nil, isRequired: true)
    #expect(
      DoctorReport.text([good], style: .plain)
        == "ok    overlays\n\nAll that the default profile requires works here.\n")
    let bad = finding(
      .missing, cure: "load it:\n  modprobe overlay\nand try again", isRequired: true)
    #expect(
      DoctorReport.text([bad], style: .plain) == """
        no    overlays
              mount: EPERM
              needed for: kept changes (the default profile requires it)
              cure: load it:
                modprobe overlay
              and try again

        The default profile starts nothing here, for it requires: overlays.

        """)
    let part = DoctorReport.text([finding(.partly, cure: nil, isRequired: false)], style: .colour)
    #expect(part.hasPrefix("\u{1B}[33mpart \u{1B}[0m"))
    #expect(DoctorReport.text([good], style: .colour).hasPrefix("\u{1B}[32mok"))
    #expect(DoctorReport.text([bad], style: .colour).hasPrefix("\u{1B}[31mno"))
    let json = DoctorReport.json([good, bad])
    #expect(json.contains("\"well\": false") && json.contains("\"cure\": null"))
    #expect(DoctorReport.json([good]).contains("\"well\": true"))
  }

  @Test("sizes and shares of top are short; what does not run has none") func top() {
    #expect(TopReport.size(812) == "812K" && TopReport.size(12_595) == "12.2M")
    #expect(TopReport.size(3 << 19) == "1.5G")
    var report = TopReport()
    report.take([
      ControlUse(app: "idle", state: .down, restarts: 0, running: nil),
      ControlUse(
        app: "busy", state: .ready, restarts: 1,
        running: .init(
          instance: 1, ageMicroseconds: 1_000_000, cpuMicroseconds: 500_000, memoryKiB: 2048,
          processes: 2, descriptors: 5, requests: nil, refusals: nil)),
    ])
    let lines = report.text(style: .plain).split(separator: "\n").map(String.init)
    #expect(words(lines[1]) == ["busy", "ready", "1", "50.0", "2.0M", "2", "5", "-", "-"])
    #expect(words(lines[2]) == ["idle", "down", "0", "-", "-", "-", "-", "-", "-"])
    #expect(report.screen(rows: 9, columns: 80).contains("1 of 2 apps run; q ends"))
    #expect(
      report.json.object?["apps"]?.array?.last?.object?["cpu_percent"] == .null)
  }
}
