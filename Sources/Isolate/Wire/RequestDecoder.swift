/// A request as it came: who waits for the reply, how long, and for what.
package struct RequestMessage: Hashable, Sendable {
  /// Never 0.
  package var id: UInt32
  /// In milliseconds, as sent: 0 means `WireLimits.defaultDeadline`. See `Request.isMalformed` for the longest.
  package var deadline: UInt32
  package var request: Request

  package init(id: UInt32, deadline: UInt32 = 0, request: Request) {
    self.id = id
    self.deadline = deadline
    self.request = request
  }

  /// Reads one packet. Total: any bytes give a request or a violation. Allocates nothing.
  ///
  /// - Parameters:
  ///   - bytes: the packet, whole; the texts of the request are ranges in it.
  ///   - descriptors: how many came with it. The caller owns them, and closes them after a violation.
  ///   - isTruncated: recvmsg(2) said MSG_TRUNC.
  ///   - lostDescriptors: recvmsg(2) said MSG_CTRUNC.
  package static func decode(
    _ bytes: Span<UInt8>, descriptors: Int, isTruncated: Bool, lostDescriptors: Bool
  ) throws(WireViolation) -> RequestMessage {
    var reader = WireReader(0..<bytes.count)
    let header = try WireHeader.read(
      &reader, bytes, descriptors: descriptors, isTruncated: isTruncated,
      lostDescriptors: lostDescriptors)
    guard let opcode = Opcode(rawValue: header.opcode) else { throw .opcode }
    guard header.flags == 0 else { throw .flags }
    guard header.id != 0 else { throw .id }
    guard descriptors == 0 || opcode == .driverCall else { throw .descriptors }
    let request = try Request.read(opcode, &reader, bytes)
    try reader.finish()
    return RequestMessage(id: header.id, deadline: header.last, request: request)
  }
}

/// What the first bytes of a message say, before anything is checked.
struct PeekedHeader {
  var opcode: UInt16
  var flags: UInt16
  var id: UInt32
  var size: Int
}

/// The first 16 bytes of every message.
struct WireHeader {
  static let replyBit: UInt16 = 0x8000

  var opcode: UInt16
  var flags: UInt16
  var id: UInt32
  /// A request's deadline, a reply's status.
  var last: UInt32

  /// The header of a message that may be followed by anything, and how many bytes it says that it has: at most those there are.
  static func peek(_ bytes: Span<UInt8>) -> PeekedHeader? {
    var reader = WireReader(0..<bytes.count)
    do throws(WireViolation) {
      let opcode = try reader.u16(bytes)
      let flags = try reader.u16(bytes)
      let id = try reader.u32(bytes)
      let size = Int(clamping: try reader.u32(bytes))
      return PeekedHeader(opcode: opcode, flags: flags, id: id, size: min(size, bytes.count))
    } catch {
      return nil
    }
  }

  static func read(
    _ reader: inout WireReader, _ bytes: Span<UInt8>, descriptors: Int, isTruncated: Bool,
    lostDescriptors: Bool
  ) throws(WireViolation) -> WireHeader {
    guard !isTruncated, bytes.count <= WireLimits.messageBytes else { throw .truncated }
    guard !lostDescriptors, descriptors <= WireLimits.descriptors else { throw .descriptorsLost }
    guard bytes.count >= WireLimits.headerBytes else { throw .short }
    let opcode = try reader.u16(bytes)
    let flags = try reader.u16(bytes)
    let id = try reader.u32(bytes)
    guard try reader.u32(bytes) == UInt32(bytes.count) else { throw .length }
    return WireHeader(opcode: opcode, flags: flags, id: id, last: try reader.u32(bytes))
  }
}

extension Request {
  fileprivate static func read(
    _ opcode: Opcode, _ reader: inout WireReader, _ bytes: Span<UInt8>
  ) throws(WireViolation) -> Request {
    switch opcode {
    case .hello: return .hello(try hello(&reader, bytes))
    case .cancel: return .cancel(id: try reader.u32(bytes))
    case .notify: return .notify(try reader.text(bytes))
    case .handleList: return .handleList(first: try reader.u32(bytes))
    case .handleClose: return .handleClose(handle: try reader.u32(bytes))
    case .doorOpen: return .doorOpen
    case .fileOpen, .fileStat, .fileList, .fileRemove, .fileRename, .fileMakeDirectory,
      .netConnect, .netListen, .netResolve, .secretRead, .deviceOpen, .appStart, .appSignal,
      .appStatus, .clockSet, .driverCall:
      return try read(opcode, grant: try reader.u16(bytes), &reader, bytes)
    }
  }

