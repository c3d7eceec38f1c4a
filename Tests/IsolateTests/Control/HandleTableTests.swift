import Testing

@testable import Isolate

@Suite("The table of an app's descriptors")
struct HandleTableTests {
  private func seen(_ number: Int32, _ link: String, _ inode: UInt64) -> SeenDescriptor {
    SeenDescriptor(pid: 9, number: number, link: link, device: 1, inode: inode)
  }

  private func handle(
    _ number: UInt32, _ inode: UInt64, _ state: ControlHandle.State
  ) -> ControlHandle {
    ControlHandle(
      handle: number, grant: "web", rule: "/p/a.toml:9", kind: "socket", rights: ["connect"],
      state: state, ageMilliseconds: 5000, device: 1, inode: inode, subject: "h:443\u{1B}")
  }

  private var status: ControlStatus {
    var status = ControlStatus(app: "a", supervisor: 1, pid: 2)
    status.standard = [.caller, .caller, .null]
    status.kept = [7]
    status.door = 3
    return status
  }

  private let inherited: HandleTable.Inherited = [
    0: (1, 100), 1: (1, 101), 2: (1, 102), 7: (1, 107),
  ]

  private func join(
    _ seen: [SeenDescriptor], _ ledger: [ControlHandle] = []
  ) -> [HandleOrigin] {
    HandleTable.join(seen, ledger: ledger, status: status, inherited: inherited).map(\.origin)
  }

  @Test("says of each where it came from") func origins() {
    let cut = handle(4, 204, .cut)
    #expect(
      join(
        [
          seen(0, "/dev/pts/5", 100), seen(1, "pipe:[1]", 101), seen(2, "/dev/null", 50),
          seen(3, "socket:[3]", 300), seen(7, "/x", 107), seen(8, "/x", 107),
          seen(9, "socket:[3]", 300), seen(10, "socket:[4]", 204), seen(11, "/etc/hosts", 400),
        ], [cut])
        == [
          .caller(0), .caller(1), .nothing, .door, .caller(7), .caller(7), .door, .granted(cut),
          .own("file"),
        ])
  }

  @Test("takes what the app put in the place of a given one for the app's own") func replaced() {
    #expect(join([seen(0, "/etc/hosts", 400)]) == [.own("file")])
    #expect(join([seen(7, "socket:[8]", 401)]) == [.own("socket")])
    #expect(join([seen(3, "/etc/hosts", 402)]) == [.own("file")])
    #expect(join([seen(2, "/tmp/x", 403)]) == [.own("file")])
  }

  @Test("lists what was handed over and is open nowhere") func gone() {
    let rows = HandleTable.join(
      [], ledger: [handle(1, 5, .held)], status: status, inherited: inherited)
    #expect(rows == [HandleRow(seen: nil, origin: .granted(handle(1, 5, .held)))])
    let text = HandlesReport.text(rows, style: .plain)
    #expect(text.contains("not open any more"))
  }

  @Test("does not mistake what cannot be looked at for something given") func nothing() {
    #expect(
      join([seen(5, "", 0)], [handle(1, 0, .held)]).first
        == .own("descriptor that was closed meanwhile"))
  }

  @Test(
    "knows the kernel's words",
    arguments: [
      ("anon_inode:[eventpoll]", "eventpoll"), ("anon_inode:inotify", "inotify"),
      ("/memfd:x (deleted)", "memory file"), ("/tmp/a (deleted)", "removed file"),
      ("/dev/urandom", "device"), ("/dev/pts/0", "terminal"), ("/proc/1/status", "file of /proc"),
      ("mnt:[5]", "kernel object"), ("anon_inode:", ""), ("/", "file"),
    ]) func kinds(link: String, kind: String)
  {
    #expect(HandleTable.kind(link) == kind)
  }

  @Test("shows what was cut as cut, and what stays as what cannot be recalled") func states() {
    let rows = [ControlHandle.State.held, .cut, .lasting].map {
      HandleRow(seen: seen(4, "socket:[4]", 4), origin: .granted(handle(1, 4, $0)))
    }
    let lines = HandlesReport.text(rows, style: .plain).split(separator: "\n")
    #expect(!lines[1].contains("revoked"))
    #expect(lines[2].contains("grant web (/p/a.toml:9), revoked: cut"))
    #expect(lines[3].contains("revoked: cannot be recalled"))
    #expect(lines[1].contains("5 s"))
    #expect(!HandlesReport.text(rows, style: .plain).contains("\u{1B}"))
    #expect(HandlesReport.json(rows).contains("\"state\": \"lasting\""))
  }
}
