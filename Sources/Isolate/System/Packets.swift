internal import CSeccomp
internal import Glibc

/// Descriptors that came with one packet; those that nobody takes are closed.
package struct PassedDescriptors: ~Copyable {
  private var raw = InlineArray<16, Int32>(repeating: -1)
  package private(set) var count = 0

  package init() {}

  init(_ received: borrowing packet_received) {
    count = Int(max(0, min(received.count, PACKET_DESCRIPTORS)))
    if count == 0 { return }
    var numbers = received.descriptors
    let place = self.count
    unsafe withUnsafeBytes(of: &numbers) { bytes in
      for index in 0..<place {
        raw[index] = unsafe bytes.load(fromByteOffset: 4 * index, as: Int32.self)
      }
    }
  }

  /// Takes the one at this place; nil: it was taken, or never there.
  package mutating func take(_ index: Int) -> Descriptor? {
    guard index >= 0, index < count, raw[index] >= 0 else { return nil }
    defer { raw[index] = -1 }
    return Descriptor(adopting: raw[index])
  }

  /// Gives all up that were not taken: whoever has the numbers closes them.
  package mutating func release(into numbers: inout [Int32]) {
    for index in 0..<count {
      if let descriptor = take(index) { numbers.append(descriptor.release()) }
    }
    count = 0
  }

  package mutating func closeAll() {
    for index in 0..<count { _ = take(index) }
    count = 0
  }

  deinit {
    for index in 0..<count where raw[index] >= 0 { _ = close(raw[index]) }
  }
}

/// A packet that has come, without its bytes.
package struct PacketArrival: ~Copyable {
  /// In the buffer, in bytes. 0: the peer has closed its end, or sent nothing; poll(2) tells which.
  package let size: Int
  package var descriptors: PassedDescriptors
  /// It was longer than the buffer.
  package let isTruncated: Bool
  /// There were more than 16, or this process could take no more.
  package let lostDescriptors: Bool
}

