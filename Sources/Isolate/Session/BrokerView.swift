/// What a broker itself may do, from what it may hand out.
enum BrokerView {
  /// Looks at the kernel's version: only once an app has knocked.
  static func policy(
    for app: Policy, role: BrokerPolicy.Role = .broker, loader: OwnProgram.Loader?,
    host: HostFacts? = nil
  ) -> Policy {
    BrokerPolicy.make(
      for: app, role: role,
      loader: loader.map { BrokerPolicy.Loader(path: $0.path, libraries: $0.libraries) },
      credentials: host?.credentialsDirectory, deniesWriteExecute: HostProbe.canDenyWriteExecute,
      mapsMemoryFiles: HostProbe.isAtLeast(6, 3))
  }
}

extension HostFacts {
  /// Where systemd put the credentials of the supervisor's unit (systemd.exec(5)).
  var credentialsDirectory: String? {
    environment.first { $0.name == "CREDENTIALS_DIRECTORY" && $0.value.hasPrefix("/") }?.value
  }
}
