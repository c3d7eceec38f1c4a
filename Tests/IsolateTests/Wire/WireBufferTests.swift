import Testing

@testable import Isolate

@Suite("The fixed buffer")
struct WireBufferTests {
  @Test("is as long as a message may be") func size() {
    let buffer = WireBuffer()
    hold(buffer.bytes.count == WireLimits.messageBytes)
    hold(buffer.count == 0 && buffer.fits && buffer.room == WireLimits.messageBytes)
  }

  @Test("holds what was received, and never more than there is room for") func received() {
    var buffer = WireBuffer()
    for (told, count) in [(0, 0), (16, 16), (4096, 4096), (4097, 4096), (-1, 0)] {
      buffer.received(told)
      hold(buffer.count == count)
    }
  }

  @Test("takes numbers in the wire's order") func numbers() {
    var buffer = WireBuffer()
    buffer.append(0x01 as UInt8)
    buffer.append(0x0302 as UInt16)
    buffer.append(0x0706_0504 as UInt32)
    buffer.append(0x0F0E_0D0C_0B0A_0908 as UInt64)
    buffer.append(-1 as Int32)
    buffer.append(-2 as Int64)
    hold(
      buffer.array == Array(1...15) + [255, 255, 255, 255, 254] + [UInt8](repeating: 255, count: 7))
  }

  @Test("does not trap when it is full, whatever is appended") func full() {
    let more: [UInt8] = [1, 2]
    for left in 0...8 {
      var buffer = WireBuffer()
      buffer.begin(opcode: 1, flags: 0, id: 1, last: 0)
      buffer.append(text: [UInt8](repeating: 0, count: 4096 - 18 - left))
      hold(buffer.room == left)
      buffer.append(7 as UInt64)
      hold(buffer.fits == (left == 8))
      buffer.append(7 as UInt32)
      buffer.append(7 as UInt16)
      buffer.append(7 as UInt8)
      buffer.append(text: "more")
      buffer.append(text: more.span)
      hold(!buffer.fits && buffer.room == 0)
      hold(!buffer.finish())
      hold(buffer.count == 0)
    }
    var buffer = WireBuffer()
    hold(!buffer.finish(), "without a header")
    let long = [UInt8](repeating: 0, count: 70_000)
    buffer.append(text: long.span)
    hold(!buffer.fits)
    buffer.begin(opcode: 1, flags: 0, id: 1, last: 0)
    hold(buffer.fits)
    buffer.append(text: long)
    hold(!buffer.fits)
  }

  @Test("takes back an entry that has no room, and counts the others") func lists() throws {
    var buffer = WireBuffer()
    let rule = Array("a:1".utf8)
    buffer.beginReply(ReplyHead(.fileList, id: 9, grant: 2), rule: rule.span)
    buffer.append(0 as UInt64)
    let list = buffer.beginList()
    var count: UInt16 = 0
    let name = [UInt8](repeating: 65, count: 200)
    while buffer.append(file: name.span, type: .regular) { count += 1 }
    hold(count == 20)
    buffer.end(list: list, count: count)
    buffer.setMore()
    let written = buffer.finish()
    hold(written)
    let bytes = buffer.array
    let reply = try WireEnvelope().reply(bytes).get()
    hold(reply.head == ReplyHead(.fileList, id: 9, grant: 2, hasMore: true))
    hold(reply.rule.equals("a:1", in: bytes.span))
    guard case .files(let files) = reply.body else { return }
    hold(files.next == 0 && files.entries.count == 20)
    var cursor = files.entries.cursor
    while let entry = cursor.next(in: bytes.span) {
      hold(entry.type == .regular && entry.name.array(in: bytes.span) == name)
    }
  }

  @Test("goes back to a mark") func marks() {
    var buffer = WireBuffer()
    buffer.beginRequest(.notify, id: 1)
    let mark = buffer.mark
    buffer.append(text: [UInt8](repeating: 0, count: 5000))
    buffer.rewind(to: mark)
    hold(buffer.fits && buffer.count == mark)
    buffer.rewind(to: 4000)
    buffer.rewind(to: -1)
    hold(buffer.count == mark)
    buffer.end(list: 4000, count: 1)
    buffer.end(list: -5, count: 1)
    hold(buffer.count == mark)
    var empty = WireBuffer()
    empty.setMore()
    hold(empty.bytes[2] == 0)
  }

