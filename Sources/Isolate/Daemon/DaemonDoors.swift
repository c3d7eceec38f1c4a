/// Where people and programs reach the daemon: its control socket, and who collects metrics.
extension Daemon {
  func openControl() throws(SystemError) {
    if let passed = manager.sockets.first {
      if settings.socketGroup != nil || settings.socketMode != nil {
        throw SystemError(
          call: "chmod", number: Errno.invalid,
          subject: "--socket-group: the service manager opened the socket (SocketGroup=)")
      }
      let listener = try Descriptor.takeOver(passed)
      control = try DaemonControl(self, listener: listener, guests: .whoeverReachesIt) {}
    } else {
      let (directory, name) = try place.socket(settings.socket)
      ControlSocket.removeStale(name, in: directory.directory)
      let listener = try LocalSocket.listen(name, in: directory.directory)
      var guests = ControlSocket.Guests.sameUser
      do throws(SystemError) {
        if let group = settings.socketGroup {
          let number = try Self.group(group, TextFile.read("/etc/group") ?? "")
          try LocalSocket.share(
            name, in: directory.directory, group: number, mode: settings.socketMode ?? 0o660)
          guests = .whoeverReachesIt
        }
      } catch {
        ControlSocket.removeFile(name, in: directory.directory)
        throw error
      }
      control = try DaemonControl(self, listener: listener, guests: guests) {
        ControlSocket.removeFile(name, in: directory.directory)
      }
    }
    if let control { try queue.add(control.door, token: Token.control, .reading) }
  }

  /// The number of a group: a number as it is, or by its line of group(5).
  static func group(_ word: String, _ file: String) throws(SystemError) -> UInt32 {
    if let number = UInt32(word), number != .max { return number }
    for line in file.split(separator: "\n") {
      let fields = line.split(separator: ":", omittingEmptySubsequences: false)
      if fields.count >= 3, fields[0] == word, let number = UInt32(fields[2]) { return number }
    }
    throw SystemError(call: "chown", number: Errno.noEntry, subject: "group \(word)")
  }

  func openMetrics() throws(SystemError) {
    guard let address = settings.metrics else { return }
    let made = { [unowned self] (now: Int64) in self.metrics(now) }
    switch address {
    case .path(let path):
      let (directory, name) = try place.socket(path)
      ControlSocket.removeStale(name, in: directory.directory)
      let listener = try LocalSocket.listen(name, in: directory.directory)
      metricsListener = try MetricsListener(
        listener, remove: { ControlSocket.removeFile(name, in: directory.directory) }, make: made)
    case .tcp(let host, let port):
      let bytes = Array(host.utf8)
      guard let address = InternetAddress(text: bytes.span) else {
        throw SystemError(call: "bind", number: Errno.invalid, subject: host)
      }
      let place = SocketPlace(
        high: address.high, low: address.low, isFour: address.isFour, port: port)
      let listener = try ServiceSockets.listen(at: place, .stream, both: false, backlog: 64)
      try Bytes.makeNonBlocking(listener)
      metricsListener = try MetricsListener(listener, remove: {}, make: made)
    }
    if let metricsListener {
      try queue.add(metricsListener.door, token: Token.metrics, .reading)
    }
  }

  func serveMetrics(_ now: Int64) {
    guard let metricsListener else { return }
    do throws(SystemError) {
      try metricsListener.turn(now: now)
    } catch {
      self.metricsListener = nil
      say(.problem, "", "the listener for metrics failed and is closed: \(error)")
    }
  }
}
