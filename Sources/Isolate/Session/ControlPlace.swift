/// Where sessions and what operators answered are found: from the environment and the user alone, so that a session and
/// the commands that look for it agree.
struct ControlPlace {
  /// Directories in which `isolated/run` may be, the first that can be used wins; never empty.
  private let bases: [(path: String, isMade: Bool)]
  /// Where answers are kept that outlive a session.
  var answers: String? { state.map { $0 + "/answers" } }
  /// Where things are kept.
  let state: String?
  private let user: UInt32

  init(
    environment: [(name: String, value: String)], home: String, user: UInt32, isRoot: Bool
  ) {
    func directory(_ name: String) -> String? {
      environment.first { $0.name == name && $0.value.hasPrefix("/") }?.value
    }
    self.user = user
    if isRoot {
      bases = [("/run", false)]
      state = "/var/lib/isolated"
      return
    }
    if let kept = directory("XDG_STATE_HOME") {
      state = kept + "/isolated"
    } else {
      state = home.hasPrefix("/") && home != "/" ? home + "/.local/state/isolated" : nil
    }
    if let runtime = directory("XDG_RUNTIME_DIR") {
      bases = [(runtime, false)]
    } else {
      bases = [("/run/user/\(user)", false), ("/tmp", true)]
    }
  }

  init(_ host: HostFacts) {
    self.init(
      environment: host.environment.map { ($0.name, $0.value) }, home: host.home,
      user: LocalSocket.user, isRoot: LocalSocket.user == 0)
  }

  /// The directory of the sessions' sockets, made if it is missing.
  ///
  /// - Throws: the last reason why there is none.
  func sessions() throws(SystemError) -> PrivateDirectory { try directory("run") }

  /// A directory of ours among those that go away with the machine's run, made if it is missing.
  ///
  /// - Throws: the last reason why there is none.
  func directory(_ name: String) throws(SystemError) -> PrivateDirectory {
    var problem: SystemError?
    for base in bases {
      do throws(SystemError) {
        if base.isMade {
          /* Anybody may have made something of this name: only a directory of ours, closed to all others, is used. */
          return try PrivateDirectory.made("\(base.path)/isolated-\(user)").directory(name)
        }
        let runtime = try PrivateDirectory(existing: base.path, isPrivate: false, ownedBy: user)
        return try runtime.directory("isolated").directory(name)
      } catch {
        problem = error
      }
    }
    throw problem ?? SystemError(call: "open", number: Errno.noEntry)
  }

  /// The directory of the kept answers, made if it is missing.
  func keptAnswers() throws(SystemError) -> PrivateDirectory {
    guard let answers else {
      throw SystemError(call: "open", number: Errno.noEntry, subject: "$HOME")
    }
    return try PrivateDirectory.made(answers)
  }

  /// The name of what is kept for one app alone (its log, its answers): the app's where that is plain, else no other's either, by a
  /// hash behind a dot, which no plain name has.
  static func ownName(_ app: String) -> String {
    let plain = fileName(app)
    if plain == app { return plain }
    let digits = String(Fingerprint.narrow(RawText.bytes(app)), radix: 16)
    return plain + "." + String(repeating: "0", count: 16 - digits.utf8.count) + digits
  }

  /// A name of an app as part of a file's name: several apps may have one.
  static func fileName(_ app: String) -> String {
    let plain = PathWords.plain(app)
    return plain.isEmpty ? "_" : plain
  }
}

/// The name of a session: its app's, a dot, and the process id of its supervisor.
struct SessionName: Hashable {
  var app: String
  var pid: Int32

  var text: String { "\(app).\(pid)" }

  init(app: String, pid: Int32) {
    self.app = ControlPlace.fileName(app)
    self.pid = pid
  }

  /// Nil: not the name of a session.
  init?(_ text: String) {
    guard let dot = text.utf8.lastIndex(of: UInt8(ascii: ".")),
      let pid = Int32(text[text.utf8.index(after: dot)...]), pid > 0
    else { return nil }
    app = String(text[..<dot])
    self.pid = pid
    if self.text != text || app.isEmpty || ControlPlace.fileName(app) != app { return nil }
  }
}
