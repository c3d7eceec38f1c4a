extension RequestMessage {
  /// Well-formed nonsense: answered with EINVAL and `ReplyDetail.malformed`, while the app stays.
  ///
  /// Not judged here, as it depends on the grant: whether a file's path may be empty.
  package func isMalformed(in bytes: Span<UInt8>) -> Bool {
    deadline > WireLimits.longestDeadline || request.isMalformed(in: bytes)
  }
}

extension Request {
  fileprivate func isMalformed(in bytes: Span<UInt8>) -> Bool {
    switch self {
    case .hello, .handleList, .doorOpen, .secretRead, .driverCall: return false
    case .cancel(let number), .handleClose(let number): return number == 0
    case .notify(let text): return !text.isName(in: bytes)
    case .fileOpen(let request):
      if request.mode > 0o7777 || !request.flags.isSound { return true }
      return !request.path.isPath(in: bytes)
    case .fileStat(_, let path): return !path.isPath(in: bytes)
    case .fileList(let request): return !request.path.isPath(in: bytes)
    case .fileRemove(let request):
      return request.flags > 1 || request.path.isEmpty || !request.path.isPath(in: bytes)
    case .fileRename(let request):
      if request.flags > 1 || request.from.isEmpty || request.to.isEmpty { return true }
      return !request.from.isPath(in: bytes) || !request.to.isPath(in: bytes)
    case .fileMakeDirectory(let request):
      if request.mode > 0o7777 || request.path.isEmpty { return true }
      return !request.path.isPath(in: bytes)
    case .netConnect(let request):
      guard let transport = request.transport else { return true }
      return (transport == .unix) != (request.port == 0) || !request.host.isName(in: bytes)
    case .netListen(let request):
      guard let transport = request.transport else { return true }
      if transport == .unix { return request.port != 0 || !request.host.isName(in: bytes) }
      return request.host.contains(0, in: bytes)
    case .netResolve(_, let name), .appStatus(_, let name): return !name.isName(in: bytes)
    case .deviceOpen(_, let flags):
      return !flags.isSound || !flags.isSubset(of: [.read, .write, .append])
    case .appStart(let request):
      if !request.name.isName(in: bytes) { return true }
      var cursor = request.arguments.cursor
      while let argument = cursor.next(in: bytes) {
        if argument.contains(0, in: bytes) { return true }
      }
      return false
    case .appSignal(let request):
      return !(1...64).contains(request.signal) || !request.name.isName(in: bytes)
    case .clockSet(let request): return request.nanoseconds >= 1_000_000_000
    }
  }
}

extension WireText {
  /// Something, without NUL.
  fileprivate func isName(in bytes: Span<UInt8>) -> Bool { !isEmpty && !contains(0, in: bytes) }

  /// Not too long, without NUL.
  fileprivate func isPath(in bytes: Span<UInt8>) -> Bool {
    Int(count) <= WireLimits.pathBytes && !contains(0, in: bytes)
  }
}
