/// Where a rule was written. It is the rule's identity everywhere: in refusals, in `show`, in reports.
package struct Position: Hashable, Sendable, CustomStringConvertible {
  /// The file as the user would open it, or `Position.commandLine`.
  package var file: String
  /// Counted from 1. On the command line: the number of the argument, counted from 1.
  package var line: Int
  /// Counted from 1, in characters (Unicode scalars), as editors count.
  package var column: Int

  /// The file name that stands for the command line.
  package static let commandLine = "command line"
  /// The file name that stands for what is built in, when no profile said anything.
  package static let builtIn = "built-in"

  /// Of a rule that is built in.
  package static let ofBuiltIn = Position(file: builtIn, line: 1)

  package init(file: String, line: Int, column: Int = 1) {
    self.file = file
    self.line = line
    self.column = column
  }

  /// `file:line`, or `command line:argument N`: what a person is shown beside a value.
  package var description: String {
    if file == Position.commandLine { return "command line:argument \(line)" }
    if file == Position.builtIn { return "built-in" }
    return "\(file):\(line)"
  }

  /// `file:line:column`, as compilers print it and editors jump to it.
  package var precise: String {
    if file == Position.commandLine || file == Position.builtIn { return description }
    return "\(file):\(line):\(column)"
  }
}

extension Position: Comparable {
  /// Which of two places of one file comes first.
  package static func < (first: Position, second: Position) -> Bool {
    (first.line, first.column) < (second.line, second.column)
  }
}
