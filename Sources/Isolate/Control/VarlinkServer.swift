/// The server's side of varlink (https://varlink.org), without a socket: bytes in, calls out; replies in, bytes out.
///
/// Whatever a peer sends, or does not, costs bounded memory and nobody else's time: a message has a longest length and
/// a longest time, answers that are not read end the connection, and peers take turns, one call each.
package struct VarlinkServer: Sendable {
  package let limits: VarlinkLimits
  private let info: VarlinkInfo
  private let interfaces: [VarlinkInterface]
  private var peers: [Int: VarlinkPeer] = [:]
  private var nextPeer = 0
  private var nextNumber: UInt64 = 1
  /// Whose turn comes first the next time.
  private var turn = 0
  private var drops: [(peer: Int, reason: VarlinkDrop)] = []
  /// Peers cut off since the start.
  package private(set) var dropped: UInt64 = 0
  package private(set) var lastDrop: VarlinkDrop?

  package init(
    _ info: VarlinkInfo, interfaces: [VarlinkInterface], limits: VarlinkLimits = VarlinkLimits()
  ) {
    self.info = info
    self.interfaces = interfaces
    self.limits = limits
  }

  package var count: Int { peers.count }

  // MARK: connections

  /// A peer has connected.
  ///
  /// - Returns: its number; nil: there are too many, close it.
  package mutating func connect() -> Int? {
    if peers.count >= limits.connections {
      dropped += 1
      lastDrop = .crowded
      return nil
    }
    nextPeer += 1
    peers[nextPeer] = VarlinkPeer()
    return nextPeer
  }

  /// A peer is gone. What it sent and nobody has taken up is forgotten.
  package mutating func disconnect(_ peer: Int) { peers[peer] = nil }

  package mutating func receive(_ bytes: [UInt8], from peer: Int, now: Int64) {
    let isGood = peers[peer]?.receive(bytes, now: now, limit: limits.messageBytes)
    if isGood == false { drop(peer, .tooLong) }
  }

  /// Whether to take more from a peer now. One that waits for an answer, or does not read it, waits with its next call.
  package func wantsInput(_ peer: Int) -> Bool {
    peers[peer].map { !$0.hasMessage && $0.unread <= limits.patientBytes } ?? false
  }

  /// What is to be sent to a peer.
  package func output(_ peer: Int) -> ArraySlice<UInt8> { peers[peer]?.pending ?? [] }

  /// A peer has taken so many bytes of its output.
  package mutating func sent(_ count: Int, to peer: Int, now: Int64) {
    peers[peer]?.taken(count, now: now)
  }

  /// Whom to cut off, and why. Each is told once and is no peer any more.
  package mutating func takeDrops() -> [(peer: Int, reason: VarlinkDrop)] {
    defer { drops = [] }
    return drops
  }

  private mutating func drop(_ peer: Int, _ reason: VarlinkDrop) {
    guard peers.removeValue(forKey: peer) != nil else { return }
    drops.append((peer, reason))
    dropped += 1
    lastDrop = reason
  }

  /// Cuts off who lets us wait too long.
  package mutating func expire(now: Int64) {
    for (number, peer) in peers {
      if let begun = peer.begunAt, now - begun >= limits.messageMilliseconds {
        drop(number, .stalled)
      } else if let since = peer.waitingSince, now - since >= limits.unreadMilliseconds {
        drop(number, .unread)
      }
    }
  }

  /// When `expire` has something to do, unless something happens before.
  package var expiresAt: Int64? {
    var first: Int64?
    for peer in peers.values {
      let times = [
        peer.begunAt.map { $0 + limits.messageMilliseconds },
        peer.waitingSince.map { $0 + limits.unreadMilliseconds },
      ]
      for case let time? in times { first = min(first ?? time, time) }
    }
    return first
  }

  // MARK: calls

  /// The next call for the owner of the server, of the peer whose turn it is. Calls of `org.varlink.service`, and those
  /// that no interface knows, have been answered.
  package mutating func nextCall(now: Int64) -> VarlinkCall? {
    let order = peers.keys.sorted()
    for peer in order.filter({ $0 > turn }) + order.filter({ $0 <= turn }) {
      while let call = takeCall(of: peer, now: now) {
        turn = peer
        do throws(VarlinkError) {
          if let own = try introspect(call) { reply(call, own, now: now) } else { return call }
        } catch {
          fail(call, error, now: now)
        }
      }
    }
    return nil
  }

  private func introspect(_ call: VarlinkCall) throws(VarlinkError) -> JSONObject? {
    if call.interface == VarlinkIntrospection.interface.name {
      return try VarlinkIntrospection.answer(call, info: info, interfaces: interfaces)
    }
    guard let interface = interfaces.first(where: { $0.name == call.interface }) else {
      throw .interfaceNotFound(call.interface)
    }
    try interface.check(call)
    return nil
  }

  /// A peer's next message as a call, if it has one, no other is being answered, and it reads what it asked for.
  private mutating func takeCall(of number: Int, now: Int64) -> VarlinkCall? {
    guard var peer = peers[number], peer.answering == nil, peer.unread <= limits.patientBytes
    else { return nil }
    var isGood = true
    guard
      let message = peer.takeMessage(now: now, limit: limits.messageBytes, isGood: &isGood)
    else { return nil }
    peers[number] = peer
    do throws(JSONError) {
      let value = try JSONReader.read(message, limit: limits.messageBytes)
      guard let call = call(value, of: number) else {
        drop(number, .notACall)
        return nil
      }
      peers[number]?.answering = call.number
      peers[number]?.isOneway = call.isOneway
      nextNumber += 1
      if !isGood { drop(number, .tooLong) }
      return isGood ? call : nil
    } catch {
      drop(number, .notJSON(error))
      return nil
    }
  }

  /// Members that varlink may get one day are passed over.
  private func call(_ value: JSONValue, of peer: Int) -> VarlinkCall? {
    guard let message = value.object, let name = message["method"]?.string,
      let dot = name.utf8.lastIndex(of: UInt8(ascii: ".")),
      let more = flag("more", message), let oneway = flag("oneway", message),
      flag("upgrade", message) == false
    else { return nil }
    let parameters: JSONObject
    switch message["parameters"] {
    case nil, .null: parameters = JSONObject()
    case .object(let object): parameters = object
    case .boolean, .integer, .double, .string, .array: return nil
    }
    return VarlinkCall(
      peer: peer, number: nextNumber, interface: String(name[..<dot]),
      method: String(name[name.utf8.index(after: dot)...]), parameters: parameters,
      wantsMore: more && !oneway, isOneway: oneway)
  }

  /// Nil: it is there and no truth value.
  private func flag(_ key: String, _ message: JSONObject) -> Bool? {
    switch message[key] {
    case nil, .null: false
    case .boolean(let flag): flag
    case .integer, .double, .string, .array, .object: nil
    }
  }

  // MARK: replies

  /// Answers a call. With `continues` another answer follows; only to a call that wants more.
  ///
  /// - Returns: false when nobody waits for it any more.
  @discardableResult
  package mutating func reply(
    _ call: VarlinkCall, _ parameters: JSONObject, continues: Bool = false, now: Int64
  ) -> Bool {
    precondition(!continues || call.wantsMore, "several answers to who wants one")
    return send(
      call, VarlinkText.reply(parameters, continues: continues), isLast: !continues, now: now)
  }

  @discardableResult
  package mutating func fail(_ call: VarlinkCall, _ error: VarlinkError, now: Int64) -> Bool {
    send(call, VarlinkText.error(error), isLast: true, now: now)
  }

  private mutating func send(
    _ call: VarlinkCall, _ message: [UInt8], isLast: Bool, now: Int64
  ) -> Bool {
    guard let peer = peers[call.peer], peer.answering == call.number else { return false }
    if isLast { peers[call.peer]?.answering = nil }
    if call.isOneway { return true }
    if peer.unread + message.count >= limits.unreadBytes {
      drop(call.peer, .unread)
      return false
    }
    peers[call.peer]?.send(message, now: now)
    return true
  }

  /// Whether the peer of a call still waits for an answer, and has read enough of the earlier ones for another.
  package func takes(_ call: VarlinkCall) -> Bool {
    guard let peer = peers[call.peer], peer.answering == call.number else { return false }
    return peer.unread <= limits.patientBytes
  }

  /// Whether the peer of a call still waits for an answer.
  package func waits(_ call: VarlinkCall) -> Bool {
    peers[call.peer]?.answering == call.number
  }
}
