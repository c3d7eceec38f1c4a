/// What a broker itself may do, from what it may hand out.
enum BrokerView {
  /// Reads the machine's facts: only once an app has knocked.
  static func policy(for app: Policy, loader: OwnProgram.Loader?) -> Policy {
    let credentials = HostProbe.environment().first { $0.name == "CREDENTIALS_DIRECTORY" }
    return BrokerPolicy.make(
      for: app,
      loader: loader.map { BrokerPolicy.Loader(path: $0.path, libraries: $0.libraries) },
      credentials: credentials?.value, deniesWriteExecute: HostProbe.isAtLeast(6, 3))
  }
}
