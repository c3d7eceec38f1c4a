import Testing

@testable import Isolate

@Suite("A launch that failed, in words")
struct HintsTests {
  private func explain(
    _ step: LaunchStep, _ number: Int32, _ change: (inout Policy) -> Void = { _ in }
  ) throws -> Hints.Explanation {
    var policy = try PlanFixture.policy("[command]\nrun = [\"prog\"]\n")
    change(&policy)
    let plan = LaunchPlan(steps: [.enterRoot, step], cloneFlags: 0)
    return Hints.explain(step: 1, number: number, plan: plan, policy: policy)
  }

  private static let bind = BindStep(
    source: "/srv", device: 1, inode: 2, isDirectory: true, target: "srv", attributes: [],
    isRecursive: true, mappedOwner: FileOwner(uid: 7, gid: 8))
  private static let overlay = OverlayStep(
    lower: "/opt", device: 1, inode: 2, target: "opt", attributes: [], kept: nil, options: "",
    usesUserAttributes: true)
  private static let keptOverlay = OverlayStep(
    lower: "/opt", device: 1, inode: 2, target: "opt", attributes: [],
    kept: .init(upper: "/up", work: "/up.work"), options: "", usesUserAttributes: false)

  /// A step, what the kernel said, and part of the help.
  private static let helped: [(LaunchStep, Int32, String)] = [
    (.bind(bind), Errno.stale, "/srv was replaced"),
    (.bind(bind), Errno.readOnly, "/srv does not exist in a directory of the host"),
    (.bind(bind), Errno.access, "behind a directory"), (.bind(bind), Errno.invalid, "owner = "),
    (.mountOverlay(overlay), Errno.readOnly, "/opt does not exist"),
    (.mountOverlay(overlay), Errno.notPermitted, "Linux 5.11"),
    (.mountOverlay(overlay), Errno.invalid, "without mounts"),
    (.mountOverlay(keptOverlay), Errno.invalid, "upper directory"),
    (.mountOverlay(keptOverlay), Errno.loop, "realpath /up"),
    (
      .mountTmpfs(TmpfsStep(target: "tmp", options: "", attributes: [])), Errno.readOnly,
      "/tmp does not exist"
    ),
    (.mask(path: "m"), Errno.readOnly, "/m does not exist"),
    (.makeDirectory(path: "d", mode: 0), Errno.readOnly, "/d does not exist"),
    (.mountProc(path: "proc"), Errno.notPermitted, "files.proc = false"),
    (.writeProc(file: "uid_map", content: ""), Errno.noEntry, "mount -t proc"),
    (.writeProc(file: "uid_map", content: ""), Errno.notPermitted, "id map was refused"),
    (.unshare(.user), Errno.notPermitted, "forbids user namespaces"),
    (.startNetwork(loopback: true), Errno.noSpace, "max_user_namespaces"),
    (.joinNetwork, Errno.again, "limit of processes"),
    (.unshare(.time), Errno.invalid, "lacks a namespace"),
    (.makeRoot(sizeBytes: 1), Errno.notPermitted, "but not mounts in them"),
    (.changeDirectory("/x"), Errno.noEntry, "--workdir"),
    (.denyWriteExecute, Errno.invalid, "deny-write-execute"),
    (.loadFilter(instructions: 1), Errno.invalid, "forbids seccomp"),
    (
      .setLimit(ResourceLimit(resource: .data, soft: 1, hard: 1)), Errno.notPermitted,
      "above what this caller may set"
    ),
    (
      .openTerminal(TerminalSettings(path: "/p", modes: [], window: [])), Errno.noSpace,
      "pseudo-terminals"
    ),
    (.mountSysfs(path: "sys"), Errno.notPermitted, "network of the app's own"),
    (.newKeyring, Errno.tooManyFiles, "ulimit -n"),
    (.newKeyring, Errno.tooManyFilesInSystem, "fs.file-max"),
    (.newKeyring, Errno.noMemory, "no memory left"),
    (.placeDescriptor(source: .caller(7), number: 7), 9, "descriptor 7 is not open"),
  ]

  @Test("names the step, the error and the cure", arguments: helped.indices)
  func help(index: Int) throws {
    let (step, number, part) = Self.helped[index]
    let found = try explain(step, number)
    #expect(found.text.hasPrefix("cannot launch: step 2, \(step): "))
    #expect(found.text.contains("\n  help: "))
    #expect(found.text.contains(part), "\(found.text)")
    #expect(found.exitCode == 125)
  }

  /// A step and an error for which nothing certain can be said.
  private static let bare: [(LaunchStep, Int32)] = [
    (.bind(bind), Errno.inputOutput), (.mask(path: "m"), Errno.inputOutput),
    (.mountTmpfs(TmpfsStep(target: "t", options: "", attributes: [])), Errno.inputOutput),
    (.setLimit(ResourceLimit(resource: .data, soft: 1, hard: 1)), Errno.invalid),
    (.openTerminal(TerminalSettings(path: "/p", modes: [], window: [])), Errno.inputOutput),
    (.newKeyring, Errno.inputOutput), (.unshare(.user), Errno.inputOutput),
    (.placeDescriptor(source: .terminal, number: 0), Errno.inputOutput),
    (.mountSysfs(path: "sys"), Errno.inputOutput),
  ]

