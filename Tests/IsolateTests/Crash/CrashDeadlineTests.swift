import Glibc
import Testing

@testable import Isolate

/// What hangs while it looks at a crash is ended.
@Suite("A report of a crash that hangs", .serialized)
struct CrashDeadlineTests {
  /// A program that does nothing for ever, with calls that the unwinder's filter allows.
  static func hanging(_ scratch: Scratch) throws -> String {
    let source = scratch.file(
      "hang.c",
      """
      #include <linux/futex.h>
      #include <sys/syscall.h>
      #include <unistd.h>
      int main(void)
      {
      \tint word = 0;
      \tfor (;;)
      \t\tsyscall(SYS_futex, &word, FUTEX_WAIT, 0, 0, 0, 0);
      }
      """)
    let path = scratch.path + "/hang"
    let made = Run.shell(
      "${CC:-cc} -static -D_GNU_SOURCE -o \"$2\" \"$1\" && chmod 755 \"$2\" \"$3\"",
      [source, path, scratch.path])
    try #require(made.code == 0, "\(made.errors)")
    return path
  }

  private func capture() throws -> CrashCapture {
    CrashCapture(core: try SharedMemory.makeSealed("crash", [1, 2, 3]), files: [], place: nil)
  }

  private static let subject = UnwinderPolicy.Subject(
    app: "web", uid: getuid(), gid: getgid(), hostUID: getuid(), hostGID: getgid(), umask: 0o22,
    order: Privileges.isRoot ? .userLast : .userFirst)

  @Test("an unwinder that hangs is ended at its deadline, and the report says so") func unwinder()
    throws
  {
    let scratch = try Scratch()
    let program = try Self.hanging(scratch)
    let unwinding = Unwinding(
      subject: Self.subject, host: try HostProbe.facts(withCgroups: false), patience: 300,
      program: program)
    var hung: Set<Int32> = []
    /* Without a deadline it would hang for ever: then this ends the test. */
    let last = Poller.now() + 30_000
    let stacks = unwinding.run(try capture()) {
      hung.formUnion(
        Household.descendants(of: getpid()).filter {
          Run.read("/proc/\($0)/cmdline").hasPrefix(program)
        })
      return Poller.now() > last
    }
    #expect(stacks.unwinder == .missing("eu-stack took longer than 300ms"), "\(stacks)")
    #expect(stacks.threads.isEmpty)
    #expect(!hung.isEmpty && hung.allSatisfy { !Household.isThere($0) }, "\(hung)")
    let report = CrashReport(
      app: "web", core: try #require(CrashCore(CrashFuzz.empty)), stacks: stacks.threads,
      unwinder: stacks.unwinder, context: CrashContext())
    let text = String(decoding: report.json(id: 1), as: UTF8.self)
    #expect(text.contains("eu-stack took longer than 300ms"), "\(text)")
  }

  @Test("a process that writes a report and hangs is killed at its deadline; the next is begun")
  func worker() throws {
    let scratch = try Scratch()
    let program = HeldDescriptor(try Descriptor.openForReading(try Self.hanging(scratch)))
    let crashes = DaemonCrashes()
    for app in ["one", "two", "three"] {
      let subject = UnwinderPolicy.Subject(
        app: app, uid: 0, gid: 0, hostUID: 0, hostGID: 0, umask: 0, order: .userLast)
      crashes.add(
        try capture(),
        CrashOrder(
          subject, directory: scratch.path + "/crashes", files: 0, log: nil,
          context: CrashContext()))
    }
    let now = Poller.now()
    var begun: [(place: Int, door: Int32)] = []
    while crashes.wantsTurn {
      let one = crashes.begin(program: program, environment: [], now: now)
      begun.append(try #require(one?.started, "\(String(describing: one?.outcome))"))
    }
    #expect(begun.count == DaemonCrashes.atOnce)
    let deadline = try #require(crashes.nextAt)
    #expect(deadline == now + CrashWorker.seconds * 1000)
    /* Not before. */
    #expect(crashes.handle(now: deadline - 1).isEmpty)
    usleep(100_000)
    #expect(begun.allSatisfy { crashes.ended($0.place) { _ in } == nil })
    #expect(crashes.handle(now: deadline).isEmpty)
    for (number, one) in begun.enumerated() {
      var outcome: DaemonCrashes.Outcome?
      var doors: [Int32] = []
      let hasEnded = Moment.within(30) {
        outcome = crashes.ended(one.place) { doors.append($0) }
        return outcome != nil
      }
      #expect(hasEnded && doors == [one.door])
      guard case .lost(let app, let reason) = outcome else {
        Issue.record("\(String(describing: outcome))")
        continue
      }
      #expect(app == ["one", "two"][number])
      #expect(reason == "given up, as it took longer than 40 s")
    }
    #expect(crashes.lost == 2 && crashes.wantsTurn)
  }
}
