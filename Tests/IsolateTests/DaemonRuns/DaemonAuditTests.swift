import Glibc
import Testing

@testable import Isolate

/// `isolated daemon --audit-dir DIR`.
@Suite("The audit logs of a daemon's apps", .serialized)
struct DaemonAuditTests {
  /// Asks so often for what there is, and once for what is outside; then says so and waits.
  private static func asker(_ count: Int) -> String {
    """
    import sys, time
    sys.path.insert(0, "\(Executable.root)/clients/python")
    import isolated
    with isolated.connect() as broker:
        for _ in range(\(count)): broker.open("notes", "one").close()
        try: broker.open("notes", "../outside")
        except OSError: print("done", flush=True)
        time.sleep(600)
    """
  }

  private func scene(_ count: Int, _ more: String = "") throws -> DaemonScene {
    let scene = try DaemonScene()
    _ = scene.scratch.file("asker.py", Self.asker(count))
    let made = Run.shell(
      """
      cd "$1" && chmod 755 . && umask 022 && mkdir notes && echo here >notes/one && chmod 644 asker.py
      """, [scene.path])
    try #require(made.code == 0, "\(made.errors)")
    for name in ["one", "two"] {
      scene.write(
        name,
        """
        extends = ["default"]
        [command]
        run = ["python3", "-B", "$DIR/asker.py"]
        [files]
        read = ["$DIR/asker.py", "\(Executable.root)/clients/python"]
        \(more)
        [restart]
        when = "on-failure"
        burst = 1
        [grants.notes]
        files = "$DIR/notes"
        rights = ["read"]
        """)
    }
    return scene
  }

  private func lines(_ scene: DaemonScene, _ app: String) throws -> [JSONObject] {
    let ran = Run.shell("cat \"$1/audit/$2\"/*.log", [scene.path, app])
    return try ran.output.split(separator: "\n").map { line in
      try #require(try JSONReader.read(Array(line.utf8), limit: 1 << 20).object)
    }
  }

