/// A moment of the clock that the broker's caller reads for it: CLOCK_BOOTTIME, so that leases go on while the machine sleeps.
package struct BrokerTime: Comparable, Hashable, Sendable {
  /// Since boot. Never negative in what the kernel gives; negative values are as good as any here.
  package var microseconds: Int64

  package init(microseconds: Int64) { self.microseconds = microseconds }
  /// A number too large becomes the end of time.
  package init(milliseconds: Int64) {
    let (product, tooLarge) = milliseconds.multipliedReportingOverflow(by: 1000)
    microseconds = tooLarge ? (milliseconds < 0 ? .min : .max) : product
  }

  package static let distantFuture = BrokerTime(microseconds: .max)

  package var milliseconds: Int64 { microseconds / 1000 }

  /// Later by that much; the end of time when there is no such moment.
  package func adding(milliseconds: Int64) -> BrokerTime {
    let more = BrokerTime(milliseconds: milliseconds).microseconds
    let (sum, tooLarge) = microseconds.addingReportingOverflow(more)
    return BrokerTime(microseconds: tooLarge ? (more < 0 ? .min : .max) : sum)
  }

  /// From an earlier moment to this one, at least 0.
  package func microseconds(since earlier: BrokerTime) -> UInt64 {
    guard self > earlier else { return 0 }
    return UInt64(bitPattern: microseconds &- earlier.microseconds)
  }

  package static func < (left: BrokerTime, right: BrokerTime) -> Bool {
    left.microseconds < right.microseconds
  }
}

/// Names a request that has not had its reply, between the broker and its caller. Never used for another request.
package struct Ticket: Hashable, Sendable {
  package var slot: UInt8
  /// Unique over all brokers of one book.
  package var serial: UInt64
}

/// Error numbers as Linux has them; the pure rooms do not import the C library.
package enum BrokerStatus {
  package static let done: UInt32 = 0
  package static let permission: UInt32 = 1
  package static let noEntry: UInt32 = 2
  package static let inputOutput: UInt32 = 5
  package static let tryAgain: UInt32 = 11
  package static let access: UInt32 = 13
  package static let invalid: UInt32 = 22
  package static let tooManyFiles: UInt32 = 24
  package static let notSupported: UInt32 = 95
  package static let timedOut: UInt32 = 110
  package static let quota: UInt32 = 122
  package static let cancelled: UInt32 = 125
  package static let keyExpired: UInt32 = 127
  package static let keyRevoked: UInt32 = 128
}

extension ReplyDetail {
  /// The errno that goes with it when the broker decides. `kernel` has none of its own.
  package var status: UInt32 {
    switch self {
    case .kernel: BrokerStatus.done
    case .noGrant, .right, .outside, .denied, .unanswered: BrokerStatus.access
    case .rate, .crowded: BrokerStatus.tryAgain
    case .count: BrokerStatus.quota
    case .lease: BrokerStatus.keyExpired
    case .revoked: BrokerStatus.keyRevoked
    case .deadline: BrokerStatus.timedOut
    case .cancelled: BrokerStatus.cancelled
    case .brokerRestarted, .driverFailed: BrokerStatus.inputOutput
    case .malformed: BrokerStatus.invalid
    case .unavailable: BrokerStatus.notSupported
    }
  }
}

/// How a request ended: the head of its last reply. Its record is in the book already.
package struct BrokerReply: Hashable, Sendable {
  /// To say that the reply has left: `Broker.sent`.
  package var ticket: Ticket
  package var door: UInt8
  package var opcode: Opcode
  package var id: UInt32
  package var status: UInt32
  package var detail: ReplyDetail
  /// Nil: no grant decided.
  package var grant: UInt16?
  /// Of the descriptor that goes with it; 0: none does, and one that the driver made is to be closed.
  package var handle: UInt32
}

