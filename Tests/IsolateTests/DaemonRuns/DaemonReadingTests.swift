import Glibc
import Testing

@testable import Isolate

/// Who may give a daemon of another user orders is shown by it what it keeps for that user alone.
@Suite(
  "A daemon and those who may not read its files", .serialized, .enabled(if: Privileges.isRoot))
struct DaemonReadingTests {
  private let group: UInt32 = 54_321

  private func words(_ group: UInt32?, _ command: [String]) -> [String] {
    let ids = ["setpriv", "--reuid", "54322", "--regid", "\(group ?? 54_322)", "--clear-groups"]
    return ["/usr/bin/env", "HOME=/nonexistent"] + ids + [Executable.path] + command
  }

  /// As another user, with the socket's group or without any: `isolated COMMAND --socket ... ARGUMENTS...`.
  private func ask(
    _ scene: DaemonScene, member: Bool = true, _ command: String, _ arguments: String...
  ) -> Ran {
    Run.command(
      words(member ? group : nil, [command, "--socket", scene.path + "/ctl"] + arguments))
  }

  private func started(_ apps: [(name: String, profile: String)]) throws -> DaemonScene {
    let scene = try DaemonScene(apps)
    /* As /var/lib/isolated is: for one user alone. */
    #expect(Run.shell("chmod 700 \"$1/state\"", [scene.path]).code == 0)
    try scene.start(["--socket-group", "\(group)"])
    return scene
  }

  @Test("a log, byte for byte, as many lines of it as one who reads the files, and nobody else")
  func logs() throws {
    let scene = try started([
      (
        "app",
        DaemonScene.shell(
          "printf '\\033[2J\\001\\377\\\\z\\n'; head -c 100000 /dev/zero | tr '\\0' '\\1'; echo; seq 1 20000; echo done; exec sleep 1000",
          "[logs]\nrate = 0\nsize = \"64K\"\nfiles = 64")
      )
    ])
    try #require(
      Moment.within(60) { scene.run("logs", "--lines", "1", "app").output.hasSuffix("done\n") },
      "\(scene.story)")
    for lines in ["0", "1", "3", "500", "100000"] {
      for json in [[], ["--json"]] {
        let own = Run.command(
          [Executable.path, "logs", "--socket", scene.path + "/ctl", "--lines", lines, "app"]
            + json)
        let told = Run.command(
          words(
            group, ["logs", "--socket", scene.path + "/ctl", "--lines", lines, "app"] + json))
        #expect(told.code == 0 && told.output == own.output, "\(lines) \(told.errors)")
        #expect(own.output.isEmpty == (lines == "0"))
      }
    }
    let all = ask(scene, "logs", "--lines", "100000", "--json", "app").output
    let first = try #require(all.split(separator: "\n").first)
    let record = try JSONReader.read(Array(first.utf8), limit: 4096)
    #expect(
      record.object?["text"]?.string.map(RawText.bytes) == [27, 91, 50, 74, 1, 255, 92, 122])
    let stranger = ask(scene, member: false, "logs", "app")
    #expect(stranger.code == 1 && stranger.output.isEmpty && stranger.errors.contains("denied"))
    let none = ask(scene, "logs", "nobody")
    #expect(none.code == 1 && none.errors.contains("it has never run under a daemon here"))
    let path = scene.path + "/state/logs/app"
    #expect(Run.shell("stat -c %a \"$1\" \"$1\"/0000000001.log", [path]).output == "700\n600\n")
    #expect(Run.shell("stat -c %a \"$1/state\"", [scene.path]).output == "700\n")
    /* Without the daemon nobody but its user. */
    #expect(try scene.end() == 0)
    let late = ask(scene, "logs", "app")
    #expect(late.code == 1 && late.errors.contains("no daemon answers"), "\(late)")
  }

  @Test("a log while it is written, across rotations and the app's end") func follows() throws {
    let scene = try DaemonScene()
    scene.write(
      "app",
      DaemonScene.shell(
        "n=$(cat $DIR/out/next); while [ ! -e $DIR/out/$n ]; do sleep 0.05; done; seq -f \"$n %g\" 1 300",
        "[files]\nread = [\"$DIR/out\"]\n[logs]\nsize = \"4K\"\nfiles = 8\n[service]\nstart = \"demand\""
      ))
    #expect(
      Run.shell(
        "mkdir -m 755 \"$1/out\"; echo 0 >\"$1/out/next\"; chmod 700 \"$1/state\"", [scene.path]
      ).code == 0)
    try scene.start(["--socket-group", "\(group)"])
    #expect(scene.run("start", "app").code == 0)
    var setup = Spawned.Setup()
    setup.files[1] = .path(scene.path + "/followed", O_WRONLY | O_CREAT)
    let follower = try Spawned(
      words(
        group, ["logs", "--socket", scene.path + "/ctl", "--follow", "--lines", "2000", "app"]),
      setup)
    defer {
      follower.send(SIGKILL)
      _ = try? follower.wait()
    }
    for round in 0..<3 {
      _ = scene.scratch.file("out/\(round)", "")
      try #require(
        Moment.within(60) { scene.scratch.content("followed").hasSuffix("stdout \(round) 300\n") },
        "\(scene.scratch.content("followed").suffix(200)) \(scene.story)")
      try scene.waitFor("app", .down)
      _ = scene.scratch.file("out/next", "\(round + 1)\n")
      #expect(scene.run("start", "app").code == 0)
    }
    let texts = scene.scratch.content("followed").split(separator: "\n").map {
      String($0.split(separator: " ", maxSplits: 2).last ?? "")
    }
    #expect(texts == (0..<3).flatMap { round in (1...300).map { "\(round) \($0)" } })
    /* Nothing to tell costs nothing: the daemon sleeps. */
    let daemon = try #require(scene.daemon).pid
    try #require(
      Moment.within(60) {
        let before = Household.sleeps(daemon)
        _ = Moment.within(2) { false }
        return Household.sleeps(daemon) - before <= 4
      }, "\(scene.story)")
  }

  @Test("reports of crashes: the list, one of them, the last, and nobody else") func crashes()
    throws
  {
    let scene = try started([
      (
        "app",
        """
        extends = ["default"]
        crash.report = true
        files.read = ["\(Executable.victim)"]
        [command]
        run = ["\(Executable.victim)", "crash-null"]
        [restart]
        when = "on-failure"
        burst = 2
        window = "10m"
        """
      )
    ])
    func list() -> [JSONValue]? {
      let ran = ask(scene, "crashes", "--json")
      let document = try? JSONReader.read(Array(ran.output.utf8), limit: 1 << 24)
      return document?.object?["reports"]?.array
    }
    try #require(Moment.within(60) { list()?.count == 3 }, "\(list() ?? []) \(scene.story)")
    for arguments in [
      [], ["--json"], ["show", "latest"], ["show", "2"], ["show", "2", "--json"],
    ] {
      let command = ["crashes", "--socket", scene.path + "/ctl"] + arguments
      let own = Run.command([Executable.path] + command)
      let told = Run.command(words(group, command))
      /* How long ago it was may have become another second. */
      func plain(_ text: String) -> [Substring] {
        text.split(separator: "\n").filter { !$0.contains(" ago") }
      }
      #expect(told.code == 0 && own.code == 0, "\(arguments) \(told.errors)")
      #expect(plain(told.output) == plain(own.output) && !plain(told.output).isEmpty)
    }
    #expect(ask(scene, "crashes", "show", "latest").output.contains("SIGSEGV"))
    let none = ask(scene, "crashes", "show", "77")
    #expect(none.code == 1 && none.errors.contains("no crash report 77"))
    let stranger = ask(scene, member: false, "crashes")
    #expect(stranger.code == 1 && stranger.output.isEmpty && stranger.errors.contains("denied"))
    /* The directory itself stays its user's, and says how else. */
    let direct = Run.command(
      words(group, ["crashes", "--directory", scene.path + "/state/crashes"]))
    #expect(direct.code == 1 && direct.errors.contains("--socket PATH"), "\(direct)")
  }
}

