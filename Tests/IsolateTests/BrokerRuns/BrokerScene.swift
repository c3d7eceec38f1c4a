import Glibc
import Testing

@testable import Isolate

/// A scratch directory with what grants are of, a profile, and a Python app that speaks the protocol by hand.
///
///     data/       with the file `plain` ("plain\n")
///     outside     a file beside it ("outside\n")
///     secret      a file, mode 0600 ("key\n")
final class BrokerScene {
  let scratch: Scratch
  var path: String { scratch.path }
  /// Of `isolated run`; and what a shell does first, `set -e`.
  var options: [String] = []
  var before = ""

  /// - Parameters:
  ///   - grants: tables of the profile; $DIR is the scratch directory.
  ///   - limits: what else it says, keys of `[files]` first; $DIR as well.
  ///   - app: Python, run with `ask.py` loaded.
  init(
    grants: String = BrokerScene.dataGrant, limits: String = "", app: String
  ) throws {
    scratch = try Scratch()
    let made = Run.shell(
      """
      cd "$1" && umask 022 && mkdir data && echo plain >data/plain && echo outside >outside \
      && echo key >secret && chmod 600 secret
      """, [scratch.path])
    try #require(made.code == 0, "\(made.errors)")
    _ = scratch.file("ask.py", Self.library)
    /* Not imported: that would list the directory, which is no rule's. */
    _ = scratch.file("app.py", "exec(open('\(path)/ask.py').read())\n" + app)
    let tables = (limits + "\n" + grants).split(separator: "\n", omittingEmptySubsequences: false)
      .map { Self.replaced(String($0), "$DIR", path) }.joined(separator: "\n")
    _ = scratch.file(
      "app.toml",
      """
      extends = ["default"]
      [command]
      run = ["python3", "-B", "\(path)/app.py"]
      [files]
      read = ["\(path)/ask.py", "\(path)/app.py"]
      \(tables)
      """)
  }

  static let dataGrant = """
    [grants.data]
    files = "$DIR/data"
    rights = ["read", "write", "create", "list", "stat", "remove", "rename", "make-directory"]
    """

  private static func replaced(_ text: String, _ old: String, _ new: String) -> String {
    var result = ""
    var rest = text[...]
    while !rest.isEmpty {
      if rest.hasPrefix(old) {
        result += new
        rest = rest.dropFirst(old.count)
      } else {
        result.append(rest.removeFirst())
      }
    }
    return result
  }

  /// The status events go to the file `status`.
  private var command: [String] {
    [
      "/usr/bin/env", "XDG_CONFIG_HOME=\(path)/conf", "/bin/sh", "-c",
      before + "\nexec \"$@\" 7>\"$0\"", path + "/status", Executable.path, "run",
    ]
      + ["--json-status-fd", "7"] + options + [path + "/app.toml"]
  }

  func run() -> Ran { Run.command(command) }

  /// Starts it; its output goes to the file `out`, its errors to `err`.
  func start(input: Int32? = nil) throws -> Spawned {
    var setup = Spawned.Setup()
    if let input { setup.files[0] = .descriptor(input) }
    setup.files[1] = .path(path + "/out", O_WRONLY | O_CREAT | O_TRUNC)
    setup.files[2] = .path(path + "/err", O_WRONLY | O_CREAT | O_TRUNC)
    return try Spawned(command, setup)
  }

  var status: String { scratch.content("status") }

