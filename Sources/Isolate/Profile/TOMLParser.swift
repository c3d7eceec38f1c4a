/// The bytes that mean something in TOML.
enum TOMLByte {
  static let tab: UInt8 = 0x09
  static let lineFeed: UInt8 = 0x0A
  static let carriageReturn: UInt8 = 0x0D
  static let space: UInt8 = 0x20
  static let quote: UInt8 = 0x22
  static let hash: UInt8 = 0x23
  static let apostrophe: UInt8 = 0x27
  static let plus: UInt8 = 0x2B
  static let comma: UInt8 = 0x2C
  static let minus: UInt8 = 0x2D
  static let dot: UInt8 = 0x2E
  static let zero: UInt8 = 0x30
  static let nine: UInt8 = 0x39
  static let colon: UInt8 = 0x3A
  static let equals: UInt8 = 0x3D
  static let openBracket: UInt8 = 0x5B
  static let backslash: UInt8 = 0x5C
  static let closeBracket: UInt8 = 0x5D
  static let underscore: UInt8 = 0x5F
  static let openBrace: UInt8 = 0x7B
  static let closeBrace: UInt8 = 0x7D
}

/// Walks over the bytes of one document, and knows its line and column.
///
/// It reads bytes, never characters: a profile is read on the way to every launch.
struct TOMLParser {
  let bytes: [UInt8]
  let file: String
  var drafts: TOMLDrafts
  /// The next byte to read.
  var at = 0
  private(set) var line = 1
  private var lineStart = 0
  /// A byte of this line whose column is known, so that a long line is counted only once.
  private var marked = 0
  private var markedColumn = 1

  init(_ bytes: [UInt8], file: String) {
    self.bytes = bytes
    self.file = file
    drafts = TOMLDrafts()
  }

  var isAtEnd: Bool { at >= bytes.count }

  /// A byte from here on, or 0 behind the end; a 0 inside a document is refused everywhere.
  func peek(_ ahead: Int = 0) -> UInt8 { byte(at + ahead) }

  func byte(_ offset: Int) -> UInt8 { offset < bytes.count ? bytes[offset] : 0 }

  // MARK: Places

  /// The place of a byte that is not behind this line's end.
  mutating func position(of offset: Int) -> Position {
    let column = column(of: offset)
    if offset >= marked {
      marked = offset
      markedColumn = column
    }
    return Position(file: file, line: line, column: column)
  }

  private func column(of offset: Int) -> Int {
    offset >= marked
      ? markedColumn + scalars(marked, offset) : 1 + scalars(lineStart, max(lineStart, offset))
  }

  /// How many Unicode scalars start in a range of bytes.
  private func scalars(_ start: Int, _ end: Int) -> Int {
    var count = 0
    var index = start
    while index < end {
      if bytes[index] & 0xC0 != 0x80 { count += 1 }
      index += 1
    }
    return count
  }

  /// How many characters lie between a place and here, at most to the end of the place's line.
  mutating func length(from start: Int, _ position: Position) -> Int {
    if position.line == line { return self.position(of: at).column - position.column }
    var end = start
    while end < at, bytes[end] != TOMLByte.lineFeed, bytes[end] != TOMLByte.carriageReturn {
      end += 1
    }
    return scalars(start, end)
  }

  /// An error on the current line.
  func fail(at offset: Int, to end: Int? = nil, _ message: String, cure: String? = nil)
    -> Diagnostic
  {
    let position = Position(file: file, line: line, column: column(of: offset))
    let length = end.map { scalars(offset, min($0, bytes.count)) } ?? 1
    return Diagnostic(at: position, length: length, message, cure: cure)
  }

  // MARK: Space, comments, lines

  mutating func skipByteOrderMark() {
    guard byte(0) == 0xEF, byte(1) == 0xBB, byte(2) == 0xBF else { return }
    at = 3
    startLine()
  }

  mutating func skipSpace() {
    while at < bytes.count, bytes[at] == TOMLByte.space || bytes[at] == TOMLByte.tab { at += 1 }
  }

  /// Skips space, comments and line ends, as inside an array.
  mutating func skipBlank() throws(Diagnostic) {
    while true {
      skipSpace()
      switch peek() {
      case TOMLByte.lineFeed, TOMLByte.carriageReturn: try newline()
      case TOMLByte.hash: try comment()
      default: return
      }
    }
  }

  /// Skips a comment, up to the end of its line.
  mutating func comment() throws(Diagnostic) {
    while at < bytes.count, !isControl(bytes[at]) { at += 1 }
    if isAtEnd || isNewline() { return }
    throw badControl(at: at)
  }

  /// Whether a line feed, or a carriage return and a line feed, stands here.
  func isNewline() -> Bool {
    peek() == TOMLByte.lineFeed
      || (peek() == TOMLByte.carriageReturn && peek(1) == TOMLByte.lineFeed)
  }

  /// Goes to the next line.
  mutating func newline() throws(Diagnostic) {
    guard isNewline() else { throw badControl(at: at) }
    at += peek() == TOMLByte.carriageReturn ? 2 : 1
    line += 1
    startLine()
  }

  private mutating func startLine() {
    lineStart = at
    marked = at
    markedColumn = 1
  }

  // MARK: Kinds of bytes

  /// Whether a byte is a control character other than the tab.
  func isControl(_ byte: UInt8) -> Bool {
    (byte < 0x20 && byte != TOMLByte.tab) || byte == 0x7F
  }

  func isDigit(_ byte: UInt8) -> Bool { byte >= TOMLByte.zero && byte <= TOMLByte.nine }

  /// Whether a byte may stand in a key without quotes.
  func isBare(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x61...0x7A, 0x41...0x5A, 0x30...0x39, TOMLByte.minus, TOMLByte.underscore: true
    default: false
    }
  }

  /// Whether a byte may stand in a number, a date, a time or `true`.
  func isTokenByte(_ byte: UInt8) -> Bool {
    isBare(byte) || byte == TOMLByte.plus || byte == TOMLByte.dot || byte == TOMLByte.colon
  }
}
