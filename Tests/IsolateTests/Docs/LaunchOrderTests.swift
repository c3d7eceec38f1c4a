import Isolate
import Testing

/// The name that docs/launch-order.md gives a step.
private func kind(_ step: LaunchStep) -> String {
  switch step {
  case .awaitGate: "awaitGate"
  case .startNetwork: "startNetwork"
  case .joinNetwork: "joinNetwork"
  case .raiseLoopback: "raiseLoopback"
  case .unshare(let namespace): "unshare \(namespace.rawValue)"
  case .writeProc(let file, _): "writeProc \(file)"
  case .makeMountsPrivate: "makeMountsPrivate"
  case .makeRoot: "makeRoot"
  case .makeDirectory: "makeDirectory"
  case .makeFile: "makeFile"
  case .makeLink: "makeLink"
  case .makeDevice: "makeDevice"
  case .bind: "bind"
  case .attachTree: "attachTree"
  case .setOwner: "setOwner"
  case .mountTmpfs: "mountTmpfs"
  case .mountProc: "mountProc"
  case .mountDevpts: "mountDevpts"
  case .mountSysfs: "mountSysfs"
  case .mountOverlay: "mountOverlay"
  case .mask: "mask"
  case .makeReadOnly: "makeReadOnly"
  case .setAttributes: "setAttributes"
  case .enterRoot: "enterRoot"
  case .setHostname: "setHostname"
  case .becomeIdentity: "becomeIdentity"
  case .newKeyring: "newKeyring"
  case .closeUnnamed: "closeUnnamed"
  case .enter(let namespace, _): "enter \(namespace.rawValue)"
  case .openTerminal: "openTerminal"
  case .setDumpable(let yes): yes ? "setDumpable yes" : "setDumpable no"
  case .dropCapabilities: "dropCapabilities"
  case .standAlone: "standAlone"
  case .noNewPrivileges: "noNewPrivileges"
  case .startWitness: "startWitness"
  case .forkApp: "forkApp"
  case .meetWitness: "meetWitness"
  case .newSession: "newSession"
  case .changeDirectory: "changeDirectory"
  case .setUmask: "setUmask"
  case .setLimit: "setLimit"
  case .resetSignals: "resetSignals"
  case .resetPersonality: "resetPersonality"
  case .closeDescriptors: "closeDescriptors"
  case .placeDescriptor: "placeDescriptor"
  case .denyWriteExecute: "denyWriteExecute"
  case .beginLandlock: "beginLandlock"
  case .allowPath: "allowPath"
  case .allowFile: "allowFile"
  case .allowPort: "allowPort"
  case .enforceLandlock: "enforceLandlock"
  case .loadFilter: "loadFilter"
  case .execute: "execute"
  case .executeFile: "executeFile"
  }
}

/// A row of the table: `| 1 | root, user | \`kind\`, \`kind\` | why |`.
private struct Row {
  let number: Int
  let isForRoot: Bool
  let isForUser: Bool
  let kinds: [String]

  init?(_ line: String) {
    let cells = line.split(separator: "|", omittingEmptySubsequences: false).map {
      String($0).trimmed
    }
    guard cells.count == 6, let number = Int(cells[1]) else { return nil }
    self.number = number
    isForRoot = cells[2] == "both" || cells[2] == "root"
    isForUser = cells[2] == "both" || cells[2] == "user"
    kinds = cells[3].split(separator: "`").map(String.init).enumerated()
      .filter { $0.offset % 2 == 0 }.map(\.element)
  }
}

extension String {
  fileprivate var trimmed: String {
    var text = self[...]
    while text.first == " " { text = text.dropFirst() }
    while text.last == " " { text = text.dropLast() }
    return String(text)
  }
}

@Suite("docs/launch-order.md")
struct LaunchOrderTests {
  private let rows = Tree.lines("docs/launch-order.md").compactMap(Row.init)

  /// Every kind of rule, and everything that can be asked for.
  private static func everything(sys: Bool) -> String {
    """
    require = ["limits.memory"]

    [files]
    read = ["/usr"]
    write = ["/data"]
    private = ["/tmp", "/dev/shm"]
    overlay = ["/srv"]
    hide = ["/usr/share/secret"]
    devices = ["/dev/fuse", "/dev/dri"]
    sys = \(sys)
    proc = true
    dev = true

    [network]
    mode = "loopback"
    connect = [80]
    bind = [8080]

    [limits]
    open-files = 64
    memory = "64M"

    [descriptors]
    keep = [5]

    [namespaces]
    time = true

    [crash]
    report = true
    """
  }

  /// The kinds of a real plan's steps, in order.
  private static func plan(
    asRoot: Bool, sys: Bool, networkIsMade: Bool, minimal: Bool = false
  ) throws -> [String] {
    let text = everything(sys: sys)
    let policy = try Fixture.policy(
      minimal ? "[files]\nread = [\"/usr\"]" : text,
      host: asRoot
        ? Fixture.root { $0.cgroup1 = [.init(name: "memory", parent: "/sys/fs/cgroup/memory")] }
        : Fixture.host {
          $0.cgroup2 = UnifiedCgroup(path: "/sys/fs/cgroup/user", controllers: ["memory"])
        })
    var context = PlanContext(
      landlockABI: 7, filterInstructions: 9, standard: [.pty, .asIs, .null],
      terminal: TerminalSettings(path: "/dev/pts/ptmx", modes: [], window: [24, 80, 0, 0]),
      nullDescriptor: 9, bootSeconds: 10, monotonicSeconds: 10)
    context.networkIsMade = networkIsMade
    let there = try FileStatus.of("/usr", followingLinks: true)
    let sources = PlanSources(
      status: { (_, _) throws(SystemError) in there }, linkTarget: { _ in nil })
    let planned = try LaunchPlanner(policy, context: context, sources: sources).plan()
    return planned.steps.map(kind)
  }

  @Test("has rows, numbered from 1")
  func numbers() {
    #expect(rows.count > 20)
    #expect(rows.map(\.number) == Array(1...max(1, rows.count)))
    #expect(rows.allSatisfy { !$0.kinds.isEmpty && ($0.isForRoot || $0.isForUser) })
  }

  @Test("has the steps of real plans in their order", arguments: [true, false], [true, false])
  func order(asRoot: Bool, networkIsMade: Bool) throws {
    let mine = rows.filter { asRoot ? $0.isForRoot : $0.isForUser }
    for sys in [true, false] {
      for minimal in [true, false] {
        var place = mine.startIndex
        for kind in try Self.plan(
          asRoot: asRoot, sys: sys, networkIsMade: networkIsMade, minimal: minimal)
        {
          let row = mine[place...].firstIndex { $0.kinds.contains(kind) }
          let after = place < mine.endIndex ? "row \(mine[place].number)" : "the end"
          place = try #require(row, "\(kind) is not documented at or after \(after)")
        }
      }
    }
  }

  @Test("documents every step that is planned, and no other", arguments: [true, false])
  func complete(asRoot: Bool) throws {
    var planned = Set<String>()
    for sys in [true, false] {
      for networkIsMade in [true, false] {
        planned.formUnion(
          try Self.plan(asRoot: asRoot, sys: sys, networkIsMade: networkIsMade))
      }
    }
    let documented = Set(rows.filter { asRoot ? $0.isForRoot : $0.isForUser }.flatMap(\.kinds))
    #expect(planned.subtracting(documented) == [])
    #expect(documented.subtracting(planned) == [])
  }
}
