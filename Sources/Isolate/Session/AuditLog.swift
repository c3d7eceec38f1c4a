/// Every decision of one app's broker in a file, as a line of JSON each.
///
/// Nothing is lost between the two: records stay in the book until their lines are in the file, and a broker whose ring is full
/// takes no requests. A file that cannot be written is said once, and tried again.
final class AuditLog {
  /// Where lines go.
  enum Place: ~Copyable {
    case file(AppendFile)
    /// Files of a directory, one after another.
    case files(LogFile)

    borrowing func append(_ bytes: ArraySlice<UInt8>) throws(SystemError) -> Int {
      switch self {
      case .file(let file): try file.append(bytes)
      case .files(let files): try files.append(bytes)
      }
    }

    var path: String {
      switch self {
      case .file(let file): file.path
      case .files(let files): files.path
      }
    }
  }

  /// Of the daemon: of one file of an app, and how many there are.
  static let files: LogPolicy = {
    var policy = LogPolicy()
    policy.sizeBytes = 16 << 20
    policy.files = 16
    return policy
  }()
  /// Records that are taken at one time: nobody waits long for it.
  private static let batch = 512

  /// How long a record may wait for others, and how long after a failure, in milliseconds.
  static let pause: Int64 = 200
  static let retryPause: Int64 = 1000

  private let place: Place
  private let app: String
  /// Which launch of the daemon's.
  private let instance: UInt64?
  private let grants: [Grant]
  private let supervisor = LocalSocket.process
  private var records = RecordReader()
  /// Lines that are not in the file.
  private var unwritten: ArraySlice<UInt8> = []
  /// Up to here they are, and the broker has been told.
  private var written: UInt64 = 0
  private var toldBroker: UInt64 = 0
  private var complaint: SystemError?
  /// When there is something to do, in milliseconds on the monotonic clock.
  private(set) var dueAt: Int64?
  /// The book had more than was taken at one time.
  private var isBehind = false

  /// Opens it, before the app runs.
  ///
  /// - Throws: an errno of open(2); EPERM where the app could change the file itself, or it is somebody else's.
  convenience init(_ path: String, _ policy: Policy) throws(SystemError) {
    try self.init(.file(try AppendFile(path)), policy, instance: nil)
  }

  /// - Parameter instance: the number of the launch, of a daemon's app.
  /// - Throws: EPERM where the app could change it itself.
  init(_ place: consuming Place, _ policy: Policy, instance: UInt64?) throws(SystemError) {
    let path = place.path
    self.place = place
    self.instance = instance
    app = policy.app
    grants = policy.grants
    if AppReach(policy).canChange(path) {
      throw SystemError(call: "open", number: Errno.notPermitted, subject: path)
    }
  }

  // MARK: When

  /// A broker begins. Returns what it may write over.
  func begin() -> UInt64 {
    toldBroker = written
    return written
  }

  /// The broker said something: it may have records.
  func hint(now: Int64) {
    if dueAt == nil { dueAt = now + Self.pause }
  }

  /// The broker has records up to this one.
  func hint(of sequence: UInt64, now: Int64) {
    let isHalf = sequence >= written &+ UInt64(BookLayout.records / 2)
    if isHalf, complaint == nil { dueAt = now }
  }

  /// Does what is due.
  ///
  /// - Returns: which records the broker may write over, if that is to be told; then `told`.
  func turn(_ book: BookReader, now: Int64) -> UInt64? {
    guard let due = dueAt, now >= due else { return nil }
    dueAt = nil
    write()
    if unwritten.isEmpty {
      take(book)
      write()
    }
    if !unwritten.isEmpty {
      dueAt = now + Self.retryPause
      return nil
    }
    written = records.last
    if isBehind { dueAt = now }
    if toldBroker == written { return nil }
    /* Until it is told. */
    if !isBehind { dueAt = now + Self.pause }
    return written
  }

  func told(_ sequence: UInt64) {
    toldBroker = sequence
    if !isBehind { dueAt = nil }
  }