  @Test("have a line for each decision of each launch, in order, and nothing is written over")
  func all() throws {
    let scene = try scene(3000)
    try scene.start(["--audit-dir", scene.path + "/audit"])
    for name in ["one", "two"] {
      try scene.waitFor("done", in: "state/logs/\(name)/0000000001.log", seconds: 60)
    }
    #expect(scene.run("kill", "one").code == 0)
    try #require(
      Moment.within(60) {
        scene.scratch.content("state/logs/one/0000000001.log").split(separator: "\n").count == 2
      }, "\(scene.story)")
    #expect(try scene.end() == 0)
    /* Another daemon goes on where this one ended. */
    try scene.start(["--audit-dir", scene.path + "/audit"])
    try #require(
      Moment.within(60) {
        scene.scratch.content("state/logs/one/0000000001.log").split(separator: "\n").count == 3
      }, "\(scene.story)")
    #expect(try scene.end() == 0)
    for (name, launches) in [("one", 3), ("two", 2)] {
      let all = try lines(scene, name)
      var last: Int64 = 0
      var refused = 0
      var began = 0
      for line in all {
        #expect(line["app"]?.string == name && line["lost"] == nil)
        #expect((line["instance"]?.integer ?? 0) > 0)
        let sequence = line["sequence"]?.integer ?? 0
        if sequence == 1 { (began, last) = (began + 1, 0) }
        if sequence != last + 1 { Issue.record("\(name): \(sequence) after \(last)") }
        last = sequence
        if line["error"]?.string == "EXDEV" {
          refused += 1
          #expect(line["rule"]?.string == "\(scene.path)/services/\(name).toml:10")
        }
      }
      #expect(began == launches && refused >= launches - 1, "\(name): \(began) \(refused)")
      #expect(all.count >= 3000 * (launches - 1))
    }
    let modes = Run.shell(
      "stat -c %a \"$1/audit\" \"$1/audit/one\" \"$1\"/audit/one/*", [scene.path])
    #expect(modes.output == "700\n700\n600\n", "\(modes.output)")
  }

  @Test("an app that could change its own is not started, and why says so") func own() throws {
    let scene = try scene(1, "write = [\"$DIR/open\"]")
    let made = Run.shell("mkdir -m 700 \"$1/open\"", [scene.path])
    try #require(made.code == 0)
    try scene.start(["--audit-dir", scene.path + "/open/audit"])
    try scene.waitFor("one", .failed, seconds: 60)
    #expect(scene.said.contains("EPERM") || scene.said.contains("not permitted"), "\(scene.said)")
    let why = scene.run("why", "one")
    #expect(why.output.contains("it ended and is not started again"), "\(why.output)")
    #expect(why.output.contains("/open/audit"), "\(why.output)")
  }

  @Test("are files one after another, bounded, of whole lines, and go on where they ended")
  func rotation() throws {
    let scratch = try Scratch()
    let path = scratch.path + "/log"
    var policy = LogPolicy()
    (policy.sizeBytes, policy.files) = (1000, 3)
    func append(_ log: LogFile, _ numbers: Range<Int>) throws {
      var text: [UInt8] = []
      for number in numbers { text += "line \(number) of some more bytes\n".utf8 }
      var rest = text[...]
      while !rest.isEmpty { rest = rest.dropFirst(try log.append(rest)) }
    }
    for start in stride(from: 0, to: 300, by: 10) {
      let log = LogFile(in: try PrivateDirectory.made(path), policy)
      for one in start..<start + 10 { try append(log, one..<one + 1) }
    }
    let names = (FileSystem.names(in: path) ?? []).sorted()
    #expect(names.count == 3 && names.first != "0000000001.log", "\(names)")
    var all: [Substring] = []
    let text = names.map { scratch.content("log/" + $0) }
    for one in text {
      #expect(one.utf8.count <= 1000 && one.utf8.last == UInt8(ascii: "\n"))
    }
    let joined = text.joined()
    all = joined.split(separator: "\n")
    #expect(all.last == "line 299 of some more bytes")
    #expect(all.count > 50)
    for (place, line) in all.enumerated() {
      #expect(line == "line \(300 - all.count + place) of some more bytes")
    }
    /* Half a line of a daemon that was killed is ended first. */
    let cut = Run.shell("printf 'half a' >>\"$1/$2\"", [path, names.last ?? ""])
    try #require(cut.code == 0)
    try append(LogFile(in: try PrivateDirectory.made(path), policy), 300..<301)
    #expect(
      scratch.content("log/" + (names.last ?? "")).hasSuffix(
        "half a\nline 300 of some more bytes\n"))
  }
  /// As in `AppLogTests`: a limit for files cuts a write like a disk that is full, in a process of its own.
  @Test("lose nothing to a disk that is full: what was not written is given again") func full()
    async
  {
    await #expect(processExitsWith: .success) {
      _ = signal(SIGXFSZ, SIG_IGN)
      func room(_ bytes: UInt64) {
        var limit = rlimit(rlim_cur: rlim_t(bytes), rlim_max: rlim_t.max)
        if unsafe setrlimit(__rlimit_resource_t(1), &limit) != 0 { exit(2) }
      }
      let scratch = try Scratch()
      let log = LogFile(in: try PrivateDirectory.made(scratch.path + "/log"), LogPolicy())
      let lines = (0..<20).map { "line \($0) of some more bytes\n" }.joined()
      var rest = Array(lines.utf8)[...]
      room(100)
      for _ in 0..<3 {
        do throws(SystemError) {
          rest = rest.dropFirst(try log.append(rest))
        } catch {
          if error.number != EFBIG || rest.isEmpty { exit(3) }
        }
      }
      if rest.count != lines.utf8.count - 100 { exit(4) }
      room(UInt64(1) << 40)
      while !rest.isEmpty { rest = rest.dropFirst(try log.append(rest)) }
      if scratch.content("log/0000000001.log") != lines { exit(5) }
    }
  }
}
