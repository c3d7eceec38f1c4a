import Glibc
import Testing

@testable import Isolate

@Suite("The doors of a daemon", .serialized)
struct DaemonDoorTests {
  private let group: UInt32 = 54_321

  /// As another user, with that group or without any.
  private func ask(_ scene: DaemonScene, _ group: UInt32?, _ before: [String] = []) -> Ran {
    let ids = ["setpriv", "--reuid", "54322", "--regid", "\(group ?? 54_322)", "--clear-groups"]
    return Run.command(
      ["/usr/bin/env"] + before + ids + [
        Executable.path, "status", "--socket", scene.path + "/ctl",
      ])
  }

  @Test(
    "a member of the socket's group is let in, nobody else, and no member from inside a sandbox",
    .enabled(if: Privileges.isRoot))
  func members() throws {
    let scene = try DaemonScene([("one", DaemonLifeTests.sleeper)])
    try scene.start(["--socket-group", "\(group)"])
    let mode = Run.shell("stat -c '%a %g' \"$1/ctl\"", [scene.path])
    #expect(mode.output == "660 \(group)\n")
    let member = ask(scene, group)
    #expect(member.code == 0 && member.output.contains("one"), "\(member) \(scene.said)")
    #expect(ask(scene, nil).errors.contains("ermission denied"))
    /* It has the group and reaches the file, but lives in a pid namespace of its own, as apps do. */
    let inside = ask(scene, group, ["unshare", "--pid", "--fork"])
    #expect(inside.code == 1 && inside.errors.contains("hung up"), "\(inside)")
    let deeper = ask(scene, group, ["unshare", "--pid", "--fork", "--mount-proc"])
    #expect(deeper.code == 1 && deeper.errors.contains("hung up"), "\(deeper)")
    #expect(ask(scene, group).code == 0)
  }

  @Test("an app that was given the directory of the socket by mistake is hung up on") func app()
    throws
  {
    let scene = try DaemonScene()
    let reach = """
      import socket
      s = socket.socket(socket.AF_UNIX); s.settimeout(20); s.connect("\(scene.path)/ctl")
      s.sendall(b'{"method":"io.isolated.Daemon.GetStatus"}\\0')
      print("answer", s.recv(100), flush=True)
      """
    _ = scene.scratch.file("reach.py", reach)
    scene.write(
      "app",
      """
      extends = ["default"]
      [command]
      run = ["sh", "-c", "python3 -B $DIR/reach.py 2>&1; exec sleep 10000"]
      [files]
      write = ["$DIR"]
      [service]
      start = "demand"
      """)
    /* A group that its view maps: nobody writes to what belongs to another (idmapped mounts). */
    try scene.start(["--socket-group", "\(getegid())"])
    /* Whatever the app's ids are, the file lets it in: what is left is where it lives. */
    #expect(Run.shell("chmod 666 \"$1/ctl\"", [scene.path]).code == 0)
    #expect(scene.run("start", "app").code == 0)
    try #require(
      Moment.within(30) { !scene.run("logs", "app").output.isEmpty }, "\(scene.story)")
    let said = scene.run("logs", "app").output
    #expect(
      said.contains("answer b''") || said.contains("reset by peer") || said.contains("Broken pipe"),
      "\(said)")
    #expect(scene.run("status").code == 0)
  }

  @Test("without a group the socket is its user's alone; a group that is not there ends the daemon")
  func refusals() throws {
    let scene = try DaemonScene([("one", DaemonLifeTests.sleeper)])
    try scene.start()
    #expect(Run.shell("stat -c %a \"$1/ctl\"", [scene.path]).output == "600\n")
    let ran = Run.command([
      Executable.path, "daemon", "--services", scene.path + "/services", "--socket",
      scene.path + "/other", "--socket-group", "no-such-group-here",
    ])
    #expect(ran.code == 1 && ran.errors.contains("group no-such-group-here"), "\(ran)")
    #expect(Run.shell("ls \"$1\"", [scene.path]).output.contains("other\n") == false)
  }

  @Test(
    "takes no hidden file for a service, and says of a wrong one nothing that holds for programs")
  func hidden() throws {
    let scene = try DaemonScene([
      ("one", DaemonLifeTests.sleeper), (".#one", "no = profile"), ("", DaemonLifeTests.sleeper),
      ("wrong", "no = profile"),
    ])
    try scene.start()
    #expect(scene.run("status").output.contains("1 of 1 apps run"), "\(scene.run("status"))")
    #expect(scene.said.contains("wrong is left out"), "\(scene.said)")
    #expect(!scene.said.contains(".#one") && !scene.said.contains("put '--'"), "\(scene.said)")
  }

  /// connect(2) says of a file that is no socket what it says of a socket at which nobody answers.
  @Test("replaces a socket that was left there, and no other file, wherever it was told to listen")
  func files() throws {
    let scene = try DaemonScene()
    let made = Run.shell(
      """
      cd "$1" && mkdir places && cd places && echo precious > file && ln -s file link && mkfifo fifo &&
      mkdir directory && python3 -c "import socket; socket.socket(socket.AF_UNIX).bind('left')"
      """, [scene.path])
    try #require(made.code == 0, "\(made.errors)")
    let list = "cd \"$1/places\" && stat -c '%n %F %i' directory fifo file link && cat file"
    let before = Run.shell(list, [scene.path]).output
    /* Where it took the place it would run on. */
    let daemon = [
      "/usr/bin/timeout", "20", Executable.path, "daemon", "--services", scene.path + "/services",
    ]
    for name in ["file", "link", "fifo", "directory"] {
      let place = scene.path + "/places/" + name
      let ran = Run.command(daemon + ["--socket", place])
      #expect(ran.code == 1 && ran.errors.contains("no socket of yours"), "\(name): \(ran)")
      let metrics = Run.command(
        daemon + ["--socket", scene.path + "/other", "--metrics", "unix:" + place])
      #expect(metrics.code == 1 && metrics.errors.contains("bind"), "\(name): \(metrics)")
    }
    #expect(Run.shell(list, [scene.path]).output == before)
    try scene.start(["--metrics", "unix:" + scene.path + "/places/left"])
    #expect(try scene.end() == 0)
    #expect(!Run.shell("ls \"$1/places\"", [scene.path]).output.contains("left"))
  }

  @Test("a directory that gives its sockets to others by an access list is refused")
  func accessList() throws {
    let scene = try DaemonScene()
    let made = Run.shell(
      "mkdir \"$1/open\" && setfacl -d -m u:54322:rw \"$1/open\"", [scene.path])
    try #require(made.code == 0, "\(made.errors)")
    let ran = Run.command([
      Executable.path, "daemon", "--services", scene.path + "/services", "--socket",
      scene.path + "/open/ctl", "--socket-group", "\(getegid())",
    ])
    #expect(ran.code == 1 && ran.errors.contains("not permitted"), "\(ran)")
  }

  @Test("a group is known by its number, or by its line") func groups() throws {
    let file = "root:x:0:\nstaff:x:50:a,b\nodd:x\n"
    #expect(try Daemon.group("staff", file) == 50)
    #expect(try Daemon.group("77", file) == 77)
    for word in ["staf", "odd", "", "-1", "4294967295"] {
      #expect(throws: SystemError.self) { try Daemon.group(word, file) }
    }
  }
}
