/// The messages between a broker and its supervisor: one packet each, always `BrokerMessage.size` bytes, in this machine's
/// order (both ends are one program). Reading is total on both sides; what is no message is nil.

/// What a broker tells.
enum BrokerNotice: Hashable, Sendable {
  /// It has taken over: its first words.
  case ready
  /// The app got a socket; a duplicate comes with this.
  case gaveSocket(handle: UInt32, grant: UInt16)
  /// The socket of a handle is to be shut, and its duplicate closed.
  case cut(handle: UInt32)
  /// The app got another door; our end of it comes with this, for a successor. Which socket is the app's end.
  case openedDoor(number: UInt16, inode: UInt64)
  case closedDoor(number: UInt16)
  /// A request waits for an operator.
  /// Answered with no when so many milliseconds have passed.
  case asks(number: UInt64, grant: UInt16, opcode: UInt16, milliseconds: Int64, subject: BrokerText)
  case askGone(number: UInt64)
  /// The app sent lines of sd_notify(3).
  case notified(BrokerText)
  /// The app broke the protocol; its door is to be shut.
  case cutOff(violation: UInt8, opcode: UInt16)
  /// There are records that were not taken: the first of them, and again when half of the ring is full.
  case recorded(sequence: UInt64)
  /// A driver with a process of its own is needed.
  case wantsDriver(index: UInt16)
  /// It broke the protocol (the violation's number), or is silent (`BrokerSession.silence`), and is to be ended.
  case driverFailed(index: UInt16, reason: UInt8)
  /// A program of the host is to be started, signalled or looked at for a request; `ticket` is its serial number. With app.start a
  /// sealed file comes that holds the arguments, a NUL behind each. With `cancel` nobody waits for a secret's command any more.
  case wantsService(ticket: UInt64, grant: UInt16, opcode: UInt16, signal: UInt32, name: BrokerText)
  /// The machine's clock is to be set: seconds since 1970, UTC.
  case wantsClock(ticket: UInt64, grant: UInt16, seconds: Int64, nanoseconds: UInt32)
}

/// What a supervisor says.
enum BrokerOrder: Hashable, Sendable {
  /// The first of all: what it is to do comes with this, sealed (`BrokerStart`).
  case begin
  /// Before `begin`, to a spare one: what it would be told if it began now comes with this (`BrokerSession.rehearse`).
  case rehearse
  case answer(number: UInt64, AskAnswer)
  /// A door that the app was given by a predecessor comes with this. Before anything else.
  case door(number: UInt16)
  case revoke(grant: UInt16)
  /// The socket to a driver comes with this.
  case driver(index: UInt16)
  /// Its process has ended, whoever may have a copy of its socket.
  case driverLost(index: UInt16)
  /// It cannot be had now.
  case driverEnded(index: UInt16)
  /// What came of `wantsService`: an errno or 0, and what the request returns. For a secret the end of a pipe comes with it.
  case served(ticket: UInt64, status: UInt32, state: UInt16, exit: Int32, name: BrokerText)
  /// The command of a secret has ended, well or not.
  case commandEnded(ticket: UInt64, isWell: Bool)
  /// The records up to this one are kept elsewhere, and may be written over.
  case tookRecords(sequence: UInt64)
  /// Nobody has this socket any more.
  case socketGone(handle: UInt32)
}

/// The beginning of a text, without a heap.
struct BrokerText: Hashable, Sendable {
  static let capacity = 200
  private var bytes = InlineBytes()
  private(set) var count = 0

  init() {}

  /// The first 200 bytes.
  init(_ text: Span<UInt8>) {
    count = min(text.count, Self.capacity)
    for place in 0..<count { bytes.storage[place] = text[place] }
  }

  init(_ text: [UInt8]) { self.init(text.span) }

  var array: [UInt8] {
    var copy: [UInt8] = []
    copy.reserveCapacity(count)
    for place in 0..<count { copy.append(bytes.storage[place]) }
    return copy
  }

  subscript(place: Int) -> UInt8 { bytes.storage[place] }

  static func == (a: BrokerText, b: BrokerText) -> Bool { a.array == b.array }
  func hash(into hasher: inout Hasher) { hasher.combine(array) }

  private struct InlineBytes: Sendable {
    var storage = InlineArray<200, UInt8>(repeating: 0)
  }
}

/// One packet.
struct BrokerMessage: ~Copyable {
  static let size = 256
  private static let textAt = 32

  var bytes = InlineArray<256, UInt8>(repeating: 0)

  init() {}

  private init(
    kind: UInt16, grant: UInt16 = 0, handle: UInt32 = 0, number: UInt64 = 0, time: Int64 = 0,
    opcode: UInt16 = 0, text: BrokerText = BrokerText()
  ) {
    put(UInt64(kind), 2, at: 0)
    put(UInt64(grant), 2, at: 2)
    put(UInt64(handle), 4, at: 4)
    put(number, 8, at: 8)
    put(UInt64(bitPattern: time), 8, at: 16)
    put(UInt64(opcode), 2, at: 24)
    put(UInt64(text.count), 2, at: 26)
    for place in 0..<text.count { bytes[Self.textAt + place] = text[place] }
  }

