/// What to say when an app has failed and its arguments tell what it probably wanted. Nothing here is certain, so each
/// line states a fact about the view and leaves the conclusion to the reader.
extension Hints {
  /// All of them, at most one about the network and one about an output.
  ///
  /// - Parameter directory: the caller's working directory, which relative paths begin at.
  package static func afterFailure(_ policy: Policy, from directory: String) -> [String] {
    unseenFiles(policy, from: directory) + unwritableOutput(policy, from: directory)
      + missingNetwork(policy)
  }

  // MARK: - Network

  /// The app has no way to what an argument names: an address, a URL.
  static func missingNetwork(_ policy: Policy) -> [String] {
    guard policy.network.mode != .host,
      let host = policy.command.dropFirst().lazy.compactMap({ Self.host(in: $0) }).first
    else { return [] }
    let isOwn = ["localhost", "::1"].contains(host) || host.hasPrefix("127.")
    if policy.network.mode == .loopback {
      if isOwn { return [] }
      return [
        "\(host) cannot be reached: the app has only a loopback of its own\(Self.reason(policy))"
          + "\n  help: --network host"
      ]
    }
    let cure =
      isOwn
      ? "--network host reaches the machine's own services; --network loopback is one of the app's own"
      : "--network host"
    return [
      "\(host) cannot be reached: the app has no network\(Self.reason(policy))\n  help: \(cure)"
    ]
  }

  private static func reason(_ policy: Policy) -> String {
    let mode = policy.network.mode.rawValue
    if let position = policy.network.modePosition { return "; \(position) says \"\(mode)\"" }
    return "; \"\(mode)\" is the default, nothing was refused"
  }

  /// The host that a URL (anywhere in the word), an `address:port` or a numeric address names; nil if there is surely or
  /// probably none.
  static func host(in word: String) -> String? {
    let bytes = Array(word.utf8)
    guard let first = bytes.first, first != UInt8(ascii: "-"), bytes.count < 2048 else {
      return nil
    }
    if let mark = bytes.indices.first(where: { bytes[$0...].starts(with: "://".utf8) }) {
      let letters = bytes[..<mark].reversed().prefix { isLetter($0) || $0 == UInt8(ascii: "+") }
      let scheme = String(decoding: letters.reversed(), as: UTF8.self)
      if scheme.isEmpty || scheme == "file" || scheme == "unix" { return nil }
      /* In a script the URL ends with its quotes. */
      var rest = bytes[(mark + 3)...].prefix { !"/?#'\"`<>)\\ \t\n".utf8.contains($0) }
      if let at = rest.lastIndex(of: UInt8(ascii: "@")) { rest = rest[(at + 1)...] }
      if rest.first == UInt8(ascii: "[") {
        rest = rest.dropFirst().prefix { $0 != UInt8(ascii: "]") }
      } else {
        rest = rest.prefix { $0 != UInt8(ascii: ":") }
      }
      return rest.isEmpty ? nil : String(decoding: rest, as: UTF8.self)
    }
    let parts = bytes.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
    let name = String(decoding: parts[0], as: UTF8.self)
    if name == "localhost" || isAddress(parts[0]) { return name }
    guard parts.count == 2, isNumber(parts[1], upTo: 65535), parts[0].contains(UInt8(ascii: ".")),
      parts[0].allSatisfy({ isLetter($0) || isDigit($0) || $0 == 0x2d || $0 == 0x2e })
    else { return nil }
    return name
  }

  private static func isLetter(_ byte: UInt8) -> Bool { (97...122).contains(byte | 0x20) }
  private static func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }

  private static func isNumber(_ bytes: ArraySlice<UInt8>, upTo limit: Int) -> Bool {
    guard (1...5).contains(bytes.count), bytes.allSatisfy(isDigit) else { return false }
    return bytes.reduce(0) { $0 * 10 + Int($1 - 48) } <= limit
  }

  private static func isAddress(_ bytes: ArraySlice<UInt8>) -> Bool {
    let parts = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    return parts.count == 4 && parts.allSatisfy { isNumber($0, upTo: 255) }
  }

  // MARK: - Output

  /// A file that the app was told to write, where it may not: what follows `-o` and its like, or a last argument that
  /// names a file which is not there yet.
  static func unwritableOutput(_ policy: Policy, from directory: String) -> [String] {
    for output in outputs(policy.command) {
      guard let path = absolute(output.path, from: directory) else { continue }
      let isThere = exists(path)
      if isThere && !output.isCertain { continue }
      let place = isThere ? path : parent(path)
      let words = isThere ? output.path : parentWords(output.path)
      guard exists(place), !isOwn(place, policy) else { continue }
      /* On the way to what is shown there is only an empty directory for the name. */
      let isOnTheWay = policy.files.rules.contains {
        $0.target != place && ProfilePath.contains(place, $0.target)
      }
      guard let rule = rule(for: place, policy), !(isOnTheWay && rule.kind == .private) else {
        /* What is there and not shown has its hint already. */
        if isThere { continue }
        return [
          "\(output.path) cannot be written: its directory is not in the app's view"
            + "\n  help: --write \(words)"
        ]
      }
      guard rule.kind == .read else { continue }
      return [
        "\(output.path) cannot be written: the rule at \(rule.position) lets the app only read "
          + "\(rule.source)\n  help: --write \(words)"
      ]
    }
    return []
  }

  private static let outputOptions: Set<String> = [
    "-o", "-O", "--output", "--out", "--output-document",
  ]

  /// - Returns: each with whether the command line says that it is an output.
  private static func outputs(_ command: [String]) -> [(path: String, isCertain: Bool)] {
    var found: [(path: String, isCertain: Bool)] = []
    for (index, word) in command.enumerated().dropFirst() {
      if outputOptions.contains(command[index - 1]), index > 1 {
        found.append((word, true))
      } else {
        for option in ["--output=", "of="] where word.hasPrefix(option) {
          found.append((String(word.dropFirst(option.count)), true))
        }
      }
    }
    if let last = command.dropFirst().last, host(in: last) == nil, looksLikeFile(last) {
      found.append((last, false))
    }
    return found
  }

  /// It has a slash in it, or a name and a short ending.
  private static func looksLikeFile(_ word: String) -> Bool {
    let bytes = Array(word.utf8)
    guard let first = bytes.first, !bytes.contains(UInt8(ascii: " ")), first != UInt8(ascii: "-")
    else { return false }
    if bytes.contains(UInt8(ascii: "/")) { return true }
    guard let dot = bytes.lastIndex(of: UInt8(ascii: ".")), first != UInt8(ascii: ".") else {
      return false
    }
    let ending = bytes[(dot + 1)...]
    return (1...5).contains(ending.count) && ending.allSatisfy { isLetter($0) || isDigit($0) }
      && ending.contains(where: isLetter)
  }

  private static func parent(_ path: String) -> String {
    let end = path.lastIndex(of: "/") ?? path.startIndex
    return end == path.startIndex ? "/" : String(path[..<end])
  }

  private static func parentWords(_ word: String) -> String {
    guard let end = word.lastIndex(of: "/") else { return "." }
    return end == word.startIndex ? "/" : String(word[..<end])
  }
}
