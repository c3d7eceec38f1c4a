/// Paths as rules use them: absolute, without `.`, `..`, `//` or a slash at the end.
package enum ProfilePath {
  package enum Failure: Error, Equatable {
    case empty, relative, parent, nul, tooLong
  }

  /// PATH_MAX without the ending NUL. Source: path_resolution(7).
  package static let maximumBytes = 4095

  /// The one spelling of an absolute path.
  package static func normalise(_ path: String) throws(Failure) -> String {
    let bytes = path.utf8
    guard let first = bytes.first else { throw .empty }
    guard first == slash else { throw .relative }
    guard bytes.count <= maximumBytes else { throw .tooLong }
    if bytes.count == 1 { return path }
    // One pass decides whether anything must be rewritten; nearly always nothing must.
    var isClean = true
    var afterSlash = false
    for byte in bytes {
      if byte == 0 { throw .nul }
      if afterSlash, byte == slash || byte == dot { isClean = false }
      afterSlash = byte == slash
    }
    if isClean && !afterSlash { return path }
    var result = ""
    // By bytes: a character may be a slash with an accent, and the kernel would still see the
    // slash.
    for part in bytes.split(separator: slash) {
      let name = String(Substring(part))
      if name == "." { continue }
      if name == ".." { throw .parent }
      result += "/"
      result += name
    }
    return result.isEmpty ? "/" : result
  }

  /// True if `path` is `ancestor` or lies beneath it; both absolute and normalised, compared byte by byte. Every launch asks
  /// this some 200 times: most pairs are told apart by the slash that is not there.
  package static func contains(_ ancestor: String, _ path: String) -> Bool {
    let outer = ancestor.utf8Span.span
    let inner = path.utf8Span.span
    if outer.count == 1 { return true }
    guard inner.count >= outer.count, inner.count == outer.count || inner[outer.count] == slash
    else { return false }
    return outer.indices.allSatisfy { outer[$0] == inner[$0] }
  }

  private static let slash = UInt8(ascii: "/")
  private static let dot = UInt8(ascii: ".")
}
