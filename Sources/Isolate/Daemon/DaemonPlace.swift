/// Where the daemon and the commands that look for it meet, and where profiles of services lie.
struct DaemonPlace {
  /// The name of its socket in its directory.
  static let socketName = "control"
  /// Where a service manager may have made the socket (config/isolated.socket).
  static let system: (directory: String, name: String) = ("/run", "isolated.sock")

  let control: ControlPlace
  /// Where each file NAME.toml is an app of the daemon's.
  let services: String?
  private let workingDirectory: String

  init(_ host: HostFacts) {
    workingDirectory = host.workingDirectory
    control = ControlPlace(host)
    if host.effectiveUID == 0 {
      services = "/etc/isolated/services"
    } else {
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
    let absolute = path.hasPrefix("/") ? path : workingDirectory + "/" + path
    let name = absolute.split(separator: "/").last.map(String.init) ?? ""
    return (HeldPlace(try PrivateDirectory(anyExisting: Self.parent(absolute))), name)
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
