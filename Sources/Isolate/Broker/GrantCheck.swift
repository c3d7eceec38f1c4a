extension Opcode {
  /// What a grant has to be of; nil: no grant is needed.
  var grantKind: GrantKind? {
    switch self {
    case .hello, .cancel, .notify, .handleList, .handleClose, .doorOpen: nil
    case .fileOpen, .fileStat, .fileList, .fileRemove, .fileRename, .fileMakeDirectory: .files
    case .netConnect: .connect
    case .netListen: .listen
    case .netResolve: .resolve
    case .secretRead: .secret
    case .deviceOpen: .device
    case .appStart, .appSignal, .appStatus: .apps
    case .clockSet: .clock
    case .driverCall: .driver
    }
  }

  /// A driver within the broker is done with it before the next request is looked at.
  var isAtOnce: Bool {
    switch self {
    case .hello, .cancel, .notify, .handleList, .handleClose, .doorOpen, .fileOpen, .fileStat,
      .fileList,
      .fileRemove, .fileRename, .fileMakeDirectory, .netListen, .secretRead, .deviceOpen:
      true
    case .netConnect, .netResolve, .appStart, .appSignal, .appStatus, .clockSet, .driverCall:
      false
    }
  }
}

extension Request {
  /// The rights that it needs, all of them.
  package var rights: GrantRights {
    switch self {
    case .hello, .cancel, .notify, .handleList, .handleClose, .doorOpen: []
    case .fileOpen(let request): request.flags.rights
    case .deviceOpen(_, let flags): flags.rights
    case .fileStat: .stat
    case .fileList: .list
    case .fileRemove: .remove
    case .fileRename: .rename
    case .fileMakeDirectory: .makeDirectory
    case .netConnect: .connect
    case .netListen: .listen
    case .netResolve: .resolve
    case .secretRead: .read
    case .appStart: .start
    case .appSignal: .signal
    case .appStatus: .status
    case .clockSet: .set
    case .driverCall: .call
    }
  }
}

extension FileOpenFlags {
  /// To open a directory is to list it.
  var rights: GrantRights {
    if contains(.directory) { return .list }
    var rights: GrantRights = []
    if contains(.read) { rights.insert(.read) }
    /* Who may only make files gets one that was not there: then `write` is not needed, and the caller sees to it (O_EXCL). */
    if contains(.create) {
      rights.insert(.create)
    } else if contains(.write) {
      rights.insert(.write)
    }
    return rights
  }
}

/// Arrays are gone through by their indices: an iterator over elements of some size allocates where nothing is optimised.
extension GrantRule {
  /// Whether what is asked for lies in the grant: nil: it does. What the clock may be set to is for its driver to judge, which
  /// reads the clock in the same moment.
  func refusal(_ request: Request, _ bytes: Span<UInt8>) -> ReplyDetail? {
    switch request {
    case .fileOpen(let request): return refusal(path: request.path)
    case .fileStat(_, let path): return refusal(path: path)
    case .fileList(let request): return isDirectory ? nil : .outside(unless: request.path.isEmpty)
    case .fileRemove, .fileRename, .fileMakeDirectory: return isDirectory ? nil : .outside
    case .netConnect(let request):
      return connect(
        request.transport, request.port, bytes.extracting(request.host.range(in: bytes)))
    case .netListen(let request):
      return listen(
        request.transport, request.port, bytes.extracting(request.host.range(in: bytes)))
    case .netResolve(_, let name): return resolve(bytes.extracting(name.range(in: bytes)))
    case .appStart(let request):
      return refusal(app: bytes.extracting(request.name.range(in: bytes)))
    case .appStatus(_, let name): return refusal(app: bytes.extracting(name.range(in: bytes)))
    // An instance is the app's name, `@`, and what tells it from others.
    case .appSignal(let request):
      return refusal(app: bytes.extracting(request.name.range(in: bytes)))
    case .hello, .cancel, .notify, .handleList, .handleClose, .doorOpen, .secretRead, .deviceOpen,
      .clockSet,
      .driverCall:
      return nil
    }
  }

