@testable import Isolate

/// What one app should get from its broker, said once more and differently: dictionaries, and everything counted by hand.
struct AppModel {
  struct Waiting {
    var id: UInt32
    var door: Int
    var grant: Int?
    var phase: Phase
    var deadline: Int64
    var isOperatorsTime = false
    var namesDeadline: Int64?
    var arrival: Int64
    var isSocket = false
  }
  enum Phase { case begun, asking, unsent }

  struct Standing {
    var used = 0
    /// The theoretical arrival time of the generic cell rate algorithm, in 1/requests of a millisecond.
    var arrival: Int = 0
    var isRevoked = false
    var answer: StandingAnswer?
    var isOver = false
  }

  let grants: [Grant]
  var requests: [Ticket: Waiting] = [:]
  var standings: [Standing]
  var ledger: [UInt32: LedgerState] = [:]
  var doors: Set<Int> = [0]
  var shown: [Int: Ticket] = [:]

  init(_ grants: [Grant]) {
    self.grants = grants
    standings = Array(repeating: Standing(), count: grants.count)
  }

  func waiting(_ door: Int? = nil) -> Int {
    requests.values.count { $0.phase != .unsent && (door == nil || $0.door == door) }
  }

  func held(_ door: Int) -> Int { requests.values.count { $0.door == door } }

  func isCrowded(_ door: Int) -> Bool {
    let share = min(16, 64 / max(1, doors.count))
    let reserved = doors.reduce(0) { $1 == door ? $0 : $0 + max(0, share - waiting($1)) }
    return waiting() + reserved >= 64
  }

  func canReceive(_ door: Int) -> Bool {
    let share = min(32, 256 / max(1, doors.count))
    let reserved = doors.reduce(0) { $1 == door ? $0 : $0 + max(0, share - held($1)) }
    return doors.contains(door) && requests.count + reserved < 256
  }

  /// Takes a token, if there is one.
  mutating func takeToken(_ grant: Int, at now: Int64) -> Bool {
    guard let rate = grants[grant].rate else { return true }
    let time = Int(now) * Int(rate.requests)
    let arrival = max(standings[grant].arrival, time)
    guard arrival - time <= (Int(rate.burst) - 1) * Int(rate.perMilliseconds) else { return false }
    standings[grant].arrival = arrival + Int(rate.perMilliseconds)
    return true
  }

  func isUsedUp(_ grant: Int) -> Bool {
    guard let count = grants[grant].count else { return false }
    return standings[grant].used >= Int(count)
  }

  /// Grants that are over at this time, and were not.
  mutating func end(at now: Int64) -> [Int] {
    var ended: [Int] = []
    for grant in grants.indices {
      guard let lease = grants[grant].leaseMilliseconds, lease <= now, !standings[grant].isOver
      else { continue }
      standings[grant].isOver = true
      ended.append(grant)
    }
    return ended
  }
}

/// What the simulated app asks; its verdict but for what changes is known.
struct SimulatedRequest {
  var request: TestRequest
  var grant: Int?
  /// Nil: nothing lasting is wrong with it.
  var refusal: ReplyDetail?
  var isAtOnce: Bool
  var isSocket: Bool
}

enum Simulated {
  static let grants: [Grant] = [
    TestGrants.directory(),
    TestGrants.directory { $0.rate = GrantRate(requests: 7, perMilliseconds: 30, burst: 4) },
    TestGrants.directory { $0.count = 150 },
    TestGrants.directory { $0.askMilliseconds = 700 },
    TestGrants.connect(["*.example.org", "10.0.0.0/8"]),
    TestGrants.connect(["*"]) {
      $0.askMilliseconds = 400
      $0.count = 30
      $0.rate = GrantRate(requests: 1, perMilliseconds: 3, burst: 10)
    },
    TestGrants.connect(["*"]) { $0.leaseMilliseconds = 9_000 },
    TestGrants.grant("d", .driver(name: "d"), .call),
  ]
  static let drivers = [
    DriverPolicy(
      name: "d", command: [], profile: nil, deadlineMilliseconds: 250, queue: 5,
      position: Position(file: "x", line: 1))
  ]

  static func request(
    _ id: UInt32, _ deadline: UInt32, _ generator: inout SeededGenerator
  ) -> SimulatedRequest {
    let grant = Int(generator.next() % 8)
    let luck = generator.next() % 16
    func made(
      _ request: TestRequest, _ refusal: ReplyDetail?, atOnce: Bool = false, socket: Bool = false
    ) -> SimulatedRequest {
      var request = request
      request.message.deadline = deadline
      return SimulatedRequest(
        request: request, grant: grant, refusal: refusal, isAtOnce: atOnce, isSocket: socket)
    }
    let index = UInt16(grant)
    switch (grant, luck) {
    case (_, 0):
      var unknown = made(.open(id, grant: 8 + index), .noGrant)
      unknown.grant = nil
      return unknown
    case (_, 1): return made(.listen(id, grant: index, "*"), .right)
    case (0...3, 2): return made(.open(id, grant: index, flags: [.read, .write]), .right)
    case (0...3, 3): return made(.open(id, grant: index, "a\u{0}"), .malformed)
    case (0...3, _): return made(.open(id, grant: index), nil, atOnce: true)
    case (4...6, 2): return made(.connect(id, grant: index, "127.0.0.1"), .outside)
    case (4...6, 3): return made(.connect(id, grant: index, "a.example.org", port: 1), .outside)
    case (4...6, 4): return made(.connect(id, grant: index, "0x7f.1"), .malformed)
    case (4...6, _): return made(.connect(id, grant: index, "A.example.org."), nil, socket: true)
    default: return made(TestRequest(id) { .driverCall(grant: index, payload: $0) }, nil)
    }
  }
}