  init(_ notice: BrokerNotice) {
    switch notice {
    case .ready: self.init(kind: 1)
    case .gaveSocket(let handle, let grant): self.init(kind: 2, grant: grant, handle: handle)
    case .cut(let handle): self.init(kind: 3, handle: handle)
    case .openedDoor(let number, let inode): self.init(kind: 10, grant: number, number: inode)
    case .closedDoor(let number): self.init(kind: 11, grant: number)
    case .asks(let number, let grant, let opcode, let milliseconds, let subject):
      self.init(
        kind: 4, grant: grant, number: number, time: milliseconds, opcode: opcode, text: subject)
    case .askGone(let number): self.init(kind: 5, number: number)
    case .notified(let text): self.init(kind: 6, text: text)
    case .cutOff(let violation, let opcode):
      self.init(kind: 7, handle: UInt32(violation), opcode: opcode)
    case .recorded(let sequence): self.init(kind: 8, number: sequence)
    case .wantsDriver(let index): self.init(kind: 9, grant: index)
    case .driverFailed(let index, let reason):
      self.init(kind: 13, grant: index, handle: UInt32(reason))
    case .wantsService(let ticket, let grant, let opcode, let signal, let name):
      self.init(kind: 12, grant: grant, handle: signal, number: ticket, opcode: opcode, text: name)
    case .wantsClock(let ticket, let grant, let seconds, let nanoseconds):
      self.init(kind: 16, grant: grant, handle: nanoseconds, number: ticket, time: seconds)
    }
  }

  init(_ order: BrokerOrder) {
    switch order {
    case .begin: self.init(kind: 32)
    case .rehearse: self.init(kind: 50)
    case .answer(let number, let answer):
      self.init(kind: 33, handle: UInt32(answer.rawValue), number: number)
    case .door(let number): self.init(kind: 37, grant: number)
    case .revoke(let grant): self.init(kind: 34, grant: grant)
    case .driver(let index): self.init(kind: 35, grant: index)
    case .driverEnded(let index): self.init(kind: 36, grant: index)
    case .driverLost(let index): self.init(kind: 45, grant: index)
    case .served(let ticket, let status, let state, let exit, let name):
      self.init(
        kind: 38, handle: status, number: ticket, time: Int64(exit), opcode: state, text: name)
    case .commandEnded(let ticket, let isWell):
      self.init(kind: 39, handle: isWell ? 1 : 0, number: ticket)
    case .tookRecords(let sequence): self.init(kind: 48, number: sequence)
    case .socketGone(let handle): self.init(kind: 49, handle: handle)
    }
  }

  /// What a broker sent; `size` as received.
  func notice(size: Int) -> BrokerNotice? {
    guard size == Self.size else { return nil }
    let number = get(8, at: 8)
    let grant = UInt16(truncatingIfNeeded: get(2, at: 2))
    let handle = UInt32(truncatingIfNeeded: get(4, at: 4))
    let opcode = UInt16(truncatingIfNeeded: get(2, at: 24))
    switch get(2, at: 0) {
    case 1: return .ready
    case 2: return .gaveSocket(handle: handle, grant: grant)
    case 3: return .cut(handle: handle)
    case 4:
      guard let text else { return nil }
      return .asks(
        number: number, grant: grant, opcode: opcode,
        milliseconds: Int64(bitPattern: get(8, at: 16)), subject: text)
    case 5: return .askGone(number: number)
    case 6: return text.map { .notified($0) }
    case 7:
      return .cutOff(violation: UInt8(truncatingIfNeeded: handle), opcode: opcode)
    case 8: return .recorded(sequence: number)
    case 9: return .wantsDriver(index: grant)
    case 10: return .openedDoor(number: grant, inode: number)
    case 11: return .closedDoor(number: grant)
    case 13: return .driverFailed(index: grant, reason: UInt8(truncatingIfNeeded: handle))
    case 12:
      return text.map {
        .wantsService(ticket: number, grant: grant, opcode: opcode, signal: handle, name: $0)
      }
    case 16:
      return .wantsClock(
        ticket: number, grant: grant, seconds: Int64(bitPattern: get(8, at: 16)),
        nanoseconds: handle)
    default: return nil
    }
  }

  /// What a supervisor sent.
  func order(size: Int) -> BrokerOrder? {
    guard size == Self.size else { return nil }
    let grant = UInt16(truncatingIfNeeded: get(2, at: 2))
    switch get(2, at: 0) {
    case 32: return .begin
    case 50: return .rehearse
    case 33:
      guard let answer = AskAnswer(rawValue: UInt8(truncatingIfNeeded: get(4, at: 4))) else {
        return nil
      }
      return .answer(number: get(8, at: 8), answer)
    case 34: return .revoke(grant: grant)
    case 35: return .driver(index: grant)
    case 36: return .driverEnded(index: grant)
    case 37: return .door(number: grant)
    case 45: return .driverLost(index: grant)
    case 38:
      let exit = Int32(truncatingIfNeeded: Int64(bitPattern: get(8, at: 16)))
      return text.map {
        .served(
          ticket: get(8, at: 8), status: UInt32(truncatingIfNeeded: get(4, at: 4)),
          state: UInt16(truncatingIfNeeded: get(2, at: 24)), exit: exit, name: $0)
      }
    case 39: return .commandEnded(ticket: get(8, at: 8), isWell: get(4, at: 4) == 1)
    case 48: return .tookRecords(sequence: get(8, at: 8))
    case 49: return .socketGone(handle: UInt32(truncatingIfNeeded: get(4, at: 4)))
    default: return nil
    }
  }

  private var text: BrokerText? {
    let count = Int(get(2, at: 26))
    guard count <= BrokerText.capacity else { return nil }
    return BrokerText(bytes.span.extracting(Self.textAt..<Self.textAt + count))
  }

  private mutating func put(_ value: UInt64, _ count: Int, at place: Int) {
    for offset in 0..<count {
      bytes[place + offset] = UInt8(truncatingIfNeeded: value >> (8 * UInt64(offset)))
    }
  }

  private func get(_ count: Int, at place: Int) -> UInt64 {
    var value: UInt64 = 0
    for offset in 0..<count { value |= UInt64(bytes[place + offset]) << (8 * UInt64(offset)) }
    return value
  }
}
