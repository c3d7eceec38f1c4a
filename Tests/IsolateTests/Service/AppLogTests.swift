import Glibc
import Testing

@testable import Isolate

/// A log in a directory of its own, fed by pipes.
private final class LogScene {
  let scratch: Scratch
  let log: AppLog
  private var inputs: [(source: LogSource, end: Held)] = []
  var now: Int64 = 1000

  init(
    journal: JournalLog? = nil, files: Bool = true, _ change: (inout LogPolicy) -> Void = { _ in }
  ) throws {
    scratch = try Scratch()
    var policy = LogPolicy()
    change(&policy)
    let kept = files ? LogFile(in: try Self.directory(scratch), policy) : nil
    log = AppLog(policy, files: kept, journal: journal)
  }

  static func directory(_ scratch: Scratch) throws -> PrivateDirectory {
    try PrivateDirectory.made(scratch.path + "/log")
  }

  func reader() throws -> LogReader { LogReader(try Self.directory(scratch)) }

  func attach(_ source: LogSource) throws {
    let pipe = try Pipe().split()
    inputs.append((source, Held(try pipe.writeEnd.duplicate().release())))
    try log.attach(source, try pipe.readEnd.duplicate(), now: now, wall: now * 1000)
  }

  /// Writes all of it and lets the log read it.
  func write(_ bytes: [UInt8], _ source: LogSource = .stdout) throws {
    let input = try #require(inputs.first { $0.source == source }).end.descriptor.raw
    var rest = bytes[...]
    while !rest.isEmpty {
      let part = Array(rest.prefix(32_768))
      try #require(unsafe Glibc.write(input, part, part.count) == part.count)
      rest = rest.dropFirst(part.count)
      #expect(log.handle(source, now: now, wall: now * 1000))
    }
  }

  func write(_ text: String, _ source: LogSource = .stdout) throws {
    try write(Array(text.utf8), source)
  }

  /// Closes the app's end, and lets the log see it.
  func close(_ source: LogSource = .stdout) throws {
    inputs.removeAll { $0.source == source }
    let isOver = Moment.within(20) { !log.handle(source, now: now, wall: now * 1000) }
    #expect(isOver)
  }

  func records() throws -> [LogRecord] {
    let reader = try reader()
    var all: [LogRecord] = []
    var position = LogPosition(number: 1, offset: 0)
    for _ in 0..<10_000 {
      let chunk = try reader.read(from: position)
      all += chunk.records
      if chunk.next == position { return all }
      position = chunk.next
    }
    Issue.record("the log does not end")
    return all
  }

  func texts() throws -> [String] { try records().map { String(decoding: $0.text, as: UTF8.self) } }

  func files() -> [String] { (FileSystem.names(in: scratch.path + "/log") ?? []) }
}

