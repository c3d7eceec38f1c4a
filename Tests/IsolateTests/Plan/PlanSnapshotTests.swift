import Glibc
import Testing

@testable import Isolate

/// One policy on one machine, and the name of the file that holds its plan.
struct PlanCase: Sendable, CustomTestStringConvertible {
  var name: String
  var text: String
  var isRoot = false
  var context: @Sendable (inout PlanContext) -> Void = { _ in }

  var testDescription: String { name }

  static let modes = [UInt8](repeating: 7, count: 36)
  static let terminal = TerminalSettings(
    path: "/dev/pts/ptmx", modes: modes, window: [24, 80, 0, 0])

  /// A profile on the shipped default with more keys.
  static func onDefault(_ name: String, _ keys: String, isRoot: Bool = false) -> PlanCase {
    PlanCase(
      name: name, text: "extends = [\"default\"]\n[command]\nrun = [\"work\", \"-x\"]\n" + keys,
      isRoot: isRoot)
  }

  static func landlock(_ abi: Int) -> PlanCase {
    var result = onDefault(
      "landlock-\(abi)",
      "[network]\nmode = \"loopback\"\nconnect = [80, 443]\nbind = [8080]\n")
    result.context = { $0.landlockABI = abi }
    return result
  }

  static let all: [PlanCase] =
    [
      onDefault("user-default", ""), onDefault("root-default", "", isRoot: true),
      shipped("strict"), shipped("service"), shipped("build"), shipped("interactive"),
      onDefault("network-none-early", "").with { $0.networkIsMade = true },
      onDefault("network-loopback", "[network]\nmode = \"loopback\"\n"),
      onDefault("network-loopback-early", "[network]\nmode = \"loopback\"\n", isRoot: true)
        .with { $0.networkIsMade = true },
      onDefault("network-host", "[network]\nmode = \"host\"\n[relax]\nnetwork.mode = \"why\"\n"),
      onDefault("time", "[namespaces]\ntime = true\n", isRoot: true),
      onDefault("terminal", "").with {
        $0.standard = [.pty, .pty, .null]
        $0.terminal = terminal
      },
      onDefault(
        "limits",
        """
        [limits]
        memory = "64M"
        processes = 10
        cpu-time = "1500ms"
        wall-time = "3s"
        file-size = "1M"
        address-space = "1G"
        open-files = 64
        core-size = 0
        """),
      onDefault(
        "files",
        """
        [files]
        read = [{ path = "/srv/data", to = "/data" }, { path = "/srv/missing", optional = true },
          "/srv/link", "/srv/climber", "/srv/away", "/srv/file"]
        write = ["$CWD", { path = "/srv/tools", execute = true }]
        overlay = [{ path = "/srv/over" }, { path = "/srv/kept", upper = "/srv/upper" }]
        hide = ["/usr/share/secret"]
        devices = ["/dev/dri", "/dev/kvm"]
        sys = true
        """, isRoot: true),
      onDefault("shm-user", shm), onDefault("shm-root", shm, isRoot: true),
      onDefault("owner-mapped", "[files]\nwrite = [\"/home/ann/work\"]\n", isRoot: true),
      onDefault("descriptors", "[descriptors]\nkeep = [5, 7]\n"),
      PlanCase(
        name: "root-bound", text: "[command]\nrun = [\"/bin/true\"]\n[files]\nread = [\"/\"]\n",
        isRoot: true),
    ] + [0, 1, 2, 3, 4, 5, 6, 7].map(landlock)

  static let shm = "[files]\nprivate = [{ path = \"/dev/shm\", size = \"8M\", mode = \"1777\" }]\n"

  static func shipped(_ name: String) -> PlanCase {
    PlanCase(
      name: "shipped-\(name)",
      text: "extends = [\"\(name)\"]\n[command]\nrun = [\"/usr/bin/true\"]\n")
  }

  func with(_ context: @escaping @Sendable (inout PlanContext) -> Void) -> PlanCase {
    var copy = self
    copy.context = context
    return copy
  }
}

/// The plans of known policies, compared with Tests/Fixtures/plans/NAME.plan.
///
/// When a plan changes on purpose: `ISOLATED_RENEW_PLANS=1 swift test --filter PlanSnapshotTests`
/// writes the files anew; read the difference before it is committed.
@Suite("The printed plan")
struct PlanSnapshotTests {
  @Test("is the one on file", arguments: PlanCase.all) func snapshot(_ known: PlanCase) throws {
    let host = known.isRoot ? Fixture.root() : Fixture.host()
    let policy = try PlanFixture.policy(known.text, host: host)
    let plan = try PlanFixture.plan(policy, PlanFixture.context(known.context))
    let text =
      "clone flags 0x\(String(plan.cloneFlags, radix: 16))\n" + PlanReport.text(plan, policy)
    let path = "\(PlanFixture.root)/Tests/Fixtures/plans/\(known.name).plan"
    if unsafe getenv("ISOLATED_RENEW_PLANS") != nil { Run.write(text, to: path) }
    #expect(text == Run.read(path), "\(known.name).plan")
  }

  @Test("has a file for each case and no other") func files() {
    let listed = Run.shell("cd \"$1\" && ls", [PlanFixture.root + "/Tests/Fixtures/plans"]).output
    #expect(
      listed.split(separator: "\n").map(String.init)
        == PlanCase.all.map { $0.name + ".plan" }.sorted())
  }
}
