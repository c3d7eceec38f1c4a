private import Glibc
internal import Isolate

/// Launches through the launcher process, timed by the app's own clock.
///
///     TemplateBench COUNT [--pool N] [--grow MIB] [--plan] [--read DIR] -- STAMP
///
/// Prints the median, in microseconds, from the call of `launch` to the app's main; STAMP prints
/// CLOCK_MONOTONIC there. The
/// pool is refilled between launches. `--pool 0`: every launch makes its child from the template.
/// `--grow`: the
/// supervisor touches that much memory after the launcher process has been made. `--plan`: planning
/// the app counts, too.
@main
struct TemplateBench {
  private var count = 100
  private var pool = 2
  private var growMiB = 0
  private var plans = false
  private var request = RunRequest()

  static func main() {
    var bench = TemplateBench()
    guard bench.read(Array(CommandLine.arguments.dropFirst())) else {
      Output.complain(
        "usage: TemplateBench COUNT [--pool N] [--grow MIB] [--plan] [--read DIR] -- STAMP")
      exit(125)
    }
    do {
      let times = try bench.measure().sorted()
      Output.write("\((times[times.count / 2] * 10).rounded() / 10)\n", to: 1)
    } catch {
      Output.complain("TemplateBench: \(error)")
      exit(125)
    }
  }

  private mutating func read(_ words: [String]) -> Bool {
    guard let first = words.first, let number = Int(first), (1...10000).contains(number) else {
      return false
    }
    count = number
    var index = 1
    while index < words.count {
      let word = words[index]
      if word == "--" {
        request.command = Array(words[(index + 1)...])
        return !request.command.isEmpty
      }
      if word == "--plan" {
        plans = true
        index += 1
        continue
      }
      guard index + 1 < words.count else { return false }
      switch word {
      case "--pool": pool = Int(words[index + 1]) ?? pool
      case "--grow": growMiB = Int(words[index + 1]) ?? growMiB
      case "--read":
        request.rules.append(TypedRule(option: .read, value: words[index + 1], argument: index))
      default: return false
      }
      index += 2
    }
    return false
  }

  private func measure() throws -> [Double] {
    let signals = try SignalDoor()
    defer { signals.restoreMask() }
    let prepared = try Preparation.make(request)
    let filter = try SyscallFilter.compile(prepared.policy.syscalls)
    let context = PlanContext(
      landlockABI: prepared.host.landlockABI,
      filterInstructions: filter.count / SyscallFilter.instructionSize,
      standard: [.asIs, .asIs, .asIs], terminal: nil, nullDescriptor: -1, bootSeconds: 0,
      monotonicSeconds: 0)
    let launcher = try LauncherProcess.start(
      template: prepared.policy, landlockABI: prepared.host.landlockABI, poolSize: pool)
    defer { launcher.close() }
    let ballast = unsafe grow()
    defer { unsafe ballast.deallocate() }
    let stamps = try Pipe().split()
    let realOutput = dup(1)
    defer { _ = dup2(realOutput, 1) }
    _ = dup2(stamps.writeEnd.raw, 1)
    let planned = try launcher.plan(prepared.policy, context: context, filter: filter)
    var times: [Double] = []
    for _ in 0..<count {
      try launcher.refill()
      if pool > 0 { spin(microseconds: 3000) }
      let from = now()
      let child: Child
      if plans {
        let fresh = try launcher.plan(prepared.policy, context: context, filter: filter)
        child = try launcher.launch(fresh)
      } else {
        child = try launcher.launch(planned)
      }
      times.append(Double(try stamp(stamps.readEnd, child) - from) / 1000)
      _ = try ProcessHandle.status(of: child.pidfd, blocking: true)
    }
    return times
  }

  /// Lets the ready children get ready, which is no part of a launch, without letting this
  /// processor sleep: the loops
  /// that this one is compared with do not either.
  private func spin(microseconds: Int64) {
    let end = now() + microseconds * 1000
    while now() < end {}
  }

  /// The supervisor's size, in touched memory.
  private func grow() -> UnsafeMutableRawPointer {
    let size = max(1, growMiB << 20)
    let ballast = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 4096)
    for offset in stride(from: 0, to: size, by: 4096) {
      unsafe ballast.storeBytes(of: 1, toByteOffset: offset, as: UInt8.self)
    }
    return unsafe ballast
  }

  /// What the app's clock said, or why there is none.
  private func stamp(_ pipe: borrowing Descriptor, _ child: borrowing Child) throws -> Int64 {
    var doors = [Door(pipe.raw), Door(child.pidfd.raw)]
    try Poller.wait(&doors, timeout: 5000)
    guard doors[0].isReadable else {
      if case .failed(let step, let number)? = try Launcher.receive(from: child.reports) {
        throw BenchError.step(step, SystemError.text(number))
      }
      throw BenchError.silent
    }
    var bytes = [UInt8](repeating: 0, count: 64)
    let size = unsafe Glibc.read(pipe.raw, &bytes, bytes.count)
    let text = String(decoding: bytes.prefix(max(0, size)), as: UTF8.self)
    guard let value = Int64(text.filter(\.isNumber)) else { throw BenchError.silent }
    return value
  }

  private func now() -> Int64 {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}

enum BenchError: Error {
  case step(Int, String)
  case silent
}
