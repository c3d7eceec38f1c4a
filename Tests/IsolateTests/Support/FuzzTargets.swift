@testable import Isolate

/// What is fed with any bytes whatever, each with the promise that must hold. A trap breaks every promise.
///
/// The same code runs in the test suite, from a seed, and coverage-guided in Fuzz/.
enum FuzzTarget: String, CaseIterable, Sendable {
  case toml, profile, plan, arguments, report
  case dns
  case filterCache = "filter-cache"
  case kernelText = "kernel-text"
  case wireRequest = "wire-request"
  case wireReply = "wire-reply"
  case driverReply = "driver-reply"
  case json, varlink
  case crashCore = "crash-core"
  case crashStack = "crash-stack"
  case notify
  case logLine = "log-line"
  case httpStatus = "http-status"
  case book

  /// The promise that these bytes break, in words; nil when all hold.
  func broken(by bytes: [UInt8]) -> String? {
    switch self {
    case .toml: Self.toml(bytes)
    case .profile: Self.profile(bytes)
    case .plan: Self.plan(bytes)
    case .arguments: Self.arguments(bytes)
    case .report: ReportFuzz.broken(by: bytes)
    case .dns: DNSFuzz.broken(by: bytes)
    case .filterCache: Self.filterCache(bytes)
    case .kernelText: Self.kernelText(bytes)
    case .wireRequest: WireFuzz.broken(by: bytes, isReply: false)
    case .wireReply: WireFuzz.broken(by: bytes, isReply: true)
    case .driverReply: DriverFuzz.broken(by: bytes)
    case .json: ControlFuzz.json(bytes)
    case .varlink: ControlFuzz.varlink(bytes)
    case .crashCore: CrashFuzz.core(bytes)
    case .crashStack: CrashFuzz.stack(bytes)
    case .notify: NotifyFuzz.broken(by: bytes)
    case .logLine: ServiceFuzz.logLine(bytes)
    case .httpStatus: ServiceFuzz.http(bytes)
    case .book: BookFuzz.broken(by: bytes)
    }
  }

  private static func toml(_ bytes: [UInt8]) -> String? {
    do throws(Diagnostic) {
      let table = try TOMLReader.read(bytes, file: "fuzz")
      return isPlaced(table) ? nil : "a place is 0"
    } catch {
      return whyMisplaced(error, in: bytes).map { "\($0): \(error)" }
    }
  }

  /// A profile on a machine: a policy that can be planned, or errors that say where.
  private static func profile(_ bytes: [UInt8]) -> String? {
    var source = ByteSource(bytes)
    var host = PolicyMaker.host(&source)
    let context = PolicyMaker.context(&source)
    let text = source.rest()
    let search = ProfileSearch(workingDirectory: "/w", home: host.home, configurationHome: nil)
    let loaded = ProfileLoader.load("/p/a.toml", search: search) { path in
      path == "/p/a.toml" ? .bytes(text) : .missing
    }
    let paths = PolicyResolver.grantPaths(loaded.profiles, host: host, app: "a")
    if !paths.isEmpty { host.paths = paths.map(PolicyMaker.fact) }
    switch PolicyResolver.resolve(loaded, host: host, app: "a") {
    case .success(let policy):
      if !policy.grants.isEmpty, let fault = broker(policy, context) { return fault }
      if policy.command.isEmpty { return "no command" }
      if !policy.workdir.hasPrefix("/") { return "the working directory is relative" }
      return plan(policy, context)
    case .failure(let errors):
      let named = errors.diagnostics.contains { $0.severity == .error && !$0.message.isEmpty }
      return named ? nil : "refused without an error"
    }
  }

  /// Grants that the app can name, and a broker for them.
  private static func broker(_ policy: Policy, _ context: PlanContext) -> String? {
    let names = policy.grants.map(\.name)
    if names != names.sorted() || Set(names).count != names.count { return "grants in disorder" }
    if policy.grants.contains(where: { $0.rights.isEmpty }) { return "a grant without rights" }
    guard let number = policy.brokerDescriptor, number >= 3, !policy.descriptors.contains(number),
      policy.environment.last?.value == String(number)
    else { return "no descriptor for the broker" }
    let broker = BrokerPolicy.make(for: policy, deniesWriteExecute: true)
    let known = policy.grants.map(\.position)
    if broker.files.rules.contains(where: {
      !known.contains($0.position) && $0.position.file != Position.builtIn
    }) {
      return "the broker sees what no grant is of"
    }
    return plan(broker, context)
  }

  private static func plan(_ bytes: [UInt8]) -> String? {
    var source = ByteSource(bytes)
    let context = PolicyMaker.context(&source)
    return plan(PolicyMaker.policy(&source), context)
  }

