import FilterProbe
import Foundation
import Isolate
import Testing

/// The project's own files, for tests that hold files against each other.
enum ProjectFiles {
  static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  static func read(_ path: String) throws -> [UInt8] {
    Array(try Data(contentsOf: root.appendingPathComponent(path)))
  }

  /// Paths from the root, sorted.
  static func list(_ folder: String, suffix: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(
      atPath: root.appendingPathComponent(folder).path
    ).filter { $0.hasSuffix(suffix) }.sorted().map { "\(folder)/\($0)" }
  }
}

@Suite("The table of system call groups")
struct SyscallTableTests {
  /// As in scripts/generate-syscalls.py.
  static let sources = [
    "Sources/CSeccomp/syscall_numbers.h",
    "Sources/CSeccomp/include/filter.h",
    "Sources/CSeccomp/filter.c",
    "Sources/Isolate/Policy/SyscallCatalog.swift",
    "Sources/Isolate/Policy/SyscallPolicy.swift",
    "Sources/Isolate/Policy/SyscallRules.swift",
    "Sources/Isolate/Launch/SyscallFilter.swift",
  ]

  @Test("was written after the last change; else run scripts/generate-syscalls.py")
  func isUpToDate() throws {
    let paths = try ProjectFiles.list("config/syscalls", suffix: ".toml") + Self.sources
    let bytes = try paths.flatMap { try ProjectFiles.read($0) }
    #expect(Fingerprint.narrow(bytes) == SyscallCatalog.fingerprint)
  }

  @Test("says what config/syscalls says") func equalsConfig() throws {
    for path in try ProjectFiles.list("config/syscalls", suffix: ".toml") {
      let name = String(path.dropFirst("config/syscalls/".count).dropLast(".toml".count))
      let text = String(decoding: try ProjectFiles.read(path), as: UTF8.self)
      let lines = text.split(separator: "\n").map(String.init)
      let group = try #require(SyscallCatalog.group(named: name))
      #expect(lines.contains("description = \"\(group.description)\""))
      let sets = try #require(lines.first { $0.hasPrefix("sets = ") })
      #expect(sets.contains("\"default\"") == group.isInDefaultSet)
      #expect(sets.contains("\"strict\"") == group.isInStrictSet)
      let start = try #require(lines.firstIndex(of: "[calls]"))
      let calls = lines[(start + 1)...]
      #expect(calls.count == group.calls.count)
      for (line, call) in zip(calls, group.calls) {
        #expect(line.hasPrefix("\(call.name) = "))
        #expect(line.contains("\"") && !line.contains("\"\""), "\(call.name) says why")
        #expect(line.contains("answer = \"ENOSYS\"") == (call.writtenError == 38))
      }
    }
  }

  @Test("has every known call in exactly one group") func isComplete() {
    let grouped = SyscallCatalog.groups.flatMap { $0.calls.map(\.name) }
    #expect(grouped.count == Set(grouped).count)
    #expect(Set(grouped) == Set(KnownCalls.rows.map(\.name)))
    #expect(Set(SyscallCatalog.groups.map(\.name)).count == SyscallCatalog.groups.count)
  }

  @Test("has each number once on each machine, and as many calls as Linux 6.18") func numbers() {
    let x86 = KnownCalls.rows.map(\.x86).filter { $0 >= 0 }
    let arm = KnownCalls.rows.map(\.arm).filter { $0 >= 0 }
    #expect(Set(x86).count == x86.count)
    #expect(Set(arm).count == arm.count)
    #expect(Set(x86) == Set(0...336).union(424...469))
    #expect(Set(arm) == Set(0...243).union(260...294).union(424...469))
    #expect(KnownCalls.rows.map(\.name) == KnownCalls.rows.map(\.name).sorted())
  }

  @Test("agrees with libseccomp on both machines, wherever that knows the call")
  func agreesWithTheLibrary() {
    var compared = 0
    for row in KnownCalls.rows {
      for (isARM, number) in [(false, row.x86), (true, row.arm)] {
        let theirs = unsafe row.name.withCString { unsafe probe_library_number(isARM, $0) }
        // Below zero: unknown to that library, or not a call of that machine.
        if theirs >= 0 {
          #expect(theirs == number, "\(row.name)")
          compared += 1
        }
      }
    }
    #expect(compared > 600)
  }
}
