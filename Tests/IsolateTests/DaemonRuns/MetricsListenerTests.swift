import Glibc
import Testing

@testable import Isolate

@Suite("Metrics by HTTP", .serialized)
struct MetricsListenerTests {
  /// The rules of the text format: which lines there may be, a type before its samples, no sample twice.
  private static let checker = """
    import re, sys
    text = sys.stdin.read()
    assert text.endswith("\\n"), "no newline at the end"
    name = "[a-zA-Z_:][a-zA-Z0-9_:]*"
    label = '[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\\\\\\\\n]|\\\\\\\\[\\\\\\\\"n])*"'
    types, seen, last = {}, set(), None
    for line in text.split("\\n")[:-1]:
        if m := re.fullmatch(f"# HELP ({name}) (.*)", line): continue
        if m := re.fullmatch(f"# TYPE ({name}) (counter|gauge|untyped)", line):
            assert m[1] not in types, "two types of " + m[1]
            types[m[1]] = m[2]; last = m[1]; continue
        m = re.fullmatch(f"({name})(?:{{({label}(?:,{label})*)?}})? (-?[0-9.]+(?:e[+-]?[0-9]+)?)", line)
        assert m, "no line of the format: " + line
        assert m[1] == last, "not behind its type: " + line
        assert (m[1], m[2]) not in seen, "twice: " + line
        assert types[m[1]] != "counter" or (m[1].endswith("_total") and float(m[3]) >= 0), line
        seen.add((m[1], m[2]))
    print(len(seen), "samples")
    """

  private func python(_ scene: DaemonScene, _ code: String) throws -> Ran {
    Run.command([
      try #require(Run.find("python3")), "-c",
      """
      import socket, time
      def connect():
          s = socket.socket(socket.AF_UNIX); s.settimeout(30)
          end = time.monotonic() + 30
          while True:
              try: s.connect("\(scene.path)/metrics"); return s
              except BlockingIOError:
                  # As many wait as the kernel lets.
                  if time.monotonic() > end: raise
                  time.sleep(0.005)
      def answer(s):
          data = b""
          while part := s.recv(65536): data += part
          return data
      def ask(text):
          s = connect(); s.sendall(text); return answer(s)
      GET = b"GET /metrics HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n"
      \(code)
      """,
    ])
  }

