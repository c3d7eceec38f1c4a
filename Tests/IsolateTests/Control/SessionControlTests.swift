import Glibc
import Testing

@testable import Isolate

/// A keeper of a broker that is not there.
final class StubKeeper: SessionKeeper {
  var policy: Policy
  var state = BrokerState.asleep
  var pendingAsks: [PendingAsk] = []
  var answered: [(number: UInt64, answer: AskAnswer)] = []
  var revoked: Set<Int> = []
  var ledger: [HandleStatus] = []
  var records: [ControlRecord] = []

  init(app: String, grants: [Grant]) {
    var source = ByteSource([])
    policy = PolicyMaker.policy(&source)
    policy.app = app
    policy.grants = grants
  }

  func grants(at now: Int64) -> [GrantStatus] {
    policy.grants.enumerated().map { index, grant in
      GrantStatus(
        index: index, grant: grant, isRevoked: revoked.contains(index), used: 3, refused: 1,
        countLeft: grant.count, leaseLeftMilliseconds: nil, latencies: [0, 1, 2])
    }
  }

  func handles(at now: Int64) -> [HandleStatus] { ledger }

  func revoke(grant index: Int) -> Revocation? {
    revoked.insert(index)
    return Revocation(cut: [1, 2], beyondRecall: [3])
  }

  func answer(_ number: UInt64, _ answer: AskAnswer) -> Bool {
    guard let place = pendingAsks.firstIndex(where: { $0.number == number }) else { return false }
    pendingAsks.remove(at: place)
    answered.append((number, answer))
    return true
  }

  func refusals(_ most: Int) -> ControlRefusals { ControlRefusals(hasGrants: true) }

  func decisions(after sequence: UInt64, at now: Int64) -> [ControlRecord] {
    records.filter { $0.sequence > sequence }
  }
}

/// A session's control socket in a directory of its own, served by the test.
final class ControlScene {
  let scratch: Scratch
  let place: ControlPlace
  let keeper: StubKeeper
  let desk: AskDesk
  let control: SessionControl

  static let notes = grant("notes", .files(path: "/n", isDirectory: true), [.read, .list], 3)
  static let web = grant("web", .connect([]), [.connect], 9)

  static func grant(
    _ name: String, _ target: GrantTarget, _ rights: GrantRights, _ line: Int
  ) -> Grant {
    Grant(
      name: name, target: target, rights: rights,
      position: Position(file: "/p/a.toml", line: line, column: 1))
  }

  static func place(_ scratch: Scratch) -> ControlPlace {
    /* As an ordinary user would have it, whoever runs the tests. */
    ControlPlace(
      environment: [("XDG_RUNTIME_DIR", scratch.path), ("XDG_STATE_HOME", scratch.path)],
      home: scratch.path, user: LocalSocket.user, isRoot: false)
  }

  init(app: String = "web", grants: [Grant] = [notes, web]) throws {
    scratch = try Scratch()
    place = Self.place(scratch)
    keeper = StubKeeper(app: app, grants: grants)
    desk = AskDesk(keeper, place: place, app: app)
    var facts = SessionFacts(startedAt: Poller.now(), pid: 77)
    facts.standard = [.caller, .terminal, .null]
    control = try SessionControl(keeper, desk: desk, place: place, facts: facts)
  }

  var path: String { scratch.path + "/isolated/run/" + control.name }

  /// Serves until the condition holds; what the poll loop of a session does.
  func serve(seconds: Int = 20, until condition: () throws -> Bool) throws {
    let end = Poller.now() + Int64(seconds) * 1000
    while Poller.now() < end {
      var doors = [control.door]
      let now = Poller.now()
      let wait = min(20, max(0, (control.nextAt(now: now) ?? now + 20) - now))
      try Poller.wait(&doors, timeout: wait)
      try control.turn(now: Poller.now())
      if try condition() { return }
    }
    Issue.record("nothing within \(seconds) s")
  }

