/// `isolated logs`: reads the files, whether their daemon runs or not; or asks the daemon, if they are another user's.
struct LogCommand {
  let app: String
  let follows: Bool
  let lines: Int
  let json: Bool
  private let output = StreamedOutput()

  /// How often new lines are looked for where the kernel does not tell of them, in milliseconds.
  private static let lookMilliseconds: Int64 = 1000
  private static let chunkBytes = 1 << 20
  static let cure = "it has never run under a daemon here, or its profile keeps no files (logs.to)"

  /// - Parameters:
  ///   - logs: the directory of all logs; nil: there is none.
  ///   - client: the daemon that keeps them, if one answers.
  func show(
    in logs: String?, _ client: () throws(ControlClient.Failure) -> DaemonClient
  ) throws(ControlClient.Failure) -> CommandResult {
    do throws(SystemError) {
      try showFiles(logs)
    } catch {
      if error.isOfRights {
        try ask(client, error)
      } else {
        throw failure(error, error.number == Errno.noEntry ? Self.cure : nil)
      }
    }
    return output.result
  }

  private func failure(_ error: SystemError, _ cure: String?) -> ControlClient.Failure {
    ControlClient.Failure(
      message: "no log of '\(VisibleText.of(app))' can be read: \(error)", cure: cure)
  }

  private func ask(
    _ connect: () throws(ControlClient.Failure) -> DaemonClient, _ refused: SystemError
  ) throws(ControlClient.Failure) {
    var client: DaemonClient
    do throws(ControlClient.Failure) {
      client = try connect()
    } catch {
      throw failure(refused, DaemonPlace.cureOfRights)
    }
    let isShown = Output.isTerminal(1)
    try client.log(of: app, lines, follows: follows) { print($0, hasGap: $1, isShown) }
  }

  private func showFiles(_ logs: String?) throws(SystemError) {
    guard let logs else {
      throw SystemError(call: "open", number: Errno.noEntry, subject: "$HOME")
    }
    let path = logs + "/" + ControlPlace.ownName(app)
    try PlaceOwner.become(of: path)
    let directory = try PrivateDirectory(
      existing: path, isPrivate: true, ownedBy: LocalSocket.user)
    let watch = follows ? HeldDescriptor(LogCalls.watch(directory)) : nil
    let reader = LogReader(directory)
    var place = try reader.begin(last: lines)
    let isShown = Output.isTerminal(1)
    while true {
      /* Before the look: what comes after it wakes us. */
      if let watch { _ = Bytes.take(from: watch.descriptor.raw) }
      let chunk = try reader.read(from: place, limit: Self.chunkBytes)
      let isNew = chunk.next != place
      place = chunk.next
      let lines = chunk.records.map { ControlLine($0) }
      /* Whoever reads has gone: head(1). */
      if !print(lines, hasGap: chunk.hasGap, isShown) { return }
      if isNew { continue }
      guard follows else { return }
      var doors = watch.map { [Door($0.descriptor.raw)] } ?? []
      try Poller.wait(&doors, timeout: watch == nil ? Self.lookMilliseconds : nil)
    }
  }

  /// - Returns: false: nobody reads it any more.
  private func print(_ lines: [ControlLine], hasGap: Bool, _ isShown: Bool) -> Bool {
    var bytes: [UInt8] = []
    if hasGap { bytes += Array("(lines are gone: their file was removed)\n".utf8) }
    for line in lines { add(line, isShown, to: &bytes) }
    return bytes.isEmpty || output.put(bytes)
  }

  private func add(_ line: ControlLine, _ isShown: Bool, to bytes: inout [UInt8]) {
    if json {
      var writer = JSONWriter()
      writer.value(line.json)
      writer.endLine()
      bytes += writer.bytes
      return
    }
    bytes += Array("\(line.time) \(line.stream) ".utf8)
    if isShown {
      bytes += Array(VisibleText.of(line.text, limit: 1 << 16).utf8)
    } else {
      RawText.append(line.text, to: &bytes)
    }
    bytes.append(UInt8(ascii: "\n"))
  }
}

extension SystemError {
  /// Another user's, not for us.
  var isOfRights: Bool { number == Errno.access || number == Errno.notPermitted }
}
