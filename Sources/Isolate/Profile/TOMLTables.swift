/// The tables of a document while it is read, held flat so that filling one copies none.
struct TOMLDrafts {
  /// What made a table, which decides what may still be added to it.
  private enum Origin {
    /// Named only on the way to a deeper [header]; one [header] of its own may still come.
    case passed
    /// Made by its own [header] or an element of [[header]].
    case header
    /// Made by a dotted key.
    case dotted
    /// Not a table but the array that [[header]] makes; each of its entries is one element.
    case list
    /// Written in braces, or the document itself.
    case whole
  }

  private struct Draft {
    var origin: Origin
    var depth: Int
    var entries: [TOMLTable.Entry] = []
    /// For each entry the draft that its value is still made from, or `finished`.
    var links: [Int] = []
    /// Where each key is, once there are more than `indexedFrom` of them.
    var index: [ExactName: Int] = [:]
  }

  /// A name that equals only itself, byte for byte; a `String` also equals its other Unicode forms.
  private struct ExactName: Hashable {
    var name: String

    static func == (one: ExactName, other: ExactName) -> Bool { one.name.isExactly(other.name) }
    func hash(into hasher: inout Hasher) { hasher.combine(name) }
  }

  static let root = 0
  private static let finished = -1
  private static let indexedFrom = 24
  private var drafts = [Draft(origin: .whole, depth: 0)]

  func depth(of draft: Int) -> Int { drafts[draft].depth }

  // MARK: Entries

  private func find(_ name: String, in draft: Int) -> Int? {
    if drafts[draft].entries.count > Self.indexedFrom {
      return drafts[draft].index[ExactName(name: name)]
    }
    return drafts[draft].entries.firstIndex { $0.key.name.isExactly(name) }
  }

  /// Adds an entry whose key is known to be free.
  mutating func append(_ key: TOMLKey, _ node: TOMLNode, to draft: Int) {
    append(key, node, link: Self.finished, to: draft)
  }

  private mutating func append(_ key: TOMLKey, _ node: TOMLNode, link: Int, to draft: Int) {
    drafts[draft].entries.append(TOMLTable.Entry(key: key, node: node))
    drafts[draft].links.append(link)
    let count = drafts[draft].entries.count
    if count > Self.indexedFrom + 1 {
      drafts[draft].index[ExactName(name: key.name)] = count - 1
    } else if count == Self.indexedFrom + 1 {
      for (place, entry) in drafts[draft].entries.enumerated() {
        drafts[draft].index[ExactName(name: entry.key.name)] = place
      }
    }
  }

  private mutating func add(_ origin: Origin, _ key: TOMLKey, to draft: Int)
    throws(Diagnostic) -> Int
  {
    let made = try makeDraft(origin, inside: drafts[draft].depth, key.position, key.length)
    let node = TOMLNode(.table(TOMLTable()), at: key.position, length: key.length)
    append(key, node, link: made, to: draft)
    return made
  }

  private mutating func makeDraft(
    _ origin: Origin, inside depth: Int, _ position: Position, _ length: Int
  ) throws(Diagnostic) -> Int {
    guard depth < TOMLReader.maxDepth else { throw Self.tooDeep(position, length) }
    drafts.append(Draft(origin: origin, depth: depth + 1))
    return drafts.count - 1
  }

  static func tooDeep(_ position: Position, _ length: Int = 1) -> Diagnostic {
    Diagnostic(
      at: position, length: length,
      "arrays and tables may stand at most \(TOMLReader.maxDepth) deep inside each other")
  }

  /// Refuses a key that its table already has.
  func checkFree(_ key: TOMLKey, in draft: Int) throws(Diagnostic) {
    if let place = find(key.name, in: draft) { throw taken(key, place, in: draft) }
  }

  // MARK: Steps of a path

  /// Goes into the table that `a` of the dotted key `a.b` names, and makes it if need be.
  mutating func passDotted(_ key: TOMLKey, in draft: Int) throws(Diagnostic) -> Int {
    guard let place = find(key.name, in: draft) else { return try add(.dotted, key, to: draft) }
    let link = drafts[draft].links[place]
    guard link != Self.finished else { throw taken(key, place, in: draft) }
    switch drafts[link].origin {
    case .dotted: return link
    case .passed:
      drafts[link].origin = .dotted
      return link
    case .header, .list, .whole: throw taken(key, place, in: draft)
    }
  }