/// SOCK_SEQPACKET sockets (unix(7)): whole messages, with descriptors, without waiting.
package enum Packets {
  /// How many descriptors go with one.
  package static let descriptors = Int(PACKET_DESCRIPTORS)

  /// Both ends of a new one.
  package static func pair() throws(SystemError) -> PacketEnds {
    var ends: (Int32, Int32) = (-1, -1)
    try call("socketpair") {
      unsafe withUnsafeMutableBytes(of: &ends) {
        unsafe kernel_packet_pair($0.assumingMemoryBound(to: Int32.self).baseAddress)
      }
    }
    return PacketEnds(one: Descriptor(adopting: ends.0), other: Descriptor(adopting: ends.1))
  }

  /// Who sends, and so how a packet is taken.
  package enum Sender {
    /// A broker, a driver, the supervisor, an app that speaks the broker's protocol.
    case peer
    /// An app that may send sockets which linger: `ServiceSockets.closeApart`.
    case notifier
  }

  /// The next packet; nil when there is none now. Allocates nothing.
  ///
  /// - Throws: `SystemError` of recvmsg(2), but for EAGAIN.
  package static func receive(
    from socket: borrowing Descriptor, of sender: Sender = .peer,
    into buffer: inout MutableSpan<UInt8>
  ) throws(SystemError) -> PacketArrival? {
    let raw = socket.raw
    var received = packet_received()
    while true {
      let size = unsafe buffer.withUnsafeMutableBytes { bytes in
        switch sender {
        case .peer: unsafe kernel_receive_packet(raw, bytes.baseAddress, bytes.count, &received)
        case .notifier:
          unsafe service_receive_notice(raw, bytes.baseAddress, bytes.count, &received)
        }
      }
      if size >= 0 {
        return PacketArrival(
          size: size, descriptors: PassedDescriptors(received),
          isTruncated: received.flags & Int32(PACKET_CUT) != 0,
          lostDescriptors: received.flags & Int32(PACKET_DESCRIPTORS_LOST) != 0)
      }
      let number = errno
      if number == EAGAIN { return nil }
      if number != EINTR { throw SystemError(call: "recvmsg", number: number) }
    }
  }

  /// How sending ended.
  package enum Sent: Hashable, Sendable {
    case done
    /// The peer does not read; nothing was sent.
    case full
    /// errno(3): EPIPE when the peer is gone.
    case failed(Int32)
  }

  /// Sends one packet. Allocates nothing. The descriptors stay the caller's.
  package static func send(
    _ bytes: Span<UInt8>, to socket: borrowing Descriptor, passing numbers: Span<Int32>
  ) -> Sent {
    unsafe send(bytes, to: socket.raw, numbers)
  }

  /// Sends one packet, with one descriptor or (-1) none.
  package static func send(
    _ bytes: Span<UInt8>, to socket: borrowing Descriptor, passing number: Int32 = -1
  ) -> Sent {
    var one = InlineArray<1, Int32>(repeating: number)
    one[0] = number
    return unsafe send(bytes, to: socket.raw, one.span.extracting(first: number < 0 ? 0 : 1))
  }

  /// As `send`, and the kernel writes into `note`, before it returns, how many bytes have left: in memory that outlives this
  /// process, that is known there even if it is killed in the next moment.
  ///
  /// - Parameter note: of `noteBytes`, aligned to 8; the number is the 32-bit word at `noteSentAt`.
  package static func send(
    _ bytes: Span<UInt8>, to socket: borrowing Descriptor, passing numbers: Span<Int32>,
    noting note: inout MutableSpan<UInt8>
  ) -> Sent {
    guard note.count >= noteBytes else { return .failed(EINVAL) }
    return unsafe note.withUnsafeMutableBytes { note in
      unsafe send(bytes, to: socket.raw, numbers, note.baseAddress)
    }
  }

  package static let noteBytes = Int(PACKET_NOTE)
  package static let noteSentAt = Int(PACKET_NOTE_SENT)

  @unsafe private static func send(
    _ bytes: Span<UInt8>, to raw: Int32, _ numbers: Span<Int32>,
    _ note: UnsafeMutableRawPointer? = nil
  ) -> Sent {
    while true {
      let count = unsafe bytes.withUnsafeBufferPointer { bytes in
        unsafe numbers.withUnsafeBufferPointer { numbers in
          unsafe note == nil
            ? kernel_send_packet(
              raw, bytes.baseAddress, bytes.count, numbers.baseAddress, Int32(numbers.count))
            : kernel_send_packet_noting(
              raw, bytes.baseAddress, bytes.count, numbers.baseAddress, Int32(numbers.count), note)
        }
      }
      if count >= 0 { return .done }
      let number = errno
      if number == EAGAIN || number == ENOBUFS { return .full }
      if number != EINTR { return .failed(number) }
    }
  }

  /// Ends a socket for everybody who has it, both ways. What fails (it is no socket, it was not connected) changes nothing.
  package static func shut(_ socket: borrowing Descriptor) { _ = kernel_shut(socket.raw) }

  /// The same one way: the peer reads what was sent, then the end, and can still answer.
  package static func endSending(_ socket: borrowing Descriptor) {
    _ = kernel_end_sending(socket.raw)
  }
}

/// The two ends of a pair, to be taken one by one.
package struct PacketEnds: ~Copyable {
  package let one: Descriptor
  package let other: Descriptor
}

extension Descriptor {
  /// A descriptor of its own, at least `floor`, for what `number`, which stays its owner's, names.
  package static func duplicate(
    _ number: Int32, floor: Int32 = 3
  ) throws(SystemError) -> Descriptor {
    Descriptor(adopting: try call("fcntl") { kernel_duplicate(number, floor) })
  }

  /// Another number for the same description, at least `floor`; close-on-exec.
  package borrowing func duplicate(floor: Int32 = 3) throws(SystemError) -> Descriptor {
    let raw = self.raw
    return Descriptor(adopting: try call("fcntl") { kernel_duplicate(raw, floor) })
  }
}
