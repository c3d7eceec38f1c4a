/// What the policies of many apps say alike is kept once: most of what a profile says comes from a few others.
struct SharedValues {
  /// Of each kind, so many values are known; beyond, apps keep their own.
  private static let most = 4096

  private struct Known<Value: Hashable> {
    private var values: Set<Value> = []

    /// The equal value that came first.
    mutating func first(_ value: Value) -> Value {
      if let index = values.firstIndex(of: value) { return values[index] }
      if values.count < SharedValues.most { values.insert(value) }
      return value
    }
  }

  private var syscalls = Known<SyscallPolicy>()
  private var environments = Known<[EnvironmentVariable]>()
  private var provenance = Known<Provenance>()
  private var rules = Known<FileRule>()

  mutating func share(_ prepared: inout Preparation) {
    prepared.host.environment = environments.first(prepared.host.environment)
    prepared.policy.environment = environments.first(prepared.policy.environment)
    prepared.policy.syscalls = syscalls.first(prepared.policy.syscalls)
    prepared.policy.provenance = prepared.policy.provenance.map { provenance.first($0) }
    prepared.policy.files.rules = prepared.policy.files.rules.map { rules.first($0) }
  }
}
