import Foundation
import Isolate
import Testing

@Suite("docs/protocol.md")
struct ProtocolTests {
  private let lines = Tree.lines("docs/protocol.md")

  /// The rows of the table whose head begins with `head`, cell by cell.
  private func table(_ head: String) -> [[String]] {
    let rows = lines.drop { !$0.hasPrefix(head) }.dropFirst(2).prefix { $0.hasPrefix("|") }
    return rows.map { row in
      row.split(separator: "|").map { String($0.drop { $0 == " " }) }.map {
        String($0.reversed().drop { $0 == " " }.reversed())
      }
    }
  }

  /// `fileMakeDirectory` as the document calls it: `file.makeDirectory`.
  private func name(_ opcode: Opcode) -> String {
    let name = "\(opcode)"
    let rooms = ["handle", "door", "file", "net", "secret", "device", "app", "clock", "driver"]
    guard let room = rooms.first(where: { name.hasPrefix($0) && name != $0 }) else { return name }
    let rest = name.dropFirst(room.count)
    return room + "." + (rest.first?.lowercased() ?? "") + rest.dropFirst()
  }

  @Test("describes every request, and its errors") func requests() {
    let headings = lines.filter { $0.hasPrefix("### ") }.map { String($0.dropFirst(4)) }
    #expect(headings == Opcode.allCases.map { "\(name($0)) (\($0.rawValue))" })
    for heading in headings {
      let section = lines.drop { $0 != "### " + heading }.dropFirst().prefix { !$0.hasPrefix("#") }
      #expect(section.filter { $0.hasPrefix("    request ") }.count == 1, "\(heading)")
      #expect(section.filter { $0.hasPrefix("    returns ") }.count == 1, "\(heading)")
      #expect(section.filter { $0.hasPrefix("Errors: ") }.count == 1, "\(heading)")
    }
  }

  @Test("says which requests return descriptors") func descriptors() {
    for opcode in Opcode.allCases {
      let heading = "### \(name(opcode)) (\(opcode.rawValue))"
      let section = lines.drop { $0 != heading }.dropFirst().prefix { !$0.hasPrefix("#") }
      let returns = section.first { $0.hasPrefix("    returns ") } ?? ""
      #expect(returns.contains(", and ") == (opcode.replyDescriptors.upperBound > 0), "\(heading)")
    }
  }

  @Test("has the limits of the code") func limits() {
    let limits: [(String, Int)] = [
      ("messageBytes", WireLimits.messageBytes), ("headerBytes", WireLimits.headerBytes),
      ("descriptors", WireLimits.descriptors), ("outstanding", WireLimits.outstanding),
      ("doors", WireLimits.doors), ("pathBytes", WireLimits.pathBytes),
      ("ruleBytes", WireLimits.ruleBytes),
      ("grants", WireLimits.grants), ("grantNameBytes", WireLimits.grantNameBytes),
      ("handles", WireLimits.handles), ("defaultDeadline", Int(WireLimits.defaultDeadline)),
      ("longestDeadline", Int(WireLimits.longestDeadline)),
    ]
    let rows = table("| limit |").map { Array($0.prefix(2)) }
    #expect(rows == limits.map { ["`\($0.0)`", "\($0.1)"] })
    #expect(lines.contains { $0.hasPrefix("This is version \(WireLimits.version).") })
    #expect(ReplyHead.noGrant == 0xFFFF && ReplyHead.moreFlag == 1)
  }

  @Test("has every detail and every reason to be cut off") func reasons() {
    let details = table("| number | name | status |").map { Array($0.prefix(2)) }
    #expect(details == ReplyDetail.allCases.map { ["\($0.rawValue)", "`\($0)`"] })
    let reasons = table("| number | name | reason |").map { Array($0.prefix(2)) }
    #expect(reasons == WireViolation.allCases.map { ["\($0.rawValue)", "`\($0)`"] })
  }

