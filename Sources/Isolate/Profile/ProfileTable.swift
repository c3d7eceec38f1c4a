/// A table of a profile that is being read. Every key must be taken; `ProfileReader.finish` reports
/// the rest.
///
/// A misspelt key is a protection that the author believes in and does not have, so it is an error.
struct ProfileTable {
  /// The section's name; empty at the top.
  let section: String
  let entries: [TOMLTable.Entry]
  private(set) var isTaken: [Bool]

  init(section: String, _ table: TOMLTable) {
    self.section = section
    entries = table.entries
    isTaken = [Bool](repeating: false, count: table.entries.count)
  }

  /// The value under `name`, which counts as read from now on.
  mutating func take(_ name: String) -> TOMLNode? {
    for index in entries.indices where entries[index].key.name == name {
      isTaken[index] = true
      return entries[index].node
    }
    return nil
  }

  func has(_ name: String) -> Bool { entries.contains { $0.key.name == name } }

  /// The key's path as messages name it.
  func path(_ name: String) -> String {
    section.isEmpty ? name : "\(section).\(name)"
  }
}
