/// What an app says of itself in one datagram, as sd_notify(3) has it: lines of KEY=VALUE.
///
/// Any bytes may come. A line that is none, a key that is not known, and a value that makes no sense are passed over; of a key that
/// stands twice the first counts. MAINPID and the like are passed over too: who the app is, is known.
package struct NotifyMessage: Hashable, Sendable {
  /// The longest message, in bytes.
  package static let longest = 4096

  package enum Watchdog: Hashable, Sendable {
    /// A sign of life.
    case alive
    /// Act as if the sign of life had been missed.
    case trigger
  }

  package var isReady = false
  /// For people: control characters as \u{N}, bytes that are no UTF-8 as \xNN, a backslash as two; at most 515 characters.
  package var status: String?
  package var watchdog: Watchdog?
  /// The time between two signs of life from now on, in microseconds; more than 0.
  package var watchdogMicroseconds: UInt64?
  package var isStopping = false
  package var isReloading = false
  /// When the reload began, on CLOCK_MONOTONIC, in microseconds.
  package var monotonicMicroseconds: UInt64?
  /// errno(3) of what failed.
  package var errno: Int32?
  package var exitStatus: UInt8?
  /// How much longer than allowed it takes, from now, in microseconds.
  package var extendMicroseconds: UInt64?
  /// The descriptors that come with it are to be kept.
  package var keepsDescriptors = false
  /// Those that are kept under `descriptorName` are to be closed.
  package var removesDescriptors = false
  /// Printable ASCII without colons, at most 255 characters.
  package var descriptorName: String?
  /// A kept descriptor that hangs up is closed.
  package var pollsDescriptors = true
  /// The descriptor that comes with it is to be closed once all that was sent before has been read. Then it says nothing else.
  package var isBarrier = false

  package init() {}

  /// - Returns: nil when it is none: longer than `longest`, or with a zero byte before its end.
  package static func decode(_ bytes: Span<UInt8>) -> NotifyMessage? {
    if bytes.count > longest { return nil }
    var end = bytes.count
    if end > 0, bytes[end - 1] == 0 { end -= 1 }
    var message = NotifyMessage()
    var seen: Set<Key> = []
    var start = 0
    while start < end {
      var stop = start
      var equals: Int?
      while stop < end, bytes[stop] != NotifyByte.newline {
        if bytes[stop] == 0 { return nil }
        if equals == nil, bytes[stop] == NotifyByte.equals { equals = stop }
        stop += 1
      }
      if let equals, let key = Key(bytes, start..<equals), seen.insert(key).inserted {
        message.take(key, NotifyValue(bytes, equals + 1..<stop))
      }
      start = stop + 1
    }
    if message.isBarrier {
      message = NotifyMessage()
      message.isBarrier = true
    }
    return message
  }

  private enum Key: String, CaseIterable {
    case ready = "READY"
    case status = "STATUS"
    case watchdog = "WATCHDOG"
    case watchdogTime = "WATCHDOG_USEC"
    case stopping = "STOPPING"
    case reloading = "RELOADING"
    case monotonic = "MONOTONIC_USEC"
    case errno = "ERRNO"
    case exitStatus = "EXIT_STATUS"
    case extend = "EXTEND_TIMEOUT_USEC"
    case keep = "FDSTORE"
    case remove = "FDSTOREREMOVE"
    case name = "FDNAME"
    case poll = "FDPOLL"
    case barrier = "BARRIER"

    init?(_ bytes: Span<UInt8>, _ range: Range<Int>) {
      let word = NotifyValue(bytes, range)
      guard let key = Self.allCases.first(where: { word.isWord($0.rawValue) }) else { return nil }
      self = key
    }
  }

  private mutating func take(_ key: Key, _ value: NotifyValue) {
    switch key {
    case .ready: isReady = value.isWord("1")
    case .status: status = value.visible
    case .watchdog:
      if value.isWord("1") { watchdog = .alive }
      if value.isWord("trigger") { watchdog = .trigger }
    case .watchdogTime: watchdogMicroseconds = value.number.flatMap { $0 > 0 ? $0 : nil }
    case .stopping: isStopping = value.isWord("1")
    case .reloading: isReloading = value.isWord("1")
    case .monotonic: monotonicMicroseconds = value.number
    /* Linux's last number. Source: errno(3), MAX_ERRNO. */
    case .errno: errno = value.number.flatMap { (1...4095).contains($0) ? Int32($0) : nil }
    case .exitStatus: exitStatus = value.number.flatMap { UInt8(exactly: $0) }
    case .extend: extendMicroseconds = value.number
    case .keep: keepsDescriptors = value.isWord("1")
    case .remove: removesDescriptors = value.isWord("1")
    case .name: descriptorName = value.name
    case .poll: pollsDescriptors = !value.isWord("0")
    case .barrier: isBarrier = value.isWord("1")
    }
  }
}

private enum NotifyByte {
  static let newline = UInt8(ascii: "\n")
  static let equals = UInt8(ascii: "=")
}

/// A key or a value.
private struct NotifyValue {
  private let bytes: [UInt8]

  init(_ bytes: Span<UInt8>, _ range: Range<Int>) { self.bytes = range.map { bytes[$0] } }

  func isWord(_ word: String) -> Bool { bytes.elementsEqual(word.utf8) }

  /// Decimal digits, without sign; nil when it is none or beyond 64 bits.
  var number: UInt64? {
    if bytes.isEmpty || bytes.count > 20 { return nil }
    var number: UInt64 = 0
    for byte in bytes {
      guard (0x30...0x39).contains(byte) else { return nil }
      let (tenfold, isTooLarge) = number.multipliedReportingOverflow(by: 10)
      let (sum, isLarger) = tenfold.addingReportingOverflow(UInt64(byte - 0x30))
      if isTooLarge || isLarger { return nil }
      number = sum
    }
    return number
  }

  /// Anything else is passed over. Source: sd_notify(3), FDNAME=.
  var name: String? {
    let isName =
      bytes.count <= 255
      && bytes.allSatisfy { $0 >= 0x20 && $0 < 0x7F && $0 != UInt8(ascii: ":") }
    return isName ? String(decoding: bytes, as: UTF8.self) : nil
  }

  /// Bytes that are no UTF-8 go by the scalars that VisibleText shows as \xNN.
  var visible: String {
    var text = String.UnicodeScalarView()
    var rest = bytes[...]
    while !rest.isEmpty {
      var iterator = rest.makeIterator()
      var decoder = UTF8()
      if case .scalarValue(let scalar) = decoder.decode(&iterator) {
        text.append(scalar)
        rest = rest.dropFirst(UTF8.width(scalar))
      } else if let byte = rest.popFirst(), let carried = Unicode.Scalar(0x10FE00 + UInt32(byte)) {
        text.append(carried)
      }
    }
    return VisibleText.of(String(text))
  }
}
