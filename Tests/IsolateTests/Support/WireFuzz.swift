@testable import Isolate

/// Any bytes as a request and as a reply: a violation, or a message that lies within the bytes and is written back the same.
enum WireFuzz {
  /// The first byte says what recvmsg(2) told: 5 bits of descriptors, MSG_TRUNC, MSG_CTRUNC, and whether to make the
  /// length right, which a fuzzer hardly guesses.
  static func broken(by bytes: [UInt8], isReply: Bool) -> String? {
    guard let first = bytes.first else { return nil }
    var message = Array(bytes.dropFirst())
    if first & 0x80 == 0, message.count >= 16 { fixLength(&message) }
    let envelope = WireEnvelope(
      descriptors: Int(first & 31), isTruncated: first & 32 != 0, lostDescriptors: first & 64 != 0)
    return isReply ? reply(message, envelope) : request(message, envelope)
  }

  static func fixLength(_ message: inout [UInt8]) {
    guard message.count >= 12 else { return }
    for offset in 0..<4 {
      message[8 + offset] = UInt8(truncatingIfNeeded: message.count >> (8 * offset))
    }
  }

  static func request(_ bytes: [UInt8], _ envelope: WireEnvelope = WireEnvelope()) -> String? {
    guard case .success(let message) = envelope.request(bytes) else { return nil }
    if message.id == 0 { return "a request with id 0" }
    if envelope.descriptors > 0 && message.request.opcode != .driverCall {
      return "descriptors with \(message.request.opcode)"
    }
    _ = message.isMalformed(in: bytes.span)
    if message.request.subject.range.upperBound > bytes.count { return "a text outside" }
    if case .appStart(let start) = message.request {
      if count(start.arguments, in: bytes) != start.arguments.count { return "arguments are lost" }
    }
    var buffer = WireBuffer()
    if !message.encode(into: &buffer, texts: bytes.span) { return "it does not fit" }
    return buffer.array == bytes ? nil : "written differently: \(buffer.array)"
  }

  static func reply(_ bytes: [UInt8], _ envelope: WireEnvelope = WireEnvelope()) -> String? {
    guard case .success(let message) = envelope.reply(bytes) else { return nil }
    if case .success = envelope.request(bytes) { return "a request and a reply" }
    if message.head.id == 0 { return "a reply with id 0" }
    if message.head.status != 0 && message.body != .none { return "an error with a body" }
    if message.rule.range.upperBound > bytes.count { return "a text outside" }
    let lost =
      switch message.body {
      case .hello(let hello): count(hello.grants, in: bytes) != hello.grants.count
      case .handles(let handles): count(handles, in: bytes) != handles.count
      case .files(let files): count(files.entries, in: bytes) != files.entries.count
      case .addresses(let addresses): count(addresses, in: bytes) != addresses.count
      default: false
      }
    if lost { return "entries are lost" }
    var buffer = WireBuffer()
    if !message.encode(into: &buffer, texts: bytes.span) { return "it does not fit" }
    return buffer.array == bytes ? nil : "written differently: \(buffer.array)"
  }

  static func count<Entry>(_ list: WireList<Entry>, in bytes: [UInt8]) -> UInt16 {
    var cursor = list.cursor
    var count: UInt16 = 0
    while cursor.next(in: bytes.span) != nil { count += 1 }
    return count
  }
}

/// What recvmsg(2) tells beside the bytes.
struct WireEnvelope: Sendable {
  var descriptors = 0
  var isTruncated = false
  var lostDescriptors = false

  func request(_ bytes: [UInt8]) -> Result<RequestMessage, WireViolation> {
    do throws(WireViolation) {
      return .success(
        try RequestMessage.decode(
          bytes.span, descriptors: descriptors, isTruncated: isTruncated,
          lostDescriptors: lostDescriptors))
    } catch {
      return .failure(error)
    }
  }

  func reply(_ bytes: [UInt8]) -> Result<ReplyMessage, WireViolation> {
    do throws(WireViolation) {
      return .success(
        try ReplyMessage.decode(
          bytes.span, descriptors: descriptors, isTruncated: isTruncated,
          lostDescriptors: lostDescriptors))
    } catch {
      return .failure(error)
    }
  }
}

extension WireBuffer {
  /// A copy of the message.
  var array: [UInt8] { (0..<count).map { bytes[$0] } }
}
