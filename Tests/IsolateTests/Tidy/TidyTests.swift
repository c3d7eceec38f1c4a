import Isolate
import Testing

/// Rules of the tree that a compiler does not hold.
struct TidyTests {
  private struct Source {
    var path: String
    var room: String
    var lines: [String]
  }

  private static func files(beneath directory: String, ending: [String]) -> [Source] {
    let endings = ending.map { "-name '*.\($0)'" }.joined(separator: " -o ")
    let found = Run.shell(
      "cd \"$1\" && find \(directory) -type f \\( \(endings) \\)", [Executable.root])
    return found.output.split(separator: "\n").map(String.init).sorted().map { path in
      let lines = Run.read(Executable.root + "/" + path)
        .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
      let parts = path.split(separator: "/")
      return Source(
        path: path, room: parts.count > 2 ? String(parts[parts.count - 2]) : "", lines: lines)
    }
  }

  private var swift: [Source] { Self.files(beneath: "Sources", ending: ["swift"]) }

  private func offences(_ sources: [Source], _ isOffence: (Source, String) -> Bool) -> [String] {
    sources.flatMap { source in
      source.lines.enumerated().filter { isOffence(source, $0.element) }.map {
        "\(source.path):\($0.offset + 1): \($0.element)"
      }
    }
  }

  private func code(_ line: String) -> String {
    let parts = line.split(separator: "//", maxSplits: 1, omittingEmptySubsequences: false)
    return String(parts.first ?? "")
  }

  @Test func thereAreSourcesToLookAt() {
    #expect(swift.count > 100)
    #expect(Self.files(beneath: "Sources/CSeccomp", ending: ["c", "h"]).count > 15)
  }

  @Test func onlySystemAndLaunchTouchTheCLibrary() {
    let found = offences(swift) { source, line in
      let isFree =
        source.room == "System" || source.room == "Launch"
        || source.path.hasPrefix("Sources/isolated/") || source.room == "IsolateClient"
      // The words of shared memory, behind bounds that it checks itself.
      let isMemory = source.path == "Sources/Isolate/Broker/BookMemory.swift"
      return !isFree
        && ["import Glibc", "import CSeccomp", "unsafe "].contains { code(line).contains($0) }
        && !(isMemory && !code(line).contains("import "))
    }
    #expect(found.isEmpty, "\(found)")
  }

  /// Each test runs in one of the suite's two runs at least; a program that it needs is installed (scripts/install-packages), not
  /// a reason to leave it out. But a machine has cgroups of version 1 or has not.
  @Test func testsAreLeftOutOnlyByWhoRunsThem() {
    let start = ".enabled" + "(if: "
    let reasons = ["Privileges.isRoot)", "!Privileges.isRoot)", "Legacy.isUsable)"]
    let found = offences(Self.files(beneath: "Tests", ending: ["swift"])) { _, line in
      line.contains(start) && !reasons.contains { line.contains(start + $0) }
    }
    #expect(found.isEmpty, "\(found)")
  }

  @Test func nothingSlowToStartIsUsed() {
    let words = [
      "import Foundation", "import Dispatch", "import RegexBuilder", "await ", " async ", "Regex(",
    ]
    let found = offences(swift) { _, line in words.contains { code(line).contains($0) } }
    #expect(found.isEmpty, "\(found)")
  }

  /// What a caller's environment can change is written down: each name here, and in the manual of what reads it. A switch for
  /// trying something out would be a door.
  @Test func onlyKnownVariablesOfTheEnvironmentAreLookedUp() {
    let known: Set<String> = [
      "HOME", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME",
      "CREDENTIALS_DIRECTORY", "NO_COLOR", "TERM", "ISOLATED_BROKER_FD",
      // Of a service manager, for the daemon (docs/daemon.md).
      "NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC", "LISTEN_PID", "LISTEN_FDS",
      "JOURNAL_STREAM",
    ]
    let lookups = [".name == \"", "getenv(\"", "variable(\""]
    var looked: Set<String> = []
    for source in swift {
      for line in source.lines {
        for lookup in lookups {
          guard let start = code(line).firstRange(of: lookup)?.upperBound else { continue }
          let name = code(line)[start...].prefix { $0 != "\"" }
          let isVariable = !name.isEmpty && name.allSatisfy { $0.isUppercase || $0 == "_" }
          if isVariable { looked.insert(String(name)) }
        }
      }
    }
    #expect(looked.subtracting(known).isEmpty, "\(looked.subtracting(known))")
    #expect(looked.contains("XDG_CONFIG_HOME"), "the search finds nothing")
  }

