/// What a witness wrote of a process that a signal was about to end (Sources/CSeccomp/include/crash_core.h): an ELF core
/// file. Read from any bytes; what does not fit is left out, and nothing traps.
package struct CrashCore: Hashable, Sendable {
  package struct Facts: Hashable, Sendable {
    /// Ids as the app sees them.
    package var process: Int32 = 0
    package var thread: Int32 = 0
    package var signal: Int32 = 0
    /// si_code of sigaction(2).
    package var code: Int32 = 0
    /// Who sent it; 0: nobody, or somebody outside the app.
    package var sender: Int32 = 0
    /// EM_* of elf(5).
    package var machine: UInt32 = 0
    /// Where the fault was, if the kernel found one.
    package var address: UInt64 = 0
    /// How many threads there were.
    package var threads: UInt32 = 0
    /// The system-call filter ended it.
    package var isByFilter = false

    package init() {}
  }

  package struct Thread: Hashable, Sendable {
    package var id: Int32
    /// As the app named it.
    package var name: String
    package var registers: [CrashRegister]
  }

  package var facts: Facts
  /// The one with the signal first.
  package var threads: [Thread] = []
  package var mappings: [CrashMapping] = []
  /// In the order in which the files were handed over: where each is mapped first.
  package var fileStarts: [UInt64] = []

  /// The number that the first file has for the reporter's unwinder; the others follow.
  package static let firstFile = 16
  package static let noteOwner = "isolated"
  package static let factsNote: UInt32 = 0x6973_0001
  package static let mapsNote: UInt32 = 0x6973_0002
  package static let threadsNote: UInt32 = 0x6973_0003
  package static let filesNote: UInt32 = 0x6973_0004

  /// Nil: no core of a witness.
  package init?(_ bytes: [UInt8]) {
    let core = CoreBytes(bytes)
    guard core.word32(at: 0) == 0x464C_457F, let notes = core.notes() else { return nil }
    guard let facts = notes.lazy.compactMap({ Self.facts($0, core) }).first else { return nil }
    self.facts = facts
    var registers: [(id: Int32, values: [CrashRegister])] = []
    for note in notes {
      switch (note.owner, note.type) {
      case ("CORE", 1):
        if let id = core.signed(at: note.start + 32) {
          registers.append((id, Self.registers(note, core, facts.machine)))
        }
      case (Self.noteOwner, Self.threadsNote): threads = Self.threads(note, core)
      case (Self.noteOwner, Self.mapsNote):
        mappings = CrashMapping.list(core.bytes(note.start..<note.end))
      case (Self.noteOwner, Self.filesNote):
        fileStarts = stride(from: note.start, to: note.end - 7, by: 8).compactMap(core.word64)
      default: break
      }
    }
    for (id, values) in registers {
      if let place = threads.firstIndex(where: { $0.id == id }) {
        threads[place].registers = values
      }
    }
  }

  /// The mapping that a number of the unwinder's files stands for.
  package func mapping(ofFile number: Int) -> CrashMapping? {
    let index = number - Self.firstFile
    guard fileStarts.indices.contains(index) else { return nil }
    return mappings.first { $0.start == fileStarts[index] }
  }

  /// The mapping that holds an address.
  package func mapping(at address: UInt64) -> CrashMapping? {
    mappings.first { $0.start <= address && address < $0.end }
  }

  private static func facts(_ note: CoreBytes.Note, _ core: CoreBytes) -> Facts? {
    guard note.owner == noteOwner, note.type == factsNote, note.end - note.start >= 40 else {
      return nil
    }
    func number(_ offset: Int) -> Int32 { core.signed(at: note.start + offset) ?? 0 }
    var facts = Facts()
    facts.process = number(0)
    facts.thread = number(4)
    facts.signal = number(8)
    facts.code = number(12)
    facts.sender = number(16)
    facts.machine = UInt32(bitPattern: number(20))
    facts.address = core.word64(at: note.start + 24) ?? 0
    facts.threads = UInt32(bitPattern: number(32))
    facts.isByFilter = number(36) != 0
    return facts
  }

  private static func threads(_ note: CoreBytes.Note, _ core: CoreBytes) -> [Thread] {
    stride(from: note.start, to: note.end - 23, by: 24).prefix(256).compactMap { place in
      guard let id = core.signed(at: place) else { return nil }
      var name = core.bytes(place + 8..<place + 24).prefix { $0 != 0 }
      if name.last == UInt8(ascii: "\n") { name.removeLast() }
      return Thread(id: id, name: CrashText.text(name), registers: [])
    }
  }

  /// pr_reg of struct elf_prstatus: at 112 on both machines.
  private static func registers(
    _ note: CoreBytes.Note, _ core: CoreBytes, _ machine: UInt32
  ) -> [CrashRegister] {
    CrashRegister.names(machine).enumerated().compactMap { index, name in
      let place = note.start + 112 + 8 * index
      guard place + 8 <= note.end, let value = core.word64(at: place) else { return nil }
      return CrashRegister(name: name, value: value)
    }
  }
}

