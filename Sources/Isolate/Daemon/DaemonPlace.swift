/// Where the daemon and the commands that look for it meet, and where profiles of services lie.
struct DaemonPlace {
  /// The name of its socket in its directory.
  static let socketName = "control"
  /// Where a service manager may have made the socket (config/isolated.socket).
  static let system: (directory: String, name: String) = ("/run", "isolated.sock")

  /// For who may not read what a daemon of another user keeps.
  static let cureOfRights = "its daemon, while it runs, shows it to whoever may give it orders"

  let control: ControlPlace
  /// Where each file NAME.toml is an app of the daemon's.
  let services: String?
  private let workingDirectory: String
  /// Where logs and the like are kept, and where logs alone; nil: there is no home.
  private let state: String?
  private let logs: String?

  init(_ host: HostFacts) {
    workingDirectory = host.workingDirectory
    control = ControlPlace(host)
    if host.effectiveUID == 0 {
      services = "/etc/isolated/services"
      state = "/var/lib/isolated"
      logs = "/var/log/isolated"
    } else {
      let given = host.environment.first { $0.name == "XDG_STATE_HOME" && $0.value.hasPrefix("/") }
      let home = host.home.hasPrefix("/") && host.home != "/" ? host.home + "/.local/state" : nil
      state = (given?.value ?? home).map { $0 + "/isolated" }
      logs = state.map { $0 + "/logs" }
      services = search(host).userConfiguration.map { $0 + "/isolated/services" }
    }
  }

  /// The daemon's own directory, made if it is missing: for this user alone.
  func directory() throws(SystemError) -> PrivateDirectory { try control.directory("daemon") }

  /// The directory and name of the control socket.
  ///
  /// - Parameter path: as typed; nil: the usual place.
  func socket(
    _ path: String?
  ) throws(SystemError) -> (place: HeldPlace, name: String) {
    guard let path else { return (HeldPlace(try directory()), Self.socketName) }
    let absolute = absolute(path)
    let name = absolute.split(separator: "/").last.map(String.init) ?? ""
    return (HeldPlace(try PrivateDirectory(anyExisting: Self.parent(absolute))), name)
  }

  /// Where the logs of all apps lie.
  ///
  /// - Parameter path: as typed after --state; nil: the usual place.
  func logs(_ path: String?) -> String? { path.map { absolute($0) + "/logs" } ?? logs }

  /// Where reports of crashes are kept.
  ///
  /// - Parameter path: as typed after --state; nil: the usual place.
  func crashes(_ path: String?) -> String? {
    (path.map(absolute) ?? state).map { $0 + "/crashes" }
  }

  /// Where the decisions about apps' requests are kept.
  ///
  /// - Parameter path: as typed after --audit-dir.
  func audit(_ path: String) -> String { absolute(path) }

  func absolute(_ path: String) -> String {
    path.hasPrefix("/") ? path : workingDirectory + "/" + path
  }

  /// What belongs to one daemon: beside its socket, if that is not at its usual place.
  func runtime(_ path: String?) throws(SystemError) -> HeldPlace {
    let (held, name) = try socket(path)
    return path == nil ? held : HeldPlace(try held.directory.directory(name + ".d"))
  }

  private static func parent(_ path: String) -> String {
    let parent = PathWords.parent(path)
    return parent.isEmpty ? "/" : String(parent)
  }
}
