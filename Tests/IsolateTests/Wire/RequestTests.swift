import Testing

@testable import Isolate

@Suite("Requests")
struct RequestTests {
  private func message(_ bytes: [UInt8]) throws -> RequestMessage {
    try WireEnvelope().request(bytes).get()
  }

  private func isMalformed(_ bytes: [UInt8]) throws -> Bool {
    try message(bytes).isMalformed(in: bytes.span)
  }

  /// A message with an opcode and these bytes behind its header.
  private func bytes(_ opcode: Opcode, _ body: [UInt8]) -> [UInt8] {
    var bytes: [UInt8] = [UInt8(opcode.rawValue), 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    bytes += body
    WireFuzz.fixLength(&bytes)
    return bytes
  }

  @Test("have the values that were sent") func values() throws {
    var bytes = requestBytes("open photos new/b.txt write,create,exclusive")
    bytes[12] = 250
    let open = try message(bytes)
    #expect(open.id == 1 && open.deadline == 250)
    guard case .fileOpen(let request) = open.request else {
      Issue.record("no file.open: \(open)")
      return
    }
    #expect(request.grant == 0 && request.mode == 0o600)
    #expect(request.flags == [.write, .create, .exclusive])
    #expect(request.path.string(in: bytes.span) == "new/b.txt")
    #expect(open.request.subject == request.path)
    let clock = try message(requestBytes("clock time -5 999999999")).request
    #expect(clock == .clockSet(ClockSetRequest(grant: 7, seconds: -5, nanoseconds: 999_999_999)))
    let cancel = try message(requestBytes("cancel 4294967295")).request
    #expect(cancel == .cancel(id: .max))
  }

  @Test("name a grant and a subject, or none") func grants() throws {
    let without: Set<Opcode> = [.hello, .cancel, .notify, .handleList, .handleClose, .doorOpen]
    for sent in Exchange.requests {
      let request = try message(sent.bytes).request
      #expect((request.grant == nil) == without.contains(request.opcode))
      let subject = request.subject.string(in: sent.bytes.span)
      if request.opcode == .driverCall || request.opcode == .notify { #expect(subject == "") }
    }
    let rename = requestBytes("rename photos a b keep")
    guard case .fileRename(let request) = try message(rename).request else { return }
    #expect(request.keepsExisting && request.to.string(in: rename.span) == "b")
    let remove = requestBytes("remove photos sub directory")
    guard case .fileRemove(let request) = try message(remove).request else { return }
    #expect(request.isDirectory)
  }

  @Test("of the table make sense") func sensible() throws {
    for sent in Exchange.requests { #expect(try !isMalformed(sent.bytes), "line \(sent.line)") }
  }

  @Test("with flags that nobody knows or that do not go together are malformed")
  func flags() throws {
    let open = requestBytes("open photos a.txt read")
    let sound: [FileOpenFlags] = [
      .read, .write, [.read, .write], [.write, .create], [.write, .create, .exclusive],
      [.write, .truncate], [.write, .append], [.read, .directory],
      [.read, .write, .create, .truncate],
    ]
    for value in 0...255 as ClosedRange<UInt8> {
      let flags = FileOpenFlags(rawValue: UInt32(value))
      let isMalformed = try isMalformed(open.with([18: value]))
      #expect(isMalformed != flags.isSound)
      if sound.contains(flags) { #expect(flags.isSound, "\(value)") }
      if value >= 128 || value & 3 == 0 { #expect(!flags.isSound, "\(value)") }
    }
    #expect(!FileOpenFlags([.read, .create]).isSound)
    #expect(!FileOpenFlags([.write, .exclusive]).isSound)
    #expect(!FileOpenFlags([.read, .write, .directory]).isSound)
    #expect(try isMalformed(open.with([21: 1])))
    #expect(try isMalformed(requestBytes("device zero read,write").with([18: 7])))
    #expect(try isMalformed(requestBytes("device zero read,write").with([18: 0])))
    #expect(try isMalformed(requestBytes("remove photos a.txt").with([18: 2])))
    #expect(try isMalformed(requestBytes("rename photos a b").with([19: 1])))
  }

  @Test("with values out of range are malformed") func ranges() throws {
    let open = requestBytes("open photos a.txt read")
    #expect(try isMalformed(open.with([23: 0x10])))
    #expect(try !isMalformed(open.with([22: 0xFF, 23: 0x0F])))
    #expect(try isMalformed(open.with([12: 0xC1, 13: 0x27, 14: 9])))
    #expect(try !isMalformed(open.with([12: 0xC0, 13: 0x27, 14: 9])))
    #expect(try isMalformed(requestBytes("mkdir photos sub").with([19: 0x10])))
    #expect(
      try isMalformed(bytes(.clockSet, [0, 0] + [0, 0, 0, 0, 0, 0, 0, 0, 0, 0xCA, 0x9A, 0x3B])))
    #expect(try isMalformed(bytes(.appSignal, [0, 0, 1, 0, 65, 0, 0, 0, 0])))
    #expect(try isMalformed(bytes(.appSignal, [0, 0, 1, 0, 65, 65, 0, 0, 0])))
    #expect(try !isMalformed(bytes(.appSignal, [0, 0, 1, 0, 65, 64, 0, 0, 0])))
    #expect(try isMalformed(bytes(.cancel, [0, 0, 0, 0])))
    #expect(try isMalformed(bytes(.handleClose, [0, 0, 0, 0])))
  }

  @Test("with paths and names that are empty, too long or hold NUL are malformed")
  func texts() throws {
    #expect(try !isMalformed(bytes(.fileStat, [0, 0, 0, 0])), "that depends on the grant")
    #expect(try isMalformed(bytes(.fileStat, [0, 0, 1, 0, 0])))
    #expect(try isMalformed(requestBytes("open photos a.txt read").with([29: 0])))
    #expect(try isMalformed(requestBytes("list photos sub").with([21: 0])))
    #expect(try isMalformed(requestBytes("remove photos a.txt").with([25: 0])))
    #expect(try isMalformed(bytes(.fileRemove, [0, 0, 0, 0, 0, 0, 0, 0])))
    #expect(try isMalformed(bytes(.fileMakeDirectory, [0, 0, 0, 0, 0, 0, 0, 0])))
    #expect(try isMalformed(bytes(.fileMakeDirectory, [0, 0, 0, 0, 0, 0, 1, 0, 0])))
    #expect(try isMalformed(bytes(.fileRename, [0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 65])))
    #expect(try isMalformed(bytes(.fileRename, [0, 0, 0, 0, 0, 0, 1, 0, 65, 0, 0])))
    #expect(try isMalformed(bytes(.fileRename, [0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 65])))
    #expect(try isMalformed(bytes(.fileRename, [0, 0, 0, 0, 0, 0, 1, 0, 65, 1, 0, 0])))
    let limit = WireLimits.pathBytes
    for count in [limit, limit + 1] {
      let size = [UInt8(count & 255), UInt8(count >> 8)]
      let path = [UInt8](repeating: 65, count: count)
      #expect(try isMalformed(bytes(.fileStat, [0, 0] + size + path)) == (count > limit))
    }
    #expect(try isMalformed(bytes(.notify, [0, 0])))
    #expect(try isMalformed(bytes(.notify, [1, 0, 0])))
    #expect(try isMalformed(bytes(.netResolve, [0, 0, 0, 0])))
    #expect(try isMalformed(bytes(.appStatus, [0, 0, 2, 0, 65, 0])))
    #expect(try isMalformed(bytes(.appStart, [0, 0, 0, 0, 0, 0])))
    #expect(try isMalformed(bytes(.appStart, [0, 0, 1, 0, 65, 1, 0, 1, 0, 0])))
    #expect(try !isMalformed(bytes(.appStart, [0, 0, 1, 0, 65, 1, 0, 0, 0])))
  }

  @Test("to connect and listen go with their transport") func transports() throws {
    func connect(_ transport: UInt8, _ port: UInt8, _ host: [UInt8]) throws -> Bool {
      let size = [UInt8(host.count), 0]
      return try isMalformed(bytes(.netConnect, [0, 0, transport, 0, port, 0] + size + host))
    }
    func listen(_ transport: UInt8, _ port: UInt8, _ host: [UInt8]) throws -> Bool {
      let size = [UInt8(host.count), 0]
      return try isMalformed(bytes(.netListen, [0, 0, transport, 0, port, 0, 0, 0] + size + host))
    }
    #expect(try !connect(1, 80, [65]))
    #expect(try !connect(2, 80, [65]))
    #expect(try !connect(3, 0, [65]))
    #expect(try connect(1, 0, [65]))
    #expect(try connect(3, 80, [65]))
    #expect(try connect(1, 80, []))
    #expect(try connect(1, 80, [0]))
    #expect(try connect(0, 80, [65]))
    #expect(try connect(4, 80, [65]))
    #expect(try !listen(1, 0, []))
    #expect(try !listen(2, 80, [65]))
    #expect(try listen(1, 0, [0]))
    #expect(try !listen(3, 0, [65]))
    #expect(try listen(3, 1, [65]))
    #expect(try listen(3, 0, []))
    #expect(try listen(9, 0, [65]))
  }

  @Test("that do not fit are not written") func tooLong() {
    let texts = [UInt8](repeating: 65, count: 4090)
    let all = WireText(start: 0, count: 4090)
    var buffer = WireBuffer()
    let call = RequestMessage(id: 3, request: .driverCall(grant: 1, payload: all))
    hold(!call.encode(into: &buffer, texts: texts.span))
    hold(buffer.count == 0)
    let most = WireText(start: 10, count: 4096 - 20)
    let fits = RequestMessage(id: 3, deadline: 9, request: .driverCall(grant: 1, payload: most))
    hold(fits.encode(into: &buffer, texts: texts.span))
    hold(buffer.count == 4096)
  }
}