  @Test("gives no help where it would be a guess", arguments: bare.indices)
  func noGuess(index: Int) throws {
    let (step, number) = Self.bare[index]
    let text = try explain(step, number).text
    #expect(text.contains("(\(SystemError.name(number)))"))
    #expect(!text.contains("help:"))
  }

  @Test("explains a clone that failed before any step") func clone() throws {
    let policy = try PlanFixture.policy("[command]\nrun = [\"prog\"]\n")
    let plan = LaunchPlan(steps: [], cloneFlags: 0)
    let found = Hints.explain(step: 9, number: Errno.noMemory, plan: plan, policy: policy)
    #expect(found.text.contains("cannot make the app's namespaces"))
    #expect(found.text.contains("no memory left"))
    #expect(!Hints.explainClone(Errno.inputOutput).contains("help:"))
  }

  /// Exec of one path, with a rule of this kind on its directory.
  private func execution(
    _ path: String, _ number: Int32, _ kind: FileRuleKind? = .read, on target: String = "/"
  ) throws -> Hints.Explanation {
    try explain(.execute(candidates: [path]), number) { policy in
      policy.command = [path]
      policy.files.rules = []
      guard let kind else { return }
      policy.files.rules = [
        FileRule(
          kind: kind, source: target, target: target, isOptional: false, allowsExecute: false,
          mapsOwner: true, sizeBytes: 0, inodes: 0, mode: 0, upper: nil,
          position: Position(file: "f", line: 3))
      ]
    }
  }

  @Test(
    "tells why a program cannot be executed",
    arguments: [
      (Errno.noExec, "neither a program", 126), (Errno.tooBig, "too long together", 126),
      (Errno.noMemory, "limits.address-space", 126), (Errno.textBusy, "open for writing", 126),
      (Errno.inputOutput, "Input/output error", 126), (Errno.noEntry, "interpreter or loader", 127),
    ])
  func cannotExecute(number: Int32, part: String, code: Int32) throws {
    let found = try execution("/bin/sh", number)
    #expect(found.text.contains(part), "\(found.text)")
    #expect(found.exitCode == code)
  }

  @Test("tells what is not there from what is not shown") func notFound() throws {
    let hidden = try execution("/bin/sh", Errno.noEntry, nil)
    #expect(hidden.text.contains("not in the app's view\n  help: --read /bin/sh"))
    let hiddenByRule = try execution("/bin/sh", Errno.noEntry, .hide, on: "/bin")
    #expect(hiddenByRule.text.contains("--read /bin/sh"))
    #expect(try execution("/no/such", Errno.noEntry).text == "cannot find /no/such")
    let searched = try explain(.execute(candidates: ["/no/a", "/none/a"]), Errno.notDirectory) {
      $0.command = ["a"]
      $0.searchPath = ["/no", "/none"]
    }
    #expect(searched.text == "cannot find a; looked in /no, /none")
    #expect(searched.exitCode == 127)
  }

  /// As `isolated run --read . -- ./script` does, whose first line names nothing that is there.
  @Test("a program that is named from the working directory is looked for there") func relative()
    throws
  {
    func told(_ path: String, _ number: Int32, _ kind: FileRuleKind) throws -> String {
      try explain(.execute(candidates: [path]), number) { policy in
        policy.command = [path]
        policy.workdir = "/usr"
        policy.files.rules = [
          FileRule(
            kind: kind, source: "/usr", target: "/usr", isOptional: false, allowsExecute: false,
            mapsOwner: true, sizeBytes: 0, inodes: 0, mode: 0, upper: nil,
            position: Position(file: "f", line: 3))
        ]
      }.text
    }
    /* Whoever looks whether it is there starts from where the tests run. */
    let up = String(repeating: "../", count: 40)
    #expect(try told("./Package.swift", Errno.noEntry, .read).contains("interpreter or loader"))
    #expect(try told("./Package.swift", Errno.access, .write).contains("the rule at f:3"))
    #expect(try told(up + "bin/sh", Errno.noEntry, .read).contains("it, or its interpreter"))
  }

  @Test("tells why permission was denied") func refused() throws {
    #expect(try execution("/etc", Errno.access).text.contains("it is a directory"))
    let data = try execution("/etc/passwd", Errno.access)
    #expect(data.text.contains("chmod +x /etc/passwd"))
    let written = try execution("/etc/passwd", Errno.notPermitted, .write, on: "/etc")
    #expect(written.text.contains("the rule at f:3 lets the app write there"))
    #expect(try execution("/bin/sh", Errno.access).text.contains("permission denied"))
    let several = try explain(.execute(candidates: ["/no/sh", "/bin/sh"]), Errno.access) {
      $0.command = ["sh"]
    }
    #expect(several.text.contains("cannot execute /bin/sh"))
    #expect(try execution("/no/such", Errno.access).text.contains("cannot execute /no/such"))
  }
}
