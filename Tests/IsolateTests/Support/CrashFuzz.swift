@testable import Isolate

/// Feeds what a witness and an unwinder write: whatever it is, there is a report that can be read again, or none.
enum CrashFuzz {
  static func core(_ bytes: [UInt8]) -> String? {
    guard let core = CrashCore(bytes) else { return nil }
    return broken(core, [])
  }

  static func stack(_ bytes: [UInt8]) -> String? {
    let threads = StackText.threads(bytes)
    if threads.count > StackText.mostThreads { return "too many threads" }
    if threads.contains(where: { $0.frames.count > StackText.mostFrames }) { return "too deep" }
    guard var core = CrashCore(Self.empty) else { return "no core to put it into" }
    core.threads = threads.map { .init(id: $0.id, name: "", registers: []) }
    return broken(core, threads)
  }

  private static func broken(_ core: CrashCore, _ stacks: [StackText.Thread]) -> String? {
    let report = CrashReport(
      app: "app", core: core, stacks: stacks, unwinder: .done, context: CrashContext())
    if report.group.utf8.count != 16 { return "a group of \(report.group.utf8.count) digits" }
    let file = report.json(id: 7)
    if file.count > CrashReport.sizeLimit { return "\(file.count) bytes" }
    let value: JSONValue
    do throws(JSONError) {
      value = try JSONReader.read(file, limit: file.count)
    } catch {
      return "the report cannot be read: \(error)"
    }
    let shown =
      CrashWords.text(value, now: 0, style: .plain)
      + CrashList.text([value], now: 0, style: .plain)
    for text in [shown, String(decoding: file, as: UTF8.self)] {
      let harmful = text.unicodeScalars.contains {
        ($0.value < 0x20 && $0 != "\n") || (0x7f..<0xa0).contains($0.value)
      }
      if harmful { return "a control character reaches the terminal" }
    }
    return nil
  }

  /// A core with the facts alone: a header, one program header, one note.
  static var empty: [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 120 + 12 + 12 + 40)
    func put(_ value: UInt32, at place: Int) {
      for index in 0..<4 { bytes[place + index] = UInt8(truncatingIfNeeded: value >> (8 * index)) }
    }
    put(0x464C_457F, at: 0)
    put(4, at: 64)
    put(120, at: 72)
    put(64, at: 96)
    put(9, at: 120)
    put(40, at: 124)
    put(CrashCore.factsNote, at: 128)
    for (index, byte) in CrashCore.noteOwner.utf8.enumerated() { bytes[132 + index] = byte }
    put(11, at: 144 + 8)
    put(62, at: 144 + 20)
    return bytes
  }
}
