internal import Glibc

/// One message of a socket with its descriptors. The corresponding C functions are `sendmsg` and `recvmsg`.
struct SocketMessage {
  var bytes: [UInt8]
  var descriptors: [Int32]
  /// Something did not fit and is lost.
  var isCut: Bool

  /// The same on every machine that Swift and Linux share, 64 bits wide.
  private static let headerBytes = 16
  private static let dontWait: Int32 = 0x40
  private static let noSignal: Int32 = 0x4000
  private static let closeOnExec: Int32 = 0x4000_0000
  private static let cut: Int32 = 0x20 | 0x08

  private static func control(_ descriptors: [Int32]) -> [UInt8] {
    if descriptors.isEmpty { return [] }
    let rights: Int32 = 1  // SCM_RIGHTS
    let header: [any Field] = [UInt64(headerBytes + 4 * descriptors.count), SOL_SOCKET, rights]
    let padding = [Int32](repeating: 0, count: descriptors.count % 2)
    return IsolateClient.bytes(header + descriptors + padding)
  }

  /// Negative: errno says why.
  static func send(_ bytes: [UInt8], _ descriptors: [Int32], on socket: Int32) -> Int {
    var bytes = bytes
    var control = control(descriptors)
    return unsafe exchange(&bytes, &control) { unsafe sendmsg(socket, $0, dontWait | noSignal) }
  }

  /// Nil: errno says why. No bytes: the peer is gone.
  static func receive(on socket: Int32) -> SocketMessage? {
    var bytes = [UInt8](repeating: 0, count: Broker.messageBytes)
    var control = [UInt8](repeating: 0, count: headerBytes + 4 * Broker.mostDescriptors)
    var flags: Int32 = 0
    let count = unsafe exchange(&bytes, &control) { message in
      let count = unsafe recvmsg(socket, message, dontWait | closeOnExec)
      flags = unsafe message.pointee.msg_flags
      return count
    }
    if count < 0 { return nil }
    let header = Reply(control, [])
    let size = Int(header.take(UInt64.self))
    let isRights = header.take(Int32.self) == SOL_SOCKET && header.take(Int32.self) == 1
    var descriptors: [Int32] = []
    if isRights && size <= control.count {
      for _ in stride(from: headerBytes, to: size, by: 4) { descriptors.append(header.take()) }
    }
    return SocketMessage(
      bytes: Array(bytes.prefix(count)), descriptors: descriptors, isCut: flags & cut != 0)
  }

  private static func exchange(
    _ bytes: inout [UInt8], _ control: inout [UInt8],
    _ perform: (UnsafeMutablePointer<msghdr>) -> Int
  ) -> Int {
    unsafe bytes.withUnsafeMutableBytes { bytes in
      unsafe control.withUnsafeMutableBytes { control in
        var part = unsafe iovec(iov_base: bytes.baseAddress, iov_len: bytes.count)
        return unsafe withUnsafeMutablePointer(to: &part) { part in
          var message = unsafe msghdr()
          unsafe message.msg_iov = part
          unsafe message.msg_iovlen = 1
          if control.count > 0 {
            unsafe message.msg_control = control.baseAddress
            unsafe message.msg_controllen = control.count
          }
          return unsafe perform(&message)
        }
      }
    }
  }
}
