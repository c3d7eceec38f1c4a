/// A process of its own that writes one report of the daemon's: whatever it waits for, the daemon goes on. Both sides.
final class CrashWorker {
  /// The one argument that the program gets for it.
  static let argument = "crash-report"
  /// Seconds until it is killed; its unwinder has some less.
  static let seconds: Int64 = 40
  private static let unwinderSeconds: Int64 = 30
  private static let tailBytes = 32 << 10

  let app: String
  /// Why it was killed; nil: it was not.
  private var fate: String?
  /// When it is to be killed.
  var deadline: Int64
  private let process: Descriptor
  private let socket: Descriptor
  /// Its memory and descriptors are its own by now, and still count.
  private let place: CrashRoom.Place?

  /// Starts one.
  ///
  /// - Parameter program: what writes the report; nil: this very program.
  /// - Throws: `SystemError` of clone3(2), execve(2) and sendmsg(2): ETOOMANYREFS for too many descriptors on their way.
  init(
    _ capture: CrashCapture, _ order: CrashOrder, program: HeldDescriptor? = nil,
    environment: [String], now: Int64
  ) throws(SystemError) {
    app = order.subject.app
    deadline = now + Self.seconds * 1000
    place = capture.place
    let ends = try Packets.pair()
    let words = try SharedMemory.makeSealed("isolated-crash", order.json.bytes)
    try Self.send([words.raw, capture.core.raw], to: ends.one)
    var files = capture.files.map { $0.descriptor.raw }[...]
    while !files.isEmpty {
      try Self.send(Array(files.prefix(Packets.descriptors)), to: ends.one)
      files = files.dropFirst(Packets.descriptors)
    }
    let program = if let program { program } else { try Self.own() }
    let null = try Descriptor.openNull()
    process = try HostProgram.start(
      file: program.descriptor.raw, arguments: ["isolated", Self.argument].map { Array($0.utf8) },
      environment: environment, standard: (ends.other.raw, null.raw, 2),
      deathSignal: SignalNumber.kill)
    withExtendedLifetime(program) {}
    withExtendedLifetime(words) {}
    withExtendedLifetime(capture) {}
    socket = ends.one
  }

  private static func own() throws(SystemError) -> HeldDescriptor {
    HeldDescriptor(try OwnProgram.open().file.duplicate())
  }

  private static func send(
    _ numbers: [Int32], to socket: borrowing Descriptor
  ) throws(SystemError) {
    switch Packets.send([UInt8(1)].span, to: socket, passing: numbers.span) {
    case .done: break
    case .full: throw SystemError(call: "sendmsg", number: Errno.again)
    case .failed(let number): throw SystemError(call: "sendmsg", number: number)
    }
  }

  /// Readable when it has ended.
  var door: Int32 { process.raw }

  /// - Parameter reason: what is told of it.
  func kill(_ reason: String) {
    fate = fate ?? reason
    do throws(SystemError) {
      try ProcessHandle.send(SignalNumber.kill, to: process)
    } catch {
      /* ESRCH: it has ended, which is what was wanted. */
    }
  }

  /// What it told, once it has ended; nil: it works.
  func ended() -> CrashAnswer? {
    do throws(SystemError) {
      guard let status = try ProcessHandle.status(of: process, blocking: false) else { return nil }
      if let answer = receive() { return answer }
      if let fate { return .failed(fate) }
      return .failed("the process that writes it \(ExitStatus(waitStatus: status).words)")
    } catch {
      return .failed("the process that writes it cannot be waited for: \(error)")
    }
  }

  private func receive() -> CrashAnswer? {
    var bytes = [UInt8](repeating: 0, count: CrashAnswer.sizeLimit)
    var span = bytes.mutableSpan
    let size: Int
    do throws(SystemError) {
      size = try Packets.receive(from: socket, into: &span)?.size ?? 0
    } catch {
      /* ECONNRESET: it has ended without reading what it was sent. How it ended says more. */
      size = 0
    }
    if size == 0 { return nil }
    do throws(JSONError) {
      let json = try JSONReader.read(Array(bytes.prefix(size)), limit: CrashAnswer.sizeLimit)
      do throws(ControlMisread) {
        return try CrashAnswer(json)
      } catch {
        return nil
      }
    } catch {
      return nil
    }
  }

  deinit { ProcessHandle.endAndReap(process) }
}

