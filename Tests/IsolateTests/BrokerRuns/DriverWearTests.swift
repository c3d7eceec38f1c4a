import Testing

@testable import Isolate

/// The Python that comes with `isolated` for drivers, asked by a broker that is not there.
@Suite("A driver in Python")
struct DriverWearTests {
  /// `driver(CODE)` runs the code as a driver and gives its process; `call(PAYLOAD, FD)` the status and the descriptors.
  private static let broker = """
    import io, os, random, socket, struct, sys, time, zipfile
    root, scratch = sys.argv[1:]
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    def driver(name, code):
        pid = os.fork()
        if pid: return pid
        ours.close()
        os.environ["ISOLATED_DRIVER_FD"] = str(theirs.fileno())
        sys.path.insert(0, root + "/clients/python")
        try: exec(compile(code, name, "exec"), {"__file__": name, "__name__": "driver"})
        finally: os._exit(3)
    last = 0
    def call(payload, fds):
        global last
        last += 1
        body = struct.pack("<HH", 0, len(payload)) + payload
        socket.send_fds(ours, [struct.pack("<HHIII", 112, 0, last, 16 + len(body), 0) + body], fds)
        data, got, _, _ = socket.recv_fds(ours, 4096, 16)
        if not data: return None
        assert struct.unpack_from("<I", data, 4)[0] == last
        for fd in got: os.close(fd)
        return struct.unpack_from("<I", data, 12)[0], len(got)
    def open_in(pid): return len(os.listdir(f"/proc/{pid}/fd"))

    """

  private func run(_ code: String) throws -> Ran {
    let scratch = try Scratch()
    let python = try #require(Run.find("python3"))
    return Run.command([python, "-B", "-c", Self.broker + code, Tree.root, scratch.path])
  }

  @Test("is not worn out by archives that break off in the middle") func brokenArchives() throws {
    let ran = try run(
      """
      name = root + "/config/drivers/archives.py"
      pid = driver(name, open(name).read())
      theirs.close()
      whole = io.BytesIO()
      with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
          archive.writestr("x", random.Random(1).randbytes(200000))
      broken = bytearray(whole.getvalue())
      for place in range(100000, 100200): broken[place] ^= 0xff
      with open(scratch + "/broken.zip", "wb") as file: file.write(broken)
      archive = os.open(scratch + "/broken.zip", os.O_RDONLY)
      first = call(b"read x", [archive])
      before = open_in(pid)
      all = {call(b"read x", [archive]) for _ in range(20)}
      # The last answer may be here before its files are closed; what is lost with each archive stays.
      for _ in range(600):
          if open_in(pid) < before + 5: break
          time.sleep(0.05)
      print(first, all, open_in(pid) < before + 5)
      """)
    #expect(ran.output == "(74, 0) {(74, 0)} True\n", "\(ran.errors)")
  }

  @Test("that cannot pass on what it wants to give fails that call, and answers the next")
  func badDescriptor() throws {
    let ran = try run(
      """
      pid = driver("driver.py", '''
      import isolated_driver
      isolated_driver.serve(lambda payload, fds: (b"", [9999]) if payload == b"bad" else b"good")
      ''')
      theirs.close()
      print(call(b"bad", []), call(b"good", []))
      """)
    #expect(ran.output == "(9, 0) (0, 0)\n", "\(ran.errors)")
  }
}