@Suite("The log of an app")
struct AppLogTests {
  @Test("keeps every byte, with time and stream, in a file for one user alone") func bytes() throws
  {
    let scene = try LogScene()
    try scene.attach(.stdout)
    try scene.attach(.stderr)
    try scene.write("one\ntw")
    scene.now = 1234
    try scene.write("broken \u{1b}[31m\\\n", .stderr)
    try scene.write("o\n")
    let binary = (0...255 as ClosedRange<UInt8>).filter { $0 != 10 }
    try scene.write(binary + [10] + Array("no newline".utf8))
    try scene.close()
    try scene.close(.stderr)
    #expect(
      try scene.records() == [
        LogRecord(time: 1_000_000, source: .stdout, isPartial: false, text: Array("one".utf8)),
        LogRecord(
          time: 1_234_000, source: .stderr, isPartial: false,
          text: Array("broken \u{1b}[31m\\".utf8)),
        LogRecord(time: 1_234_000, source: .stdout, isPartial: false, text: Array("two".utf8)),
        LogRecord(time: 1_234_000, source: .stdout, isPartial: false, text: binary),
        LogRecord(
          time: 1_234_000, source: .stdout, isPartial: true, text: Array("no newline".utf8)),
      ])
    let path = scene.scratch.path + "/log/0000000001.log"
    #expect(try FileStatus.of(path)?.mode == 0o100600)
    let text = Run.read(path)
    #expect(text.hasPrefix("1970-01-01T00:00:01.000000Z stdout F one\n"))
    #expect(text.contains("stderr F:E broken \\x1b[31m\\\\\n"))
    #expect(text.split(separator: "\n").count == 5)
  }

  @Test("has long lines in pieces that make the line again") func long() throws {
    let scene = try LogScene()
    try scene.attach(.stdout)
    let line = (0..<100_000).map { UInt8(0x20 + $0 % 90) }
    try scene.write(line + [10])
    let hostile = [UInt8](repeating: 1, count: 50_000)
    try scene.write(hostile + [10])
    let records = try scene.records()
    #expect(records.filter { !$0.isPartial }.count == 2)
    #expect(records.flatMap(\.text) == line + hostile)
    #expect(records.allSatisfy { $0.text.count <= LineFramer.longest })
  }

  @Test("drops what is too much a second, says so, and the app is not held up") func flood() throws
  {
    let scene = try LogScene { $0.linesPerSecond = 10 }
    try scene.attach(.stdout)
    try scene.write(String(repeating: "x\n", count: 50_000))
    #expect(scene.log.nextAt == 2000)
    #expect(try scene.texts().count == 10)
    scene.now = 2000
    scene.log.handleTime(now: 2000, wall: 2_000_000)
    #expect(scene.log.nextAt == nil)
    try scene.write("after\n")
    try scene.write(String(repeating: "y\n", count: 19))
    try scene.close()
    let texts = try scene.texts()
    #expect(texts[10] == "49990 lines were dropped: more than 10 a second")
    #expect(try scene.records()[10].source == .isolated)
    #expect(texts[11] == "after")
    #expect(texts.last == "10 lines were dropped: more than 10 a second")
    #expect(texts.count == 10 + 1 + 10 + 1)
    #expect(scene.log.droppedLines == 50_000)
  }

  @Test("begins the next file when one is full, and keeps as many as it should") func rotation()
    throws
  {
    let scene = try LogScene {
      $0.sizeBytes = 10_000
      $0.files = 3
      $0.linesPerSecond = 0
    }
    try scene.attach(.stdout)
    for round in 0..<60 { try scene.write((0..<20).map { "line \(round) \($0)\n" }.joined()) }
    let files = scene.files()
    #expect(files.count == 3)
    for file in files {
      let size = try #require(try FileStatus.of(scene.scratch.path + "/log/" + file)).size
      #expect(size <= 10_000)
    }
    let texts = try scene.texts()
    let all = (0..<60).flatMap { round in (0..<20).map { "line \(round) \($0)" } }
    #expect(texts == Array(all.suffix(texts.count)))
    #expect(texts.count > 300)
    let again = try LogScene.directory(scene.scratch)
    let later = AppLog(LogPolicy(), files: LogFile(in: again, LogPolicy()), journal: nil)
    let pipe = try Pipe().split()
    _ = unsafe Glibc.write(pipe.writeEnd.raw, "later\n", 6)
    try later.attach(.stdout, try pipe.readEnd.duplicate(), now: 0, wall: 0)
    #expect(later.handle(.stdout, now: 0, wall: 0))
    #expect(scene.files() == files)
    #expect(try scene.texts().last == "later")
  }

  /// A limit for files (RLIMIT_FSIZE) cuts a write like a disk that is full; it is the whole process's, so in one of its own.
  @Test("goes on when there is no room: what is lost is counted, said, and cuts nothing else")
  func full() async {
    await #expect(processExitsWith: .success) {
      _ = signal(SIGXFSZ, SIG_IGN)
      func room(_ bytes: UInt64) {
        var limit = rlimit(rlim_cur: rlim_t(bytes), rlim_max: rlim_t.max)
        if unsafe setrlimit(__rlimit_resource_t(1), &limit) != 0 { exit(2) }
      }
      let scene = try LogScene()
      try scene.attach(.stdout)
      try scene.write("first\n")
      room(100)
      try scene.write(String(repeating: "lost or cut\n", count: 5))
      if scene.log.lostLines < 4 || scene.log.fault == nil { exit(3) }
      try scene.write("lost\n")
      let lost = scene.log.lostLines
      room(UInt64(1) << 40)
      try scene.write("again\n")
      if scene.log.fault != nil || scene.log.lostLines != lost { exit(4) }
      let texts = try scene.texts()
      if texts.first != "first" || !texts.contains("again") { exit(5) }
      if texts.last != "\(lost) lines could not be written: File too large" { exit(6) }
      if texts.count != 3 + 6 - Int(lost) { exit(7) }
    }
  }

  @Test("follows no link, and writes into nothing that is not its file") func links() throws {
    let scene = try LogScene()
    let target = scene.scratch.file("target", "precious")
    let path = scene.scratch.path + "/log/0000000001.log"
    #expect(unsafe symlink(target, path) == 0)
    try scene.attach(.stdout)
    try scene.write("line\n")
    #expect(scene.log.lostLines == 1)
    #expect(Run.read(target) == "precious")
    #expect(unsafe unlink(path) == 0)
    #expect(unsafe mkfifo(path, 0o600) == 0)
    try scene.write("line\n")
    #expect(scene.log.lostLines == 2)
  }

  @Test("can be read from its end, from a place, and while it is written") func reading() throws {
    let scene = try LogScene {
      $0.sizeBytes = 2000
      $0.files = 4
      $0.linesPerSecond = 0
    }
    try scene.attach(.stdout)
    for number in 0..<300 { try scene.write("number \(number)\n") }
    let reader = try scene.reader()
    for count in [0, 1, 2, 50, 150, 100_000] {
      let tail = try reader.tail(lines: count, bytes: 1 << 20)
      let texts = tail.map { String(decoding: $0.text, as: UTF8.self) }
      let kept = try scene.texts()
      #expect(texts == Array(kept.suffix(count)), "\(count)")
    }
    #expect(try reader.tail(lines: 50, bytes: 25).count == 2)
    var position = try reader.begin(last: 0)
    #expect(try reader.read(from: position).records.isEmpty)
    var followed: [String] = []
    for number in 300..<400 {
      try scene.write("number \(number)\n")
      for _ in 0..<3 {
        let chunk = try reader.read(from: position)
        #expect(!chunk.hasGap)
        followed += chunk.records.map { String(decoding: $0.text, as: UTF8.self) }
        position = chunk.next
      }
    }
    #expect(followed == (300..<400).map { "number \($0)" })
    let gone = try reader.read(from: LogPosition(number: 1, offset: 77))
    #expect(gone.hasGap)
    #expect(!gone.records.isEmpty)
  }

  @Test("survives the cut of a line") func cut() throws {
    let scene = try LogScene()
    let path = try LogScene.directory(scene.scratch).path + "/0000000001.log"
    Run.write("1970-01-01T00:00:01.000000Z stdout F whole\n1970-01-01T00:0", to: path)
    try scene.attach(.stdout)
    try scene.write("next\n")
    #expect(try scene.texts() == ["whole", "next"])
    #expect(try scene.reader().read(from: LogPosition(number: 1, offset: 0)).malformed == 1)
  }

  @Test("is what an app wrote, after its death") func app() throws {
    let scene = try LogScene()
    let run = try PreparedRun("echo to stdout; kill -9 $$")
    let pipe = try Pipe().split()
    let input = try pipe.writeEnd.duplicate(floor: 64)
    try scene.log.attach(.stdout, try pipe.readEnd.duplicate(), now: 0, wall: 0)
    _ = consume pipe
    let plan = try LaunchPlanner(
      run.policy, context: run.context(input.raw), sources: .host
    ).plan()
    let flat = FlatPlan(
      plan.steps, command: run.policy.command, environment: [], filter: run.filter
    ) { _ in -1 }
    let child = try Launcher.launch(flat, cloneFlags: plan.cloneFlags, cgroup: nil)
    _ = consume input
    let isOver = Moment.within(20) { !scene.log.handle(.stdout, now: 0, wall: 0) }
    #expect(isOver)
    _ = try ProcessHandle.status(of: child.pidfd, blocking: true)
    #expect(try scene.texts() == ["to stdout"])
  }
}

