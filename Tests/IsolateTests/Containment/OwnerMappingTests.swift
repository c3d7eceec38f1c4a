import Testing

@testable import Isolate

/// A container's root file system is an overlay, which cannot map owners: there files keep theirs, and it is said.
@Suite("Where a file system cannot map owners", .enabled(if: Privileges.isRoot))
struct OwnerMappingTests {
  /// Runs a script in /tmp/... on an overlay of its own, with `$1` the executable: it holds `open`, which everybody may use, and
  /// `closed`, which root alone may.
  private func onOverlay(_ script: String) throws -> Ran {
    let scratch = try Scratch()
    let arranged = """
      set -e
      cd "$2"; mkdir base; mount -t tmpfs none base
      mkdir base/lower base/upper base/work base/merged base/lower/open base/lower/closed
      echo mine >base/lower/open/file; echo secret >base/lower/closed/file
      chmod 777 base/lower/open; chmod 700 base/lower/closed
      mount -t overlay none -o lowerdir=base/lower,upperdir=base/upper,workdir=base/work base/merged
      cd base/merged; set +e
      """
    return Run.command([
      "/usr/bin/unshare", "-m", "/bin/sh", "-c", arranged + "\n" + script, "sh", Executable.path,
      scratch.path,
    ])
  }

  private static let notice = "cannot map owners: the app may do there what the files' modes allow"

  @Test(arguments: ["read", "write", "overlay"])
  func theAppMayDoWhatModesAllow(_ kind: String) throws {
    let ran = try onOverlay(
      """
      "$1" run --\(kind) open -- cat open/file
      "$1" run --\(kind) closed -- cat closed/file
      """)
    #expect(ran.output == "mine\n", "\(ran.errors)")
    #expect(ran.errors.contains("command line:argument 2: the file system of /"), "\(ran.errors)")
    #expect(ran.errors.contains(Self.notice), "\(ran.errors)")
    #expect(ran.errors.contains("Permission denied"), "\(ran.errors)")
  }

  @Test func whatTheAppWritesIsNotRoots() throws {
    let ran = try onOverlay(
      """
      "$1" run --quiet --write open -- sh -c 'echo new >open/new; echo more >>open/file'
      stat -c %u open/new; cat open/new open/file
      """)
    let lines = ran.output.split(separator: "\n")
    #expect(lines.dropFirst() == ["new", "mine"], "\(ran.output)\(ran.errors)")
    #expect(lines.first.flatMap { Int($0) }.map { $0 >= 1 << 16 } == true, "\(ran.output)")
    #expect(!ran.errors.contains(Self.notice), "\(ran.errors)")
  }

  @Test func aBrokerOpensWhatItMay() throws {
    let ran = try onOverlay(
      """
      cat >../app.toml <<END
      extends = ["default"]
      [command]
      run = ["python3", "-B", "-c", "import sys; sys.path.insert(0, '\(Executable.root)/clients/python'); import isolated; print(isolated.connect().list('open')[0].name)"]
      [files]
      read = ["\(Executable.root)/clients/python"]
      [grants.open]
      files = "$PWD/open"
      END
      "$1" run ../app.toml
      """)
    #expect(ran.output == "file\n", "\(ran.errors)")
  }

  @Test func elsewhereTheyAreMapped() throws {
    let scratch = try Scratch()
    let file = scratch.file("file", "mine\n")
    _ = Run.shell("chmod 700 \"$1\" && chmod 600 \"$2\"", [scratch.path, file])
    let ran = Run.command([Executable.path, "run", "--read", scratch.path, "--", "cat", file])
    #expect(ran.output == "mine\n", "\(ran.errors)")
    #expect(!ran.errors.contains(Self.notice), "\(ran.errors)")
  }
}