  @Test("are what a scraper reads, by TCP and by a socket file") func scraped() throws {
    let scene = try DaemonScene([
      ("one", DaemonLifeTests.sleeper),
      ("crash", DaemonScene.shell("kill -SEGV $$", "[restart]\nwhen = \"never\"")),
    ])
    let found = Run.command([
      try #require(Run.find("python3")), "-c",
      "import socket; s = socket.socket(); s.bind(('127.0.0.1', 0)); print(s.getsockname()[1])",
    ])
    let port = try #require(found.output.split(separator: "\n").first)
    try scene.start(["--metrics", "tcp:127.0.0.1:\(port)"])
    try scene.waitFor("crash", .failed)
    try scene.waitFor("one", .ready)
    let curl = try #require(Run.find("curl"))
    let url = "http://127.0.0.1:\(port)/metrics"
    var ran = Run.command([curl, "-sSi", "--max-time", "30", url])
    try #require(
      Moment.within(30) {
        ran = Run.command([curl, "-sSi", "--max-time", "30", url])
        return ran.output.contains("isolated_app_ends_total{app=\"crash\",cause=\"signal\"} 1\n")
      }, "\(ran)")
    #expect(ran.output.hasPrefix("HTTP/1.1 200 OK\r\n"))
    #expect(ran.output.contains("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"))
    #expect(ran.output.contains("isolated_app_up{app=\"one\"} 1\n"))
    let checked = Run.shell(
      "\"$1\" -sS --max-time 30 \"$2\" | python3 -c \"$3\"", [curl, url, Self.checker])
    #expect(checked.output.hasSuffix(" samples\n"), "\(checked)")
    let parsed = Run.shell(
      """
      "$1" -sS --max-time 30 "$2" | python3 -c '
      import sys
      try: from prometheus_client.parser import text_string_to_metric_families as read
      except ImportError: sys.exit(print("no parser"))
      print(len([s for f in read(sys.stdin.read()) for s in f.samples]) > 5)'
      """, [curl, url])
    #expect(["True\n", "no parser\n"].contains(parsed.output), "\(parsed)")
    for (arguments, status) in [
      (["-X", "POST", url], "405"), (["-I", url], "405"), ([url + "?x=1"], "200"),
      (["http://127.0.0.1:\(port)/"], "404"), (["-d", "x", "http://127.0.0.1:\(port)/y"], "404"),
    ] {
      let ran = Run.command(
        [curl, "-sS", "-o", "/dev/null", "-w", "%{http_code}", "--max-time", "30"] + arguments)
      #expect(ran.output == status, "\(arguments) \(ran)")
    }
  }

  @Test("answer who asks at once, whoever dawdles, floods or talks nonsense") func nuisances()
    throws
  {
    let scene = try DaemonScene([("one", DaemonLifeTests.sleeper)])
    try scene.start(["--metrics", "unix:\(scene.path)/metrics"])
    #expect(Run.shell("stat -c %a \"$1/metrics\"", [scene.path]).output == "600\n")
    let ran = try python(
      scene,
      """
      slow = []
      for n in range(40):
          s = connect(); s.sendall(b"GET /metrics HTTP/1.1\\r\\nX"); slow.append(s)
      print(ask(GET).startswith(b"HTTP/1.1 200 OK"))
      for text in (b"x" * 100000, b"\\xff\\x00\\r\\n\\r\\n", b"GET /metrics\\r\\n\\r\\n", b"get /metrics HTTP/1.1\\r\\n\\r\\n",
                   b"GET /metrics HTTP/1.1\\r\\n" + b"A: b\\r\\n" * 2000 + b"\\r\\n"):
          try: print(ask(text).split(b"\\r\\n")[0].decode() or "nothing")
          except OSError as e: print(type(e).__name__)
      fleet = []
      for n in range(300):
          s = connect(); s.sendall(GET * 3); fleet.append(s)
      print(ask(GET).startswith(b"HTTP/1.1 200 OK"))
      half = connect(); half.sendall(GET[:10]); time.sleep(0.2)
      half.sendall(GET[10:]); print(answer(half).startswith(b"HTTP/1.1 200 OK"))
      dawdler = connect(); start = time.monotonic()
      try: print(answer(dawdler), time.monotonic() - start < 25)
      except OSError: print(b"", time.monotonic() - start < 25)
      """)
    let lines = ran.output.split(separator: "\n")
    try #require(lines.count == 9, "\(ran)")
    #expect(lines[0] == "True" && lines[6] == "True" && lines[7] == "True", "\(ran)")
    #expect(lines[8] == "b'' True", "\(ran)")
    for line in lines[1...5] {
      let isRefused = ["HTTP/1.1 4", "ConnectionReset", "BrokenPipe"].contains {
        line.hasPrefix($0)
      }
      #expect(isRefused, "\(line)")
    }
    #expect(scene.run("status").code == 0)
    #expect(try scene.end() == 0)
    #expect(Run.shell("ls \"$1\"", [scene.path]).output.contains("metrics") == false)
  }
}

@Suite("The head of a request for metrics")
struct ScrapeRequestTests {
  private func read(_ text: String) -> ScrapeRequest.Reading {
    ScrapeRequest.read(Array(text.utf8))
  }

  @Test("is understood when it is whole, and only then") func whole() {
    let text = "GET /metrics HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\n"
    for count in 0..<text.utf8.count {
      #expect(ScrapeRequest.read(Array(text.utf8.prefix(count))) == .more)
    }
    #expect(read(text) == .metrics && read("GET /metrics HTTP/1.0\n\n") == .metrics)
    #expect(read("GET /metrics?a=/x HTTP/1.1\r\n\r\nmore") == .metrics)
  }

  @Test(
    "that is none is refused with its reason",
    arguments: [
      ("GET / HTTP/1.1\r\n\r\n", ScrapeRequest.Refusal.notFound),
      ("GET /metrics/ HTTP/1.1\r\n\r\n", .notFound), ("POST /x HTTP/1.1\r\n\r\n", .notFound),
      ("POST /metrics HTTP/1.1\r\n\r\n", .notAllowed),
      ("HEAD /metrics HTTP/1.1\r\n\r\n", .notAllowed), ("\r\n\r\n", .malformed),
      ("GET  /metrics HTTP/1.1\r\n\r\n", .malformed), ("GET /metrics HTTP/2\r\n\r\n", .malformed),
      ("GET /metrics HTTP/1.x\r\n\r\n", .malformed), ("GET metrics HTTP/1.1\r\n\r\n", .malformed),
      (String(repeating: "x", count: 4097), .tooLong),
      ("GET /metrics HTTP/1.1\r\nA: " + String(repeating: "x", count: 5000) + "\r\n\r\n", .tooLong),
    ])
  func refused(text: String, why: ScrapeRequest.Refusal) {
    #expect(read(text) == .refused(why))
    let answer = String(decoding: ScrapeRequest.answer(why), as: UTF8.self)
    #expect(answer.hasPrefix("HTTP/1.1 4") && answer.hasSuffix("\n"))
    #expect(answer.contains("Allow: GET\r\n") == (why == .notAllowed))
  }
}
