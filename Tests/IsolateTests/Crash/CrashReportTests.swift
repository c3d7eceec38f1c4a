import CSeccomp
import Glibc
import Testing

@testable import Isolate

/// Reports as values: what is read, said, grouped and kept.
struct CrashReportTests {
  private static let core = Executable.root + "/Fuzz/corpus/crash-core/null-write"
  private static let stack = Executable.root + "/Fuzz/corpus/crash-stack/null-write"

  private func report(_ symbols: [String], at base: UInt64 = 0x5000, app: String = "a") throws
    -> CrashReport
  {
    var core = try #require(CrashCore(CrashFuzz.empty))
    core.mappings = [
      CrashMapping(start: base, end: base + 0x1000, rights: "r-xp", offset: 0, path: "/bin/a")
    ]
    core.threads = [.init(id: 2, name: "a", registers: [])]
    let frames = symbols.enumerated().map { index, symbol in
      StackText.Frame(
        address: base + 16 * UInt64(index), isExact: index == 0, symbol: symbol, module: "",
        source: "")
    }
    return CrashReport(
      app: app, core: core, stacks: [.init(id: 2, frames: frames)], unwinder: .done,
      context: CrashContext())
  }

  @Test func aCoreIsRead() throws {
    let bytes = try #require(try FileSystem.contents(Self.core))
    let core = try #require(CrashCore(bytes))
    #expect(core.facts.signal == 11 && core.facts.code == 1 && core.facts.address == 8)
    #expect(core.threads.count == 1 && core.threads[0].name == "v")
    #expect(core.threads[0].registers.contains { $0.name == "rip" && $0.value > 0x1000 })
    #expect(core.mappings.contains { $0.path == "/usr/src/v" && $0.rights == "r-xp" })
    #expect(core.mapping(ofFile: CrashCore.firstFile)?.path == "/usr/src/v")
    #expect(core.mapping(ofFile: CrashCore.firstFile + 64) == nil)
    /* Cut anywhere, it is read or refused. */
    for count in stride(from: 0, to: bytes.count, by: 37) { _ = CrashCore(Array(bytes[..<count])) }
  }

  @Test func theHeaderOfTheWitnessSaysTheSame() {
    #expect(CrashCore.factsNote == CRASH_NOTE_FACTS.rawValue)
    #expect(CrashCore.mapsNote == CRASH_NOTE_MAPS.rawValue)
    #expect(CrashCore.threadsNote == CRASH_NOTE_THREADS.rawValue)
    #expect(CrashCore.filesNote == CRASH_NOTE_FILES.rawValue)
    #expect(CrashCore.noteOwner == CRASH_NOTE_OWNER)
    #expect(CrashCore.firstFile == Int(CRASH_FILES_FIRST))
    #expect(MemoryLayout<crash_facts>.size == 40 && MemoryLayout<crash_thread>.size == 24)
    #expect(CrashCapture.fileLimit == Int(CRASH_FILES_MAX))
    #expect(CrashCapture.coreLimit == 12 << 20)
  }

  @Test func stacksAreRead() throws {
    let text = try #require(try FileSystem.contents(Self.stack))
    let threads = StackText.threads(text)
    #expect(threads.count == 1)
    #expect(threads[0].frames.map(\.symbol).prefix(3) == ["boom", "middle", "main"])
    #expect(threads[0].frames[0].isExact && !threads[0].frames[1].isExact)
    #expect(threads[0].frames[0].source == "/src/v.c:6:71")
    #expect(threads[0].frames[0].module == "/proc/self/fd/16")
  }

  @Test(arguments: [
    ("#0  0x10     operator-(A const&) - b - /m", "operator-(A const&) - b", "/m"),
    ("#1  0x10 - 1 - /m", "", "/m"), ("#0  0x10    ", "", ""), ("#0  0x10     f", "f", ""),
    ("#0  0x10     a\u{1b}[2J - /m", "a\\u{1b}[2J", "/m"),
  ]) func aFrameIsSplit(_ line: String, _ symbol: String, _ module: String) throws {
    let frame = try #require(StackText.threads(Array("TID 1:\n\(line)\n".utf8)).first?.frames.first)
    #expect(frame.symbol == symbol && frame.module == module && frame.address == 16)
  }

  @Test(arguments: ["#0  0x", "#0  0xg", "#0  0x11112222333344445", "#0 +0x1", "# 0x1 f", "0x1"])
  func whatIsNoFrameIsLeftOut(_ line: String) {
    let threads = StackText.threads(Array("TID 1:\n\(line)\n".utf8))
    #expect(threads.first?.frames.isEmpty == (line != "# 0x1 f"))
  }

  @Test func equalStacksAreOneGroup() throws {
    let here = try report(["f", "g", "main"])
    #expect(try here.group == report(["f", "g", "main"], at: 0x9000).group)
    #expect(try here.group != report(["f", "h", "main"]).group)
    #expect(try here.group != report(["f", "g", "main"], app: "b").group)
    /* Without symbols the place in the file counts. */
    #expect(try report(["", ""]).group == report(["", ""], at: 0x7000).group)
    /* However deep a recursion went. */
    let deep = Array(repeating: "f", count: 60)
    #expect(try report(["g"] + deep).group == report(["g"] + deep.prefix(20)).group)
    /* What is beneath the innermost eight does not count. */
    let eight = (0..<8).map { "f\($0)" }
    #expect(try report(eight + ["x"]).group == report(eight + ["y"]).group)
  }

