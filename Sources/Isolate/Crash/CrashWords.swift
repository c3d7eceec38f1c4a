/// A report, read back from its file, for people. What a report says of an app was made harmless when it was written.
package enum CrashWords {
  /// - Parameter now: seconds since 1970.
  package static func text(_ report: JSONValue, now: Int64, style: TextStyle) -> String {
    guard let report = report.object else { return "no report\n" }
    var text = head(report, now)
    let threads = report["threads"]?.array ?? []
    for (place, thread) in threads.enumerated() {
      guard let thread = thread.object else { continue }
      text += "\n" + style.heading(title(thread, place)) + "\n" + frames(thread)
    }
    let count = report["thread-count"]?.integer ?? 0
    if count > threads.count { text += "\nand \(count - Int64(threads.count)) threads more\n" }
    if let registers = threads.first?.object?["registers"]?.object, !registers.members.isEmpty {
      text += "\n" + style.heading("Registers") + "\n" + columns(registers)
    }
    for (key, title) in [("use", "Used"), ("limits", "Limits")] {
      guard let list = report[key]?.object, !list.members.isEmpty else { continue }
      text += "\n" + style.heading(title) + "\n"
      for one in list.members { text += "  \(one.key) = \(one.value.string ?? "")\n" }
    }
    for (key, title) in [("requests", "Last requests"), ("log", "Last lines of the log")] {
      guard let lines = report[key]?.array, !lines.isEmpty else { continue }
      text += "\n" + style.heading(title) + "\n"
      for line in lines { text += "  \(line.string ?? "")\n" }
    }
    return text + tail(report)
  }

  private static func head(_ report: JSONObject, _ now: Int64) -> String {
    let cause = report["cause"]?.object
    let app = report["app"]?.string ?? ""
    var text =
      "\(app) crashed: \(cause?["signal"]?.string ?? ""): \(cause?["words"]?.string ?? "")\n"
    let age = now - (report["time"]?.integer ?? now)
    text += "crash \(report["id"]?.integer ?? 0), \(TextTable.age(age * 1000)) ago; "
    text += "group \(report["group"]?.string ?? "")"
    if let restarts = report["restarts"]?.integer, restarts > 0 {
      text += "; restarts so far: \(restarts)"
    }
    text += "\n"
    if let command = report["command"]?.array, !command.isEmpty {
      text += "command: " + command.compactMap(\.string).joined(separator: " ") + "\n"
    }
    return text
  }

  private static func title(_ thread: JSONObject, _ place: Int) -> String {
    let name = thread["name"]?.string ?? ""
    let text = "Thread \(thread["id"]?.integer ?? 0)" + (name.isEmpty ? "" : " (\(name))")
    return place == 0 ? text + ", which got the signal" : text
  }

  private static func frames(_ thread: JSONObject) -> String {
    let frames = thread["frames"]?.array ?? []
    if frames.isEmpty { return "  it could not be looked at\n" }
    var text = ""
    for (number, frame) in frames.enumerated() {
      guard let frame = frame.object else { continue }
      let module = frame["module"]?.string
      let place = frame["source"]?.string
      var line = "  #\(number) "
      if let symbol = frame["symbol"]?.string {
        line += symbol + (place.map { " at \($0)" } ?? "") + (module.map { " (\($0))" } ?? "")
      } else if let module {
        line += "\(module)+\(frame["offset"]?.string ?? "")"
      } else {
        line += "\(frame["address"]?.string ?? ""), where no program is"
      }
      text += line + "\n"
    }
    return text
  }

  private static func columns(_ registers: JSONObject) -> String {
    var text = ""
    for (place, one) in registers.members.enumerated() {
      let cell = "\(one.key) \(one.value.string ?? "")"
      let isLast = place % 3 == 2 || place == registers.members.count - 1
      text += place % 3 == 0 ? "  " : ""
      text +=
        isLast ? cell + "\n" : cell + String(repeating: " ", count: max(1, 30 - cell.utf8.count))
    }
    return text
  }

  private static func tail(_ report: JSONObject) -> String {
    var text = ""
    if let problem = report["unwinder"]?.object?["problem"]?.string {
      text += "\nThe stacks are not complete: \(problem)\n"
    }
    if report["is-cut"]?.boolean == true { text += "\nThe report was too large and was cut.\n" }
    let mappings = report["mapping-count"]?.integer ?? 0
    return text + "\n\(mappings) mappings, and all registers: isolated crashes show --json "
      + "\(report["id"]?.integer ?? 0)\n"
  }
}

/// What `isolated crashes` prints.
package enum CrashList {
  /// - Parameters:
  ///   - reports: oldest first.
  ///   - now: seconds since 1970.
  package static func text(_ reports: [JSONValue], now: Int64, style: TextStyle) -> String {
    if reports.isEmpty { return "no crash reports\n" }
    let rows = groups(reports).map { group -> [String] in
      let last = group.latest
      let cause = last["cause"]?.object
      return [
        String((last["group"]?.string ?? "").prefix(8)), "\(group.count)",
        "\(last["id"]?.integer ?? 0)",
        TextTable.age((now - (last["time"]?.integer ?? now)) * 1000),
        last["app"]?.string ?? "", cause?["signal"]?.string ?? "", place(last),
      ]
    }
    return TextTable.lines(
      ["GROUP", "TIMES", "LATEST", "AGE", "APP", "SIGNAL", "IN"], rows, style: style)
  }

  package static func json(_ reports: [JSONValue]) -> JSONValue {
    [
      "groups": .array(
        groups(reports).map { group in
          [
            "group": group.latest["group"] ?? .null, "times": .integer(Int64(group.count)),
            "latest": group.latest["id"] ?? .null, "app": group.latest["app"] ?? .null,
            "signal": group.latest["cause"]?.object?["signal"] ?? .null,
            "in": .string(place(group.latest)),
          ]
        }),
      "reports": .array(
        reports.compactMap(\.object).map { report in
          [
            "id": report["id"] ?? .null, "group": report["group"] ?? .null,
            "app": report["app"] ?? .null, "time": report["time"] ?? .null,
            "signal": report["cause"]?.object?["signal"] ?? .null,
            "words": report["cause"]?.object?["words"] ?? .null, "in": .string(place(report)),
          ]
        }),
    ]
  }

  private struct Group {
    var latest: JSONObject
    var count: Int
  }

  /// The group with the newest report first.
  private static func groups(_ reports: [JSONValue]) -> [Group] {
    var groups: [Group] = []
    for report in reports.reversed().compactMap(\.object) {
      if let known = groups.firstIndex(where: { $0.latest["group"] == report["group"] }) {
        groups[known].count += 1
      } else {
        groups.append(Group(latest: report, count: 1))
      }
    }
    return groups
  }

  /// The innermost frame that has a name, or else a place.
  private static func place(_ report: JSONObject) -> String {
    let frames = (report["threads"]?.array?.first?.object?["frames"]?.array ?? [])
      .compactMap(\.object)
    let symbols = frames.compactMap { $0["symbol"]?.string }
    if let symbol = symbols.first(where: { !CrashReport.isOfAbort($0) }) ?? symbols.first {
      return symbol
    }
    guard let frame = frames.first(where: { $0["module"] != nil }),
      let module = frame["module"]?.string
    else { return "-" }
    return "\(module)+\(frame["offset"]?.string ?? "")"
  }
}
