/// A reply as it came. Texts lie in the bytes that it was decoded from.
package struct ReplyMessage: Hashable, Sendable {
  package var head: ReplyHead
  /// "file:line" of what decided; empty if there is none.
  package var rule: WireText
  package var body: ReplyBody

  package init(head: ReplyHead, rule: WireText = .empty, body: ReplyBody = .none) {
    self.head = head
    self.rule = rule
    self.body = body
  }

  /// Reads one packet. Total: any bytes give a reply or a violation. Allocates nothing.
  ///
  /// Whether anybody waits for it, the caller must know. Parameters as of `RequestMessage.decode`.
  package static func decode(
    _ bytes: Span<UInt8>, descriptors: Int, isTruncated: Bool, lostDescriptors: Bool
  ) throws(WireViolation) -> ReplyMessage {
    var reader = WireReader(0..<bytes.count)
    let header = try WireHeader.read(
      &reader, bytes, descriptors: descriptors, isTruncated: isTruncated,
      lostDescriptors: lostDescriptors)
    guard header.opcode & WireHeader.replyBit != 0,
      let opcode = Opcode(rawValue: header.opcode & ~WireHeader.replyBit)
    else { throw .opcode }
    let hasMore = header.flags == ReplyHead.moreFlag
    guard header.flags == 0 || hasMore && opcode.mayHaveMore && header.last == 0 else {
      throw .flags
    }
    guard header.id != 0 else { throw .id }
    guard header.last <= ReplyHead.highestStatus else { throw .value }
    guard let detail = ReplyDetail(rawValue: try reader.u8(bytes)) else { throw .value }
    try reader.reserved(bytes)
    let grant = try reader.u16(bytes)
    let rule = try reader.text(bytes)
    guard Int(rule.count) <= WireLimits.ruleBytes else { throw .value }
    let isDone = header.last == 0
    guard (isDone ? opcode.replyDescriptors : 0...0).contains(descriptors) else {
      throw .descriptors
    }
    let body = isDone ? try ReplyBody.read(opcode, &reader, bytes) : .none
    try reader.finish()
    let head = ReplyHead(
      opcode, id: header.id, status: header.last, detail: detail,
      grant: grant == ReplyHead.noGrant ? nil : grant, hasMore: hasMore)
    return ReplyMessage(head: head, rule: rule, body: body)
  }
}

extension ReplyBody {
  fileprivate static func read(
    _ opcode: Opcode, _ reader: inout WireReader, _ bytes: Span<UInt8>
  ) throws(WireViolation) -> ReplyBody {
    switch opcode {
    case .cancel, .notify, .handleClose, .fileRemove, .fileRename, .fileMakeDirectory, .appSignal,
      .clockSet, .doorOpen:
      return .none
    case .hello: return .hello(try hello(&reader, bytes))
    case .handleList: return .handles(try WireList<HandleEntry>.read(&reader, bytes))
    case .fileOpen, .netConnect, .secretRead, .deviceOpen:
      return .opened(handle: try reader.u32(bytes))
    case .fileStat: return .status(try status(&reader, bytes))
    case .fileList:
      let next = try reader.u64(bytes)
      return .files(
        FileListReply(next: next, entries: try WireList<FileEntry>.read(&reader, bytes)))
    case .netListen:
      let handle = try reader.u32(bytes)
      return .listening(handle: handle, port: try reader.u16(bytes))
    case .netResolve: return .addresses(try addresses(&reader, bytes))
    case .appStart: return .instance(try reader.text(bytes))
    case .appStatus:
      guard let state = WireAppState(rawValue: try reader.u8(bytes)) else { throw .value }
      let exit = try reader.i32(bytes)
      return .app(AppStatusReply(state: state, exit: exit, restarts: try reader.u32(bytes)))
    case .driverCall: return .payload(try reader.text(bytes))
    }
  }

  private static func hello(
    _ reader: inout WireReader, _ bytes: Span<UInt8>
  ) throws(WireViolation) -> HelloReply {
    let version = try reader.u16(bytes)
    guard version == WireLimits.version else { throw .version }
    let messageBytes = try reader.u16(bytes)
    let descriptors = try reader.u16(bytes)
    let outstanding = try reader.u16(bytes)
    let total = try reader.u16(bytes)
    var reply = HelloReply(total: total, grants: try WireList<GrantEntry>.read(&reader, bytes))
    reply.messageBytes = messageBytes
    reply.descriptors = descriptors
    reply.outstanding = outstanding
    return reply
  }

  private static func status(
    _ reader: inout WireReader, _ bytes: Span<UInt8>
  ) throws(WireViolation) -> FileStatusReply {
    let size = try reader.u64(bytes)
    let mode = try reader.u32(bytes)
    let uid = try reader.u32(bytes)
    let gid = try reader.u32(bytes)
    let seconds = try reader.i64(bytes)
    let nanoseconds = try reader.u32(bytes)
    return FileStatusReply(
      size: size, mode: mode, uid: uid, gid: gid, modifiedSeconds: seconds,
      modifiedNanoseconds: nanoseconds, inode: try reader.u64(bytes))
  }

  private static func addresses(
    _ reader: inout WireReader, _ bytes: Span<UInt8>
  ) throws(WireViolation) -> WireList<WireText> {
    let list = try WireList<WireText>.read(&reader, bytes)
    var cursor = list.cursor
    while let address = cursor.next(in: bytes) {
      guard address.count == 4 || address.count == 16 else { throw .value }
    }
    return list
  }
}
