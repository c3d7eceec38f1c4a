@testable import Isolate
import Testing

@Suite("Words about the daemon, crashes and a running app")
struct DaemonWordsTests {
  private func read(_ line: String) throws(UsageError) -> Invocation {
    try ArgumentReader.read(
      line.split(separator: " ", omittingEmptySubsequences: false).map(String.init))
  }

  private func fault(_ line: String) -> String? {
    do throws(UsageError) { _ = try read(line) } catch { return error.message }
    return nil
  }

  private func settings(_ line: String) throws -> DaemonRequestSettings {
    guard case .daemon(let settings) = try read(line) else {
      Issue.record("no daemon: \(line)")
      return DaemonRequestSettings()
    }
    return settings
  }

  @Test("metrics are to be had at a path or on the loopback alone") func metrics() throws {
    #expect(try settings("daemon --metrics unix:/m").metrics == .path("/m"))
    #expect(
      try settings("daemon --metrics tcp:127.1.2.3:9100").metrics
        == .tcp(host: "127.1.2.3", port: 9100))
    #expect(
      try settings("daemon --metrics tcp:[::1]:9100").metrics == .tcp(host: "::1", port: 9100))
    for wrong in ["unix:", "tcp:[::2]:9100", "tcp:[1::1]:9100", "tcp:h:1", "127.0.0.1:9100"] {
      #expect(fault("daemon --metrics \(wrong)")?.contains("no address of this machine") == true)
    }
  }

  @Test("one report of crashes is named by its number, or is the latest") func crashes() throws {
    func question(_ line: String) throws -> CrashQuestion? {
      guard case .crashes(let question, _) = try read(line) else { return nil }
      return question
    }
    #expect(try question("crashes")?.report == nil)
    #expect(try question("crashes show latest")?.report == .latest)
    #expect(try question("crashes show 12")?.report == .number(12))
    #expect(try question("crashes --socket /s")?.socket == "/s")
    #expect(fault("crashes list") == "unexpected 'list'")
    #expect(fault("crashes show") == "the ID of a report is needed")
    #expect(fault("crashes show 1 2") == "unexpected '2'")
    #expect(fault("crashes show 0") == "'0' is no ID of a report")
    #expect(fault("crashes show x") == "'x' is no ID of a report")
  }

  @Test("lines of logs and events have bounds, and -f is short for --follow") func lines() throws {
    #expect(
      try read("logs -f --lines 3 web") == read("logs --follow --lines 3 web"))
    #expect(fault("logs --lines 100001 web")?.contains("--lines") == true)
    #expect(fault("logs --lines x web")?.contains("--lines") == true)
    #expect(fault("status -f")?.contains("unknown option -f") == true)
    #expect(fault("-f")?.contains("unknown option -f") == true)
    #expect(fault("start ")?.contains("the APP is empty") == true)
  }

  @Test("a command that joins an app names the app, the command and how its terminal is")
  func exec() throws {
    #expect(fault("exec  -- ls") == "the APP is empty")
    #expect(fault("exec --terminal maybe a -- ls") == "--terminal does not take 'maybe'")
    guard case .exec(let request) = try read("exec --socket /s --terminal inherit a -- ls") else {
      Issue.record("no exec")
      return
    }
    #expect(request.socket == "/s" && request.terminal == .inherit)
  }

  @Test("where a run's decisions and crashes go is its own word") func run() throws {
    guard case .run(let request) = try read("run --audit /a --crash-report /c x") else {
      Issue.record("no run")
      return
    }
    #expect(request.audit?.text == "/a" && request.crashDirectory?.text == "/c")
  }

  @Test("text is dressed for a terminal, and plain elsewhere") func dressed() {
    #expect(TextStyle.plain.good("a") + TextStyle.plain.bad("b") == "ab")
    #expect(TextStyle.colour.doubtful("a") == "\u{1B}[33ma\u{1B}[0m")
  }
}
