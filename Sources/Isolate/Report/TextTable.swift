/// Columns for people: each as wide as its widest cell, two spaces apart, the last one free.
enum TextTable {
  static func lines(_ heading: [String], _ rows: [[String]], style: TextStyle) -> String {
    let all = [heading] + rows
    let widths = heading.indices.map { column in
      all.map { $0[column].unicodeScalars.count }.max() ?? 0
    }
    var text = ""
    for (number, row) in all.enumerated() {
      var line = ""
      for (column, cell) in row.enumerated() {
        line += cell
        let gap = widths[column] - cell.unicodeScalars.count + 2
        if column < row.count - 1 { line += String(repeating: " ", count: gap) }
      }
      while line.last == " " { line.removeLast() }
      text += (number == 0 ? style.heading(line) : line) + "\n"
    }
    return text
  }

  /// "5 s", "3 min", "2 h", "4 d".
  static func age(_ milliseconds: Int64) -> String {
    let seconds = max(0, milliseconds) / 1000
    return switch seconds {
    case ..<120: "\(seconds) s"
    case ..<7200: "\(seconds / 60) min"
    case ..<172_800: "\(seconds / 3600) h"
    default: "\(seconds / 86_400) d"
    }
  }
}
