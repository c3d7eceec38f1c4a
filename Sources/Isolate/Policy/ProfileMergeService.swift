/// How the sections are merged that only the daemon uses.
extension ProfileMerge {
  mutating func mergeService(_ own: ServiceSettings) {
    setService { base in
      base.start = own.start ?? base.start
      Self.unite(own.after, &base.after)
      Self.unite(own.requires, &base.requires)
      base.runTimeMilliseconds = own.runTimeMilliseconds ?? base.runTimeMilliseconds
      for one in own.listen {
        if let old = base.listen.firstIndex(where: { $0.name == one.name }) {
          base.listen[old] = one
        } else {
          base.listen.append(one)
        }
      }
      base.descriptorStore = own.descriptorStore ?? base.descriptorStore
      base.restartWhen = own.restartWhen ?? base.restartWhen
      base.delayMilliseconds = own.delayMilliseconds ?? base.delayMilliseconds
      base.ceilingMilliseconds = own.ceilingMilliseconds ?? base.ceilingMilliseconds
      base.burst = own.burst ?? base.burst
      base.windowMilliseconds = own.windowMilliseconds ?? base.windowMilliseconds
      base.jitterPercent = own.jitterPercent ?? base.jitterPercent
      base.group = own.group ?? base.group
      base.strategy = own.strategy ?? base.strategy
      base.readiness = own.readiness ?? base.readiness
      base.readinessMilliseconds = own.readinessMilliseconds ?? base.readinessMilliseconds
      base.watchdogMilliseconds = own.watchdogMilliseconds ?? base.watchdogMilliseconds
      base.watchdogSignal = own.watchdogSignal ?? base.watchdogSignal
      base.check = own.check ?? base.check
      base.healthMilliseconds = own.healthMilliseconds ?? base.healthMilliseconds
      base.healthTimeoutMilliseconds =
        own.healthTimeoutMilliseconds ?? base.healthTimeoutMilliseconds
      base.healthFailures = own.healthFailures ?? base.healthFailures
      base.healthSuccesses = own.healthSuccesses ?? base.healthSuccesses
      base.logsTo = own.logsTo ?? base.logsTo
      base.logLines = own.logLines ?? base.logLines
      base.logBytes = own.logBytes ?? base.logBytes
      base.logFiles = own.logFiles ?? base.logFiles
    }
  }

  private static func unite(_ own: [Setting<String>], _ base: inout [Setting<String>]) {
    for name in own where !base.contains(where: { $0.value == name.value }) { base.append(name) }
  }
}