  /// Whatever the policy: errors that name their rules, or a plan that the child can run.
  private static func plan(_ policy: Policy, _ context: PlanContext) -> String? {
    do throws(PlanErrors) {
      let plan = try LaunchPlanner(policy, context: context, sources: PolicyMaker.sources).plan()
      let instructions = context.filterInstructions
      let flat = FlatPlan(
        plan.steps, command: policy.command, environment: policy.environment,
        filter: [UInt8](repeating: 6, count: instructions * SyscallFilter.instructionSize)
      ) { Int32(truncatingIfNeeded: $0.uid) }
      if flat.stepCount != plan.steps.count { return "a step was lost" }
      if plan.steps.contains(where: { $0.description.isEmpty }) { return "a step without words" }
      return flat.fault.map { "fault \($0.kind) at step \($0.step): \(plan.steps)" }
    } catch {
      let named = error.errors.allSatisfy { !$0.message.isEmpty && !$0.cure.isEmpty }
      return named && !error.errors.isEmpty ? nil : "an error without words"
    }
  }

  /// Words, ended by zero bytes.
  private static func arguments(_ bytes: [UInt8]) -> String? {
    let words = bytes.split(separator: 0, omittingEmptySubsequences: false)
      .map { String(decoding: $0, as: UTF8.self) }
    do throws(UsageError) {
      guard case .run(let request) = try ArgumentReader.read(words) else { return nil }
      var line = CommandLineProfile(workingDirectory: "/w")
      for rule in request.rules {
        do throws(Diagnostic) {
          try line.add(option: rule.option.typed, value: rule.value, argument: rule.argument)
        } catch {
          if error.message.isEmpty || error.rendered(sourceLine: nil).isEmpty {
            return "no message"
          }
        }
      }
      let (_, diagnostics) = line.read()
      return diagnostics.allSatisfy { !$0.message.isEmpty } ? nil : "no message"
    } catch {
      if error.message.isEmpty { return "no message" }
      guard let argument = error.argument else { return nil }
      return (1...max(1, words.count)).contains(argument) ? nil : "no argument \(argument)"
    }
  }

  /// The first byte says how long the text is that the entry should be of.
  private static func filterCache(_ bytes: [UInt8]) -> String? {
    let count = min(Int(bytes.first ?? 0), max(0, bytes.count - 1))
    let text = Array(bytes.dropFirst().prefix(count))
    let entry = Array(bytes.dropFirst(1 + count))
    if let program = FilterCacheEntry.decode(entry, text: text),
      FilterCacheEntry.encode(text: text, program: program) != entry
    {
      return "two entries for one program"
    }
    let program = Array(entry.prefix(entry.count / 8 * 8))
    if program.isEmpty { return nil }
    var own = FilterCacheEntry.encode(text: text, program: program)
    if FilterCacheEntry.decode(own, text: text) != program { return "an own entry was refused" }
    own[own.count - 1] ^= 1
    return FilterCacheEntry.decode(own, text: text) == nil ? nil : "a damaged entry was taken"
  }

  private static func kernelText(_ bytes: [UInt8]) -> String? {
    let text = String(decoding: bytes, as: UTF8.self)
    for mount in CgroupText.mounts(text) {
      if mount.type != "cgroup" && mount.type != "cgroup2" { return "a mount of no cgroup" }
      if let own = CgroupText.own(text, controller: nil) {
        _ = CgroupText.directory(own, in: mount)
      }
    }
    _ = CgroupText.own(text, controller: "memory")
    _ = CgroupText.words(text)
    _ = CgroupText.count("oom_kill", in: text)
    _ = ProcessText.status(text)
    _ = ProcessText.rollup(text)
    _ = ProcessText.ticks(text)
    _ = ProcessText.pids(text)
    let name = CgroupText.name(app: text, pid: 1)
    return name.utf8.contains(UInt8(ascii: "/")) ? "a slash in the name of a cgroup" : nil
  }
}

/// Decisions made of bytes: when they end, every answer is the first one.
struct ByteSource {
  private var bytes: ArraySlice<UInt8>

  init(_ bytes: [UInt8]) { self.bytes = bytes[...] }

  mutating func byte() -> UInt8 { bytes.popFirst() ?? 0 }
  mutating func coin() -> Bool { byte() & 1 == 1 }
  mutating func pick<Value>(_ values: [Value]) -> Value { values[Int(byte()) % values.count] }
  mutating func number() -> UInt64 {
    pick([0, 1, 4096, UInt64.max, UInt64.max - 1, UInt64(byte()) << UInt64(byte() % 64)])
  }
  mutating func some<Value>(_ most: UInt8, _ make: (inout ByteSource) -> Value) -> [Value] {
    (0..<byte() % (most + 1)).map { _ in make(&self) }
  }
  mutating func rest() -> [UInt8] {
    defer { bytes = [] }
    return Array(bytes)
  }
}