  /// Waits until the app has printed this.
  func waitFor(_ text: String, seconds: Int = 30) throws {
    try #require(
      Moment.within(seconds) { scratch.content("out").contains(text) },
      "no \(text): \(scratch.content("out")) \(scratch.content("err"))")
  }

  /// The broker of a run, once there is one, and it is not `other`.
  func broker(of run: Spawned, other: Int32 = 0) throws -> Int32 {
    var found: Int32 = 0
    try #require(
      Moment.within(30) {
        /* The last that was told of: there may be a spare one. */
        let told = status.split(separator: "\n").last { $0.contains("\"broker-started\"") }
        let inits = told.map { line in
          line.split { !$0.isNumber }.compactMap { Int32($0) }
        }
        found =
          Household.brokers(of: run.pid).first {
            $0 != other && inits?.contains(Household.parent($0) ?? -1) == true
          } ?? 0
        return found != 0
      }, "no broker: \(scratch.content("out")) \(scratch.content("err"))")
    return found
  }

  /// Waits until the run has a spare broker: from then on its supervisor has the descriptors that it has.
  func waitForSpare(of run: Spawned) throws {
    try #require(
      Moment.within(30) { Household.brokers(of: run.pid).count == 2 },
      "no spare broker: \(scratch.content("err"))")
  }

  /// What Python asks with: `call` gives a dict, or None at the end.
  static let library = """
    import array, collections, errno, os, select, socket, struct, time
    door = socket.socket(fileno=int(os.environ["ISOLATED_BROKER_FD"]))
    last = 0
    recent = collections.deque(maxlen=256)
    def text(value):
        data = value if isinstance(value, bytes) else value.encode()
        return struct.pack("<H", len(data)) + data
    def message(op, body=b"", deadline=0, id=None):
        global last
        last += 1
        return struct.pack("<HHIII", op, 0, id or last, 16 + len(body), deadline) + body
    def receive(sock=None):
        try:
            data, control, _, _ = (sock or door).recvmsg(4096, socket.CMSG_SPACE(64))
        except ConnectionResetError:
            return None
        if not data: return None
        fds = array.array("i")
        for _, _, piece in control: fds.frombytes(piece)
        op, flags, id, size, status = struct.unpack_from("<HHIII", data)
        detail, _, grant, length = struct.unpack_from("<BBHH", data, 16)
        # A broker that died after it had sent a reply, and before it had written so down: the next one says EIO again.
        if detail == 13 and (sock or door, id) in recent: return receive(sock)
        recent.append((sock or door, id))
        assert op & 0x8000 and size == len(data)
        return dict(op=op & 0x7fff, flags=flags, id=id, status=status, detail=detail, grant=grant,
            rule=data[22:22 + length].decode(), body=data[22 + length:], fds=list(fds))
    def call(op, body=b"", deadline=0, sock=None):
        try:
            (sock or door).send(message(op, body, deadline))
        except (BrokenPipeError, ConnectionResetError):
            return None
        return receive(sock)
    def newest(): return last
    def hello(sock=None): return call(1, struct.pack("<HHH", 1, 1, 0), sock=sock)
    def openat(path, flags=1, grant=0, mode=0o644, sock=None):
        return call(16, struct.pack("<HII", grant, flags, mode) + text(path), sock=sock)
    def close(reply):
        for fd in reply["fds"]: os.close(fd)
    def show(*words): print(*words, flush=True)
    def told(reply): return (reply["status"], reply["detail"]) if reply else None

    """
}

/// Processes of a run, from /proc.
enum Household {
  /// A process and its parent; nil when it is gone.
  static func parent(_ pid: Int32) -> Int32? {
    let text = Run.read("/proc/\(pid)/stat")
    guard let end = text.lastIndex(of: ")") else { return nil }
    let words = text[end...].split(separator: " ")
    return words.count > 2 ? Int32(words[2]) : nil
  }

  private static var pids: [Int32] {
    (FileSystem.names(in: "/proc") ?? []).compactMap { Int32($0) }
  }

  /// The brokers whose init is a child of this process.
  static func brokers(of supervisor: Int32) -> [Int32] {
    pids.filter { pid in
      Run.read("/proc/\(pid)/cmdline").hasPrefix("isolated\0broker")
        && parent(pid).flatMap { parent($0) } == supervisor
    }
  }

  static func children(of parent: Int32) -> [Int32] {
    pids.filter { self.parent($0) == parent }
  }

  static func descendants(of root: Int32) -> Set<Int32> {
    var found: Set<Int32> = []
    var parents: [Int32: Int32] = [:]
    for pid in pids { parents[pid] = parent(pid) }
    var grew = true
    while grew {
      grew = false
      for (pid, parent) in parents where !found.contains(pid) {
        if parent == root || found.contains(parent) {
          found.insert(pid)
          grew = true
        }
      }
    }
    return found
  }

  static func isThere(_ pid: Int32) -> Bool { !Run.read("/proc/\(pid)/stat").isEmpty }

  static func descriptors(_ pid: Int32) -> Int {
    FileSystem.names(in: "/proc/\(pid)/fd")?.count ?? 0
  }

  /// Memory in KiB that it has written, also what it shares with children that were forked and never executed anything: how
  /// much counts as private, of that and of the program's text, depends on who else lives just now.
  static func memory(_ pid: Int32) -> Int {
    Run.read("/proc/\(pid)/smaps_rollup").split(separator: "\n").reduce(0) { sum, line in
      guard line.hasPrefix("Anonymous:") else { return sum }
      return sum + (line.split(separator: " ").compactMap { Int($0) }.first ?? 0)
    }
  }

  /// How often it has gone to sleep.
  static func sleeps(_ pid: Int32) -> Int {
    Run.read("/proc/\(pid)/status").split(separator: "\n")
      .first { $0.hasPrefix("voluntary_ctxt_switches:") }
      .flatMap { Int($0.drop { !$0.isNumber }) } ?? -1
  }
}
