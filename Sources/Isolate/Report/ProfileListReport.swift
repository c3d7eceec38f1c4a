/// One profile that was found.
package struct FoundProfile: Hashable, Sendable {
  package var name: String
  package var file: String
  /// Another file of this name is used in its stead.
  package var isShadowed: Bool

  package init(name: String, file: String, isShadowed: Bool) {
    self.name = name
    self.file = file
    self.isShadowed = isShadowed
  }
}

/// What `profiles` prints.
package enum ProfileListReport {
  package static func text(_ profiles: [FoundProfile]) -> String {
    let width = profiles.map(\.name.count).max() ?? 0
    return profiles.map { profile in
      let gap = String(repeating: " ", count: width - profile.name.count + 2)
      return "\(profile.name)\(gap)\(profile.file)\(profile.isShadowed ? "  (not used)" : "")\n"
    }.joined()
  }

  package static func names(_ profiles: [FoundProfile]) -> String {
    profiles.filter { !$0.isShadowed }.map { $0.name + "\n" }.joined()
  }

  package static func json(_ profiles: [FoundProfile]) -> String {
    var json = JSONWriter(indented: true)
    json.beginArray()
    for profile in profiles {
      json.beginObject()
      json.field("name", profile.name)
      json.field("file", profile.file)
      json.field("used", !profile.isShadowed)
      json.endObject()
    }
    json.endArray()
    json.endLine()
    return json.text
  }
}
