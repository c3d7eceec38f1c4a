/// What a broker itself may do, from what it may hand out.
enum BrokerView {
  static func reading(_ grant: Int) -> String { "/grants/\(grant)/read" }
  static func writing(_ grant: Int) -> String { "/grants/\(grant)/write" }

  static func policy(for app: Policy, loader: OwnProgram.Loader?) -> Policy {
    var policy = app
    policy.app = app.app
    policy.command = ["isolated", "broker"]
    policy.searchPath = []
    policy.workdir = "/"
    policy.environment = [EnvironmentVariable(name: "SWIFT_BACKTRACE", value: "enable=no")]
    policy.descriptors = []
    policy.terminal = .none
    policy.grants = []
    policy.drivers = []
    policy.brokerDescriptor = nil
    policy.limits = Limits()
    policy.memory = MemoryPolicy(deniesWriteExecute: false)
    var rules: [FileRule] = []
    for (index, grant) in app.grants.enumerated() {
      guard case .files(let path, _) = grant.target else { continue }
      rules.append(rule(.read, path, reading(index), grant.position))
      if !grant.rights.isDisjoint(with: [.write, .create, .remove, .rename, .makeDirectory]) {
        rules.append(rule(.write, path, writing(index), grant.position))
      }
    }
    if let loader {
      let built = Position(file: Position.builtIn, line: 1)
      rules.append(rule(.read, loader.path, loader.path, built))
      for library in loader.libraries { rules.append(rule(.read, library, library, built)) }
      policy.environment.append(
        EnvironmentVariable(
          name: "LD_LIBRARY_PATH", value: loader.libraries.joined(separator: ":")))
    }
    rules.sort { $0.target < $1.target }
    policy.files = FilePolicy(
      rules: rules, proc: true, dev: false, sys: false, devices: [], synthesised: [])
    policy.network = NetworkPolicy(mode: .none, connectPorts: nil, bindPorts: nil)
    return policy
  }

  private static func rule(
    _ kind: FileRuleKind, _ source: String, _ target: String, _ position: Position
  ) -> FileRule {
    FileRule(
      kind: kind, source: source, target: target, isOptional: false, allowsExecute: false,
      mapsOwner: true, sizeBytes: 0, inodes: 0, mode: 0o755, upper: nil, position: position)
  }
}