package struct CrashRegister: Hashable, Sendable {
  package var name: String
  package var value: UInt64

  /// In the order of struct user_regs_struct. Source: asm/ptrace.h and sys/user.h of both machines.
  static func names(_ machine: UInt32) -> [String] {
    switch machine {
    case 62:
      [
        "r15", "r14", "r13", "r12", "rbp", "rbx", "r11", "r10", "r9", "r8", "rax", "rcx", "rdx",
        "rsi", "rdi", "orig_rax", "rip", "cs", "eflags", "rsp", "ss", "fs_base", "gs_base", "ds",
        "es", "fs", "gs",
      ]
    case 183: (0...30).map { "x\($0)" } + ["sp", "pc", "pstate"]
    default: []
    }
  }

  /// Those that hold the next instruction and the system call's number, whichever the machine.
  package var isInstruction: Bool { name == "rip" || name == "pc" }
  package var isSystemCall: Bool { name == "orig_rax" || name == "x8" }
}

/// One line of /proc/PID/maps (proc(5)).
package struct CrashMapping: Hashable, Sendable {
  package var start: UInt64
  package var end: UInt64
  /// "r-xp".
  package var rights: String
  package var offset: UInt64
  /// As the kernel writes it: a file, "[stack]", or nothing.
  package var path: String

  /// Every line that can be understood.
  static func list(_ text: ArraySlice<UInt8>) -> [CrashMapping] {
    text.split(separator: UInt8(ascii: "\n")).prefix(4096).compactMap(line)
  }

  private static func line(_ text: ArraySlice<UInt8>) -> CrashMapping? {
    let parts = text.split(
      separator: UInt8(ascii: " "), maxSplits: 5, omittingEmptySubsequences: false)
    guard parts.count >= 5 else { return nil }
    let range = parts[0].split(separator: UInt8(ascii: "-"))
    guard range.count == 2, let start = hex(range[0]), let end = hex(range[1]), start < end,
      let offset = hex(parts[2]), parts[1].count == 4
    else { return nil }
    let path = parts.count > 5 ? parts[5].drop { $0 == UInt8(ascii: " ") } : []
    return CrashMapping(
      start: start, end: end, rights: CrashText.text(parts[1]), offset: offset,
      path: CrashText.text(path))
  }

  private static func hex(_ text: ArraySlice<UInt8>) -> UInt64? {
    text.isEmpty || text.count > 16 || text.first == UInt8(ascii: "+")
      ? nil : UInt64(String(decoding: text, as: UTF8.self), radix: 16)
  }
}

/// Numbers at places that may not be there.
struct CoreBytes {
  struct Note {
    var owner: String
    var type: UInt32
    var start: Int
    var end: Int
  }

  private let all: [UInt8]

  init(_ bytes: [UInt8]) { all = bytes }

  func bytes(_ range: Range<Int>) -> ArraySlice<UInt8> { all[range.clamped(to: all.indices)] }

  func word32(at place: Int) -> UInt32? {
    guard place >= 0, place <= all.count - 4 else { return nil }
    return (0..<4).reduce(0) { $0 | UInt32(all[place + $1]) << UInt32(8 * $1) }
  }

  func signed(at place: Int) -> Int32? { word32(at: place).map { Int32(bitPattern: $0) } }

  func word64(at place: Int) -> UInt64? {
    guard place >= 0, place <= all.count - 8 else { return nil }
    return (0..<8).reduce(0) { $0 | UInt64(all[place + $1]) << UInt64(8 * $1) }
  }

  /// The notes of the first program header, which a witness writes first. Nil: there is none.
  func notes() -> [Note]? {
    guard word32(at: 64) == 4, let offset = word64(at: 72), let size = word64(at: 96),
      let start = Int(exactly: offset), let length = Int(exactly: size), start <= all.count,
      length <= all.count - start
    else { return nil }
    var notes: [Note] = []
    var place = start
    while notes.count < 1024, let note = note(at: place, end: start + length) {
      notes.append(note)
      place = note.end + (4 - note.end % 4) % 4
    }
    return notes
  }

  private func note(at place: Int, end: Int) -> Note? {
    guard place <= end - 12, let name = word32(at: place), let size = word32(at: place + 4),
      let type = word32(at: place + 8), name > 0, name <= 32
    else { return nil }
    let start = place + 12 + (Int(name) + 3) / 4 * 4
    guard start <= end, Int(size) <= end - start else { return nil }
    let owner = String(decoding: bytes(place + 12..<place + 11 + Int(name)), as: UTF8.self)
    return Note(owner: owner, type: type, start: start, end: start + Int(size))
  }
}
