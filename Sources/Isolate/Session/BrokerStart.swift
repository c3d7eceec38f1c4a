/// What a broker is told when it starts: sealed bytes that come with `BrokerOrder.begin`. Written by the supervisor, of the same program;
/// read totally all the same.
struct BrokerStart {
  var settings: BrokerSettings
  /// How the broker's namespaces are made: it says where grants lie in its view.
  var order: Namespaces.Order
  /// systemd's $CREDENTIALS_DIRECTORY, if there is one.
  var credentials: String?
  /// Landlock refuses the app every connect(2) and bind(2) over TCP.
  var appIsBonded: Bool
  /// What lay at the grants' paths when the app started, by grant: only that is served.
  var pins: [UInt16: BrokerPin]
  /// It is a built-in driver in a process of its own, and who asks is the broker.
  var isDriver = false
}

/// What a grant's path named when the app started.
struct BrokerPin: Hashable, Sendable {
  var device: UInt64
  var inode: UInt64
  /// st_rdev of a device node.
  var number: UInt64
  /// Something else lies there now: the broker has not got it.
  var isStale = false
}

extension BrokerStart {
  func encoded() -> [UInt8] {
    var writer = StartWriter()
    writer.put(UInt64(bitPattern: settings.start.microseconds))
    switch order {
    case .userFirst: writer.put(0)
    case .userLast: writer.put(1)
    case .without: writer.put(2)
    }
    writer.put(credentials)
    writer.put(appIsBonded ? 1 : 0)
    writer.put(isDriver ? 1 : 0)
    writer.put(settings.grants) { $0.put($1) }
    writer.put(settings.drivers) { $0.put($1) }
    writer.put(settings.doors) { $0.put(UInt64($1)) }
    writer.put(settings.revoked.sorted()) { $0.put(UInt64($1)) }
    writer.put(settings.answers.sorted { $0.key < $1.key }) { writer, entry in
      writer.put(UInt64(entry.key))
      writer.put(UInt64(entry.value.rawValue))
    }
    writer.put(settings.recordsTaken)
    writer.put(pins.sorted { $0.key < $1.key }) { writer, entry in
      writer.put(UInt64(entry.key))
      writer.put(entry.value.device)
      writer.put(entry.value.inode)
      writer.put(entry.value.number)
      writer.put(entry.value.isStale ? 1 : 0)
    }
    return writer.bytes
  }

  init?(_ bytes: [UInt8]) {
    var reader = StartReader(bytes)
    let start = BrokerTime(microseconds: Int64(bitPattern: reader.number()))
    switch reader.number() {
    case 0: order = .userFirst
    case 1: order = .userLast
    case 2: order = .without
    default: return nil
    }
    credentials = reader.optionalText()
    appIsBonded = reader.number() != 0
    isDriver = reader.number() != 0
    let grants = reader.list { $0.grant() }
    let drivers = reader.list { $0.driver() }
    let doors = reader.list { Int(clamping: $0.number()) }
    let revoked = reader.list { UInt16(clamping: $0.number()) }
    var answers: [UInt16: StandingAnswer] = [:]
    for (grant, answer) in reader.list({ ($0.number(), $0.number()) }) {
      answers[UInt16(clamping: grant)] = StandingAnswer(rawValue: UInt8(clamping: answer))
    }
    let recordsTaken = reader.optionalNumber()
    var pins: [UInt16: BrokerPin] = [:]
    let read = reader.list { reader in
      (
        reader.number(),
        BrokerPin(
          device: reader.number(), inode: reader.number(), number: reader.number(),
          isStale: reader.number() != 0)
      )
    }
    for (grant, pin) in read { pins[UInt16(clamping: grant)] = pin }
    guard reader.isAtEnd else { return nil }
    self.pins = pins
    settings = BrokerSettings(
      grants: grants, drivers: drivers, start: start, doors: doors, revoked: Set(revoked),
      answers: answers, recordsTaken: recordsTaken)
  }
}

/// Numbers of 8 bytes, texts with their length before them.
private struct StartWriter {
  var bytes: [UInt8] = []

  mutating func put(_ number: UInt64) {
    for shift in stride(from: UInt64(0), to: 64, by: 8) {
      bytes.append(UInt8(truncatingIfNeeded: number >> shift))
    }
  }

  mutating func put(_ text: String) {
    put(UInt64(text.utf8.count))
    bytes += text.utf8
  }

  mutating func put(_ text: String?) {
    put(text == nil ? 0 : 1)
    if let text { put(text) }
  }

  mutating func put(_ number: UInt64?) {
    put(number == nil ? 0 : 1)
    if let number { put(number) }
  }

  mutating func put<Element>(_ list: [Element], _ each: (inout StartWriter, Element) -> Void) {
    put(UInt64(list.count))
    for element in list { each(&self, element) }
  }

  mutating func put(_ position: Position) {
    put(position.file)
    put(UInt64(max(0, position.line)))
    put(UInt64(max(0, position.column)))
  }

  mutating func put(_ grant: Grant) {
    put(grant.name)
    put(grant.target)
    put(UInt64(grant.rights.rawValue))
    put(grant.rate == nil ? 0 : 1)
    if let rate = grant.rate {
      put(UInt64(rate.requests))
      put(UInt64(rate.perMilliseconds))
      put(UInt64(rate.burst))
    }
    put(grant.count)
    put(grant.leaseMilliseconds.map { UInt64(bitPattern: $0) })
    put(grant.askMilliseconds.map { UInt64(bitPattern: $0) })
    put(grant.position)
  }

