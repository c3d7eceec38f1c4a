import FilterProbe
import Isolate
import Testing

@Suite("Programs under the compiled filter")
struct FilterProgramTests {
  struct Outcome: Equatable {
    var status: Int64
    var signal: Int32
    var output: String
  }

  static func run(_ policy: SyscallPolicy?, _ arguments: [String]) throws -> Outcome {
    let program = try policy.map { try SyscallFilter.compile($0) } ?? []
    var output = [CChar](repeating: 0, count: 4096)
    var result = filter_probe_result()
    unsafe withCStrings(arguments[...], then: []) { argv in
      result = unsafe program.withUnsafeBytes { bytes in
        let start = policy == nil ? nil : bytes.baseAddress
        return unsafe filter_probe_program(start, bytes.count, argv, &output, output.count)
      }
    }
    try #require(result.failed == 0)
    let text = output.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
    return Outcome(
      status: result.value, signal: result.signal, output: String(decoding: text, as: UTF8.self))
  }

  /// Nests one `withCString` a word, so that all pointers live while the body runs.
  private static func withCStrings(
    _ words: ArraySlice<String>, then pointers: [UnsafePointer<CChar>?],
    body: ([UnsafePointer<CChar>?]) -> Void
  ) {
    guard let word = words.first else {
      unsafe body(pointers + [nil])
      return
    }
    unsafe word.withCString {
      unsafe withCStrings(words.dropFirst(), then: pointers + [$0], body: body)
    }
  }

  static let strict = Result { try SyscallPolicy(base: .strict, allow: [], deny: []) }

  @Test(
    "the strict set serves programs that read files and write their output",
    arguments: [
      ["/bin/cat", "/etc/passwd"], ["/usr/bin/sort", "/etc/passwd"], ["/bin/ls", "/"],
      ["/usr/bin/sha256sum", "/bin/cat"], ["/usr/bin/wc", "-l", "/etc/passwd"],
      ["/bin/gzip", "-c", "/etc/passwd"], ["/bin/grep", "-c", "root", "/etc/passwd"],
    ])
  func strictServes(arguments: [String]) throws {
    let free = try Self.run(nil, arguments)
    #expect(free.status == 0)
    #expect(try Self.run(Self.strict.get(), arguments) == free)
  }

  @Test("the strict set stops a shell from starting a program; the default set does not")
  func strictStops() throws {
    let command = ["/bin/sh", "-c", "/bin/echo started | /bin/cat; /bin/true"]
    #expect(try Self.run(Self.strict.get(), command).output == "")
    #expect(try Self.run(SyscallPolicy(), command).output == "started\n")
  }

  @Test("the default set refuses a namespace to the program that asks for one") func unshare()
    throws
  {
    let command = ["/usr/bin/unshare", "-U", "/bin/echo", "inside"]
    #expect(try Self.run(nil, command).output == "inside\n")
    #expect(try Self.run(SyscallPolicy(), command).output == "")
    var nested = SyscallPolicy()
    nested.allowsNestedUserNamespaces = true
    #expect(try Self.run(nested, command).output == "inside\n")
  }

  @Test("the default set refuses set-id bits to the program that sets them") func setID() throws {
    let command = [
      "/bin/sh", "-c",
      "f=$(mktemp); chmod u+s $f 2>/dev/null; stat -c %a $f; chmod 755 $f; stat -c %a $f; rm $f",
    ]
    #expect(try Self.run(nil, command).output == "4600\n755\n")
    #expect(try Self.run(SyscallPolicy(), command).output == "600\n755\n")
  }
}