  /// Goes into the table that `a` of `[a.b]` names, and makes it if need be.
  mutating func passHeader(_ key: TOMLKey, in draft: Int) throws(Diagnostic) -> Int {
    guard let place = find(key.name, in: draft) else { return try add(.passed, key, to: draft) }
    let link = drafts[draft].links[place]
    guard link != Self.finished else { throw taken(key, place, in: draft) }
    switch drafts[link].origin {
    case .passed, .header, .dotted: return link
    case .list: return drafts[link].links.last ?? link
    case .whole: throw taken(key, place, in: draft)
    }
  }

  /// Opens the table that `b` of `[a.b]` names.
  mutating func openTable(_ key: TOMLKey, in draft: Int) throws(Diagnostic) -> Int {
    guard let place = find(key.name, in: draft) else { return try add(.header, key, to: draft) }
    let link = drafts[draft].links[place]
    guard link != Self.finished else { throw taken(key, place, in: draft) }
    switch drafts[link].origin {
    case .passed:
      drafts[link].origin = .header
      return link
    case .header, .dotted, .list, .whole: throw taken(key, place, in: draft)
    }
  }

  /// Opens one more element of the array that `b` of `[[a.b]]` names.
  mutating func openElement(_ key: TOMLKey, in draft: Int) throws(Diagnostic) -> Int {
    let list: Int
    if let place = find(key.name, in: draft) {
      list = drafts[draft].links[place]
      guard list != Self.finished else { throw taken(key, place, in: draft) }
      switch drafts[list].origin {
      case .list: break
      case .passed, .header, .dotted, .whole: throw taken(key, place, in: draft)
      }
    } else {
      list = try add(.list, key, to: draft)
    }
    let element = try makeDraft(.header, inside: drafts[list].depth, key.position, key.length)
    let node = TOMLNode(.table(TOMLTable()), at: key.position, length: key.length)
    drafts[list].entries.append(TOMLTable.Entry(key: key, node: node))
    drafts[list].links.append(element)
    return element
  }

  // MARK: Tables in braces

  /// Starts a table in braces, which stands inside `depth` arrays and tables.
  mutating func openInline(inside depth: Int, at position: Position) throws(Diagnostic) -> Int {
    try makeDraft(.whole, inside: depth, position, 1)
  }

  /// Ends a table in braces: nothing can be added to it any more.
  mutating func closeInline(_ draft: Int) -> TOMLTable {
    let table = finish(draft)
    drafts.removeSubrange(draft...)
    return table
  }

  /// The finished table of a draft, with everything in it.
  mutating func finish(_ draft: Int) -> TOMLTable {
    var table = TOMLTable()
    swap(&table.entries, &drafts[draft].entries)
    for place in table.entries.indices {
      let link = drafts[draft].links[place]
      guard link != Self.finished else { continue }
      let isList = drafts[link].origin == .list
      let value = finish(link)
      table.entries[place].node.value = isList ? .array(value.entries.map(\.node)) : .table(value)
    }
    return table
  }

  // MARK: Messages

  /// The error for a key that cannot be defined or extended here, since it already is something.
  private func taken(_ key: TOMLKey, _ place: Int, in draft: Int) -> Diagnostic {
    let first = drafts[draft].entries[place]
    let link = drafts[draft].links[place]
    let what: String
    let cure: String
    if link == Self.finished {
      what = first.node.value.typeInWords
      switch first.node.value {
      case .table: cure = "a table in braces is complete: write all its keys inside the braces"
      case .array: cure = "an array in brackets is complete: write all its values inside them"
      case .string, .integer, .float, .boolean, .dateTime: cure = "keep only one of the two"
      }
    } else {
      switch drafts[link].origin {
      case .list:
        what = "an array of tables"
        cure = "[[\(key.name.cutForMessage)]] adds an element to it"
      case .header, .passed:
        what = "a table"
        cure = "write all its keys below one [header]"
      case .dotted, .whole:
        what = "a table made by dotted keys"
        cure = "write all its keys in one place, all dotted or all below one [header]"
      }
    }
    let line = first.key.position.line
    return Diagnostic(
      at: key.position, length: key.length,
      "'\(key.name.cutForMessage)' is already defined on line \(line), as \(what)", cure: cure)
  }
}

extension String {
  /// Whether two names have the same bytes; TOML does not treat other forms of a letter as equal.
  fileprivate func isExactly(_ other: String) -> Bool {
    self == other && utf8.count == other.utf8.count && utf8.elementsEqual(other.utf8)
  }
}