  @Test("takes entries of every kind as long as there is room") func entries() {
    var buffer = WireBuffer()
    let handle = HandleEntry(
      handle: 1, grant: 2, kind: .secret, state: .cut, ageMilliseconds: 3, rights: 4)
    var counts: [Int] = []
    let nothing: [UInt8] = []
    let (one, two, four) = ([65] as [UInt8], [65, 66] as [UInt8], [1, 2, 3, 4] as [UInt8])
    for kind in 0..<4 {
      buffer.beginReply(ReplyHead(.hello, id: 1), rule: nothing.span)
      var count = 0
      while kind == 0
        ? buffer.append(grant: two.span, kind: .files, rights: 1)
        : kind == 1
          ? buffer.append(handle: handle)
          : kind == 2
            ? buffer.append(address: four.span)
            : buffer.append(file: one.span, type: .link)
      { count += 1 }
      hold(buffer.fits)
      counts.append(count)
    }
    hold(counts == [4074 / 9, 4074 / 20, 4074 / 6, 4074 / 4])
  }

  @Test("keeps the end of a rule that is too long") func longRule() throws {
    var buffer = WireBuffer()
    let rule = Array((String(repeating: "/d", count: 300) + "/app.toml:12").utf8)
    let head = ReplyHead(.clockSet, id: 1, status: 1, detail: .unavailable)
    buffer.writeReply(head, rule: rule.span)
    let bytes = buffer.array
    let reply = try WireEnvelope().reply(bytes).get()
    hold(reply.head == head)
    hold(reply.rule.array(in: bytes.span) == Array(rule.suffix(WireLimits.ruleBytes)))
  }
}

@Suite("Texts in a message")
struct WireTextTests {
  private let bytes = Array("abcabd\u{0}".utf8) + [0xFF]

  @Test("are compared with bytes and strings") func equals() {
    let text = WireText(start: 3, count: 3)
    let (same, other, shorter) = (
      [97, 98, 100] as [UInt8], [97, 98, 99] as [UInt8], [97, 98] as [UInt8]
    )
    hold(text.equals("abd", in: bytes.span))
    for other in ["", "ab", "abc", "abdd", "xbd"] { hold(!text.equals(other, in: bytes.span)) }
    hold(text.equals(same.span, in: bytes.span))
    hold(!text.equals(other.span, in: bytes.span))
    hold(!text.equals(shorter.span, in: bytes.span))
    hold(WireText.empty.equals("", in: bytes.span) && WireText.empty.isEmpty)
    hold(WireText.empty.array(in: bytes.span) == [])
  }

  @Test("are strings only if they are UTF-8") func strings() {
    hold(WireText(start: 0, count: 3).string(in: bytes.span) == "abc")
    hold(WireText(start: 5, count: 3).string(in: bytes.span) == nil)
    hold(WireText(start: 0, count: 7).contains(0, in: bytes.span))
    hold(!WireText(start: 0, count: 6).contains(0, in: bytes.span))
  }

  @Test("do not trap with other bytes than their own") func others() {
    let nothing: [UInt8] = []
    let text = WireText(start: 6, count: 900)
    hold(text.array(in: bytes.span) == [0, 0xFF])
    hold(WireText(start: 900, count: 5).array(in: bytes.span) == [])
    hold(!text.equals("x", in: nothing.span))
    var cursor = WireList<WireText>(text: text, count: 3).cursor
    hold(cursor.next(in: bytes.span) == nil)
    hold(cursor.next(in: bytes.span) == nil)
    var buffer = WireBuffer()
    buffer.append(text: text, of: bytes.span)
    hold(buffer.array == [2, 0, 0, 0xFF])
    buffer.append(list: WireList<WireText>(text: text, count: 1), of: bytes.span)
    hold(buffer.count == 8)
  }
}

/// #expect for what can be neither copied nor kept.
func hold(_ isTrue: Bool, _ comment: Comment? = nil, at place: SourceLocation = #_sourceLocation) {
  #expect(isTrue, comment, sourceLocation: place)
}