  private func cause(
    _ signal: Int32, _ code: Int32, sender: Int32 = 0, address: UInt64 = 0,
    stackPointer: UInt64? = nil
  ) -> CrashCause {
    var facts = CrashCore.Facts()
    facts.process = 2
    facts.signal = signal
    facts.code = code
    facts.sender = sender
    facts.address = address
    return CrashCause(facts, stackPointer: stackPointer)
  }

  @Test func theCauseIsSaidInWords() {
    #expect(cause(11, 1, address: 8).words.hasSuffix("(0x8, near zero: perhaps a null pointer)"))
    #expect(cause(11, 2, address: 0x7f00, stackPointer: 0x8000).words.hasSuffix("used up)"))
    #expect(cause(11, 0x80).words == "it used an address that can be none")
    #expect(cause(11, 0x80, address: 5).sender == .kernel)
    #expect(cause(6, -6, sender: 2).words == "it called abort")
    #expect(cause(11, 0, sender: 2).words == "it sent the signal to itself")
    #expect(cause(11, 0, sender: 7).sender == .process(7))
    #expect(cause(3, 0).sender == .outside)
    #expect(cause(8, 1).code == "FPE_INTDIV")
    #expect(cause(8, 77).words.hasPrefix("the kernel found a fault"))
  }

  @Test func theOldestGoButTheFirstOfAGroupStays() {
    func entry(_ id: UInt64, _ group: String, _ bytes: Int = 10) -> CrashShelf.Entry {
      .init(id: id, group: group, app: "a", bytes: bytes)
    }
    let shelf = CrashShelf([
      entry(3, "b"), entry(1, "a"), entry(2, "a"), entry(4, "a"), entry(5, "c"),
    ])
    #expect(shelf.entries.map(\.id) == [1, 2, 3, 4, 5] && shelf.nextID == 6)
    #expect(shelf.surplus(mostReports: 5, mostBytes: 50).isEmpty)
    #expect(shelf.surplus(mostReports: 3, mostBytes: 50).map(\.id) == [2, 4])
    #expect(shelf.surplus(mostReports: 1, mostBytes: 50).map(\.id) == [2, 4, 1, 3])
    #expect(shelf.surplus(mostReports: 9, mostBytes: 0).map(\.id) == [2, 4, 1, 3])
    #expect(shelf.surplus(mostReports: 9, mostBytes: 35).map(\.id) == [2, 4])
  }

  @Test(arguments: [
    "1.0123456789abcdef.a.json", "0.0123456789abcdef.a.json", "1.0123456789abcde.a.json",
    "01.0123456789abcdef.a.json", "1.0123456789abcdeg.a.json", "1.0123456789abcdef..json",
    "1.0123456789abcdef.a.jsox", ".new-1-1.0123456789abcdef.a.json", "",
  ]) func onlyNamesOfReportsAreTaken(_ name: String) {
    let isOne = CrashShelf.Entry(fileName: name, bytes: 1) != nil
    #expect(isOne == (name == "1.0123456789abcdef.a.json"))
  }

  @Test func aStoreIsBoundedAndReadable() throws {
    let scratch = try Scratch()
    let store = try CrashStore(directory: scratch.path + "/x/y")
    for index in 0..<(CrashShelf.mostReports + 5) {
      let (id, path) = try store.add(try report(["f\(index % 3)"], app: "../\u{1b}\n"))
      #expect(id == UInt64(index + 1))
      #expect(path.hasPrefix(scratch.path + "/x/y/\(id).") && !path.utf8.contains(0x1b))
    }
    let kept = store.list()
    #expect(kept.count == CrashShelf.mostReports)
    #expect(kept.prefix(4).map(\.id) == [1, 2, 3, 9])
    #expect(try store.read(9)?.object?["id"]?.integer == 9)
    #expect(try store.read(4) == nil)
  }

  @Test func aHugeReportIsCut() throws {
    var core = try #require(CrashCore(CrashFuzz.empty))
    core.mappings = (0..<4096).map {
      CrashMapping(
        start: UInt64($0), end: UInt64($0) + 1, rights: "r-xp", offset: 0,
        path: String(repeating: "x", count: 250))
    }
    core.threads = (0..<256).map { .init(id: $0 + 1, name: "t", registers: []) }
    let frame = StackText.Frame(
      address: 1, isExact: true, symbol: String(repeating: "\"", count: 250), module: "", source: ""
    )
    let stacks = core.threads.map { thread in
      StackText.Thread(id: thread.id, frames: Array(repeating: frame, count: 64))
    }
    let report = CrashReport(
      app: "a", core: core, stacks: stacks, unwinder: .done, context: CrashContext())
    let file = report.json(id: 1)
    #expect(file.count <= CrashReport.sizeLimit)
    let value = try JSONReader.read(file, limit: file.count)
    #expect(value.object?["is-cut"]?.boolean == true)
    #expect(value.object?["threads"]?.array?.count == 256)
  }
}
