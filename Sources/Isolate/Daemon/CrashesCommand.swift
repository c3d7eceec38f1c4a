/// Carries `isolated crashes` out.
package func showCrashes(
  anywhere question: CrashQuestion, json: Bool, style: TextStyle
) -> CommandResult {
  do throws(ControlClient.Failure) {
    let source = try CrashFinding(question).source()
    return try showCrashes(source, question.report, json: json, style: style)
  } catch {
    return refused(error)
  }
}

/// Where the reports are that are meant: in a directory that was named; else of the daemon whose socket was named; else one's own,
/// and for who has none those of the daemon that answers.
private struct CrashFinding {
  let question: CrashQuestion
  let way: Way

  init(_ question: CrashQuestion) {
    self.question = question
    way = Way(socket: question.socket)
  }

  func source() throws(ControlClient.Failure) -> CrashSource {
    if question.socket != nil { return try ofDaemon(way.client(waits: false)) }
    if let typed = question.directory { return try open(way.place.absolute(typed)) }
    let own = try open(way.place.control.crashes)
    guard own.ids.isEmpty else { return own }
    do throws(ControlClient.Failure) {
      return try ofDaemon(way.client(waits: false))
    } catch {
      return own
    }
  }

  private func open(_ directory: String?) throws(ControlClient.Failure) -> CrashSource {
    do throws(SystemError) {
      return try CrashSource(directory: directory)
    } catch {
      throw ControlClient.Failure(
        message: "cannot read the crash reports: \(error)",
        cure: error.isOfRights ? DaemonPlace.cureOfRights + ": --socket PATH" : nil)
    }
  }

  /// From its directory, or from itself if that is another user's.
  private func ofDaemon(_ client: DaemonClient) throws(ControlClient.Failure) -> CrashSource {
    var client = client
    let directory = try client.status().crashes
    do throws(SystemError) {
      return try CrashSource(directory: directory)
    } catch {
      guard error.isOfRights else {
        throw ControlClient.Failure(
          message: "cannot read the crash reports: \(error)", cure: nil)
      }
    }
    let ids = try client.crashes().map(\.id)
    return CrashSource(ids: ids) { id throws(ControlClient.Failure) in
      guard ids.contains(id) else { return nil }
      return CrashStore.document(try client.crash(id))
    }
  }
}