  @Test func noErrorIsThrownAway() {
    let words = [" try?", "(try?", " try!", "(try!", " fatalError("]
    let found = offences(swift) { _, line in words.contains { (" " + code(line)).contains($0) } }
    #expect(found.isEmpty, "\(found)")
  }

  @Test func functionsFilesAndLinesAreShort() {
    let all = swift.filter { !$0.path.hasSuffix("BuiltInProfiles.swift") }
    let long = all.filter { $0.lines.count > 401 }.map { "\($0.path): \($0.lines.count) lines" }
    #expect(long.isEmpty, "\(long)")
    var functions: [String] = []
    for source in all {
      var start: (line: Int, indent: Int)?
      for (number, line) in source.lines.enumerated() {
        let indent = line.prefix { $0 == " " }.count
        if let open = start, line == String(repeating: " ", count: open.indent) + "}" {
          if number - open.line > 70 { functions.append("\(source.path):\(open.line + 1)") }
          start = nil
        } else if start == nil, code(line).contains("func "), !code(line).hasSuffix("}") {
          start = (number, indent)
        }
      }
    }
    #expect(functions.isEmpty, "\(functions)")
  }

  /// File names are unique in a module, and test files hold tests or help them.
  @Test func fileNamesAreUnique() {
    let names = swift.map { $0.path.split(separator: "/").last.map(String.init) ?? "" }
    let doubled = names.filter { name in names.filter { $0 == name }.count > 1 }
    #expect(doubled.isEmpty, "\(Set(doubled))")
  }

  /// What runs between clone and exec may use raw system calls and errno, nothing else (child.h): every file that
  /// includes that header, but for those whose code runs in the supervisor; and the janitor, forked too.
  @Test func theChildNeedsHardlyAnySymbol() throws {
    let supervisors: Set<String> = ["clone", "early", "launcher"]
    let headers = ["child.h", "child_mounts.h", "launcher_internal.h", "witness.h"].map {
      "#include \"\($0)\""
    }
    let names = Self.files(beneath: "Sources/CSeccomp", ending: ["c"])
      .filter { source in headers.contains { source.lines.contains($0) } }
      .compactMap { $0.path.split(separator: "/").last?.dropLast(2) }.map(String.init)
      .filter { !supervisors.contains($0) }
    #expect(
      names.sorted() == [
        "child", "child_alone", "child_app", "child_early", "child_enter", "child_masks",
        "child_mounts",
        "child_overlay",
        "child_places", "init", "launcher_process", "service_network", "spawn", "witness",
        "witness_core", "witness_maps",
      ])
    let scratch = try Scratch()
    var needs: [String: Set<String>] = [:]
    var allowed: Set<String> = [
      "__errno_location", "_exit", "clone", "syscall", "memcpy", "memset", "__stack_chk_fail",
      "_GLOBAL_OFFSET_TABLE_",
    ]
    for name in names + ["janitor"] {
      let object = scratch.path + "/\(name).o"
      let compiled = Run.shell(
        "cd \"$1/Sources/CSeccomp\" && ${CC:-cc} -O1 -D_GNU_SOURCE -Iinclude -c -o \"$2\" \"$3.c\" && nm -u -P \"$2\"",
        [Executable.root, object, name])
      #expect(compiled.code == 0, "\(compiled.errors)")
      needs[name] = Self.symbols(compiled.output)
      /* Each other's. */
      allowed.formUnion(Self.symbols(Run.shell("nm -g -P --defined-only \"$1\"", [object]).output))
    }
    for (name, needed) in needs {
      #expect(needed.contains("syscall"))
      #expect(needed.subtracting(allowed).isEmpty, "\(name).c needs \(needed.subtracting(allowed))")
    }
  }

  private static func symbols(_ listed: String) -> Set<String> {
    Set(
      listed.split(separator: "\n").compactMap { $0.split(separator: " ").first }.map(String.init))
  }

  /// A group without a reason cannot be judged.
  @Test func everyGroupOfSystemCallsSaysWhy() {
    let groups = Self.files(beneath: "config/syscalls", ending: ["toml"])
    #expect(groups.count > 30)
    let silent = groups.filter {
      !$0.lines.contains { $0.hasPrefix("description") || $0.hasPrefix("#") || $0.contains("why") }
    }
    #expect(silent.isEmpty, "\(silent.map(\.path))")
  }
}
