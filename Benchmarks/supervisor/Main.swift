private import Glibc
internal import Isolate

/// What one event costs the daemon's decisions, whatever the kernel costs.
///
///     SupervisorBench APPS EVENTS
///
/// So many apps in one supervisor with a clock of its own; each event is an app's sign of life, and every tenth its crash, with the
/// restart that follows. Prints nanoseconds of CPU time an event, and what was looked at an event (`Supervisor.work`).
@main
struct SupervisorBench {
  static func main() {
    let words = CommandLine.arguments
    guard words.count == 3, let apps = Int(words[1]), let events = Int(words[2]),
      (1...1_000_000).contains(apps), (1...1_000_000_000).contains(events)
    else {
      Output.complain("usage: SupervisorBench APPS EVENTS")
      exit(125)
    }
    do throws(SupervisorError) {
      try measure(apps, events)
    } catch {
      Output.complain("SupervisorBench: \(error)")
      exit(125)
    }
  }

  private static func measure(_ count: Int, _ events: Int) throws(SupervisorError) {
    var supervisor = Supervisor(seed: 1)
    let list = (0..<count).map { number in
      var settings = AppSettings(name: "app\(number)")
      settings.start = .boot
      settings.restart.when = .always
      settings.restart.burst = 100
      settings.watchdog = WatchdogPolicy(intervalMilliseconds: 1000, signal: 6)
      if number % 10 == 9 { settings.requires = ["app\(number - 1)"] }
      return settings
    }
    try supervisor.configure(list, now: 0)
    supervisor.boot(now: 0)
    var instances = [UInt64](repeating: 0, count: count)
    var actions: [SupervisorAction] = []
    func perform() {
      while supervisor.hasActions {
        supervisor.takeActions(&actions)
        for case .launch(let app, let instance) in actions {
          instances[app.slot] = instance.number
          supervisor.receive(.launched(instance), of: app, now: supervisor.now)
        }
      }
    }
    perform()
    let (work, begin) = (supervisor.work, cpu())
    for event in 0..<events {
      let app = AppID(event * 7919 % count)
      let now = Int64(event) / 100
      supervisor.receive(.ping(Instance(instances[app.slot])), of: app, now: now)
      if event % 10 == 0 {
        supervisor.receive(
          .ended(Instance(instances[app.slot]), .exited(code: 1)), of: app, now: now)
      }
      supervisor.advance(to: now)
      perform()
    }
    let each = (cpu() - begin) / Double(events) * 1e9
    let looks = Double(supervisor.work - work) / Double(events)
    Output.write("\(Int(each)) \((looks * 10).rounded() / 10)\n", to: 1)
  }

  private static func cpu() -> Double {
    var time = timespec()
    _ = unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}
