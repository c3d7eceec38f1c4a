/// What came of reading a file.
package enum ProfileFile: Sendable {
  case bytes([UInt8])
  case missing
  /// It is there but cannot be read: an error, for another file of the name may allow more.
  case unreadable(String)
}

/// Profiles that build on each other, bases first, with everything that is wrong with them.
package struct LoadedProfiles: Sendable {
  package var profiles: [Profile] = []
  package var diagnostics: [Diagnostic] = []
  /// What a person should know about where they came from.
  package var notices: [String] = []
  /// The texts that were read, for caret lines.
  package var sources: [(file: String, bytes: [UInt8])] = []

  package init() {}

  /// The line at a position, without its newline; nil if the text is not at hand.
  package func sourceLine(at position: Position) -> String? {
    guard let source = sources.first(where: { $0.file == position.file }) else { return nil }
    var line = 1
    var start = 0
    for (offset, byte) in source.bytes.enumerated() where byte == 0x0A {
      if line == position.line {
        return String(decoding: source.bytes[start..<offset], as: UTF8.self)
      }
      line += 1
      start = offset + 1
    }
    return line == position.line ? String(decoding: source.bytes[start...], as: UTF8.self) : nil
  }
}

/// Finds a profile and all it extends. Pure: the caller's closure reads the files.
package struct ProfileLoader {
  /// Deeper than this, `extends` is refused.
  package static let maximumDepth = 16
  /// Larger than this, a file is no profile.
  package static let maximumBytes = 1 << 20

  private let search: ProfileSearch
  private let read: (String) -> ProfileFile
  private var loaded = LoadedProfiles()
  /// The files already taken in.
  private var done: [String] = []
  /// The files on the way from the first profile to the one that is read, each with the place that
  /// named it.
  private var chain: [(file: String, namedAt: Position?)] = []

  /// Loads a profile by name or path, with the command line's rules as the most derived profile.
  ///
  /// - Parameter argument: the number of the argument that names it.
  package static func load(
    _ name: String, argument: Int = 1, search: ProfileSearch,
    commandLine: CommandLineProfile? = nil, read: (String) -> ProfileFile
  ) -> LoadedProfiles {
    withoutActuallyEscaping(read) { read in
      var loader = ProfileLoader(search: search, read: read)
      loader.add(
        Setting(name, at: Position(file: Position.commandLine, line: argument)), isBase: false,
        beside: nil, mayUseWorkingDirectory: true)
      if let commandLine, !commandLine.isEmpty {
        let (profile, diagnostics) = commandLine.read()
        loader.loaded.profiles.append(profile)
        loader.loaded.diagnostics += diagnostics
      }
      return loader.loaded
    }
  }

  private init(search: ProfileSearch, read: @escaping (String) -> ProfileFile) {
    self.search = search
    self.read = read
  }

  /// - Parameter isBeneath: a profile of the working directory leads to it by paths alone, each as that directory chose.
  private mutating func add(
    _ name: Setting<String>, isBase: Bool, beside directory: String?, mayUseWorkingDirectory: Bool,
    isBeneath: Bool = false
  ) {
    guard
      let found = find(
        name, isBase: isBase, beside: directory, mayUseWorkingDirectory: mayUseWorkingDirectory)
    else { return }
    if chain.contains(where: { $0.file == found.file }) {
      refuseCycle(name, found.file)
      return
    }
    if done.contains(found.file) { return }
    guard chain.count < Self.maximumDepth else {
      report(name, "`extends`: more than \(Self.maximumDepth) profiles deep", nil)
      return
    }
    loaded.sources.append((found.file, found.bytes))
    let profile: Profile
    let diagnostics: [Diagnostic]
    do throws(Diagnostic) {
      (profile, diagnostics) = try Self.read(found, name.value)
    } catch {
      loaded.diagnostics.append(error)
      done.append(found.file)
      return
    }
    let isOfWorkingDirectory =
      found.isInWorkingDirectory || isBeneath && ProfileSearch.isPath(name.value)
    chain.append((found.file, isBase ? name.position : nil))
    for base in profile.extends {
      add(
        base, isBase: true, beside: Self.directory(of: found.file),
        mayUseWorkingDirectory: found.isInWorkingDirectory, isBeneath: isOfWorkingDirectory)
    }
    chain.removeLast()
    done.append(found.file)
    loaded.profiles.append(profile)
    loaded.diagnostics += diagnostics
    if isOfWorkingDirectory { refuseCommands(profile) }
  }

  private static func read(
    _ found: Found, _ name: String
  ) throws(Diagnostic) -> (Profile, [Diagnostic]) {
    if found.isBuiltIn, name == "default" { return (BuiltInProfiles.defaultProfile, []) }
    return ProfileReader.read(
      try TOMLReader.read(found.bytes, file: found.file), name: self.name(name), file: found.file)
  }

  /// Whoever wrote the working directory must not run programs outside of the sandbox by way of a name that another
  /// place might have had.
  private mutating func refuseCommands(_ profile: Profile) {
    for grant in profile.grants {
      guard case .secretCommand(let command)? = grant.target else { continue }
      loaded.diagnostics.append(
        Diagnostic(
          at: command.position, length: command.length,
          "`grants.\(grant.name.value)`: a profile that was found in the working directory may not run commands",
          cure: "name the profile by its path: \(profile.file)"))
    }
  }

  private struct Found {
    var file: String
    var bytes: [UInt8]
    var isInWorkingDirectory = false
    var isBuiltIn = false
  }

  private mutating func find(
    _ name: Setting<String>, isBase: Bool, beside directory: String?, mayUseWorkingDirectory: Bool
  ) -> Found? {
    let candidates = search.candidates(for: name.value, beside: directory)
      .filter { mayUseWorkingDirectory || !$0.isInWorkingDirectory }
    for candidate in candidates {
      switch read(candidate.path) {
      case .missing: continue
      case .unreadable(let why):
        report(name, "profile \(candidate.path) cannot be read: \(why)", nil)
        return nil
      case .bytes(let bytes):
        guard bytes.count <= Self.maximumBytes else {
          report(name, "\(candidate.path) is larger than a profile can be", nil)
          return nil
        }
        if candidate.isInWorkingDirectory {
          loaded.notices.append(
            "Profile \(name.value) is \(candidate.path), from the working directory.")
        }
        return Found(
          file: candidate.path, bytes: bytes, isInWorkingDirectory: candidate.isInWorkingDirectory)
      }
    }
    if let (file, text) = BuiltInProfiles.named(name.value) {
      return Found(file: file, bytes: Array(text.utf8), isBuiltIn: true)
    }
    let near = nearest(to: name.value, in: (search.known?() ?? []) + BuiltInProfiles.names)
    report(
      name, "\(isBase ? "`extends`: " : "")no profile \"\(name.value)\"",
      (near.map { "did you mean \"\($0)\"? " } ?? "") + places(name.value, candidates))
    return nil
  }

  /// Where a profile was looked for, short enough to be read.
  private func places(_ name: String, _ candidates: [ProfileSearch.Candidate]) -> String {
    if ProfileSearch.isPath(name) {
      return "looked at \(candidates.map(\.path).joined(separator: ", "))"
    }
    let ending = "/apps/\(name).toml"
    let roots = candidates.filter { $0.path.hasSuffix(ending) }
      .map { String($0.path.dropLast(ending.utf8.count)) }
    return "looked for profiles/\(name).toml and apps/\(name).toml in "
      + "\(roots.joined(separator: ", ")); `isolated profiles` lists all"
  }

  private mutating func refuseCycle(_ name: Setting<String>, _ file: String) {
    let start = chain.firstIndex { $0.file == file } ?? 0
    var steps = chain[start...].map { link in
      link.namedAt.map { "\(link.file) (named at \($0))" } ?? link.file
    }
    steps.append("\(file) (named at \(name.position))")
    report(
      name, "`extends`: the profiles extend each other: \(steps.joined(separator: " -> "))",
      "take one of them out of the circle")
  }

  private mutating func report(_ name: Setting<String>, _ message: String, _ cure: String?) {
    loaded.diagnostics.append(
      Diagnostic(at: name.position, length: name.length, message, cure: cure))
  }

  /// A file's name without its directory and `.toml`.
  private static func name(_ asked: String) -> String {
    guard ProfileSearch.isPath(asked) else { return asked }
    let last = asked.utf8.split(separator: UInt8(ascii: "/")).last.map { String(Substring($0)) }
    guard let last, last.hasSuffix(".toml") else { return last ?? asked }
    return String(last.dropLast(5))
  }

  static func directory(of file: String) -> String {
    guard let slash = file.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
    return String(file[..<slash])
  }
}
