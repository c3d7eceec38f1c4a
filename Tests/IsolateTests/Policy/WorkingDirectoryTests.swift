import Testing

@testable import Isolate

@Suite("the working directory")
struct WorkingDirectoryTests {
  private let inHome = Fixture.host { $0.workingDirectory = "/home/ann" }

  /// The policy of a profile and options of the command line after it.
  private func resolve(
    _ text: String, _ options: (option: String, value: String)..., host: HostFacts = Fixture.host()
  ) throws -> PolicyResult {
    var line = CommandLineProfile(workingDirectory: host.workingDirectory)
    for (index, option) in options.enumerated() {
      try line.add(option: option.option, value: option.value, argument: 2 + 2 * index)
    }
    line.setCommand(["true"], argument: 2 + 2 * options.count)
    let own = Fixture.read(text).profile
    return PolicyResolver.resolve([own, line.read().profile], host: host, app: "app")
  }

  @Test("$CWD is refused where it is the whole home, what is above it, or the root")
  func wholeHome() throws {
    let text = "files.read = [\"$CWD\"]"
    #expect(Fixture.errors(text).isEmpty)
    for directory in ["/home/ann", "/home", "/"] {
      let errors = Fixture.errors(text, host: Fixture.host { $0.workingDirectory = directory })
      #expect(errors.count == 1, "\(directory)")
      #expect(errors.first?.contains("this profile would show all of it") == true)
    }
    #expect(Fixture.errors("files.write = [\"${CWD}\"]", host: inHome).count == 1)
    #expect(Fixture.errors("files.write = [\"${CWD}/out\"]", host: inHome).isEmpty)
    #expect(
      Fixture.errors("files.read = [\"$HOME\"]", host: inHome).isEmpty, "said in so many words")
  }

  @Test("what the command line names beneath a profile's $CWD can be given to write")
  func writeBeneath() throws {
    let policy = try resolve("files.read = [\"$CWD\"]", ("--write", "out")).get()
    #expect(policy.files.rules.last?.target == "/home/ann/work/out")
    #expect(policy.files.rules.last?.kind == .write)
    #expect(throws: PolicyErrors.self, "another path that a base has as read") {
      try resolve("files.read = [\"/usr\"]", ("--write", "/usr/local")).get()
    }
    #expect(throws: PolicyErrors.self, "what a base hides there") {
      try resolve(
        "files.read = [\"$CWD\"]\nfiles.hide = [\"$CWD/keys\"]", ("--write", "keys")
      ).get()
    }
    let derived = Fixture.errors("files.read = [\"$CWD\"]", "files.write = [\"$CWD/out\"]")
    #expect(derived.count == 1, "another profile still gives its reason")
  }

  @Test("an app starts there if it is shown anything of it") func start() throws {
    #expect(try resolve("", ("--read", "in.png")).get().workdir == "/home/ann/work")
    #expect(try resolve("", ("--write", "deep/out")).get().workdir == "/home/ann/work")
    #expect(try resolve("", ("--read", "/usr")).get().workdir == "/")
    #expect(try resolve("", ("--read", "/etc/x:/home/ann/work/x")).get().workdir == "/home/ann")
    #expect(try resolve("files.private = [\"$CWD/tmp\"]").get().workdir == "/home/ann")
  }
}

@Suite("directories on the way to what is shown")
struct SkeletonTests {
  @Test("cannot be written: a result there would be lost without a word") func unwritable() throws {
    let shop = try Workshop()
    shop.write("text", to: "in")
    let lost = shop.isolated("--read", "in", "--", "cp", "in", "result")
    #expect(lost.code == 1)
    #expect(lost.errors.contains("Permission denied"), "\(lost.errors)")
    let kept = shop.isolated("--read", "in", "--write", "out", "--", "cp", "in", "out/result")
    #expect(kept.code == 0, "\(kept.errors)")
    #expect(shop.text("out/result") == "text")
  }
}

@Suite("hints about arguments")
struct UnseenFilesTests {
  private func hints(_ files: String, _ command: String...) throws -> [String] {
    var policy = try Fixture.policy("files.read = [\(files)]")
    policy.command = command
    return Hints.unseenFiles(policy, from: "/usr")
  }

  @Test("name what is there and not shown, in the words of the command line") func named() throws {
    #expect(
      try hints("\"/opt\"", "cat", "lib", "-lib", "nosuch", "/usr/bin", "").map { $0.prefix(9) }
        == ["lib is he", "/usr/bin "])
    #expect(try hints("\"/usr\"", "cat", "lib", "/usr/bin") == [])
    #expect(
      try hints("\"/usr/lib\"", "ls", "lib", "/usr", "/") == [], "on the way to what is shown")
    #expect(try hints("\"/opt\"", "cat", "/dev/null", "/proc/self", "/etc/passwd", "../etc") == [])
    #expect(try hints("\"/opt\"", "cat", "lib", "bin", "share", "sbin").count == 3)
  }
}
