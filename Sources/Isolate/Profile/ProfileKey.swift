/// One key of a profile: what may be written under it and how profiles that extend each other share
/// it.
///
/// The table `ProfileKey.all` drives the messages about unknown keys, the command line's help, the
/// JSON Schema and the test that docs/profile.md is complete.
package struct ProfileKey: Sendable {
  /// What may be written.
  package enum Kind: Sendable {
    case string, boolean, size, time, count, number, octal
    case path
    case strings, ports, integers, paths
    /// Path rules: each a path, or a table with `path` and options.
    case rules
    /// Sockets: each an address, or a table with `address` and options.
    case listeners
    /// A table of names and texts.
    case table
    /// One of these words.
    case words([String])
    /// A list of these words.
    case wordList([String])
  }

  /// What a more derived profile's value does to its base's.
  package enum Merge: String, Sendable {
    case own = "belongs to the profile it is written in; it is not inherited"
    case replace = "the most derived profile's value replaces the others"
    case union = "the values of all profiles together, each once"
    case byName = "merged by name; of one name the most derived profile's value stands"
    case byPath = "merged by path; of one path the most derived profile's rule stands"
    case byTable =
      "merged by the table's name; of one name the most derived profile's whole table stands"
  }

  /// When a value needs a `relax` with a reason.
  package enum Widening: String, Sendable {
    case never = "needs no relax"
    case always = "needs a relax always: it is refused when no profile says anything"
    case wider = "needs a relax when it is wider than what a base states"
    case notInBase = "needs a relax when it adds to the list that a base states"
    case removal =
      "needs a relax to take away what a base requires: the list then replaces the base's"
    case unhide = "needs a relax when it lies on or beneath a path that a base hides"
    case writable =
      "needs a relax when it lies on or beneath a path that a base hides or has as read; the command line needs none beneath `$CWD`"
    case overUnset = "needs a relax for a name that a base unsets"
    case grant =
      "needs a relax of `grants.NAME` when the table is wider than a base's of that name"
    case driver =
      "needs a relax of `drivers.NAME` when a base's driver of that name would run something else or less confined"
  }

  /// The key's path: `files.read`, `limits.open-files`.
  package var path: String
  package var kind: Kind
  package var merge: Merge
  package var widening: Widening
  /// One sentence.
  package var doc: String
  /// A value as it would be written in a profile.
  package var example: String

  init(
    _ path: String, _ kind: Kind, _ merge: Merge, _ widening: Widening, _ doc: String,
    _ example: String
  ) {
    self.path = path
    self.kind = kind
    self.merge = merge
    self.widening = widening
    self.doc = doc
    self.example = example
  }

  /// The name of the section it stands in; empty at the top.
  package var section: Substring {
    guard let dot = path.firstIndex(of: ".") else { return "" }
    return path[..<dot]
  }

  /// Its name inside its section.
  package var name: Substring {
    guard let dot = path.firstIndex(of: ".") else { return path[...] }
    return path[path.index(after: dot)...]
  }

  /// It belongs to each table of its section, whose name its path has as `NAME`.
  package var isOfNamedTable: Bool { section == "grants" || section == "drivers" }

  /// Its name inside the named table it belongs to: `files`, `secret.file`.
  package var field: String { String(path.dropFirst(section.utf8.count + 6)) }

  /// The names inside each table of a section of named tables: `files`, `secret.file`.
  package static func fields(of section: String) -> [String] {
    all.filter { $0.section == section }.map(\.field)
  }

  /// Whether `relax` may name it: a key, or a whole table of grants or drivers.
  package static func canBeRelaxed(_ path: String) -> Bool {
    for section in ["grants.", "drivers."] where path.hasPrefix(section) {
      return ProfileReader.isTableName(String(path.dropFirst(section.utf8.count)))
    }
    return named(path) != nil
  }

  /// The key of this path.
  package static func named(_ path: String) -> ProfileKey? {
    all.first { $0.path == path }
  }

  /// The names of all sections, `relax` included, in the order of docs/profile.md.
  package static var sections: [String] {
    var result: [String] = []
    for key in all where !key.section.isEmpty && result.last != String(key.section) {
      result.append(String(key.section))
    }
    return result + ["relax"]
  }

  /// The key that was most likely meant by `name` in `section`: a near name in that section, or the
  /// same name in another one.
  package static func suggestion(for name: String, in section: String) -> String? {
    let siblings = all.filter { $0.section == section }.map { String($0.name) }
    let names = section.isEmpty ? siblings + sections : siblings
    if let near = nearest(to: name, in: names) {
      return section.isEmpty ? near : "\(section).\(near)"
    }
    if let elsewhere = all.first(where: { $0.name == name }) { return elsewhere.path }
    let full = section.isEmpty ? name : "\(section).\(name)"
    return nearest(to: full, in: all.lazy.map(\.path))
  }
}