  /// No broker writes any more: the rest, and what was asked and never answered.
  func finish(_ book: BookReader?) {
    dueAt = nil
    write()
    if let book {
      for _ in 0...BookLayout.records / Self.batch {
        take(book)
        if !isBehind { break }
      }
      takeUnfinished(book)
    }
    write()
    let left = unwritten.count { $0 == UInt8(ascii: "\n") }
    if left > 0 { Output.complain("\(left) decisions are not in \(place.path)") }
  }

  // MARK: What

  private func take(_ book: BookReader) {
    guard book.isValid else { return }
    let taken = records.take(book, most: Self.batch)
    isBehind = taken.isBehind
    let clock = Clock()
    for (sequence, record) in taken.records { add(record, sequence, clock) }
    guard taken.lost > 0 else { return }
    add { json in
      json.field("time", clock.text(Poller.bootMicroseconds()))
      json.field("app", app)
      json.field("supervisor", supervisor)
      if let instance { json.field("instance", instance) }
      json.field("lost", taken.lost)
    }
  }

  private func takeUnfinished(_ book: BookReader) {
    guard book.isValid else { return }
    let last = book.record(records.last)?.serial
    let clock = Clock()
    for slot in 0..<BookLayout.requests {
      guard let open = book.unfinished(slot), !open.isRecorded, open.record.serial != last else {
        continue
      }
      var record = open.record
      record.detail = .cancelled
      record.status = ReplyDetail.cancelled.status
      add(record, nil, clock)
    }
  }

  private func add(_ record: DecisionRecord, _ sequence: UInt64?, _ clock: Clock) {
    let index = record.grant.map { Int($0) } ?? -1
    let grant = grants.indices.contains(index) ? grants[index] : nil
    add { json in
      json.field("time", clock.text(record.time.microseconds))
      json.field("app", app)
      json.field("supervisor", supervisor)
      if let instance { json.field("instance", instance) }
      if let sequence { json.field("sequence", sequence) }
      json.field("broker", record.generation)
      json.field("door", record.door)
      json.field("request", record.id)
      json.field("operation", record.opcode.words)
      json.field("subject", RawText.decode(record.subject.bytes))
      if record.subject.total > record.subject.count {
        json.field("subject-bytes", record.subject.total)
      }
      if let transport = WireTransport(rawValue: record.transport) {
        json.field("transport", "\(transport)")
        json.field("port", record.port)
      }
      json.key("grant")
      if let grant { json.value(grant.name) } else { json.null() }
      json.key("rule")
      if let grant { json.value(grant.position.description) } else { json.null() }
      json.field(
        "error", record.status == 0 ? "" : SystemError.name(Int32(clamping: record.status)))
      json.field("reason", record.detail.words)
      json.field("microseconds", record.microseconds)
      if record.handle != 0 { json.field("handle", record.handle) }
    }
  }

  private func add(_ fill: (inout JSONWriter) -> Void) {
    var json = JSONWriter()
    json.beginObject()
    fill(&json)
    json.endObject()
    json.endLine()
    unwritten += json.bytes
  }

  private func write() {
    while !unwritten.isEmpty {
      do throws(SystemError) {
        unwritten = unwritten.dropFirst(try place.append(unwritten))
      } catch {
        if complaint == nil {
          Output.complain(
            "decisions cannot be kept: \(error); requests wait while their ring is full")
        }
        complaint = error
        return
      }
    }
    unwritten = []
    complaint = nil
  }

  /// The machine's clock beside the one that records go by.
  private struct Clock {
    private let offset: Int64

    init() {
      var time = SystemClock.Time(seconds: 0, nanoseconds: 0)
      do throws(SystemError) { time = try SystemClock.now() } catch {
        /* Not on Linux. */
      }
      let wall = time.seconds &* 1_000_000 &+ Int64(time.nanoseconds / 1000)
      offset = wall &- Poller.bootMicroseconds()
    }

    func text(_ boot: Int64) -> String { TimeText.utc(microseconds: offset &+ boot) }
  }
}
