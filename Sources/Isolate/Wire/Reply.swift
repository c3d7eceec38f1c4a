/// The beginning of every reply.
package struct ReplyHead: Hashable, Sendable {
  /// Of the request.
  package var opcode: Opcode
  package var id: UInt32
  /// An errno; 0: done.
  package var status: UInt32
  package var detail: ReplyDetail
  /// The index of the grant that decided.
  package var grant: UInt16?
  /// Another reply to the same request follows.
  package var hasMore: Bool

  package init(
    _ opcode: Opcode, id: UInt32, status: UInt32 = 0, detail: ReplyDetail = .kernel,
    grant: UInt16? = nil, hasMore: Bool = false
  ) {
    self.opcode = opcode
    self.id = id
    self.status = status
    self.detail = detail
    self.grant = grant
    self.hasMore = hasMore
  }

  /// In the place of a grant's index: none.
  package static let noGrant: UInt16 = 0xFFFF
  package static let moreFlag: UInt16 = 1
  /// The largest errno there is.
  package static let highestStatus: UInt32 = 4095
}

/// What a request returns, when its status is 0.
package enum ReplyBody: Hashable, Sendable {
  /// Nothing; every reply whose status is not 0.
  case none
  case hello(HelloReply)
  case handles(WireList<HandleEntry>)
  /// One descriptor comes with it.
  case opened(handle: UInt32)
  case status(FileStatusReply)
  case files(FileListReply)
  /// One descriptor comes with it.
  case listening(handle: UInt32, port: UInt16)
  /// Of 4 or 16 bytes each.
  case addresses(WireList<WireText>)
  case instance(WireText)
  case app(AppStatusReply)
  /// Up to 16 descriptors come with it.
  case payload(WireText)
}

package struct HelloReply: Hashable, Sendable {
  package var version: UInt16
  package var messageBytes: UInt16
  package var descriptors: UInt16
  package var outstanding: UInt16
  /// How many grants there are in all; `grants` begins with the one that was asked for.
  package var total: UInt16
  package var grants: WireList<GrantEntry>

  /// With the limits of this version, and no grants yet.
  package init(total: UInt16, grants: WireList<GrantEntry> = .empty) {
    version = WireLimits.version
    messageBytes = UInt16(WireLimits.messageBytes)
    descriptors = UInt16(WireLimits.descriptors)
    outstanding = UInt16(WireLimits.outstanding)
    self.total = total
    self.grants = grants
  }
}

package struct GrantEntry: WireEntry {
  package var name: WireText
  package var kind: GrantKind
  /// Bits as in `GrantRights`.
  package var rights: UInt32

  package static func read(
    _ reader: inout WireReader, _ bytes: Span<UInt8>
  ) throws(WireViolation) -> GrantEntry {
    let name = try reader.text(bytes)
    guard let kind = GrantKind(rawValue: try reader.u8(bytes)) else { throw .value }
    return GrantEntry(name: name, kind: kind, rights: try reader.u32(bytes))
  }
}

/// A descriptor that was handed out.
package struct HandleEntry: WireEntry {
  package var handle: UInt32
  package var grant: UInt16
  package var kind: GrantKind
  package var state: HandleState
  package var ageMilliseconds: UInt64
  /// Bits as in `GrantRights`.
  package var rights: UInt32

  package init(
    handle: UInt32, grant: UInt16, kind: GrantKind, state: HandleState, ageMilliseconds: UInt64,
    rights: UInt32
  ) {
    self.handle = handle
    self.grant = grant
    self.kind = kind
    self.state = state
    self.ageMilliseconds = ageMilliseconds
    self.rights = rights
  }

  package static func read(
    _ reader: inout WireReader, _ bytes: Span<UInt8>
  ) throws(WireViolation) -> HandleEntry {
    let handle = try reader.u32(bytes)
    let grant = try reader.u16(bytes)
    guard let kind = GrantKind(rawValue: try reader.u8(bytes)) else { throw .value }
    guard let state = HandleState(rawValue: try reader.u8(bytes)) else { throw .value }
    let age = try reader.u64(bytes)
    return HandleEntry(
      handle: handle, grant: grant, kind: kind, state: state, ageMilliseconds: age,
      rights: try reader.u32(bytes))
  }
}

/// stat(2), as much as an app is told.
package struct FileStatusReply: Hashable, Sendable {
  package var size: UInt64
  package var mode: UInt32
  package var uid: UInt32
  package var gid: UInt32
  package var modifiedSeconds: Int64
  package var modifiedNanoseconds: UInt32
  package var inode: UInt64

  package init(
    size: UInt64, mode: UInt32, uid: UInt32, gid: UInt32, modifiedSeconds: Int64,
    modifiedNanoseconds: UInt32, inode: UInt64
  ) {
    self.size = size
    self.mode = mode
    self.uid = uid
    self.gid = gid
    self.modifiedSeconds = modifiedSeconds
    self.modifiedNanoseconds = modifiedNanoseconds
    self.inode = inode
  }
}

package struct FileListReply: Hashable, Sendable {
  /// What to ask with for the rest; 0: this is the end.
  package var next: UInt64
  package var entries: WireList<FileEntry>
}

package struct FileEntry: WireEntry {
  package var type: WireFileType
  package var name: WireText

  package static func read(
    _ reader: inout WireReader, _ bytes: Span<UInt8>
  ) throws(WireViolation) -> FileEntry {
    guard let type = WireFileType(rawValue: try reader.u8(bytes)) else { throw .value }
    return FileEntry(type: type, name: try reader.text(bytes))
  }
}

package struct AppStatusReply: Hashable, Sendable {
  package var state: WireAppState
  /// The last exit status as a shell counts it; -1 when it has not ended yet.
  package var exit: Int32
  package var restarts: UInt32

  package init(state: WireAppState, exit: Int32, restarts: UInt32) {
    self.state = state
    self.exit = exit
    self.restarts = restarts
  }
}

extension Opcode {
  /// How many descriptors come with a reply whose status is 0.
  package var replyDescriptors: ClosedRange<Int> {
    switch self {
    case .doorOpen, .fileOpen, .netConnect, .netListen, .secretRead, .deviceOpen: 1...1
    case .driverCall: 0...WireLimits.descriptors
    case .hello, .cancel, .notify, .handleList, .handleClose, .fileStat, .fileList, .fileRemove,
      .fileRename, .fileMakeDirectory, .netResolve, .appStart, .appSignal, .appStatus, .clockSet:
      0...0
    }
  }

  /// Whether a reply may say that another follows.
  package var mayHaveMore: Bool { self == .hello || self == .handleList || self == .fileList }
}