  mutating func put(_ target: GrantTarget) {
    switch target {
    case .files(let path, let isDirectory):
      put(1)
      put(path)
      put(isDirectory ? 1 : 0)
    case .connect(let targets):
      put(2)
      put(targets) { $0.put($1) }
    case .listen(let targets):
      put(3)
      put(targets) { $0.put($1) }
    case .resolve(let names):
      put(4)
      put(names) { $0.put($1) }
    case .secret(.file(let path)):
      put(5)
      put(path)
    case .secret(.credential(let name)):
      put(6)
      put(name)
    case .secret(.command(let words)):
      put(7)
      put(words) { $0.put($1) }
    case .device(let path):
      put(8)
      put(path)
    case .apps(let names):
      put(9)
      put(names) { $0.put($1) }
    case .clock(let step):
      put(10)
      put(UInt64(bitPattern: step))
    case .driver(let name):
      put(11)
      put(name)
    }
  }

  mutating func put(_ target: NetworkTarget) {
    switch target.transport {
    case .tcp: put(1)
    case .udp: put(2)
    case .unix: put(3)
    }
    put(target.host)
    put(target.ports.map { UInt64($0.lowerBound) })
    put(target.ports.map { UInt64($0.upperBound) })
  }

  mutating func put(_ driver: DriverPolicy) {
    put(driver.name)
    put(driver.command) { $0.put($1) }
    put(driver.profile)
    put(UInt64(bitPattern: driver.deadlineMilliseconds))
    put(UInt64(max(0, driver.queue)))
    put(driver.position)
  }
}

/// Reads what `StartWriter` wrote. What is missing is 0 and empty; `isAtEnd` says whether all fitted.
private struct StartReader {
  private let bytes: [UInt8]
  private var place = 0
  private var isWhole = true

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  var isAtEnd: Bool { isWhole && place == bytes.count }

  mutating func number() -> UInt64 {
    guard isWhole, bytes.count - place >= 8 else {
      isWhole = false
      return 0
    }
    var number: UInt64 = 0
    for offset in 0..<8 { number |= UInt64(bytes[place + offset]) << (8 * UInt64(offset)) }
    place += 8
    return number
  }

  mutating func text() -> String {
    let count = Int(clamping: number())
    guard isWhole, count <= bytes.count - place else {
      isWhole = false
      return ""
    }
    defer { place += count }
    return String(decoding: bytes[place..<place + count], as: UTF8.self)
  }

  mutating func optionalText() -> String? { number() == 0 ? nil : text() }
  mutating func optionalNumber() -> UInt64? { number() == 0 ? nil : number() }

  mutating func list<Element>(_ each: (inout StartReader) -> Element) -> [Element] {
    var list: [Element] = []
    let count = number()
    while isWhole, UInt64(list.count) < count { list.append(each(&self)) }
    return list
  }

  mutating func position() -> Position {
    Position(file: text(), line: Int(clamping: number()), column: Int(clamping: number()))
  }

  mutating func grant() -> Grant {
    let name = text()
    let target = target()
    let rights = GrantRights(rawValue: UInt32(clamping: number()))
    var rate: GrantRate?
    if number() != 0 {
      rate = GrantRate(
        requests: UInt32(clamping: number()), perMilliseconds: UInt32(clamping: number()),
        burst: UInt32(clamping: number()))
    }
    let count = optionalNumber()
    let lease = optionalNumber()
    let ask = optionalNumber()
    var grant = Grant(name: name, target: target, rights: rights, position: position())
    grant.rate = rate
    grant.count = count
    grant.leaseMilliseconds = lease.map { Int64(bitPattern: $0) }
    grant.askMilliseconds = ask.map { Int64(bitPattern: $0) }
    return grant
  }

  mutating func target() -> GrantTarget {
    switch number() {
    case 1: return .files(path: text(), isDirectory: number() != 0)
    case 2: return .connect(list { $0.networkTarget() })
    case 3: return .listen(list { $0.networkTarget() })
    case 4: return .resolve(list { $0.text() })
    case 5: return .secret(.file(path: text()))
    case 6: return .secret(.credential(name: text()))
    case 7: return .secret(.command(list { $0.text() }))
    case 8: return .device(path: text())
    case 9: return .apps(list { $0.text() })
    case 10: return .clock(largestStepMilliseconds: Int64(bitPattern: number()))
    case 11: return .driver(name: text())
    default:
      isWhole = false
      return .resolve([])
    }
  }

  mutating func networkTarget() -> NetworkTarget {
    let transport: NetworkTarget.Transport
    switch number() {
    case 1: transport = .tcp
    case 2: transport = .udp
    default: transport = .unix
    }
    let host = text()
    let first = optionalNumber().map { UInt16(clamping: $0) }
    let last = optionalNumber().map { UInt16(clamping: $0) }
    guard let first, let last, first <= last else {
      return NetworkTarget(transport: transport, host: host, ports: nil)
    }
    return NetworkTarget(transport: transport, host: host, ports: first...last)
  }

  mutating func driver() -> DriverPolicy {
    DriverPolicy(
      name: text(), command: list { $0.text() }, profile: optionalText(),
      deadlineMilliseconds: Int64(bitPattern: number()), queue: Int(clamping: number()),
      position: position())
  }
}