extension ExitStatus {
  fileprivate var words: String {
    switch self {
    case .exited(let code): "ended with \(code)"
    case .signaled(let signal, _): "was ended by \(EndText.name(signal))"
    }
  }
}

/// Carries `isolated crash-report` out: one report, as the daemon orders it on descriptor 0. Started by a daemon only.
package func runCrashWorker() -> Int32 {
  do throws(SystemError) {
    let signals = try SignalDoor()
    ProcessHandle.giveWay()
    let host = try HostProbe.facts(withCgroups: false)
    let socket = Descriptor(adopting: 0)
    guard let (order, capture) = try CrashWorker.receive(from: socket) else {
      Output.complain("'isolated crash-report' is started by the daemon itself, for a crash")
      return 2
    }
    let answer = CrashWorker.write(order, capture, host, signals)
    _ = Packets.send(answer.json.bytes.span, to: socket)
    return 0
  } catch {
    Output.complain("no crash report can be written: \(error)")
    return 1
  }
}

extension CrashWorker {
  /// Nil: nobody has ordered anything.
  fileprivate static func receive(
    from socket: borrowing Descriptor
  ) throws(SystemError) -> (CrashOrder, CrashCapture)? {
    var first = try packet(socket)
    guard first.count == 2 else { return nil }
    let core = first.removeLast()
    let bytes = try SharedMemory.content(first[0].descriptor, limit: CrashOrder.sizeLimit)
    guard let order = order(bytes), order.directory.hasPrefix("/") else { return nil }
    var files: [HeldDescriptor] = []
    while files.count < order.files {
      let more = try packet(socket)
      guard !more.isEmpty, files.count + more.count <= CrashCapture.fileLimit else { return nil }
      files += more
    }
    let own = try core.descriptor.duplicate(floor: BrokerNumbers.floor)
    return (order, CrashCapture(core: own, files: files, place: nil))
  }

  private static func order(_ bytes: [UInt8]) -> CrashOrder? {
    do throws(JSONError) {
      let json = try JSONReader.read(bytes, limit: CrashOrder.sizeLimit)
      do throws(ControlMisread) {
        return try CrashOrder(json)
      } catch {
        return nil
      }
    } catch {
      return nil
    }
  }

  /// All were sent before this process was there: nothing is waited for.
  private static func packet(
    _ socket: borrowing Descriptor
  ) throws(SystemError) -> [HeldDescriptor] {
    var bytes: [UInt8] = [0]
    var span = bytes.mutableSpan
    guard var arrival = try Packets.receive(from: socket, into: &span) else { return [] }
    var taken: [HeldDescriptor] = []
    for index in 0..<arrival.descriptors.count {
      if let one = arrival.descriptors.take(index) { taken.append(HeldDescriptor(one)) }
    }
    return taken
  }

  fileprivate static func write(
    _ order: CrashOrder, _ capture: CrashCapture, _ host: HostFacts,
    _ signals: borrowing SignalDoor
  ) -> CrashAnswer {
    var context = order.context
    if let log = order.log { context.log = tail(log) }
    let unwinding = Unwinding(
      subject: order.subject, host: host, patience: unwinderSeconds * 1000)
    let ends = [SignalNumber.terminate, SignalNumber.interrupt, SignalNumber.hangUp]
    func isAskedToEnd() -> Bool {
      while let signal = signals.next() {
        if ends.contains(signal.number) { return true }
      }
      return false
    }
    switch CrashDesk.write(
      capture, into: order.directory, unwinding, context, isUnwanted: isAskedToEnd)
    {
    case .failed(let reason): return .failed(reason)
    case .written(let id, let path, let report):
      let place = report.place.map { " in \($0)" } ?? ""
      return .written(
        id: id, path: path, words: "crash \(id)\(place): \(report.cause.words)",
        call: report.refusedCall)
    }
  }

  /// The last lines before it.
  private static func tail(_ log: CrashOrder.Log) -> [String] {
    do throws(SystemError) {
      let directory = try PrivateDirectory(
        existing: log.directory, isPrivate: true, ownedBy: LocalSocket.user)
      return try LogReader(directory)
        .tail(
          lines: CrashReport.mostLines, bytes: tailBytes,
          before: LogPosition(number: log.number, offset: log.offset)
        )
        .map { RawText.decode($0.text) }
    } catch {
      /* A report without its log is worth having. */
      return []
    }
  }
}
