/// What an app asks, decoded. Texts lie in the bytes that it was decoded from; grants are indices that nobody has checked.
package enum Request: Hashable, Sendable {
  case hello(HelloRequest)
  /// Of the request with this id.
  case cancel(id: UInt32)
  /// Lines as of sd_notify(3).
  case notify(WireText)
  case handleList(first: UInt32)
  case handleClose(handle: UInt32)
  case doorOpen

  case fileOpen(FileOpenRequest)
  case fileStat(grant: UInt16, path: WireText)
  case fileList(FileListRequest)
  case fileRemove(FileRemoveRequest)
  case fileRename(FileRenameRequest)
  case fileMakeDirectory(FileMakeDirectoryRequest)

  case netConnect(NetConnectRequest)
  case netListen(NetListenRequest)
  case netResolve(grant: UInt16, name: WireText)

  case secretRead(grant: UInt16)
  case deviceOpen(grant: UInt16, flags: FileOpenFlags)

  case appStart(AppStartRequest)
  case appSignal(AppSignalRequest)
  case appStatus(grant: UInt16, name: WireText)

  case clockSet(ClockSetRequest)
  case driverCall(grant: UInt16, payload: WireText)
}

package struct HelloRequest: Hashable, Sendable {
  package var lowest: UInt16
  package var highest: UInt16
  /// The index of the first grant to tell of.
  package var first: UInt16
}

package struct FileOpenRequest: Hashable, Sendable {
  package var grant: UInt16
  package var flags: FileOpenFlags
  /// Permission bits of a file that is made.
  package var mode: UInt32
  package var path: WireText
}

package struct FileListRequest: Hashable, Sendable {
  package var grant: UInt16
  package var path: WireText
  /// 0, or what the reply before gave.
  package var cursor: UInt64
}

package struct FileRemoveRequest: Hashable, Sendable {
  package var grant: UInt16
  /// 1: a directory, which must be empty.
  package var flags: UInt32
  package var path: WireText

  package var isDirectory: Bool { flags & 1 != 0 }
}

package struct FileRenameRequest: Hashable, Sendable {
  package var grant: UInt16
  /// 1: fail if `to` is there.
  package var flags: UInt32
  package var from: WireText
  package var to: WireText

  package var keepsExisting: Bool { flags & 1 != 0 }
}

package struct FileMakeDirectoryRequest: Hashable, Sendable {
  package var grant: UInt16
  package var mode: UInt32
  package var path: WireText
}

package struct NetConnectRequest: Hashable, Sendable {
  package var grant: UInt16
  /// As sent; `transport` is nil when nobody knows it.
  package var transportNumber: UInt8
  /// 0 for unix.
  package var port: UInt16
  /// A name, an address, or for unix a path.
  package var host: WireText

  package var transport: WireTransport? { WireTransport(rawValue: transportNumber) }
}

package struct NetListenRequest: Hashable, Sendable {
  package var grant: UInt16
  package var transportNumber: UInt8
  /// 0: the kernel chooses.
  package var port: UInt16
  /// 0: as the kernel likes.
  package var backlog: UInt16
  /// Empty: every address that the grant names.
  package var host: WireText

  package var transport: WireTransport? { WireTransport(rawValue: transportNumber) }
}

package struct AppStartRequest: Hashable, Sendable {
  package var grant: UInt16
  package var name: WireText
  package var arguments: WireList<WireText>
}

package struct AppSignalRequest: Hashable, Sendable {
  package var grant: UInt16
  /// An instance that app.start gave.
  package var name: WireText
  package var signal: UInt32
}

package struct ClockSetRequest: Hashable, Sendable {
  package var grant: UInt16
  /// Since 1970, UTC.
  package var seconds: Int64
  package var nanoseconds: UInt32
}

extension Request {
  package var opcode: Opcode {
    switch self {
    case .hello: .hello
    case .cancel: .cancel
    case .notify: .notify
    case .handleList: .handleList
    case .handleClose: .handleClose
    case .doorOpen: .doorOpen
    case .fileOpen: .fileOpen
    case .fileStat: .fileStat
    case .fileList: .fileList
    case .fileRemove: .fileRemove
    case .fileRename: .fileRename
    case .fileMakeDirectory: .fileMakeDirectory
    case .netConnect: .netConnect
    case .netListen: .netListen
    case .netResolve: .netResolve
    case .secretRead: .secretRead
    case .deviceOpen: .deviceOpen
    case .appStart: .appStart
    case .appSignal: .appSignal
    case .appStatus: .appStatus
    case .clockSet: .clockSet
    case .driverCall: .driverCall
    }
  }

  /// The index of the grant that it names, if its kind names one.
  package var grant: UInt16? {
    switch self {
    case .hello, .cancel, .notify, .handleList, .handleClose, .doorOpen: nil
    case .fileOpen(let request): request.grant
    case .fileStat(let grant, _), .netResolve(let grant, _), .secretRead(let grant),
      .deviceOpen(let grant, _), .appStatus(let grant, _), .driverCall(let grant, _):
      grant
    case .fileList(let request): request.grant
    case .fileRemove(let request): request.grant
    case .fileRename(let request): request.grant
    case .fileMakeDirectory(let request): request.grant
    case .netConnect(let request): request.grant
    case .netListen(let request): request.grant
    case .appStart(let request): request.grant
    case .appSignal(let request): request.grant
    case .clockSet(let request): request.grant
    }
  }

  /// What it is about, for a record: the path, the host, the name. Empty when there is nothing of the kind; never a payload.
  package var subject: WireText {
    switch self {
    case .hello, .cancel, .notify, .handleList, .handleClose, .doorOpen, .secretRead, .deviceOpen,
      .clockSet, .driverCall:
      .empty
    case .fileOpen(let request): request.path
    case .fileStat(_, let path): path
    case .fileList(let request): request.path
    case .fileRemove(let request): request.path
    case .fileRename(let request): request.from
    case .fileMakeDirectory(let request): request.path
    case .netConnect(let request): request.host
    case .netListen(let request): request.host
    case .netResolve(_, let name), .appStatus(_, let name): name
    case .appStart(let request): request.name
    case .appSignal(let request): request.name
    }
  }
}