  /// Runs the independent client and serves it.
  func client(_ words: [String]) throws -> Ran {
    var setup = Spawned.Setup()
    setup.files[1] = .path(scratch.path + "/out", O_WRONLY | O_CREAT | O_TRUNC)
    setup.files[2] = .path(scratch.path + "/err", O_WRONLY | O_CREAT | O_TRUNC)
    let script = Tree.root + "/Tests/Fixtures/varlink-client.py"
    let process = try Spawned(["/usr/bin/python3", script, path] + words, setup)
    try serve { process.poll() != nil }
    return Ran(
      output: scratch.content("out"), errors: scratch.content("err"), code: try process.wait().code)
  }

  /// A socket of the test's own, not blocking.
  func connect() throws -> Int32 {
    let runtime = try PrivateDirectory(
      existing: scratch.path, isPrivate: false, ownedBy: LocalSocket.user)
    let directory = try runtime.directory("isolated").directory("run")
    let socket = try LocalSocket.connect(
      control.name, in: directory, timeoutMilliseconds: 1000)
    try Bytes.makeNonBlocking(socket)
    return socket.release()
  }
}

/// As much as the socket takes; nil: the other end is gone.
private func give(_ bytes: [UInt8], to socket: Int32) -> Int? {
  let nobodyDies: Int32 = 0x4000
  let count = unsafe send(socket, bytes, bytes.count, nobodyDies)
  return count >= 0 || errno == EAGAIN ? max(0, count) : nil
}

@Suite("The control socket of a session")
struct SessionControlTests {
  private let session = SessionInterface.name + "."