  /// A grant of one file is that file, named by nothing.
  private func refusal(path: WireText) -> ReplyDetail? {
    isDirectory ? nil : .outside(unless: path.isEmpty)
  }

  private func refusal(app name: Span<UInt8>) -> ReplyDetail? {
    var count = 0
    while count < name.count, name[count] != UInt8(ascii: "@") { count += 1 }
    for app in apps.indices where apps[app].count == count {
      if HostName.isEqual(name.extracting(0..<count), apps[app]) { return nil }
    }
    return .outside
  }

  private func connect(
    _ transport: WireTransport?, _ port: UInt16, _ host: Span<UInt8>
  ) -> ReplyDetail? {
    guard let transport else { return .malformed }
    if transport == .unix {
      for place in places.indices
      where places[place].transport == .unix && places[place].host.matches(path: host) {
        return nil
      }
      return .outside
    }
    if let address = InternetAddress(text: host) {
      for place in places.indices where places[place].covers(transport, port: port) {
        if places[place].host.matches(address: address) { return nil }
      }
      return .outside
    }
    guard HostName.isSound(host) else { return .malformed }
    for place in places.indices where places[place].covers(transport, port: port) {
      if places[place].host.matches(name: host) { return nil }
    }
    return .outside
  }

  /// Where an app listens it reaches nobody, so that no address is special: `*` is every one of this machine's. A wildcard address
  /// lies in no network but one that begins with it.
  private func listen(
    _ transport: WireTransport?, _ port: UInt16, _ host: Span<UInt8>
  ) -> ReplyDetail? {
    guard let transport else { return .malformed }
    if transport == .unix { return connect(.unix, 0, host) }
    let address = InternetAddress(text: host)
    if address == nil, !host.isEmpty, !HostName.isSound(host) { return .malformed }
    for place in places.indices where places[place].covers(transport, port: port) {
      switch places[place].host {
      case .any: return nil
      case .network(let network):
        if host.isEmpty { return nil }
        if let address, network.contains(address) { return nil }
      case .name, .beneath:
        if host.isEmpty || address == nil && places[place].host.matches(name: host) { return nil }
      case .path: break
      }
    }
    return .outside
  }

  private func resolve(_ name: Span<UInt8>) -> ReplyDetail? {
    guard HostName.isSound(name) else { return .malformed }
    for place in places.indices where places[place].host.matches(name: name) { return nil }
    return .outside
  }

  /// Whether a name that was granted may lead to this address. Public ones always; others only where the grant names them.
  func permits(
    _ address: InternetAddress, _ transport: WireTransport?, port: UInt16, isLocalName: Bool
  ) -> Bool {
    if !SpecialAddress.contains(address) { return true }
    if isLocalName && address.isLoopback { return true }
    guard let transport else { return false }
    for place in places.indices where places[place].covers(transport, port: port) {
      if places[place].host.matches(address: address) { return true }
    }
    return false
  }

  /// The grant names `localhost` itself, or something beneath it, and not only a pattern that it happens to fit.
  func namesLocalHost(_ name: Span<UInt8>) -> Bool {
    guard HostName.isLocal(name) else { return false }
    for place in places.indices
    where places[place].host != .any && places[place].host.matches(name: name) {
      return true
    }
    return false
  }
}

extension ReplyDetail {
  fileprivate static func outside(unless isInside: Bool) -> ReplyDetail? {
    isInside ? nil : .outside
  }
}

extension InternetAddress {
  var isLoopback: Bool {
    isFour ? UInt8(truncatingIfNeeded: low >> 24) == 127 : high == 0 && low == 1
  }
}

extension HostName {
  static func isEqual(_ text: Span<UInt8>, _ own: [UInt8]) -> Bool {
    for index in own.indices where text[index] != own[index] { return false }
    return true
  }
}

extension WireText {
  /// What of it lies within these bytes: all of it, if they are those that were decoded.
  func range(in bytes: Span<UInt8>) -> Range<Int> { range.clamped(to: 0..<bytes.count) }
}
