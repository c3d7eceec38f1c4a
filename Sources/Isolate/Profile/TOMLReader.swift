/// Reads TOML 1.0 and keeps the line and column of every key and value.
package enum TOMLReader {
  /// The largest document that is read, in bytes.
  package static let maxBytes = 1 << 20
  /// How deep arrays and tables may stand inside each other; the document itself is depth 0.
  package static let maxDepth = 64

  /// Reads a whole document.
  ///
  /// Bytes that are not UTF-8 are reported before any other error. A table that [headers] or dotted
  /// keys made stands where the key stands that first named it.
  ///
  /// - Parameters:
  ///   - bytes: the document, UTF-8.
  ///   - file: the name that positions carry.
  /// - Throws: the first syntax error, with its place.
  package static func read(_ bytes: [UInt8], file: String) throws(Diagnostic) -> TOMLTable {
    guard bytes.count <= maxBytes else {
      throw Diagnostic(
        at: Position(file: file, line: 1),
        "the file has \(bytes.count) bytes, and at most \(maxBytes) (1 MiB) are read")
    }
    var parser = TOMLParser(bytes, file: file)
    try parser.checkEncoding()
    return try parser.document()
  }
}

extension TOMLParser {
  /// Reads the document from its first byte to its last.
  mutating func document() throws(Diagnostic) -> TOMLTable {
    skipByteOrderMark()
    var section = TOMLDrafts.root
    while true {
      skipSpace()
      switch peek() {
      case TOMLByte.lineFeed, TOMLByte.carriageReturn:
        try newline()
      case TOMLByte.hash:
        try comment()
      case TOMLByte.openBracket:
        section = try header()
        try endLine()
      case 0 where isAtEnd:
        return drafts.finish(TOMLDrafts.root)
      default:
        try keyValue(into: section)
        try endLine()
      }
    }
  }

  /// Reads `[a.b]` or `[[a.b]]` and returns the table that the lines below it fill.
  private mutating func header() throws(Diagnostic) -> Int {
    let isElement = peek(1) == TOMLByte.openBracket
    at += isElement ? 2 : 1
    var table = TOMLDrafts.root
    skipSpace()
    var key = try self.key()
    skipSpace()
    while peek() == TOMLByte.dot {
      table = try drafts.passHeader(key, in: table)
      at += 1
      skipSpace()
      key = try self.key()
      skipSpace()
    }
    let closing = isElement ? "]]" : "]"
    guard peek() == TOMLByte.closeBracket, !isElement || peek(1) == TOMLByte.closeBracket else {
      throw fail(
        at: at,
        "a table header that starts with \(isElement ? "[[" : "[") must be closed with "
          + "\(closing), but here is \(found(at: at))",
        cure: "close the header: \(isElement ? "[[name]]" : "[name]")")
    }
    at += isElement ? 2 : 1
    return isElement
      ? try drafts.openElement(key, in: table) : try drafts.openTable(key, in: table)
  }

  /// Reads `key = value`, with a plain or dotted key, into a table.
  mutating func keyValue(into section: Int) throws(Diagnostic) {
    var table = section
    var key = try self.key()
    skipSpace()
    while peek() == TOMLByte.dot {
      table = try drafts.passDotted(key, in: table)
      at += 1
      skipSpace()
      key = try self.key()
      skipSpace()
    }
    guard peek() == TOMLByte.equals else {
      throw fail(
        at: at, "after a key comes =, but here is \(found(at: at))",
        cure: isBare(peek()) ? "a key with spaces stands in quotes" : "write key = value")
    }
    at += 1
    skipSpace()
    try drafts.checkFree(key, in: table)
    let node = try value(inside: drafts.depth(of: table))
    drafts.append(key, node, to: table)
  }

  /// Allows nothing but space and a comment up to the end of the line.
  private mutating func endLine() throws(Diagnostic) {
    skipSpace()
    if peek() == TOMLByte.hash { try comment() }
    if isAtEnd { return }
    guard peek() == TOMLByte.lineFeed || peek() == TOMLByte.carriageReturn else {
      if isControl(peek()) { throw badControl(at: at) }
      throw fail(
        at: at, "the line must end here, but here is \(found(at: at))",
        cure: "start a new line, or put # before a comment")
    }
    try newline()
  }
}
