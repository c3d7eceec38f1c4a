/// What the variables in paths and environment values stand for on this machine.
package struct ProfileVariables: Sendable {
  /// The variables there are. Each may also be written `${NAME}`; `$$` is a dollar sign.
  package enum Name: String, CaseIterable, Sendable {
    /// The caller's home directory.
    case home = "HOME"
    /// The app's name.
    case app = "APP"
    /// The caller's $XDG_RUNTIME_DIR; /run/isolated for root without one.
    case runtimeDirectory = "RUNTIME_DIR"
    /// The caller's working directory.
    case workingDirectory = "CWD"
  }

  package var home: String
  package var app: String
  package var runtimeDirectory: String?
  package var workingDirectory: String

  package init(home: String, app: String, runtimeDirectory: String?, workingDirectory: String) {
    self.home = home
    self.app = app
    self.runtimeDirectory = runtimeDirectory
    self.workingDirectory = workingDirectory
  }

  /// Why a text with variables cannot be used.
  package enum Failure: Error, Equatable {
    case unknown(String)
    case unfinished
    case unset(String)
  }

  package func value(of name: Name) -> String? {
    switch name {
    case .home: home.isEmpty ? nil : home
    case .app: app
    case .runtimeDirectory: runtimeDirectory
    case .workingDirectory: workingDirectory.isEmpty ? nil : workingDirectory
    }
  }

  /// The text with every variable replaced.
  package func expand(_ text: String) throws(Failure) -> String {
    guard text.utf8.contains(UInt8(ascii: "$")) else { return text }
    return try Self.walk(text) { name throws(Failure) in
      guard let value = value(of: name) else { throw .unset(name.rawValue) }
      return value
    }
  }

  /// A text that stands for itself: every dollar sign doubled.
  package static func escape(_ text: String) -> String {
    guard text.utf8.contains(UInt8(ascii: "$")) else { return text }
    var result = ""
    for scalar in text.unicodeScalars {
      if scalar == "$" { result += "$" }
      result.unicodeScalars.append(scalar)
    }
    return result
  }

  /// Checks that every variable in the text exists, whatever its value.
  package static func check(_ text: String) throws(Failure) {
    guard text.utf8.contains(UInt8(ascii: "$")) else { return }
    _ = try walk(text) { _ in "" }
  }

  /// True if the text begins with this variable.
  package static func begins(_ text: String, with name: Name) -> Bool {
    let bytes = text.utf8
    if bytes.starts(with: "${\(name.rawValue)}".utf8) { return true }
    guard bytes.starts(with: "$\(name.rawValue)".utf8) else { return false }
    return !(bytes.dropFirst(name.rawValue.utf8.count + 1).first.map(isNameByte) ?? false)
  }

  private static func walk(
    _ text: String, _ value: (Name) throws(Failure) -> String
  ) throws(Failure) -> String {
    var result = ""
    var rest = text[...]
    while let dollar = rest.utf8.firstIndex(of: UInt8(ascii: "$")) {
      result += String(rest[..<dollar])
      rest = rest[rest.utf8.index(after: dollar)...]
      if drop("$", from: &rest) {
        result += "$"
        continue
      }
      let isBraced = drop("{", from: &rest)
      let end = rest.utf8.firstIndex { !isNameByte($0) } ?? rest.endIndex
      let word = String(rest[..<end])
      rest = rest[end...]
      if isBraced, !drop("}", from: &rest) { throw .unfinished }
      guard !word.isEmpty else { throw .unfinished }
      guard let name = Name(rawValue: word) else { throw .unknown(word) }
      result += try value(name)
    }
    result += String(rest)
    return result
  }

  /// Removes the first byte if it is this one.
  private static func drop(_ scalar: Unicode.Scalar, from text: inout Substring) -> Bool {
    guard text.utf8.first == UInt8(ascii: scalar) else { return false }
    text = text[text.utf8.index(after: text.startIndex)...]
    return true
  }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
      true
    default: false
    }
  }
}