  @Test("answers an independent client in the words of its interface") func independent() throws {
    let scene = try ControlScene()
    scene.keeper.state = .running(pid: 5)
    let status = try scene.client([session + "GetStatus"])
    #expect(status.code == 0, "\(status.errors)")
    #expect(status.output.contains("\"app\": \"web\""))
    #expect(status.output.contains("\"broker_pid\": 5"))
    #expect(status.output.contains("[\"caller\", \"terminal\", \"null\"]"))
    let grants = try scene.client([session + "GetGrants"])
    #expect(grants.code == 0, "\(grants.errors)")
    #expect(grants.output.contains("\"target\": \"files beneath /n\""))
    #expect(grants.output.contains("\"rule\": \"/p/a.toml:3\""))
    let unknown = try scene.client([session + "Revoke", #"{"grant": "x"}"#])
    #expect(unknown.output.contains("NoSuchGrant"), "\(unknown.errors)")
    let revoked = try scene.client([session + "Revoke", #"{"grant": "web"}"#])
    #expect(revoked.output.contains(#"{"cut": 2, "lasting": 1}"#), "\(revoked.errors)")
    #expect(scene.keeper.revoked == [1])
    let again = try scene.client([session + "Revoke", #"{"grant": "web"}"#])
    #expect(again.output.contains("AlreadyRevoked"), "\(again.errors)")
  }

  @Test("tells a long ledger in parts, and a first part to who wants one reply") func parts() throws
  {
    let scene = try ControlScene()
    scene.keeper.ledger = (1...1024).map { number in
      HandleStatus(
        handle: UInt32(number), grant: number % 2,
        opcode: number % 2 == 0 ? .fileOpen : .netConnect,
        state: .held, ageMilliseconds: 5, rights: GrantRights.read.rawValue, device: 1,
        inode: UInt64(number), subject: Array(repeating: 0x1B, count: 48) + [0xFF])
    }
    let all = try scene.client([session + "GetHandles", "--more", "100"])
    #expect(all.code == 0, "\(all.errors)")
    let lines = all.output.split(separator: "\n")
    #expect(lines.count == 16)
    #expect(lines.dropLast().allSatisfy { $0.contains("\"continues\": true") })
    #expect(lines.last?.contains("\"handle\": 1024,") == true)
    let one = try scene.client([session + "GetHandles"])
    #expect(one.output.split(separator: "\n").count == 1)
    #expect(one.output.contains("\"handle\": 64,"))
    #expect(!one.output.contains("\"handle\": 65,"))
  }

  @Test("carries questions and answers, and keeps what is to be kept") func asks() throws {
    var asking = ControlScene.notes
    asking.askMilliseconds = 60_000
    let scene = try ControlScene(grants: [asking])
    func ask(_ number: UInt64) {
      let ask = PendingAsk(
        number: number, grant: 0, opcode: .fileOpen, subject: Array("a\u{1B}b".utf8),
        deadlineAt: Poller.now() + 60_000)
      scene.keeper.pendingAsks.append(ask)
      scene.desk.note(.asked(ask))
    }
    ask(1)
    let seen = try scene.client([session + "GetAsks", "--more", "1"])
    #expect(seen.code == 0, "\(seen.errors)")
    #expect(seen.output.contains(#""operation": "file.open", "subject": "a\u001bb""#))
    let wrong = try scene.client([session + "Answer", #"{"ask": 9, "answer": "once"}"#])
    #expect(wrong.output.contains("NoSuchAsk"), "\(wrong.errors)")
    let done = try scene.client([session + "Answer", #"{"ask": 1, "answer": "once"}"#])
    #expect(done.output.contains(#"{"parameters": {}}"#), "\(done.errors)")
    #expect(scene.keeper.answered.map(\.answer) == [.once])
    ask(2)
    #expect(scene.keeper.pendingAsks.count == 1, "once is not from now on")
    _ = try scene.client([session + "Answer", #"{"ask": 2, "answer": "always"}"#])
    #expect(scene.keeper.answered.last?.answer == .forThisRun)
    let file = scene.scratch.path + "/isolated/answers/web"
    let status = try #require(try FileStatus.of(file))
    #expect(status.mode & 0o777 == 0o600)
    ask(3)
    #expect(scene.keeper.pendingAsks.isEmpty, "what was kept is not asked again")
    #expect(try scene.client([session + "GetGrants"]).output.contains(#""answer": "always""#))
    /* The grant says something else now: it asks again. */
    scene.keeper.policy.grants[0].rights.insert(.write)
    ask(4)
    #expect(scene.keeper.pendingAsks.count == 1)
  }

  @Test("uses no kept answer that others could have written") func foreignAnswers() throws {
    var asking = ControlScene.notes
    asking.askMilliseconds = 60_000
    let scene = try ControlScene(grants: [asking])
    try KeptAnswers(place: scene.place, app: "web").change { $0.keep(.always, for: asking) }
    _ = unsafe chmod(scene.scratch.path + "/isolated/answers/web", 0o666)
    let ask = PendingAsk(
      number: 1, grant: 0, opcode: .fileOpen, subject: [], deadlineAt: Poller.now() + 60_000)
    scene.keeper.pendingAsks.append(ask)
    scene.desk.note(.asked(ask))
    #expect(scene.keeper.pendingAsks.count == 1)
    _ = unsafe chmod(scene.scratch.path + "/isolated/answers/web", 0o600)
    scene.desk.note(.asked(ask))
    #expect(scene.keeper.pendingAsks.isEmpty)
  }

  @Test("follows records as they come") func records() throws {
    let scene = try ControlScene()
    func record(_ sequence: UInt64) -> ControlRecord {
      ControlRecord(
        sequence: sequence, ageMilliseconds: 0, operation: "file.open", request: 1, grant: "notes",
        rule: "r:1", error: "EACCES", reason: "right", microseconds: 7, subject: "x")
    }
    scene.keeper.records = [record(1), record(2), record(3)]
    let socket = try scene.connect()
    defer { close(socket) }
    let call = VarlinkText.call(
      session + "GetRecords", JSONObject([.init("count", 2)]), more: true)
    _ = give((call + [0]), to: socket)
    var heard = ""
    func hear() {
      if case .bytes(let bytes) = Bytes.take(from: socket) {
        heard += String(decoding: bytes, as: UTF8.self)
      }
    }
    try scene.serve {
      hear()
      return heard.contains(#""sequence":3"#)
    }
    #expect(!heard.contains(#""sequence":1,"#))
    scene.keeper.records.append(record(4))
    try scene.serve {
      hear()
      return heard.contains(#""sequence":4"#)
    }
  }

  @Test("is closed to everybody else: directory, socket and name") func place() throws {
    let scene = try ControlScene()
    for (path, mode) in [("/isolated", 0o700), ("/isolated/run", 0o700)] as [(String, UInt32)] {
      #expect(try FileStatus.of(scene.scratch.path + path)?.mode == mode | 0o040000)
    }
    #expect(try FileStatus.of(scene.path)?.mode == 0o140600)
    #expect(scene.control.name == "web.\(getpid())")
  }
}

@Suite("Peers of the control socket that mean harm")
struct ControlHarmTests {
  private let info = Array(#"{"method":"org.varlink.service.GetInfo"}"#.utf8) + [0]

  /// Asks over a connection of its own and expects an answer.
  private func expectService(_ scene: ControlScene) throws {
    let socket = try scene.connect()
    defer { close(socket) }
    _ = give(info, to: socket)
    try scene.serve(seconds: 5) {
      if case .bytes(let bytes) = Bytes.take(from: socket) { return !bytes.isEmpty }
      return false
    }
  }

  private func isGone(_ socket: Int32) -> Bool {
    var bytes = Bytes.take(from: socket)
    while case .bytes = bytes { bytes = Bytes.take(from: socket) }
    return bytes == .end
  }

  @Test("a flood without end is cut off, and others are served meanwhile") func flood() throws {
    let scene = try ControlScene()
    let socket = try scene.connect()
    defer { close(socket) }
    let piece = [UInt8](repeating: 0x20, count: 1 << 16)
    var isCut = false
    /* A hundred megabytes, if they were taken. */
    for _ in 0..<1600 where !isCut {
      if give(piece, to: socket) == nil { isCut = true }
      try scene.control.turn(now: Poller.now())
    }
    #expect(isCut)
    try expectService(scene)
  }

  @Test("seventeen connections: sixteen stay, and room comes back") func crowd() throws {
    let scene = try ControlScene()
    var sockets = try (0..<16).map { _ in try scene.connect() }
    try scene.serve { true }
    let extra = try scene.connect()
    try scene.serve { isGone(extra) }
    close(extra)
    #expect(!sockets.contains(where: isGone))
    for socket in sockets { close(socket) }
    sockets = []
    try expectService(scene)
  }

  @Test("whoever asks and never reads costs a bounded amount, and nobody else") func unread() throws
  {
    let scene = try ControlScene()
    let socket = try scene.connect()
    defer { close(socket) }
    let ask =
      Array(
        (#"{"method":"org.varlink.service.GetInterfaceDescription","#
          + #""parameters":{"interface":"io.isolated.Session"}}"#).utf8) + [0]
    for _ in 0..<2000 {
      _ = give(ask, to: socket)
      try scene.control.turn(now: Poller.now())
    }
    try expectService(scene)
    /* Half a minute later. */
    try scene.control.turn(now: Poller.now() + 31_000)
    let drained = Moment.within(5) { isGone(socket) }
    #expect(drained)
  }

  @Test("half a message and silence is cut off, not waited for") func stalled() throws {
    let scene = try ControlScene()
    let socket = try scene.connect()
    defer { close(socket) }
    _ = give([0x7B], to: socket)
    try scene.serve { scene.control.nextAt(now: 0) != nil }
    try scene.control.turn(now: Poller.now() + 11_000)
    #expect(isGone(socket))
  }

  @Test("one that says all it has and closes its side is still answered") func halfClosed() throws {
    let scene = try ControlScene()
    let socket = try scene.connect()
    defer { close(socket) }
    _ = give(info, to: socket)
    shutdown(socket, Int32(SHUT_WR))
    var heard = 0
    try scene.serve {
      if case .bytes(let bytes) = Bytes.take(from: socket) { heard += bytes.count }
      return heard > 0
    }
    try scene.serve { isGone(socket) }
  }

  @Test("a thousand that come and go leave no descriptor behind") func comeAndGo() throws {
    let scene = try ControlScene()
    try expectService(scene)
    let before = FileSystem.names(in: "/proc/self/fd")?.count ?? 0
    for _ in 0..<1000 {
      close(try scene.connect())
      try scene.control.turn(now: Poller.now())
    }
    try scene.serve { true }
    let after = FileSystem.names(in: "/proc/self/fd")?.count ?? 0
    /* Other tests run meanwhile. */
    #expect(after < before + 500)
  }
}

@Suite("Sockets left behind by sessions that were killed")
struct ControlLeftoverTests {
  @Test("are removed by the next session, and only those behind which nobody listens")
  func removed() throws {
    let scene = try ControlScene()
    let folder = scene.scratch.path + "/isolated/run"
    /* No process has this number (proc(5): pid_max is at most 2^22). */
    let dead = 1 << 23
    let made = Run.command([
      "/usr/bin/python3", "-c",
      "import socket,sys\nfor p in sys.argv[1:]: socket.socket(socket.AF_UNIX).bind(p)",
      "\(folder)/old.\(dead)", "\(folder)/alive.1", "\(folder)/notasession",
    ])
    #expect(made.code == 0, "\(made.errors)")
    Run.write("", to: "\(folder)/file.\(dead)")
    let keeper = StubKeeper(app: "other", grants: [])
    let next = try SessionControl(
      keeper, desk: AskDesk(keeper, place: scene.place, app: "other"), place: scene.place,
      facts: SessionFacts(startedAt: 0, pid: 1))
    let names = FileSystem.names(in: folder)
    #expect(
      names == ["alive.1", "notasession", next.name, scene.control.name].sorted())
  }

  @Test("whose number is ours now make no trouble") func ours() throws {
    let scratch = try Scratch()
    let keeper = StubKeeper(app: "web", grants: [])
    let place = ControlScene.place(scratch)
    let folder = scratch.path + "/isolated/run"
    _ = Run.command(["/bin/mkdir", "-p", "-m", "700", folder])
    _ = unsafe chmod(scratch.path + "/isolated", 0o700)
    let made = Run.command([
      "/usr/bin/python3", "-c",
      "import socket,sys\nsocket.socket(socket.AF_UNIX).bind(sys.argv[1])",
      "\(folder)/web.\(getpid())",
    ])
    #expect(made.code == 0, "\(made.errors)")
    _ = try SessionControl(
      keeper, desk: AskDesk(keeper, place: place, app: "web"), place: place,
      facts: SessionFacts(startedAt: 0, pid: 1))
  }

  @Test("a directory of another, open to others, or behind a link is not used") func directories()
    throws
  {
    let scratch = try Scratch()
    let place = ControlScene.place(scratch)
    let folder = scratch.path + "/isolated"
    _ = Run.command(["/bin/ln", "-s", "/tmp", folder])
    #expect(throws: SystemError.self) { _ = try place.sessions() }
    _ = Run.command(["/bin/rm", folder])
    _ = Run.command(["/bin/mkdir", folder])
    _ = unsafe chmod(folder, 0o755)
    #expect(throws: SystemError.self) { _ = try place.sessions() }
    _ = unsafe chmod(folder, 0o700)
    _ = try place.sessions()
    _ = unsafe chmod(scratch.path, 0o777)
    #expect(throws: SystemError.self) { _ = try place.sessions() }
  }

  @Test(
    "have names that say whose they are", arguments: ["web.12", "a-b_C.1", "_.3"])
  func names(text: String) {
    #expect(SessionName(text)?.text == text)
  }

  @Test(
    "other names are no sessions'",
    arguments: [
      "", "web", "web.", ".1", "web.0", "web.-1", "web.01", "web.1x", "a/b.1", "../x.1", "é.1",
    ])
  func notNames(text: String) {
    #expect(SessionName(text) == nil)
  }
}
