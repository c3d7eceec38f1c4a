import Glibc

extension Executable {
  /// The program that attacks, beside the test bundle.
  static var victim: String { Run.products + "/victim" }
}

/// A scratch directory for one run, with what attacks need in it, removed afterwards.
///
///     secret        a file of the caller, mode 0600
///     public        a file of the caller, mode 0644
///     shown/        with the files `plain` and `hidden`, for rules
///     open/         to be written, with the file `plain`
///     program       a copy of the victim, owned by the caller
struct Scene {
  let directory: String

  static func run<Result>(_ body: (Scene) -> Result) -> Result {
    guard let template = unsafe strdup("/var/tmp/isolated-victim-XXXXXX"),
      let made = unsafe mkdtemp(template)
    else { preconditionFailure("no scratch directory") }
    defer { unsafe free(template) }
    let scene = Scene(directory: unsafe String(cString: made))
    scene.furnish()
    let result = body(scene)
    let id = scene.directory.suffix(6)
    let copies = ["/tmp/isolated-copy-\(id)", "/dev/shm/isolated-copy-\(id)"]
    _ = Run.command(["/bin/rm", "-rf", "--", scene.directory] + copies)
    return result
  }

  private func furnish() {
    let script = """
      cd "$1" && umask 022 && chmod 755 . && mkdir shown open && echo secret >secret \
      && echo public >public && echo plain >shown/plain && echo hidden >shown/hidden \
      && echo plain >open/plain && chmod 600 secret && cp "$2" program
      """
    let ran = Run.shell(script, [directory, Executable.victim])
    precondition(ran.code == 0, "the scratch directory cannot be made: \(ran.errors)")
  }

  /// The words up to the program.
  func isolated(_ options: [String]) -> [String] {
    [Executable.path, "run", "--read", Executable.victim] + options + ["--"]
  }

  private func expanded(_ word: String) -> String {
    var result = ""
    var rest = word[...]
    while let dollar = rest.firstIndex(of: "$") {
      result += rest[..<dollar]
      rest = rest[dollar...]
      if rest.hasPrefix("$DIR") {
        result += directory
        rest = rest.dropFirst(4)
      } else if rest.hasPrefix("$VICTIM") {
        result += Executable.victim
        rest = rest.dropFirst(7)
      } else if rest.hasPrefix("$ID") {
        result += directory.suffix(6)
        rest = rest.dropFirst(3)
      } else if rest.hasPrefix("$HOST") {
        result += Self.hostName
        rest = rest.dropFirst(5)
      } else {
        result += "$"
        rest = rest.dropFirst()
      }
    }
    return result + rest
  }

  private static var hostName: String {
    String(Run.read("/proc/sys/kernel/hostname").prefix { !$0.isNewline })
  }

  func ran(_ words: [String]) -> Ran { Run.command(words.map(expanded)) }

  /// Runs a shell program with the words as $1, $2...
  func shell(_ script: String, _ words: [String]) -> Ran {
    Run.shell(script, words.map(expanded))
  }

  func outcome(of words: [String], mode: String) -> Outcome {
    let ran = self.ran(words)
    let lines = ran.output.split(whereSeparator: \.isNewline)
    let prefix = "\(mode): "
    let said = lines.last { $0.hasPrefix(prefix) }?.dropFirst(prefix.count) ?? ""
    if ran.code == 0, said == "done" { return .done }
    if ran.code == 10, said.hasPrefix("refused ") { return .refused(String(said.dropFirst(8))) }
    if ran.code > 128 { return .killed(ran.code - 128) }
    return .other(code: ran.code, ran.output + ran.errors)
  }
}
