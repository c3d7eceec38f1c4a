extension RequestMessage {
  /// Writes the message.
  ///
  /// - Parameter texts: the bytes that the request's texts lie in; for a request that was decoded, its packet.
  /// - Returns: false when it does not fit; the buffer is empty then.
  package func encode(into buffer: inout WireBuffer, texts: Span<UInt8>) -> Bool {
    buffer.beginRequest(request.opcode, id: id, deadline: deadline)
    if let grant = request.grant { buffer.append(grant) }
    request.append(to: &buffer, texts: texts)
    return buffer.finish()
  }
}

extension Request {
  /// Everything behind the grant.
  fileprivate func append(to buffer: inout WireBuffer, texts: Span<UInt8>) {
    switch self {
    case .hello(let request):
      buffer.append(request.lowest)
      buffer.append(request.highest)
      buffer.append(request.first)
    case .cancel(let number), .handleList(let number), .handleClose(let number):
      buffer.append(number)
    case .notify(let text), .fileStat(_, let text), .netResolve(_, let text),
      .appStatus(_, let text), .driverCall(_, let text):
      buffer.append(text: text, of: texts)
    case .doorOpen, .secretRead: break
    case .deviceOpen(_, let flags): buffer.append(flags.rawValue)
    case .fileOpen(let request):
      buffer.append(request.flags.rawValue)
      buffer.append(request.mode)
      buffer.append(text: request.path, of: texts)
    case .fileList(let request):
      buffer.append(text: request.path, of: texts)
      buffer.append(request.cursor)
    case .fileRemove(let request):
      buffer.append(request.flags)
      buffer.append(text: request.path, of: texts)
    case .fileRename(let request):
      buffer.append(request.flags)
      buffer.append(text: request.from, of: texts)
      buffer.append(text: request.to, of: texts)
    case .fileMakeDirectory(let request):
      buffer.append(request.mode)
      buffer.append(text: request.path, of: texts)
    case .netConnect(let request):
      buffer.append(request.transportNumber)
      buffer.append(0 as UInt8)
      buffer.append(request.port)
      buffer.append(text: request.host, of: texts)
    case .netListen(let request):
      buffer.append(request.transportNumber)
      buffer.append(0 as UInt8)
      buffer.append(request.port)
      buffer.append(request.backlog)
      buffer.append(text: request.host, of: texts)
    case .appStart(let request):
      buffer.append(text: request.name, of: texts)
      buffer.append(list: request.arguments, of: texts)
    case .appSignal(let request):
      buffer.append(text: request.name, of: texts)
      buffer.append(request.signal)
    case .clockSet(let request):
      buffer.append(request.seconds)
      buffer.append(request.nanoseconds)
    }
  }
}
