extension Opcode {
  /// As docs/protocol.md names it: "file.open".
  package var words: String {
    switch self {
    case .hello: "hello"
    case .cancel: "cancel"
    case .notify: "notify"
    case .handleList: "handle.list"
    case .handleClose: "handle.close"
    case .doorOpen: "door.open"
    case .fileOpen: "file.open"
    case .fileStat: "file.stat"
    case .fileList: "file.list"
    case .fileRemove: "file.remove"
    case .fileRename: "file.rename"
    case .fileMakeDirectory: "file.makeDirectory"
    case .netConnect: "net.connect"
    case .netListen: "net.listen"
    case .netResolve: "net.resolve"
    case .secretRead: "secret.read"
    case .deviceOpen: "device.open"
    case .appStart: "app.start"
    case .appSignal: "app.signal"
    case .appStatus: "app.status"
    case .clockSet: "clock.set"
    case .driverCall: "driver.call"
    }
  }
}
