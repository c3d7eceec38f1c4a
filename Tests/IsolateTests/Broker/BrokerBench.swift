@testable import Isolate

/// A book in ordinary memory, which lives as long as somebody uses it.
@safe final class TestBook: BookFuse {
  let bytes: UnsafeMutableRawBufferPointer

  override init() {
    unsafe bytes = .allocate(byteCount: BookLayout.bytes, alignment: 4096)
    unsafe bytes.initializeMemory(as: UInt8.self, repeating: 0)
  }

  deinit { unsafe bytes.deallocate() }

  var memory: BookMemory {
    guard let memory = unsafe BookMemory(bytes, fuse: self) else { preconditionFailure() }
    return memory
  }
  var reader: BookReader { BookReader(memory) }

  /// The word at an offset in bytes.
  subscript(offset: Int) -> UInt64 {
    get { unsafe bytes.load(fromByteOffset: offset, as: UInt64.self) }
    set { unsafe bytes.storeBytes(of: newValue, toByteOffset: offset, as: UInt64.self) }
  }
}

/// A request and the bytes that its texts lie in.
struct TestRequest {
  var message: RequestMessage
  var bytes: [UInt8]

  init(
    _ id: UInt32, deadline: UInt32 = 0, text: String = "", _ make: (WireText) -> Request
  ) {
    bytes = Array(text.utf8)
    message = RequestMessage(
      id: id, deadline: deadline, request: make(WireText(start: 0, count: UInt16(bytes.count))))
  }

  static func open(
    _ id: UInt32, grant: UInt16 = 0, _ path: String = "a/b", flags: FileOpenFlags = .read
  ) -> TestRequest {
    TestRequest(id, text: path) {
      .fileOpen(FileOpenRequest(grant: grant, flags: flags, mode: 0, path: $0))
    }
  }

  static func connect(
    _ id: UInt32, grant: UInt16 = 0, _ host: String, port: UInt16 = 443, transport: UInt8 = 1,
    deadline: UInt32 = 0
  ) -> TestRequest {
    TestRequest(id, deadline: deadline, text: host) {
      .netConnect(
        NetConnectRequest(grant: grant, transportNumber: transport, port: port, host: $0))
    }
  }

  static func listen(
    _ id: UInt32, grant: UInt16 = 0, _ host: String, port: UInt16 = 80, transport: UInt8 = 1
  ) -> TestRequest {
    TestRequest(id, text: host) {
      .netListen(
        NetListenRequest(
          grant: grant, transportNumber: transport, port: port, backlog: 0, host: $0))
    }
  }
}

extension BrokerTime {
  static func ms(_ milliseconds: Int64) -> BrokerTime { BrokerTime(milliseconds: milliseconds) }
}

extension Broker {
  mutating func receive(
    _ request: TestRequest, door: Int = 0, at milliseconds: Int64 = 0
  ) -> Decision {
    receive(
      request.message, in: request.bytes.span, door: door, at: .ms(milliseconds))
  }

  /// Everything that follows now.
  mutating func actions() -> [BrokerAction] {
    var all: [BrokerAction] = []
    while let action = nextAction() {
      all.append(action)
      precondition(all.count < 10_000)
    }
    return all
  }

  /// The detail of an answer that was given at once.
  mutating func refusal(
    _ request: TestRequest, door: Int = 0, at milliseconds: Int64 = 0
  ) -> ReplyDetail? {
    guard case .answer(let reply) = receive(request, door: door, at: milliseconds) else {
      return nil
    }
    sent(reply.ticket)
    return reply.detail
  }
}

enum TestGrants {
  static func grant(
    _ name: String, _ target: GrantTarget, _ rights: GrantRights,
    _ change: (inout Grant) -> Void = { _ in }
  ) -> Grant {
    var grant = Grant(
      name: name, target: target, rights: rights, position: Position(file: "app.toml", line: 7))
    change(&grant)
    return grant
  }

  static func directory(_ change: (inout Grant) -> Void = { _ in }) -> Grant {
    grant("data", .files(path: "/srv", isDirectory: true), [.read, .stat], change)
  }

  static func connect(
    _ hosts: [String], ports: ClosedRange<UInt16> = 443...443,
    _ change: (inout Grant) -> Void = { _ in }
  ) -> Grant {
    let targets = hosts.map { NetworkTarget(transport: .tcp, host: $0, ports: ports) }
    return grant("web", .connect(targets), .connect, change)
  }
}

extension Decision {
  /// Of what was not answered at once.
  var ticket: Ticket? {
    switch self {
    case .perform(let ticket), .begin(let ticket, _), .ask(let ticket), .wait(let ticket),
      .openDoor(let ticket, _):
      ticket
    case .answer, .cutOff, .notNow: nil
    }
  }

  var reply: BrokerReply? {
    if case .answer(let reply) = self { return reply }
    return nil
  }
}