  @Test("has every number that a message may hold") func numbers() {
    let rows = Dictionary(
      uniqueKeysWithValues: table("| what | values |").map { ($0[0], $0[1]) })
    func words(_ what: String) -> [String] {
      (rows[what] ?? "").split(separator: ",").map { part in
        part.split(separator: " ").filter { $0 != "bit" }.prefix(2).joined(separator: " ")
      }
    }
    func all<Value: CaseIterable & RawRepresentable>(_: Value.Type) -> [String] {
      Value.allCases.map { "\($0.rawValue) \($0)" }
    }
    #expect(words("transport") == all(WireTransport.self))
    #expect(words("kind") == all(GrantKind.self))
    #expect(words("file type") == all(WireFileType.self))
    #expect(words("handle state") == all(HandleState.self))
    #expect(words("app state") == all(WireAppState.self))
    let flags: [(String, FileOpenFlags)] = [
      ("read", .read), ("write", .write), ("create", .create), ("exclusive", .exclusive),
      ("truncate", .truncate), ("append", .append), ("directory.", .directory),
    ]
    #expect(Array(words("open flags").prefix(7)) == flags.map { "\($0.1.rawValue) \($0.0)" })
    let rights: [(String, GrantRights)] = [
      ("read", .read), ("write", .write), ("create", .create), ("list", .list), ("stat", .stat),
      ("remove", .remove), ("rename", .rename), ("makeDirectory", .makeDirectory),
      ("links", .links), ("connect", .connect), ("listen", .listen), ("resolve", .resolve),
      ("start", .start), ("signal", .signal), ("status", .status), ("set", .set), ("call", .call),
    ]
    #expect(words("rights") == rights.map { "\($0.1.rawValue.trailingZeroBitCount) \($0.0)" })
  }
}

@Suite("The clients' files")
struct ClientFileTests {
  /* Docs/decisions/0013-clients.md. */
  @Test(
    "are short: lines of code, without comments",
    arguments: [
      (["include/isolated.h"], 340), (["clients/python/isolated.py"], 300),
      (
        ["ClientConnection", "ClientRequests", "ClientValues", "SocketMessage"].map {
          "Sources/IsolateClient/\($0).swift"
        }, 500
      ),
    ])
  func short(paths: [String], limit: Int) {
    let code = paths.flatMap(Tree.lines).filter { line in
      let text = line.drop { $0 == " " || $0 == "\t" }
      return !text.isEmpty && !["/*", "*", "#", "//"].contains { text.hasPrefix($0) }
    }
    #expect(code.count > 100)
    #expect(code.count < limit, "\(paths)")
  }

  @Test("say in the same words why a request was refused, for every detail")
  func reasons() throws {
    func words(_ path: String, from first: String, to last: String, by separator: String) throws
      -> [String]
    {
      let text = Tree.lines(path).joined(separator: " ")
      let start = try #require(text.range(of: first))
      let end = try #require(text.range(of: last, range: start.upperBound..<text.endIndex))
      return text[start.upperBound..<end.lowerBound].components(separatedBy: separator)
    }
    let swift = try words(
      "Sources/IsolateClient/ClientValues.swift", from: "reasons = [", to: "]", by: "\"")
    let said = swift.enumerated().filter { $0.offset % 2 == 1 }.map(\.element)
    #expect(said.count == ReplyDetail.allCases.count)
    #expect(said.dropFirst().allSatisfy { !$0.isEmpty } && Set(said).count == said.count)
    let header = try words("include/isolated.h", from: "reasons[] = {", to: "};", by: "\"")
    #expect(header.enumerated().filter { $0.offset % 2 == 1 }.map(\.element) == said)
    let python = try words(
      "clients/python/isolated.py", from: "REASONS = (", to: ").split", by: "\"")
    let joined = python.enumerated().filter { $0.offset % 2 == 1 }.map(\.element).joined()
    #expect(joined.components(separatedBy: "|") == said)
  }

  /// C99 and C++, with every warning.
  @Test("in C compile for whoever includes them")
  func header() throws {
    let scratch = try Scratch()
    let ran = Run.shell(
      """
      set -e
      cd "$1"
      printf '#include "isolated.h"\\nint main(void) { static struct isolated c; return isolated_connect(&c) == 0; }\\n' \\
        >"$2/a.c"
      ${CC:-cc} -std=c99 -D_POSIX_C_SOURCE=200809L -pedantic -Wall -Wextra -Wshadow -Wconversion -Werror \\
        -Iinclude -o "$2/a" "$2/a.c"
      ${CC:-cc} -std=gnu17 -O2 -Wall -Wextra -Werror -Iinclude -o "$2/a" "$2/a.c"
      if command -v c++ >/dev/null; then
        c++ -x c++ -std=c++17 -Wall -Wextra -Werror -Iinclude -o "$2/b" "$2/a.c"
      fi
      """, [Tree.root, scratch.path])
    #expect(ran.code == 0, "\(ran.errors)")
  }
}
