/// What is done at once: one driver's call, one reply.
extension BrokerSession {
  mutating func perform(_ ticket: Ticket, _ request: Request, _ bytes: Span<UInt8>) {
    do throws(SystemError) {
      switch request {
      case .fileOpen(let request): try open(ticket, request, bytes)
      case .fileStat(let grant, let path):
        let place = try Self.files(places, grant).root.status(
          bytes.extracting(path.range(in: bytes)))
        status(ticket, place)
      case .fileList(let request): try list(ticket, request, bytes)
      case .fileRemove(let request):
        try Self.files(places, request.grant).root.remove(
          bytes.extracting(request.path.range(in: bytes)), directory: request.isDirectory)
        complete(ticket, Completion())
      case .fileRename(let request):
        try Self.files(places, request.grant).root.rename(
          from: bytes.extracting(request.from.range(in: bytes)),
          to: bytes.extracting(request.to.range(in: bytes)),
          replacing: !request.keepsExisting)
        complete(ticket, Completion())
      case .fileMakeDirectory(let request):
        try Self.files(places, request.grant).root.makeDirectory(
          bytes.extracting(request.path.range(in: bytes)), mode: request.mode)
        complete(ticket, Completion())
      case .secretRead(let grant):
        let secret = try SecretFill.file(try Self.files(places, grant).root, Span())
        complete(ticket, with: secret, isSocket: false)
      case .deviceOpen(let grant, let flags):
        let device = try Self.place(places, grant).device()
        let opened = try device.node.open(FileOpening(rawValue: flags.rawValue))
        complete(ticket, with: opened, isSocket: false)
      case .netListen(let request): try listen(ticket, request, bytes)
      case .netConnect, .netResolve, .appStart, .appSignal, .appStatus, .clockSet, .driverCall:
        complete(ticket, .failed(Errno.notSupported, .unavailable))
      case .hello, .cancel, .notify, .handleList, .handleClose, .doorOpen:
        complete(ticket, .failed(Errno.invalid))
      }
    } catch {
      complete(ticket, .failed(error.number))
    }
  }

  /* Not of a session: one that is lent to a method that changes nothing is copied for it, with its 4 KiB. */
  private static func place(
    _ places: [GrantPlace], _ grant: UInt16
  ) throws(SystemError) -> GrantPlace {
    guard Int(grant) < places.count else { throw SystemError(call: "open", number: Errno.noEntry) }
    return places[Int(grant)]
  }

  private static func files(
    _ places: [GrantPlace], _ grant: UInt16
  ) throws(SystemError) -> FilePlace {
    try place(places, grant).files()
  }

  private mutating func open(
    _ ticket: Ticket, _ request: FileOpenRequest, _ bytes: Span<UInt8>
  ) throws(SystemError) {
    var opening = FileOpening(rawValue: request.flags.rawValue)
    /* Who may only make files does not write those that are there. */
    if opening.contains(.create), !broker.rules[Int(request.grant)].rights.contains(.write) {
      opening.insert(.exclusive)
    }
    let file = try Self.files(places, request.grant).root.open(
      bytes.extracting(request.path.range(in: bytes)), opening, mode: request.mode)
    let facts = HandleFacts(device: file.device, inode: file.inode, isSocket: false)
    complete(ticket, with: file.take(), facts)
  }

  private mutating func status(_ ticket: Ticket, _ place: Place) {
    guard let reply = broker.complete(ticket, Completion(), at: now) else { return }
    begin(reply)
    if reply.status == 0 {
      outgoing.append(
        status: FileStatusReply(
          size: place.size, mode: place.mode, uid: place.uid, gid: place.gid,
          modifiedSeconds: place.modifiedSeconds, modifiedNanoseconds: place.modifiedNanoseconds,
          inode: place.inode))
    }
    finish(reply)
  }

  /// The reply is written while the directory is read, before it is known how that ends.
  private mutating func list(
    _ ticket: Ticket, _ request: FileListRequest, _ bytes: Span<UInt8>
  ) throws(SystemError) {
    guard let record = broker.record(ticket) else { return }
    begin(
      BrokerReply(
        ticket: ticket, door: record.door, opcode: record.opcode, id: record.id, status: 0,
        detail: .kernel, grant: record.grant, handle: 0))
    let root = try Self.files(places, request.grant)
    let next = outgoing.mark
    outgoing.append(0 as UInt64)
    let list = outgoing.beginList()
    var count: UInt16 = 0
    let cursor = try root.root.list(
      bytes.extracting(request.path.range(in: bytes)), from: request.cursor
    ) { type, name in
      guard outgoing.append(file: name, type: Self.type(type)) else { return false }
      count += 1
      return true
    }
    outgoing.replace(cursor, at: next)
    outgoing.end(list: list, count: count)
    guard let reply = broker.complete(ticket, Completion(), at: now) else { return }
    if reply.status != 0 { begin(reply) }
    finish(reply)
  }

  /// DT_* of readdir(3).
  private static func type(_ type: UInt8) -> WireFileType {
    switch type {
    case 1: .fifo
    case 2: .characterDevice
    case 4: .directory
    case 6: .blockDevice
    case 8: .regular
    case 10: .link
    case 12: .socket
    default: .unknown
    }
  }
}
