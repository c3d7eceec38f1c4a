extension WireBuffer {
  /// Begins a reply; what its opcode returns is appended behind, if the status is 0; then `finish`.
  ///
  /// - Parameter rule: "file:line" of what decided; the end of it, if it is longer than `WireLimits.ruleBytes`.
  package mutating func beginReply(_ head: ReplyHead, rule: Span<UInt8>) {
    begin(
      opcode: head.opcode.rawValue | WireHeader.replyBit,
      flags: head.hasMore ? ReplyHead.moreFlag : 0, id: head.id, last: head.status)
    append(head.detail.rawValue)
    append(0 as UInt8)
    append(head.grant ?? ReplyHead.noGrant)
    append(text: rule.extracting(last: WireLimits.ruleBytes))
  }

  /// A whole reply without anything behind its beginning: an error, or of a request that returns nothing.
  package mutating func writeReply(_ head: ReplyHead, rule: Span<UInt8>) {
    beginReply(head, rule: rule)
    _ = finish()
  }

  /// In a reply that was begun: another follows.
  package mutating func setMore() {
    guard count >= WireLimits.headerBytes else { return }
    bytes[2] |= UInt8(ReplyHead.moreFlag)
  }

  /// What stands before the grants in a reply to `hello`; then `beginList`, the grants, `end(list:count:)`.
  package mutating func append(hello: HelloReply) {
    append(hello.version)
    append(hello.messageBytes)
    append(hello.descriptors)
    append(hello.outstanding)
    append(hello.total)
  }

  package mutating func append(status: FileStatusReply) {
    append(status.size)
    append(status.mode)
    append(status.uid)
    append(status.gid)
    append(status.modifiedSeconds)
    append(status.modifiedNanoseconds)
    append(status.inode)
  }

  package mutating func append(app: AppStatusReply) {
    append(app.state.rawValue)
    append(app.exit)
    append(app.restarts)
  }

  /// An entry of a list.
  ///
  /// - Returns: false when there is no room; the message is then as it was.
  package mutating func append(grant name: Span<UInt8>, kind: GrantKind, rights: UInt32) -> Bool {
    guard name.count + 7 <= room else { return false }
    append(text: name)
    append(kind.rawValue)
    append(rights)
    return true
  }

  /// An entry of a list; false as above.
  package mutating func append(handle entry: HandleEntry) -> Bool {
    guard room >= 20 else { return false }
    append(entry.handle)
    append(entry.grant)
    append(entry.kind.rawValue)
    append(entry.state.rawValue)
    append(entry.ageMilliseconds)
    append(entry.rights)
    return true
  }

  /// An entry of a list; false as above.
  package mutating func append(file name: Span<UInt8>, type: WireFileType) -> Bool {
    guard name.count + 3 <= room else { return false }
    append(type.rawValue)
    append(text: name)
    return true
  }

  /// An entry of a list; false as above.
  package mutating func append(address: Span<UInt8>) -> Bool {
    guard address.count + 2 <= room else { return false }
    append(text: address)
    return true
  }
}

extension ReplyMessage {
  /// Writes the message.
  ///
  /// - Parameter texts: the bytes that the reply's texts and lists lie in; for a reply that was decoded, its packet.
  /// - Returns: false when it does not fit; the buffer is empty then.
  package func encode(into buffer: inout WireBuffer, texts: Span<UInt8>) -> Bool {
    buffer.beginReply(head, rule: texts.extracting(rule.range.clamped(to: 0..<texts.count)))
    switch body {
    case .none: break
    case .hello(let hello):
      buffer.append(hello: hello)
      buffer.append(list: hello.grants, of: texts)
    case .handles(let handles): buffer.append(list: handles, of: texts)
    case .opened(let handle): buffer.append(handle)
    case .status(let status): buffer.append(status: status)
    case .files(let files):
      buffer.append(files.next)
      buffer.append(list: files.entries, of: texts)
    case .listening(let handle, let port):
      buffer.append(handle)
      buffer.append(port)
    case .addresses(let addresses): buffer.append(list: addresses, of: texts)
    case .instance(let text), .payload(let text): buffer.append(text: text, of: texts)
    case .app(let app): buffer.append(app: app)
    }
    return buffer.finish()
  }
}
