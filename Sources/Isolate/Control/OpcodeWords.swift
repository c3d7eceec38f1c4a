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

extension ReplyDetail {
  /// As the interface of a session names it.
  package var words: String {
    switch self {
    case .kernel: "kernel"
    case .noGrant: "no_grant"
    case .right: "right"
    case .outside: "outside"
    case .rate: "rate"
    case .count: "count"
    case .lease: "lease"
    case .revoked: "revoked"
    case .denied: "denied"
    case .unanswered: "unanswered"
    case .crowded: "crowded"
    case .deadline: "deadline"
    case .cancelled: "cancelled"
    case .brokerRestarted: "broker_restarted"
    case .driverFailed: "driver_failed"
    case .malformed: "malformed"
    case .unavailable: "unavailable"
    }
  }
}