  private static func hello(
    _ reader: inout WireReader, _ bytes: Span<UInt8>
  ) throws(WireViolation) -> HelloRequest {
    let lowest = try reader.u16(bytes)
    let highest = try reader.u16(bytes)
    guard lowest <= WireLimits.version, WireLimits.version <= highest else { throw .version }
    return HelloRequest(lowest: lowest, highest: highest, first: try reader.u16(bytes))
  }

  private static func read(
    _ opcode: Opcode, grant: UInt16, _ reader: inout WireReader, _ bytes: Span<UInt8>
  ) throws(WireViolation) -> Request {
    switch opcode {
    case .hello, .cancel, .notify, .handleList, .handleClose, .doorOpen: throw .opcode
    case .fileStat: return .fileStat(grant: grant, path: try reader.text(bytes))
    case .netResolve: return .netResolve(grant: grant, name: try reader.text(bytes))
    case .secretRead: return .secretRead(grant: grant)
    case .deviceOpen:
      return .deviceOpen(grant: grant, flags: FileOpenFlags(rawValue: try reader.u32(bytes)))
    case .appStatus: return .appStatus(grant: grant, name: try reader.text(bytes))
    case .driverCall: return .driverCall(grant: grant, payload: try reader.text(bytes))
    case .fileOpen:
      let flags = FileOpenFlags(rawValue: try reader.u32(bytes))
      let mode = try reader.u32(bytes)
      let path = try reader.text(bytes)
      return .fileOpen(FileOpenRequest(grant: grant, flags: flags, mode: mode, path: path))
    case .fileList:
      let path = try reader.text(bytes)
      return .fileList(FileListRequest(grant: grant, path: path, cursor: try reader.u64(bytes)))
    case .fileRemove:
      let flags = try reader.u32(bytes)
      let path = try reader.text(bytes)
      return .fileRemove(FileRemoveRequest(grant: grant, flags: flags, path: path))
    case .fileRename:
      let flags = try reader.u32(bytes)
      let from = try reader.text(bytes)
      let to = try reader.text(bytes)
      return .fileRename(FileRenameRequest(grant: grant, flags: flags, from: from, to: to))
    case .fileMakeDirectory:
      let mode = try reader.u32(bytes)
      let path = try reader.text(bytes)
      return .fileMakeDirectory(FileMakeDirectoryRequest(grant: grant, mode: mode, path: path))
    case .netConnect:
      let transport = try reader.u8(bytes)
      try reader.reserved(bytes)
      let port = try reader.u16(bytes)
      let host = try reader.text(bytes)
      return .netConnect(
        NetConnectRequest(grant: grant, transportNumber: transport, port: port, host: host))
    case .netListen: return .netListen(try listen(grant, &reader, bytes))
    case .appStart:
      let name = try reader.text(bytes)
      let arguments = try WireList<WireText>.read(&reader, bytes)
      return .appStart(AppStartRequest(grant: grant, name: name, arguments: arguments))
    case .appSignal:
      let name = try reader.text(bytes)
      let signal = try reader.u32(bytes)
      return .appSignal(AppSignalRequest(grant: grant, name: name, signal: signal))
    case .clockSet:
      let seconds = try reader.i64(bytes)
      let nanoseconds = try reader.u32(bytes)
      return .clockSet(ClockSetRequest(grant: grant, seconds: seconds, nanoseconds: nanoseconds))
    }
  }

  private static func listen(
    _ grant: UInt16, _ reader: inout WireReader, _ bytes: Span<UInt8>
  ) throws(WireViolation) -> NetListenRequest {
    let transport = try reader.u8(bytes)
    try reader.reserved(bytes)
    let port = try reader.u16(bytes)
    let backlog = try reader.u16(bytes)
    let host = try reader.text(bytes)
    return NetListenRequest(
      grant: grant, transportNumber: transport, port: port, backlog: backlog, host: host)
  }
}