/// A socket that stands for journald's.
private final class FakeJournal {
  let path: String
  let socket: Descriptor

  init(_ scratch: Scratch) throws {
    path = scratch.path + "/journal"
    socket = try ServiceSockets.listen(at: path, .datagram, mode: 0o600, backlog: 0).takeSocket()
  }

  /// The next message; one that came as a sealed file too.
  func next() throws -> [UInt8]? {
    var buffer = [UInt8](repeating: 0, count: 300_000)
    var span = buffer.mutableSpan
    guard var arrival = try Packets.receive(from: socket, into: &span) else { return nil }
    if let file = arrival.descriptors.take(0) {
      return try SharedMemory.content(file, limit: 1 << 22)
    }
    return Array(buffer[..<arrival.size])
  }

  /// The text of the next message.
  func text() throws -> String? {
    guard let message = try next() else { return nil }
    let text = String(decoding: message, as: UTF8.self).dropLast()
    return text.split(separator: "MESSAGE=", maxSplits: 1).last.map(String.init)
  }
}

@Suite("What journald is told")
struct JournalLogTests {
  @Test("is each line, with its app and stream") func lines() throws {
    let scratch = try Scratch()
    let journald = try FakeJournal(scratch)
    let journal = try JournalLog(app: "web", instance: "7", path: journald.path)
    let scene = try LogScene(journal: journal, files: false)
    try scene.attach(.stderr)
    try scene.write("a line\nrest", .stderr)
    try scene.close(.stderr)
    #expect(scene.files() == [])
    let head =
      "SYSLOG_IDENTIFIER=web\nISOLATED_APP=web\nISOLATED_INSTANCE=7\nPRIORITY=3\nISOLATED_STREAM=stderr\n"
    #expect(try journald.next() == Array("\(head)MESSAGE=a line\n".utf8))
    #expect(
      try journald.next() == Array("\(head)MESSAGE=rest\nCONTAINER_PARTIAL_MESSAGE=true\n".utf8))
    #expect(try journald.next() == nil)
  }

  @Test("waits for a journald that is not there") func absent() throws {
    let scratch = try Scratch()
    let journal = try JournalLog(app: "web", instance: nil, path: scratch.path + "/journal")
    let scene = try LogScene(journal: journal, files: false)
    try scene.attach(.stdout)
    try scene.write("one\ntwo\n")
    #expect(journal.waiting == 2 && journal.lostLines == 0)
    let journald = try FakeJournal(scratch)
    let due = try #require(scene.log.nextAt)
    scene.now = due - 1
    scene.log.handleTime(now: scene.now, wall: 0)
    #expect(try journald.next() == nil, "it is left alone for a while")
    scene.now = due
    try scene.write("three\n")
    for text in ["one", "two", "three"] { #expect(try journald.text() == text) }
    #expect(try journald.next() == nil)
    #expect(journal.waiting == 0 && scene.log.nextAt == nil)
  }

  @Test("is lost only where there is no room for it, and that is said in its place")
  func slow() throws {
    let scratch = try Scratch()
    let journald = try FakeJournal(scratch)
    let journal = try JournalLog(app: "web", instance: nil, path: journald.path)
    let scene = try LogScene(journal: journal, files: false) { $0.linesPerSecond = 1_000_000 }
    try scene.attach(.stdout)
    /* The kernel queues a few, the rest waits. */
    try scene.write((1...3000).map { "\($0)\n" }.joined())
    #expect(journal.waiting > 2000 && journal.lostLines == 0)
    /* More than what may wait. */
    try scene.write((3001...40_000).map { "\($0)\n" }.joined())
    let lost = Int(journal.lostLines)
    #expect(lost > 1000)
    var told: [String] = []
    for _ in 0..<100_000 where journal.waiting > 0 {
      scene.now = try #require(scene.log.nextAt)
      scene.log.handleTime(now: scene.now, wall: 0)
      while let text = try journald.text() { told.append(text) }
    }
    #expect(told.count == 40_000 - lost + 1)
    #expect(told.last == "\(lost) lines were lost: journald did not take them")
    #expect(told.dropLast() == (1...(40_000 - lost)).map(String.init)[...])
    #expect(scene.log.nextAt == nil)
  }

  @Test("holds nothing up with a message that can never be taken, and does not ask again at once")
  func wrong() throws {
    let scratch = try Scratch()
    let path = scratch.path + "/journal"
    /* EPROTOTYPE: what is there takes no messages. */
    let other = try ServiceSockets.listen(at: path, .stream, mode: 0o600, backlog: 1).takeSocket()
    let journal = try JournalLog(app: "web", instance: nil, path: path)
    let scene = try LogScene(journal: journal, files: false)
    try scene.attach(.stdout)
    try scene.write("one\n")
    #expect(journal.lostLines == 1 && journal.waiting == 0)
    #expect(try #require(scene.log.nextAt) > scene.now)
    _ = consume other
    try #require(unsafe unlink(path) == 0)
    let journald = try FakeJournal(scratch)
    scene.now = try #require(scene.log.nextAt)
    try scene.write("two\n")
    #expect(try journald.text() == "1 lines were lost: journald did not take them")
    #expect(try journald.text() == "two")
    #expect(scene.log.nextAt == nil)
  }

  @Test("has one room for all apps") func room() {
    let room = JournalRoom()
    let message = [UInt8](repeating: 0, count: JournalQueue.most)
    var queues = (0..<5).map { _ in JournalQueue(room) }
    let first = (0..<4).map { queues[$0].add(message) }
    #expect(first == [true, true, true, true])
    let more = (0..<5).map { queues[$0].add([1]) }
    #expect(more == Array(repeating: false, count: 5), "an app has its share, and all have theirs")
    queues[2].removeOldest()
    let last = queues[4].add(message)
    #expect(last && queues[2].oldest == nil)
    queues[0].removeAll()
    let other = queues[2].add([1])
    #expect(other && queues[2].oldest == [1])
  }

  @Test("comes in a sealed file when it fits into no datagram") func large() throws {
    let scratch = try Scratch()
    let journald = try FakeJournal(scratch)
    let name = String(repeating: "n", count: 1 << 20)
    let journal = try JournalLog(app: name, instance: nil, path: journald.path)
    let scene = try LogScene(journal: journal, files: false)
    try scene.attach(.stdout)
    try scene.write("end\n")
    let message = try #require(try journald.next())
    #expect(message.count > 2 << 20)
    #expect(String(decoding: message.suffix(12), as: UTF8.self) == "MESSAGE=end\n")
  }
}
