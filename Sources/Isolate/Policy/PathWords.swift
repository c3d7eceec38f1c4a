/// Absolute paths and names of files, byte by byte: they are not text, and this lies on the way of every launch.
package enum PathWords {
  /// Whether `path` lies beneath `directory` and is not it.
  package static func isBeneath(_ path: String, _ directory: String) -> Bool {
    path.utf8.count > directory.utf8.count && ProfilePath.contains(directory, path)
  }

  /// Everything up to the last slash, without it; "" for a path right beneath the root.
  package static func parent(_ path: String) -> Substring {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "" }
    return path[..<slash]
  }

  /// A name as part of a file's name, which needs no thought in a path: of its first 64 bytes, each that is no letter, digit,
  /// dash or underscore is an underscore.
  package static func plain(_ name: String) -> String {
    String(
      name.utf8.prefix(64).map { byte -> Character in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
          Character(Unicode.Scalar(byte))
        default: "_"
        }
      })
  }

  /// Whether a path has a component "..".
  package static func climbs(_ path: String) -> Bool {
    var dots = 0
    var isOther = false
    for byte in path.utf8 {
      if byte == UInt8(ascii: "/") {
        if dots == 2 && !isOther { return true }
        dots = 0
        isOther = false
      } else if byte == UInt8(ascii: ".") {
        dots += 1
      } else {
        isOther = true
      }
    }
    return dots == 2 && !isOther
  }
}
