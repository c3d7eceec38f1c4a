/// What a broker itself may do, from what it may hand out.
enum BrokerView {
  static func policy(
    for app: Policy, loader: OwnProgram.Loader?, host: HostFacts? = nil
  ) -> Policy {
    BrokerPolicy.make(
      for: app,
      loader: loader.map { BrokerPolicy.Loader(path: $0.path, libraries: $0.libraries) },
      credentials: host?.environment.first { $0.name == "CREDENTIALS_DIRECTORY" }?.value,
      deniesWriteExecute: app.memory.deniesWriteExecute)
  }
}
