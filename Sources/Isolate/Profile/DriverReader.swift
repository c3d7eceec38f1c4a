/// How `drivers` is read.
extension ProfileReader {
  mutating func readDrivers(_ node: TOMLNode) {
    guard case .table(let table) = node.value else {
      wrongType(node, "drivers", wanted: "a table")
      return
    }
    for entry in table.entries {
      guard let name = tableName(entry.key, "drivers") else { continue }
      var driver = DriverSetting(name: name)
      switch entry.node.value {
      case .boolean(false):
        driver.isDropped = true
        add(driver)
      case .table(let values):
        let before = diagnostics.count
        var table = ProfileTable(section: "drivers.\(name.value)", values)
        read(&table, &driver)
        finish(table, of: "drivers")
        if diagnostics.count == before { check(driver) }
        if diagnostics.count == before { add(driver) }
      case .string, .integer, .float, .boolean, .dateTime, .array:
        wrongType(entry.node, "drivers.\(name.value)", wanted: "a table, or false")
      }
    }
  }

  private mutating func read(_ table: inout ProfileTable, _ driver: inout DriverSetting) {
    driver.mode = word("mode", &table)
    if let node = table.take("run") {
      let key = table.path("run")
      let words = list(node, key).compactMap { text($0, key)?.value }
      if let program = words.first, !program.isEmpty {
        driver.run = Setting(words, at: node.position, length: node.length)
      } else if case .array = node.value {
        error(node, "`\(key)`: no program", cure: "run = [\"PROGRAM\", \"ARGUMENT\"]")
      }
    }
    if let node = table.take("profile") {
      driver.profile = profileName(node, table.path("profile"))
    }
    if let node = table.take("deadline") {
      let key = table.path("deadline")
      if let time = positiveTime(node, key) {
        if time.value <= Self.longestDeadline {
          driver.deadlineMilliseconds = time
        } else {
          error(node, "`\(key)`: no request waits that long", cure: "allowed is up to \"10m\"")
        }
      }
    }
    if let node = table.take("queue") {
      driver.queue = integer(node, table.path("queue"), in: 1...64).map {
        Setting(Int($0.value), at: $0.position, length: $0.length)
      }
    }
  }

  /// `WireLimits.longestDeadline`, which this room does not know; a test holds them together.
  package static let longestDeadline: UInt64 = 600_000

  /// A profile by name, or by a path that is absolute or relative to the file that names it.
  private mutating func profileName(_ node: TOMLNode, _ key: String) -> Setting<String>? {
    guard let name = text(node, key) else { return nil }
    if name.value.isEmpty {
      error(node, "`\(key)`: an empty string means nothing here")
      return nil
    }
    return name
  }

  private mutating func check(_ driver: DriverSetting) {
    let name = driver.name
    func fault(_ place: (position: Position, length: Int), _ message: String, _ cure: String) {
      report(
        Diagnostic(
          at: place.position, length: place.length, "`drivers.\(name.value)`: \(message)",
          cure: cure))
    }
    let isBuiltIn = BuiltInDriver(rawValue: name.value) != nil
    let here = (name.position, name.length)
    if isBuiltIn {
      if let run = driver.run {
        fault(
          (run.position, run.length), "isolated has a driver of this name",
          "give yours another name")
      } else if let profile = driver.profile {
        fault(
          (profile.position, profile.length),
          "what confines a built-in driver follows from the grants",
          "remove `profile`")
      } else if let mode = driver.mode {
        if BuiltInDriver(rawValue: name.value)?.isMovable == false {
          fault(
            (mode.position, mode.length),
            "the supervisor does this itself: no process of its own could",
            "remove the table; the broker does not do it either")
        }
      } else {
        fault(here, "a built-in driver without `mode`", "add mode = \"user\"")
      }
      return
    }
    if let mode = driver.mode {
      let names = BuiltInDriver.allCases.map(\.rawValue)
      let near = nearest(to: name.value, in: names).map { "did you mean `drivers.\($0)`? " } ?? ""
      fault(
        (mode.position, mode.length), "`mode` is for the drivers that are built in",
        near + "they are " + names.joined(separator: ", "))
    } else if driver.run == nil {
      fault(here, "no program", "add run = [\"PROGRAM\", \"ARGUMENT\"]")
    } else if driver.profile == nil {
      fault(
        here, "no profile: nothing runs unconfined",
        "add profile = \"strict\", or a profile of its own")
    }
  }

  // MARK: Keys of named tables

  /// Reports every key of one table beneath `grants` or `drivers` that nobody took.
  mutating func finish(_ table: ProfileTable, of section: String, beneath: String = "") {
    for index in table.entries.indices where !table.isTaken[index] {
      let key = table.entries[index].key
      let fields = ProfileKey.fields(of: section).compactMap { field -> String? in
        guard field.hasPrefix(beneath) else { return nil }
        let rest = String(field.dropFirst(beneath.utf8.count))
        // `secret.file` is a key of the table `secret`.
        return rest.utf8.firstIndex(of: UInt8(ascii: ".")).map { String(rest[..<$0]) } ?? rest
      }
      let near = nearest(to: key.name, in: fields)
      var names: [String] = []
      for field in fields where !names.contains(field) { names.append(field) }
      report(
        Diagnostic(
          at: key.position, length: key.length, "no key `\(table.path(key.name))`",
          cure: near.map { "did you mean `\(table.path($0))`?" }
            ?? "there are " + names.joined(separator: ", ")))
    }
  }
}
