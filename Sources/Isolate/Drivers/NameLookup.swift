/// The addresses of a host name, asked of the servers of resolv.conf(5). It never waits: it says which door to poll.
///
/// Each question goes out by a socket of its own, connected to the server, from a port that the kernel chose at random, with a
/// random id and randomly written capitals. An answer that does not match is passed over, however many come; an answer
/// that was cut is asked for again by TCP. There is no cache.
package struct NameLookup: ~Copyable {
  /// What to do next.
  package enum Step: Hashable, Sendable {
    /// Poll the door, for writing or for reading, until `time` (monotonic milliseconds) at most, then `advance`.
    case wait(door: Int32, forWriting: Bool, time: Int64)
    /// At least one address.
    case addresses([InternetAddress])
  }

  /// One kind of address of one name.
  private struct Asked {
    var question: DNSMessage.Question
    var answer: DNSMessage.Answer?
  }

  private let settings: ResolverSettings
  private let deadline: Int64
  private var candidates: ArraySlice<[UInt8]>
  /// Servers that are still to be asked for the present candidate; a server comes once each attempt.
  private var servers: [InternetAddress] = []
  private var server: InternetAddress?
  private var asked: [Asked] = []
  private var datagrams: Descriptor?
  private var stream: DNSStream?
  private var time: Int64 = 0
  private var known: [InternetAddress]?
  private var failure = SystemError(call: "resolve", number: Errno.noEntry)
  private var random: any RandomNumberGenerator
  private var buffer = [UInt8](repeating: 0, count: 4096)

  /// - Parameters:
  ///   - name: of any bytes; what is no name is not found.
  ///   - deadline: monotonic milliseconds.
  package init(
    _ name: [UInt8], settings: ResolverSettings, deadline: Int64,
    random: any RandomNumberGenerator = SystemRandomNumberGenerator()
  ) {
    self.settings = settings
    self.deadline = deadline
    self.random = random
    known = settings.known(name)
    candidates = settings.candidates(name)[...]
  }

  /// Goes on as far as it goes without waiting.
  ///
  /// - Throws: ENOENT: there is no such name, or it has no address; ETIMEDOUT: nobody answered in time; EREMOTEIO: the
  ///   servers failed; what the network says.
  package mutating func advance(now: Int64) throws(SystemError) -> Step {
    if let known { return .addresses(known) }
    /* Each round waits, ends, or moves on to the next server or candidate, of which there are few. */
    while true {
      if now >= deadline { throw SystemError(call: "resolve", number: Errno.timedOut) }
      if server == nil {
        guard try askNext(now: now) else { throw failure }
      }
      if stream != nil {
        if let step = moveStream(now: now) { return step }
      } else if let step = moveDatagrams(now: now) {
        return step
      }
      if let done = judge(now: now) { return .addresses(done) }
    }
  }

  /// Puts the questions to the next server, or those of the next candidate to the first. False: all were asked.
  private mutating func askNext(now: Int64) throws(SystemError) -> Bool {
    while true {
      if servers.isEmpty {
        guard let candidate = candidates.popFirst() else { return false }
        asked = questions(candidate)
        if asked.isEmpty { continue }
        for _ in 0..<settings.attempts { servers += settings.servers }
      }
      let next = servers.removeFirst()
      time = min(deadline, now + settings.timeout)
      do throws(SystemError) {
        let place = SocketPlace(next, port: settings.port)
        let socket = try SocketCalls.connectDatagrams(to: place)
        for one in asked {
          _ = try SocketCalls.send(one.question.message.span, to: socket)
        }
        datagrams = consume socket
        server = next
        return true
      } catch {
        failure = error
      }
    }
  }

  private mutating func questions(_ name: [UInt8]) -> [Asked] {
    var asked: [Asked] = []
    for kind in DNSMessage.Kind.allCases {
      let id = UInt16(truncatingIfNeeded: random.next())
      let letters = random.next()
      if let question = DNSMessage.Question(name.span, kind: kind, id: id, letters: letters) {
        asked.append(Asked(question: question))
      }
    }
    return asked
  }

  /// Takes the answers that are there. Nil: nothing more to wait for from this server.
  private mutating func moveDatagrams(now: Int64) -> Step? {
    guard let socket = datagrams.take() else { return nil }
    /* Bounded: a flood of forged answers gets its turn like everything else, and the time runs. */
    for _ in 0..<64 where asked.contains(where: { $0.answer == nil }) {
      do throws(SystemError) {
        guard let count = try SocketCalls.receive(from: socket, into: &buffer) else { break }
        take(count)
      } catch {
        /* ECONNREFUSED: nobody listens there. */
        failure = error
        return nil
      }
    }
    guard asked.contains(where: { $0.answer == nil }) else { return nil }
    guard now < time else {
      failure = SystemError(call: "resolve", number: Errno.timedOut)
      return nil
    }
    let door = socket.raw
    datagrams = consume socket
    return .wait(door: door, forWriting: false, time: time)
  }

  private mutating func take(_ count: Int) {
    for index in asked.indices where asked[index].answer == nil {
      let answer = asked[index].question.answer(buffer.span.extracting(0..<count))
      if answer == .foreign { continue }
      /* A forger who guessed everything but the form gains nothing by it: the true answer may still come. */
      if answer != .malformed { asked[index].answer = answer }
      return
    }
  }

  private mutating func moveStream(now: Int64) -> Step? {
    guard var stream = stream.take() else { return nil }
    do throws(SystemError) {
      if let answer = try stream.advance(&buffer) {
        asked[stream.index].answer = answer
        return nil
      }
      guard now < time else { throw SystemError(call: "resolve", number: Errno.timedOut) }
      let step = Step.wait(door: stream.door, forWriting: stream.isSending, time: time)
      self.stream = consume stream
      return step
    } catch {
      asked[stream.index].answer = .malformed
      failure = error
      return nil
    }
  }

  /// What the answers so far come to: addresses; or nil, and what comes next is prepared.
  private mutating func judge(now: Int64) -> [InternetAddress]? {
    if let index = asked.firstIndex(where: { $0.answer == .cut }), let server {
      do throws(SystemError) {
        stream = try DNSStream(
          to: SocketPlace(server, port: settings.port), question: asked[index].question,
          index: index)
        time = min(deadline, now + settings.timeout)
      } catch {
        asked[index].answer = .malformed
        failure = error
      }
      return nil
    }
    var found: [InternetAddress] = []
    var isAnswered = true
    for one in asked {
      switch one.answer {
      case .addresses(let addresses): found += addresses
      case .noName: break
      case .failed, .malformed:
        isAnswered = false
        failure = SystemError(call: "resolve", number: Errno.remote)
      case .foreign, .cut, nil: isAnswered = false
      }
    }
    server = nil
    datagrams = nil
    if !found.isEmpty { return found }
    if isAnswered {
      /* No such name: the next candidate. */
      servers = []
      failure = SystemError(call: "resolve", number: Errno.noEntry)
    }
    for index in asked.indices { asked[index].answer = nil }
    return nil
  }
}
