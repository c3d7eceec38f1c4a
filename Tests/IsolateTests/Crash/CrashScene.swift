import Glibc
import Testing

@testable import Isolate

/// Runs of the victim with reports of its crashes, in a directory of their own.
struct CrashScene {
  let scratch: Scratch
  let reports: String

  init() throws {
    scratch = try Scratch()
    reports = scratch.path + "/reports"
  }

  /// A program in Python that starts children until it may not, each of which aborts.
  static let bomb = """
    import os
    for turn in range(300):
        try:
            if os.fork() == 0: os.abort()
        except OSError:
            while True:
                try: os.wait()
                except ChildProcessError: break
    """

  /// A run of a victim's mode under capture.
  func run(
    _ mode: [String], options: [String] = [], program: String = Executable.victim,
    captures: Bool = true
  ) -> Ran {
    Run.command(
      [Executable.path, "run", "--read", Executable.victim]
        + (captures ? ["--crash-report", reports] : []) + options + ["--", program] + mode)
  }

  func crashes(_ words: [String] = []) -> Ran {
    Run.command([Executable.path, "crashes", "--directory", reports] + words)
  }

  /// The newest report.
  func latest() throws -> JSONObject {
    let shown = crashes(["--json", "show", "latest"])
    try #require(shown.code == 0, "\(shown.errors)")
    return try #require(
      try JSONReader.read(Array(shown.output.utf8), limit: CrashReport.sizeLimit).object)
  }

  /// How many there are.
  var count: Int {
    Run.shell("ls \"$1\" 2>/dev/null | grep -c json", [reports]).output.split(separator: "\n").first
      .flatMap { Int($0) } ?? 0
  }

  static func threads(_ report: JSONObject) -> [JSONObject] {
    (report["threads"]?.array ?? []).compactMap(\.object)
  }

  static func frames(_ thread: JSONObject?) -> [JSONObject] {
    (thread?["frames"]?.array ?? []).compactMap(\.object)
  }

  static func symbols(_ report: JSONObject) -> [String] {
    frames(threads(report).first).compactMap { $0["symbol"]?.string }
  }
}
