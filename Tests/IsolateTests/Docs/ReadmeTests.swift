import Testing

/// A command of a document, and what the document says it prints.
struct ShownCommand: Sendable {
  var text: String
  /// Lines; "..." stands for any text in a line, and alone for any number of lines.
  var expected: [String] = []
}

/// A ```console run block: `$ command` lines, each followed by what it prints, run in one shell.
struct ConsoleBlock: CustomTestStringConvertible, Sendable {
  var place: String
  var commands: [ShownCommand] = []

  var testDescription: String { place }

  /// The blocks of a document that are to be run.
  static func all(in path: String) -> [ConsoleBlock] {
    var blocks: [ConsoleBlock] = []
    var isInside = false
    /// The word that ends the here-document that the last command goes on with.
    var hereEnd: String?
    for (index, line) in Tree.lines(path).enumerated() {
      if line.hasPrefix("```") {
        isInside = line == "```console run"
        if isInside { blocks.append(ConsoleBlock(place: "\(path):\(index + 1)")) }
        continue
      }
      guard isInside, let last = blocks.indices.last else { continue }
      if let end = hereEnd {
        blocks[last].commands[blocks[last].commands.count - 1].text += "\n" + line
        if line == end { hereEnd = nil }
      } else if line.hasPrefix("$ ") {
        blocks[last].commands.append(ShownCommand(text: String(line.dropFirst(2))))
        if line.hasSuffix("<<'END'") { hereEnd = "END" }
      } else if !blocks[last].commands.isEmpty {
        blocks[last].commands[blocks[last].commands.count - 1].expected.append(line)
      }
    }
    return blocks
  }

  /// Between the outputs of two commands.
  static let mark = "@@ next @@"

  /// One shell for all of them, so that `cd` and `$?` go on.
  var script: String {
    let steps = commands.map { command in
      "(exit $code)\n\(command.text)\ncode=$?\necho '\(Self.mark)'"
    }
    return """
      directory=$(mktemp -d /tmp/isolated-test-XXXXXX)
      trap 'rm -rf "$directory"' EXIT
      mkdir "$directory/home" "$directory/bin"
      ln -s "$1" "$directory/bin/isolated"
      PATH=$directory/bin:$PATH HOME=$directory/home LC_ALL=C.UTF-8 ISOLATED_PYTHON=$2
      export PATH HOME LC_ALL ISOLATED_PYTHON
      unset XDG_CONFIG_HOME XDG_CACHE_HOME
      mkdir "$HOME/work" && cd "$HOME/work" || exit 1
      exec 2>&1
      code=0
      \(steps.joined(separator: "\n"))
      """
  }
}

/// Whether text is what a line with "..." in it stands for.
func matches(_ pattern: String, _ text: String) -> Bool {
  let parts = pattern.split(separator: "...", omittingEmptySubsequences: false).map(String.init)
  guard parts.count > 1 else { return pattern == text }
  guard text.hasPrefix(parts[0]) else { return false }
  var rest = text.dropFirst(parts[0].count)
  for part in parts.dropFirst().dropLast() where !part.isEmpty {
    guard let found = rest.firstRange(of: part) else { return false }
    rest = rest[found.upperBound...]
  }
  return rest.hasSuffix(parts[parts.count - 1])
}

/// Whether lines are what lines with "..." stand for.
func matches(_ patterns: ArraySlice<String>, _ lines: ArraySlice<String>) -> Bool {
  guard let pattern = patterns.first else { return lines.isEmpty }
  if pattern == "..." {
    return (lines.startIndex...lines.endIndex).contains {
      matches(patterns.dropFirst(), lines[$0...])
    }
  }
  guard let line = lines.first, matches(pattern, line) else { return false }
  return matches(patterns.dropFirst(), lines.dropFirst())
}

@Suite("Documents that show commands")
struct ReadmeTests {
  static let blocks = ["README.md", "HACKING.md"].flatMap(ConsoleBlock.all)

  @Test("have blocks to run")
  func blocksAreThere() {
    #expect(Self.blocks.filter { $0.place.hasPrefix("README.md") }.count >= 5)
    #expect(Self.blocks.allSatisfy { !$0.commands.isEmpty })
  }

  @Test("show what the commands print", arguments: blocks)
  func prints(block: ConsoleBlock) {
    let ran = Run.shell(block.script, [Executable.path, Tree.root + "/clients/python"])
    var outputs: [[String]] = [[]]
    for line in ran.output.split(separator: "\n", omittingEmptySubsequences: false) {
      if line == ConsoleBlock.mark {
        outputs.append([])
      } else {
        outputs[outputs.count - 1].append(String(line))
      }
    }
    #expect(outputs.count == block.commands.count + 1, "\(ran.output)")
    for (command, output) in zip(block.commands, outputs) {
      #expect(
        matches(command.expected[...], output[...]),
        "\(block.place): $ \(command.text)\nprinted \(output)\nnot \(command.expected)")
    }
  }

  @Test("are compared line by line, with ... for what differs")
  func comparison() {
    #expect(matches(["a", "..."], ["a"]))
    #expect(matches(["a", "...", "d"], ["a", "b", "c", "d"]))
    #expect(!matches(["a", "...", "d"], ["a", "b", "c"]))
    #expect(matches(["x ... z"], ["x y z"]))
    #expect(!matches(["x ... z"], ["x y"]))
    #expect(!matches(["x"], ["x", "y"]))
    #expect(!matches([], ["x"]))
  }
}
