import Testing

@testable import Isolate

extension ByteBuffer {
  convenience init(_ bytes: [UInt8]) {
    self.init(capacity: bytes.count)
    append(bytes)
  }
}

@Suite("The format of log files")
struct LogFormatTests {
  @Test(
    "has times that are read as they were written",
    arguments: [
      (0, "1970-01-01T00:00:00.000000Z"), (-1, "1969-12-31T23:59:59.999999Z"),
      (951_782_400_000_000, "2000-02-29T00:00:00.000000Z"),
      (4_107_542_399_999_999, "2100-02-28T23:59:59.999999Z"),
      (4_107_542_400_000_000, "2100-03-01T00:00:00.000000Z"),
      (1_795_375_802_123_456, "2026-11-22T19:30:02.123456Z"),
      (Int64.max, "9999-12-31T23:59:59.999999Z"), (Int64.min, "0001-01-01T00:00:00.000000Z"),
    ])
  func times(time: Int64, text: String) {
    #expect(String(decoding: LogTime.write(time), as: UTF8.self) == text)
    let again = LogTime.read(Array(text.utf8))
    #expect(again.map(LogTime.write) == Array(text.utf8))
    if time.magnitude < 1 << 60 { #expect(again == time) }
  }

  @Test("has no other times") func noTimes() {
    let texts = [
      "", "2026-13-01T00:00:00.000000Z", "2026-02-29T00:00:00.000000Z",
      "2026-02-28T24:00:00.000000Z", "2026-02-28T23:60:00.000000Z", "2026-02-28 23:00:00.000000Z",
      "2026-02-28T23:00:00.000000z", "2026-02-28T23:00:00.00000aZ", "0000-02-28T23:00:00.000000Z",
    ]
    for text in texts { #expect(LogTime.read(Array(text.utf8)) == nil, "\(text)") }
  }

  @Test("gives back any bytes") func escapes() {
    var random = SeededGenerator(seed: 7)
    let lines =
      [Array("plain \\ text\t\u{e9}".utf8), Array(0...255 as ClosedRange<UInt8>), []]
      + (0..<200).map { _ in
        (0..<40).map { _ in UInt8.random(in: 0...255, using: &random) }
      }
    for line in lines {
      let bytes = ByteBuffer([0x41] + line)
      let range = 1..<bytes.count
      let isEscaped = bytes.hasControl(range)
      #expect(isEscaped == line.contains { $0 < 0x20 && $0 != 9 || $0 == 0x7F })
      let out = ByteBuffer(capacity: 4 * line.count + 1)
      LogEscape.add(bytes, range, to: out)
      let escaped = out.bytes(0..<out.count)
      #expect(!escaped.contains { $0 < 0x20 && $0 != 9 || $0 == 0x7F })
      #expect(LogEscape.undo(escaped[...]) == line)
      let head = Array("1970-01-01T00:00:00.000001Z stderr P:E ".utf8)
      let record = LogRecord(time: 1, source: .stderr, isPartial: true, text: line)
      #expect(LogRecord(head + escaped) == record)
    }
  }

  @Test("refuses lines that are none") func broken() {
    let head = "1970-01-01T00:00:00.000001Z "
    let lines = [
      "", "x", head, head + "stdout", head + "stdout F", head + "stdin F x", head + "stdout X x",
      head + "stdout F:X x", head + "stdout FF x", head + "stdout F:E a\\",
      head + "stdout F:E \\x1",
      head + "stdout F:E \\xG0", head + "stdout F:E \\n", head + "stdout  x",
    ]
    for line in lines { #expect(LogRecord(Array(line.utf8)) == nil, "\(line)") }
    #expect(LogRecord(Array((head + "stdout F ").utf8))?.text == [])
    #expect(LogRecord(Array((head + "stdout F  a b ").utf8))?.text == Array(" a b ".utf8))
  }

  private func pieces(_ bytes: [UInt8], isEnd: Bool) -> [LineFramer.Piece] {
    let buffer = ByteBuffer(bytes)
    var pieces: [LineFramer.Piece] = []
    var start = 0
    while let piece = LineFramer.piece(of: buffer, from: start, isEnd: isEnd) {
      pieces.append(piece)
      start = piece.next
    }
    return pieces
  }

  @Test("has lines cut where they end, and long ones into pieces") func framing() {
    typealias Piece = LineFramer.Piece
    let longest = LineFramer.longest
    #expect(pieces([], isEnd: true) == [])
    #expect(
      pieces(Array("a\n\nbc".utf8), isEnd: false) == [
        Piece(range: 0..<1, isPartial: false, next: 2),
        Piece(range: 2..<2, isPartial: false, next: 3),
      ])
    #expect(
      pieces(Array("a\nbc".utf8), isEnd: true).last
        == Piece(range: 2..<4, isPartial: true, next: 4))
    let full = [UInt8](repeating: 0x61, count: longest)
    #expect(pieces(full, isEnd: false) == [])
    #expect(
      pieces(full + [10], isEnd: false) == [
        Piece(range: 0..<longest, isPartial: false, next: longest + 1)
      ])
    #expect(
      pieces(full + full + [97, 10], isEnd: false) == [
        Piece(range: 0..<longest, isPartial: true, next: longest),
        Piece(range: longest..<2 * longest, isPartial: true, next: 2 * longest),
        Piece(range: 2 * longest..<2 * longest + 1, isPartial: false, next: 2 * longest + 2),
      ])
  }

  @Test("has no more lines a second than it should, and says how many were dropped") func rate() {
    var rate = LineRate(perSecond: 3)
    let first = (0..<5).map { _ in rate.admits(now: 100) }
    #expect(first == [true, true, true, false, false])
    #expect(rate.nextAt == 1100)
    let early = rate.takeDropped(now: 1099)
    #expect(early == nil)
    let same = rate.admits(now: 1099)
    #expect(!same)
    let said = [rate.takeDropped(now: 1100), rate.takeDropped(now: 1100)]
    #expect(said == [3, nil])
    #expect(rate.nextAt == nil)
    let next = (0..<4).map { _ in rate.admits(now: 1100) }
    #expect(next == [true, true, true, false])
    let last = rate.takeDropped()
    #expect(last == 1)
    #expect(rate.allDropped == 4)
    var unbounded = LineRate(perSecond: 0)
    let all = (0..<100).map { _ in unbounded.admits(now: 0) }
    #expect(!all.contains(false))
  }

  @Test("has files whose names sort by age, of which the newest are kept") func rotation() {
    #expect(LogRotation.name(12) == "0000000012.log")
    #expect(LogRotation.number("0000000012.log") == 12)
    for name in ["12.log", "0000000012", "000000001x.log", "-000000012.log", "+000000012.log"] {
      #expect(LogRotation.number(name) == nil)
    }
    #expect(LogRotation.number(LogRotation.name(.max)) == .max)
    var rotation = LogRotation(limit: 100, files: 3, number: 5)
    #expect(!rotation.wantsNext(1000))
    rotation.wrote(60)
    #expect(!rotation.wantsNext(40))
    #expect(rotation.wantsNext(41))
    rotation.next()
    #expect(rotation.number == 6)
    #expect(!rotation.wantsNext(41))
    #expect(rotation.old([1, 3, 4, 5, 6, 9]) == [1, 3])
  }

  @Test("is written to journald with a size where there is a newline") func journal() {
    var message: [UInt8] = []
    JournalMessage.add("A", Array("b=c".utf8), to: &message)
    JournalMessage.add("M", Array("x\ny".utf8), to: &message)
    #expect(message == Array("A=b=c\nM\n".utf8) + [3, 0, 0, 0, 0, 0, 0, 0] + Array("x\ny\n".utf8))
  }
}