@Suite("What happened lately, as it is kept")
struct EventLogTests {
  @Test("the last ones of all, of one app, and from one on") func kept() {
    var log = EventLog()
    #expect(log.before(last: 5) == 0 && log.after(0, most: 5, now: 0).events.isEmpty)
    func text(_ found: (events: [ControlEvent], upTo: UInt64)) -> [UInt64] {
      found.events.map(\.sequence)
    }
    for number in 1...3 * EventLog.most / 2 {
      log.add(.notice, app: number % 1000 == 1 ? "rare" : "loud", "x", now: Int64(number))
    }
    let last = UInt64(3 * EventLog.most / 2)
    let first = last - UInt64(EventLog.most)
    #expect(log.last == last && log.before(last: 100_000) == first)
    #expect(log.before(last: 0) == last && log.before(last: 7) == last - 7)
    #expect(text(log.after(last - 7, most: 5, now: last.age)) == Array(last - 6...last - 2))
    #expect(log.after(last - 7, most: 5, now: 0).upTo == last - 2)
    let all = log.after(0, most: .max, now: last.age)
    #expect(text(all) == Array(first + 1...last) && all.upTo == last)
    #expect(all.events.last?.ageMilliseconds == 0)
    #expect(all.events.first?.ageMilliseconds == Int64(last - first - 1))
    let rare = (first + 1...last).filter { $0 % 1000 == 1 }
    #expect(text(log.after(0, app: "rare", most: .max, now: 0)) == rare)
    #expect(log.before(last: 2, app: "rare") < rare[rare.count - 2])
    let two = log.after(log.before(last: 2, app: "rare"), app: "rare", most: 64, now: 0)
    #expect(text(two) == Array(rare.suffix(2)) && two.upTo == last)
    #expect(log.after(last + 5, most: 3, now: 0).upTo == last + 5)
    #expect(log.before(last: 3, app: "nobody") == first)
  }
}

extension UInt64 {
  fileprivate var age: Int64 { Int64(self) }
}
