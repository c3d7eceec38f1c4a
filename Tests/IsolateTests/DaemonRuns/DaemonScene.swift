import Glibc
import Testing

@testable import Isolate

/// A daemon of its own in a scratch directory, with its control socket there, and profiles that tests write.
///
///     services/    the apps
///     ctl          the control socket
///     state/       logs and crash reports
///     err          what the daemon says
final class DaemonScene {
  let scratch: Scratch
  private(set) var daemon: Spawned?
  var path: String { scratch.path }

  /// - Parameter apps: name and profile; $DIR is the scratch directory.
  init(_ apps: [(name: String, profile: String)] = []) throws {
    scratch = try Scratch()
    let made = Run.shell("mkdir -m 755 \"$1/services\" \"$1/state\"", [scratch.path])
    try #require(made.code == 0, "\(made.errors)")
    for app in apps { write(app.name, app.profile) }
  }

  /// An app of the default profile that runs this command in a shell.
  static func shell(_ script: String, _ more: String = "") -> String {
    """
    extends = ["default"]
    [command]
    run = ["/bin/sh", "-c", '''\(script)''']
    \(more)
    """
  }

  func write(_ name: String, _ profile: String) {
    var text = ""
    var rest = profile[...]
    while !rest.isEmpty {
      if rest.hasPrefix("$DIR") {
        text += path
        rest = rest.dropFirst(4)
      } else {
        text.append(rest.removeFirst())
      }
    }
    _ = scratch.file("services/\(name).toml", text)
  }

  /// Starts it and waits until it answers.
  ///
  /// - Parameter wrapper: a command that runs it; `daemon` is that one then.
  func start(_ more: [String] = [], under wrapper: [String] = []) throws {
    var setup = Spawned.Setup()
    setup.files[2] = .path(path + "/err", O_WRONLY | O_CREAT | O_APPEND)
    daemon = try Spawned(
      [
        "/usr/bin/env", "XDG_CONFIG_HOME=\(path)/conf",
      ] + wrapper + [
        Executable.path, "daemon", "--services", path + "/services", "--socket", path + "/ctl",
        "--state", path + "/state",
      ] + more, setup)
    try #require(
      Moment.within(30) { run("status").code == 0 }, "no daemon: \(said)")
  }

  /// What it has said on standard error.
  var said: String { scratch.content("err") }

  /// A command for this daemon: `isolated COMMAND --socket ... ARGUMENTS...`.
  @discardableResult
  func run(_ command: String, _ arguments: String...) -> Ran {
    Run.command([Executable.path, command, "--socket", path + "/ctl"] + arguments)
  }

  /// What `status --json` tells of an app.
  func app(_ name: String) throws -> ControlApp {
    let ran = run("status", "--json", name)
    try #require(ran.code == 0, "\(ran.errors)")
    return try ControlApp(JSONReader.read(Array(ran.output.utf8), limit: 1 << 20))
  }

  /// Whether so much has happened that old events are forgotten: what is kept of them grows no more.
  var hasAllEvents: Bool {
    let ran = run("events", "--json", "--lines", "1")
    let event = try? JSONReader.read(Array(ran.output.utf8), limit: 1 << 20).object
    return event?["sequence"]?.integer ?? 0 > Int64(DaemonInterface.eventsKept)
  }

  /// What there is to know when an expectation failed: what it said, its events and apps, and what its processes wait for.
  var story: String {
    let processes = (daemon.map { Household.descendants(of: $0.pid) } ?? []).sorted().map { pid in
      let files = ["cmdline", "wchan", "syscall"].map { Run.read("/proc/\(pid)/\($0)") }
      return "\(pid) \(files)"
    }
    return ([said, run("events").output, run("status").output] + processes).joined(separator: "\n")
  }

  func waitFor(_ name: String, _ state: LifeState, seconds: Int = 30) throws {
    try #require(
      Moment.within(seconds) { (try? app(name).state) == state },
      "\(name) is not \(state): \(story)")
  }

  /// Waits until a file of the scratch directory has this text.
  func waitFor(_ text: String, in file: String, seconds: Int = 30) throws {
    try #require(
      Moment.within(seconds) { scratch.content(file).contains(text) },
      "no \(text) in \(file): \(scratch.content(file)) \(said)")
  }

  /// SIGTERM, and waits for its end.
  @discardableResult
  func end() throws -> Int32 {
    guard let daemon else { return -1 }
    daemon.send(SIGTERM)
    self.daemon = nil
    return try daemon.wait().code
  }

  deinit {
    guard let daemon else { return }
    daemon.send(SIGKILL)
    _ = try? daemon.wait()
  }
}
