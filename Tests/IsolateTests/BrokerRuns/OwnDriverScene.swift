import Testing

@testable import Isolate

/// A scene with drivers of the profile's own: `odd`, which does what each call says, however bad, and as many others of the same
/// program as are named. The app's Python has `ask`; grant 0 is `data`, then come the drivers in the order of their names.
enum OwnDriverScene {
  /// - Parameters:
  ///   - names: of the drivers, sorted.
  ///   - more: lines of every driver's table.
  ///   - arguments: of a driver's program, beside its name.
  static func make(
    _ names: [String] = ["odd", "other"], more: String = "", arguments: [String] = [],
    profile: String = "", limits: String = "", app: String
  ) throws -> BrokerScene {
    var tables = "[grants.data]\nfiles = \"$DIR/data\"\n"
    for name in names {
      let words = ([name] + arguments).map { ", \"\($0)\"" }.joined()
      tables += """
        [drivers.\(name)]
        run = ["python3", "-B", "$DIR/driver.py"\(words)]
        profile = "driver.toml"
        \(more)
        [grants.\(name)]
        driver = "\(name)"

        """
    }
    let scene = try BrokerScene(grants: tables, limits: limits, app: asking + app)
    let clients = Executable.root + "/clients/python"
    _ = scene.scratch.file(
      "driver.py", "import sys\nsys.path.insert(0, '\(clients)')\n" + driver)
    _ = scene.scratch.file(
      "driver.toml",
      """
      extends = ["default"]
      [files]
      read = ["\(scene.path)/driver.py", "\(clients)"]
      \(profile)
      """)
    return scene
  }

  private static let asking = """
    def send(grant, payload, deadline=0, fds=()):
        socket.send_fds(door, [message(112, struct.pack("<H", grant) + text(payload), deadline)], fds)
        return newest()
    def ask(*request, **more):
        send(*request, **more)
        return receive()
    def answer(*request, **more):
        r = ask(*request, **more)
        return r["body"][2:] if r["status"] == 0 else told(r)

    """

  private static let driver = #"""
    import array, os, signal, socket, struct, time
    import isolated_driver as wire
    if sys.argv[2:] == ["exits"]: sys.exit(3)
    door = socket.socket(fileno=int(os.environ["ISOLATED_DRIVER_FD"]))
    me, last = os.urandom(8).hex().encode(), b"nothing"
    def die(number):
        os.kill(os.getpid(), number)
        time.sleep(60)
    def raw(data, fds=()):
        try: door.sendmsg([data], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else [])
        except OSError: time.sleep(60)
    def head(op, flags, id, body=b"", status=0, size=None):
        return struct.pack("<HHIII", op, flags, id, size or 16 + len(body), status) + body
    own = struct.pack("<BBHH", 0, 0, 0xFFFF, 0)
    while True:
        request = wire._receive(door)
        if request is None: break
        op, number, payload, fds = request
        word, _, rest = payload.partition(b" ")
        def say(payload=b"", given=()): wire._send(door, op, number, 0, payload, given)
        good = own + struct.pack("<H", 0)
        if op == 2:
            last = b"cancel"
            wire._send(door, op, number, 2)
        elif word == b"echo": say(rest, fds)
        elif word == b"me": say(me)
        elif word == b"last": say(last)
        elif word == b"errno": wire._send(door, op, number, int(rest))
        elif word == b"file":
            memory = os.memfd_create("x")
            os.write(memory, rest); os.lseek(memory, 0, 0)
            say(b"", [memory]); os.close(memory)
        elif word == b"pipe":
            ends = os.pipe()
            say(b"", ends); [os.close(end) for end in ends]
        elif word == b"door": say(b"", [door.fileno()])
        elif word == b"sleep": time.sleep(float(rest)); say(b"")
        elif word == b"wait": pass
        elif word == b"hang": time.sleep(3600)
        elif word == b"segv": die(signal.SIGSEGV)
        elif word == b"kill": die(signal.SIGKILL)
        elif word == b"exit": sys.exit(0)
        elif word == b"shut": door.shutdown(socket.SHUT_RDWR); time.sleep(3600)
        elif word == b"flood":
            while True: raw(head(0x8070, 0, 77, good))
        elif word == b"twice": say(b""); raw(head(0x8070, 0, number, good)); time.sleep(60)
        elif word == b"garbage": raw(os.urandom(600)); time.sleep(60)
        elif word == b"empty": raw(b""); time.sleep(60)
        elif word == b"huge": raw(head(0x8070, 0, number, good + b"x" * 9000)); time.sleep(60)
        elif word == b"length": raw(head(0x8070, 0, number, good, size=99)); time.sleep(60)
        elif word == b"left-over": raw(head(0x8070, 0, number, good + b"x")); time.sleep(60)
        elif word == b"more": raw(head(0x8070, 1, number, good)); time.sleep(60)
        elif word == b"opcode": raw(head(0x8010, 0, number, own + struct.pack("<I", 7)), [0]); time.sleep(60)
        elif word == b"request": raw(head(0x70, 0, number, struct.pack("<HH", 0, 0))); time.sleep(60)
        elif word == b"status": raw(head(0x8070, 0, number, own, status=5000)); time.sleep(60)
        elif word == b"error-with-descriptor": raw(head(0x8070, 0, number, own, status=5), [0]); time.sleep(60)
        elif word == b"descriptors": raw(head(0x8070, 0, number, good), [0] * 200); time.sleep(60)
        elif word == b"directory": raw(head(0x8070, 0, number, good), [os.open("/", os.O_RDONLY)]); time.sleep(60)
        elif word == b"place": raw(head(0x8070, 0, number, good), [os.open("/usr", os.O_PATH)]); time.sleep(60)
        elif word == b"device": raw(head(0x8070, 0, number, good), [os.open("/dev/null", os.O_RDWR)]); time.sleep(60)
        elif word == b"pidfd": raw(head(0x8070, 0, number, good), [os.pidfd_open(os.getpid())]); time.sleep(60)
        for fd in fds: os.close(fd)

    """#
}

extension Household {
  /// Processes of a run with these words in a row among their arguments.
  static func processes(of run: Int32, with words: [String]) -> [Int32] {
    let wanted = "\0" + words.joined(separator: "\0") + "\0"
    return descendants(of: run).filter { pid in
      ("\0" + Run.read("/proc/\(pid)/cmdline")).contains(wanted)
    }.sorted()
  }
}
