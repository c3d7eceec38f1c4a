import Glibc
import Isolate
import Testing

/// Where the machine has v1 controllers, and who may use them.
enum Legacy {
  static let root = "/sys/fs/cgroup"
  static var isUsable: Bool {
    Privileges.isRoot
      && ["memory", "pids", "cpu"].allSatisfy(exists)
  }

  private static func exists(_ controller: String) -> Bool {
    unsafe access("\(root)/\(controller)/cgroup.procs", W_OK) == 0
  }

  /// Every app's directory that there is now.
  static var directories: String {
    Run.shell("find \(root) -type d -name 'isolated-limits_test-*' 2>/dev/null").output
  }

  /// A profile that demands all three limits; the caller removes it.
  static func profile() -> String {
    let path = "/tmp/limits_test-\(getpid())-\(UInt32.random(in: 0...(.max))).toml"
    Run.write(
      """
      extends = ["default"]
      require = ["limits.memory", "limits.processes", "limits.cpu"]
      [limits]
      memory = "64M"
      processes = 20
      cpu = 0.5
      """, to: path)
    return path
  }
}

@Suite("Limits by cgroup v1, as root", .serialized, .enabled(if: Legacy.isUsable))
struct CgroupLegacyTests {
  private func run(_ attack: LimitAttack) -> Ran {
    let profile = Legacy.profile()
    defer { _ = unsafe unlink(profile) }
    return attack.run(["--name", "limits_test", "--profile", profile])
  }

  @Test("memory: the kernel kills, the report says which rule") func memory() {
    let ran = run(.manyMemories)
    #expect(ran.output.contains(#""limit":"limits.memory","amount":67108864"#))
    #expect(ran.output.contains(#""enforcement":"cgroup v1","sign":"killed""#))
    #expect(ran.errors.contains("enforced by cgroup v1, as `require` demands"))
    #expect(Legacy.directories.isEmpty)
  }

  @Test("processes: forks are refused and counted") func processes() {
    let ran = run(.forks)
    #expect(ran.code == 11, "EAGAIN")
    #expect(ran.output.contains(#""limit":"limits.processes","amount":20"#))
    #expect(ran.output.contains(#""enforcement":"cgroup v1","sign":"refused""#))
    #expect(Legacy.directories.isEmpty)
  }

  @Test("the app is in its cgroups before it starts, and sees only them") func inside() {
    let profile = Legacy.profile()
    defer { _ = unsafe unlink(profile) }
    let ran = Run.shell(
      "exec \"$1\" run --quiet --name limits_test --profile \"$2\" -- cat /proc/self/cgroup",
      [Executable.path, profile])
    let lines = ran.output.split(separator: "\n")
    for controller in ["memory", "pids", "cpu"] {
      #expect(lines.contains { $0.hasSuffix(":\(controller):/") || $0.contains(",\(controller)") })
    }
    #expect(Legacy.directories.isEmpty)
  }

  /// The launch takes some 30 milliseconds, so these fall before, into and after it.
  @Test(
    "nothing is left when the supervisor is killed",
    arguments: [0, 2, 4, 6, 8, 10, 12, 15, 18, 21, 25, 30, 40, 60, 100, 300])
  func killed(milliseconds: Int) {
    let profile = Legacy.profile()
    defer { _ = unsafe unlink(profile) }
    let ran = Run.shell(
      """
      "$1" run --quiet --name limits_test --profile "$2" -- sleep 20 &
      pid=$!
      sleep \(Double(milliseconds) / 1000)
      kill -9 $pid
      wait $pid
      for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        [ -z "$(find \(Legacy.root) -type d -name "isolated-limits_test-$pid")" ] && exit 0
        sleep 0.1
      done
      exit 1
      """, [Executable.path, profile])
    #expect(ran.code == 0)
  }
}