/// What to do with a request that has just come.
package enum Decision: Hashable, Sendable {
  /// A driver within the broker does it at once; `Broker.complete` before anything else is received.
  case perform(Ticket)
  /// Somebody works on it; `Broker.complete` when that is done. `driver` is an index in the settings' drivers, nil: built in.
  case begin(Ticket, driver: Int?)
  /// The operator is to be asked. The caller keeps the message: `BrokerAction.perform` may come for it.
  case ask(Ticket)
  /// The operator is being asked about another request of the same grant. The caller keeps the message.
  case wait(Ticket)
  /// A socket pair is made, one end of it this door; `Broker.complete` before anything else is received, with no handle.
  case openDoor(Ticket, door: Int)
  /// Decided already; with status 0 the caller fills in what hello, notify and handle.list return.
  case answer(BrokerReply)
  /// The app broke the protocol: its door is closed, nothing is answered any more.
  case cutOff(WireViolation)
  /// No room to remember it. Not taken: it is to be offered again after a reply has left (`Broker.canReceive` says when).
  case notNow
}

/// What became possible or necessary without a new request: asked for with `Broker.nextAction` until there is none.
package enum BrokerAction: Hashable, Sendable {
  /// The operator said yes: `driver` as of `Decision.begin`; `atOnce` as of `Decision.perform`.
  case perform(Ticket, driver: Int?, atOnce: Bool)
  /// Its work is not wanted any more; a reply comes or has come. What it still brings is closed.
  case abandon(Ticket, driver: Int?)
  case reply(BrokerReply)
  /// The operator is to be asked about this request, instead of what was asked for the grant before.
  case ask(Ticket, grant: UInt16)
  /// Nothing waits for the operator's answer any more.
  case withdraw(grant: UInt16)
  /// shutdown(2) on the duplicate of this socket, then `Broker.didCut`.
  case cut(handle: UInt32)
}

/// What a driver made of a request.
package struct Completion: Hashable, Sendable {
  package var status: UInt32
  package var detail: ReplyDetail
  /// A descriptor for the app, when the status is 0.
  package var handle: HandleFacts?

  package init(status: UInt32 = 0, detail: ReplyDetail = .kernel, handle: HandleFacts? = nil) {
    self.status = status
    self.detail = detail
    self.handle = handle
  }
}

/// What identifies a descriptor in /proc/PID/fd of the app, and whether it can be taken back.
package struct HandleFacts: Hashable, Sendable {
  package var device: UInt64
  /// Of a socket: SO_COOKIE or the inode, as the caller likes; it is only handed back.
  package var inode: UInt64
  /// A socket, of which somebody keeps a duplicate.
  package var isSocket: Bool

  package init(device: UInt64, inode: UInt64, isSocket: Bool) {
    self.device = device
    self.inode = inode
    self.isSocket = isSocket
  }
}

package enum GrantAnswer: Hashable, Sendable {
  /// Yes to the request that was shown; the next one is asked about again.
  case once
  /// Yes to all of this grant as long as the app lives.
  case run
  /// As `run`; who remembers it for later runs is not the broker.
  case always
  /// No to the request that was shown.
  case no
  /// No to all of this grant. Who remembers it for later runs is not the broker.
  case never
}

/// What holds for all requests of a grant that asks: given by the operator now, or remembered from an earlier run.
package enum StandingAnswer: UInt8, Hashable, Sendable {
  case yes = 1
  case no = 2
}

/// What a broker is made from, besides its book.
package struct BrokerSettings: Sendable {
  package var grants: [Grant]
  package var drivers: [DriverPolicy]
  /// Of the app, not of the broker: leases count from here.
  package var start: BrokerTime
  /// The numbers of the doors that are open. Door 0 is the socket that the app started with, others it has asked for, and
  /// `BookLayout.notificationDoor` is for unmodified programs.
  package var doors: [Int]
  /// Grants that were taken back. The supervisor's word: what a predecessor wrote cannot undo it.
  package var revoked: Set<UInt16>
  /// What an operator said in earlier runs, by grant.
  package var answers: [UInt16: StandingAnswer]
  /// Somebody takes every record, and has taken those up to this one; nil: nobody does.
  package var recordsTaken: UInt64?

  package init(
    grants: [Grant], drivers: [DriverPolicy] = [], start: BrokerTime, doors: [Int] = [0],
    revoked: Set<UInt16> = [], answers: [UInt16: StandingAnswer] = [:], recordsTaken: UInt64? = nil
  ) {
    self.grants = grants
    self.drivers = drivers
    self.start = start
    self.doors = doors
    self.revoked = revoked
    self.answers = answers
    self.recordsTaken = recordsTaken
  }
}
