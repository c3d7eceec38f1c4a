@testable import Isolate

/// Any bytes as what an app says on the socket of sd_notify(3).
enum NotifyFuzz {
  static func broken(by bytes: [UInt8]) -> String? {
    guard let message = NotifyMessage.decode(bytes.span) else {
      let isLong = bytes.count > NotifyMessage.longest
      return isLong || bytes.dropLast().contains(0) ? nil : "a message was refused"
    }
    if bytes.count > NotifyMessage.longest { return "a message beyond the longest" }
    if let status = message.status {
      if status.unicodeScalars.count > 515 { return "a status of any length" }
      let isVisible = status.unicodeScalars.allSatisfy {
        $0.value >= 0x20 && !(0x7F..<0xA0).contains($0.value) && $0.value < 0x10FE00
      }
      if !isVisible { return "a status that a terminal obeys" }
    }
    if let name = message.descriptorName {
      let isName =
        name.utf8.count <= 255
        && name.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F && $0 != UInt8(ascii: ":") }
      if !isName { return "a name that LISTEN_FDNAMES cannot have" }
    }
    if message.watchdogMicroseconds == 0 { return "a watchdog of no time" }
    if message.isBarrier {
      var alone = NotifyMessage()
      alone.isBarrier = true
      if message != alone { return "a barrier that says more" }
    }
    return nil
  }
}
