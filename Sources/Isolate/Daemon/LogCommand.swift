/// `isolated logs`: reads the files, whether their daemon runs or not.
enum LogCommand {
  /// How often new lines are looked for where the kernel does not tell of them, in milliseconds.
  private static let lookMilliseconds: Int64 = 1000
  private static let chunkBytes = 1 << 20

  static func show(
    _ place: String?, _ app: String, _ follows: Bool, _ lines: Int, _ json: Bool
  ) throws(ControlClient.Failure) -> CommandResult {
    do throws(SystemError) {
      guard let place else {
        throw SystemError(call: "open", number: Errno.noEntry, subject: "$HOME")
      }
      let path = place + "/" + ControlPlace.fileName(app)
      try PlaceOwner.become(of: path)
      let directory = try PrivateDirectory(
        existing: path, isPrivate: true,
        ownedBy: LocalSocket.user)
      let watch = follows ? HeldDescriptor(LogCalls.watch(directory)) : nil
      try print(LogReader(directory), watch, follows, lines, json)
      return CommandResult()
    } catch {
      let cure =
        error.number == Errno.noEntry
        ? "it has never run under a daemon here, or its profile keeps no files (logs.to)" : nil
      throw ControlClient.Failure(
        message: "no log of '\(VisibleText.of(app))' can be read: \(error)", cure: cure)
    }
  }

  private static func print(
    _ reader: LogReader, _ watch: HeldDescriptor?, _ follows: Bool, _ lines: Int, _ json: Bool
  ) throws(SystemError) {
    var place = try reader.begin(last: lines)
    let isShown = Output.isTerminal(1)
    while true {
      /* Before the look: what comes after it wakes us. */
      if let watch { _ = Bytes.take(from: watch.descriptor.raw) }
      let chunk = try reader.read(from: place, limit: chunkBytes)
      let isNew = chunk.next != place
      place = chunk.next
      var bytes: [UInt8] = []
      if chunk.hasGap { bytes += Array("(lines are gone: their file was removed)\n".utf8) }
      for record in chunk.records { add(record, json, isShown, to: &bytes) }
      /* Whoever reads has gone: head(1). */
      if !bytes.isEmpty, !Output.write(bytes, to: 1) { return }
      if isNew { continue }
      guard follows else { return }
      var doors = watch.map { [Door($0.descriptor.raw)] } ?? []
      try Poller.wait(&doors, timeout: watch == nil ? lookMilliseconds : nil)
    }
  }

  private static func add(
    _ record: LogRecord, _ json: Bool, _ isShown: Bool, to bytes: inout [UInt8]
  ) {
    let time = LogTime.write(record.time)
    if json {
      var writer = JSONWriter()
      writer.value([
        "time": .string(RawText.decode(time)), "stream": .string(record.source.rawValue),
        "partial": .boolean(record.isPartial), "text": .string(RawText.decode(record.text)),
      ])
      writer.endLine()
      bytes += writer.bytes
      return
    }
    bytes += time + Array(" \(record.source.rawValue) ".utf8)
    bytes +=
      isShown
      ? Array(VisibleText.of(RawText.decode(record.text), limit: 1 << 16).utf8) : record.text
    bytes.append(UInt8(ascii: "\n"))
  }
}
