import Glibc

@testable import Isolate

/// A machine for the planner that is the same everywhere: a merged-/usr system with one caller.
enum PlanFixture {
  /// Symbolic links and where they point.
  static let links = [
    "/bin": "usr/bin", "/sbin": "usr/sbin", "/lib": "usr/lib", "/lib64": "usr/lib64",
    "/srv/link": "/usr/share/x", "/srv/climber": "../usr/../etc", "/srv/away": "/data/www",
    "/usr/alias": "share",
  ]
  static let missing: Set<String> = [
    "/lib32", "/srv/missing", "/proc/asound", "/proc/acpi", "/proc/latency_stats",
    "/proc/sched_debug", "/proc/timer_stats",
  ]
  static let files: Set<String> = ["/etc/ld.so.cache", "/etc/mime.types", "/srv/file"]

  /// What the planner sees; paths with these ends fail with an errno.
  static func status(_ path: String) throws(SystemError) -> FileStatus? {
    if path.hasSuffix("/forbidden") { throw SystemError(call: "stat", number: Errno.access) }
    if path.hasSuffix("/circle") { throw SystemError(call: "stat", number: Errno.loop) }
    if path.hasSuffix("/broken") { throw SystemError(call: "stat", number: Errno.inputOutput) }
    if missing.contains(path) { return nil }
    let isCallers = path.hasPrefix("/home/ann")
    let isDevice = path.hasPrefix("/dev/") && path != "/dev/dri"
    let mode: UInt32 = isDevice ? 0o020666 : files.contains(path) ? 0o100644 : 0o040755
    return FileStatus(
      device: 5, inode: UInt64(path.utf8.count), deviceNumber: isDevice ? 10 << 8 | 232 : 0,
      mode: mode,
      uid: isCallers ? 1001 : 0, gid: isCallers ? 1002 : 0, size: 0)
  }

  static var sources: PlanSources {
    PlanSources(
      status: { (path, _) throws(SystemError) in try status(path) }, linkTarget: { links[$0] })
  }

  /// The policy of a profile text that may extend the shipped ones.
  static func policy(_ text: String, host: HostFacts = Fixture.host()) throws -> Policy {
    let search = ProfileSearch(
      workingDirectory: host.workingDirectory, home: host.home, configurationHome: nil)
    let loaded = ProfileLoader.load("/p/app.toml", search: search) { path in
      path == "/p/app.toml" ? .bytes(Array(text.utf8)) : .missing
    }
    return try PolicyResolver.resolve(loaded, host: host, app: "app").get()
  }

  static func context(_ change: (inout PlanContext) -> Void = { _ in }) -> PlanContext {
    var context = PlanContext(
      landlockABI: 7, filterInstructions: 2, standard: [.asIs, .asIs, .asIs], terminal: nil,
      nullDescriptor: 9, bootSeconds: 7200, monotonicSeconds: 3600)
    change(&context)
    return context
  }

  static func plan(
    _ policy: Policy, _ context: PlanContext = context()
  ) throws(PlanErrors) -> LaunchPlan {
    try LaunchPlanner(policy, context: context, sources: sources).plan()
  }

  static func flat(_ plan: LaunchPlan, _ policy: Policy) -> FlatPlan {
    FlatPlan(
      plan.steps, command: policy.command, environment: policy.environment,
      filter: [UInt8](repeating: 0, count: 16)
    ) { Int32($0.uid) }
  }

  /// The root of the tree with Tests/: `ISOLATED_TEST_ROOT`, else where this file was compiled.
  static var root: String {
    guard let given = unsafe getenv("ISOLATED_TEST_ROOT") else { return Run.package }
    return unsafe String(cString: given)
  }
}
