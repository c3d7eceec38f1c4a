/// Sizes, times, modes and signals as a profile writes them.
package enum ProfileUnits {
  /// Bytes: digits and one of K, M, G, T, each 1024 of the one before.
  package static func bytes(_ text: String) -> UInt64? {
    guard let (number, suffix) = split(text) else { return nil }
    let shift: UInt64? =
      switch suffix {
      case "": 0
      case "K": 10
      case "M": 20
      case "G": 30
      case "T": 40
      default: nil
      }
    guard let shift else { return nil }
    let (product, overflow) = number.multipliedReportingOverflow(by: 1 << shift)
    return overflow || product > UInt64(Int64.max) ? nil : product
  }

  /// Milliseconds: digits and one of ms, s, m, h.
  package static func milliseconds(_ text: String) -> UInt64? {
    guard let (number, suffix) = split(text) else { return nil }
    let factor: UInt64? =
      switch suffix {
      case "ms": 1
      case "s": 1000
      case "m": 60_000
      case "h": 3_600_000
      default: nil
      }
    guard let factor else { return nil }
    let (product, overflow) = number.multipliedReportingOverflow(by: factor)
    return overflow || product > UInt64(Int64.max) ? nil : product
  }

  /// A file mode or umask in octal: digits 0 to 7.
  package static func octal(_ text: String, max: UInt32) -> UInt32? {
    guard (1...5).contains(text.utf8.count), let value = UInt32(text, radix: 8), value <= max,
      text.utf8.allSatisfy({ (0x30...0x37).contains($0) })
    else { return nil }
    return value
  }

  private static func split(_ text: String) -> (UInt64, Substring)? {
    let end = text.utf8.firstIndex { !(0x30...0x39).contains($0) } ?? text.endIndex
    guard end > text.startIndex, let number = UInt64(text[..<end]) else { return nil }
    return (number, text[end...])
  }

  /// The number of bytes in the largest unit that divides it: `64M`, `1000`.
  package static func describe(bytes: UInt64) -> String {
    for (shift, letter) in [(40, "T"), (30, "G"), (20, "M"), (10, "K")] as [(UInt64, String)]
    where bytes != 0 && bytes & ((1 << shift) - 1) == 0 {
      return "\(bytes >> shift)\(letter)"
    }
    return String(bytes)
  }

  /// The time in the largest unit that divides it: `2m`, `500ms`.
  package static func describe(milliseconds: UInt64) -> String {
    for (factor, letter) in [(3_600_000, "h"), (60_000, "m"), (1000, "s")] as [(UInt64, String)]
    where milliseconds != 0 && milliseconds.isMultiple(of: factor) {
      return "\(milliseconds / factor)\(letter)"
    }
    return "\(milliseconds)ms"
  }

  /// The time as a word for a limit or timeout of thousandths: `1.5`, `2`, `0.25`.
  package static func describe(thousandths: UInt64) -> String {
    let (whole, rest) = thousandths.quotientAndRemainder(dividingBy: 1000)
    guard rest != 0 else { return String(whole) }
    var digits = String(rest)
    digits = String(repeating: "0", count: 3 - digits.count) + digits
    while digits.last == "0" { digits.removeLast() }
    return "\(whole).\(digits)"
  }

  /// The signals a profile may name, with their numbers on x86-64 and arm64. Source: signal(7).
  package static let signals: [(name: String, number: Int32)] = [
    ("SIGHUP", 1), ("SIGINT", 2), ("SIGQUIT", 3), ("SIGABRT", 6), ("SIGKILL", 9), ("SIGUSR1", 10),
    ("SIGUSR2", 12), ("SIGALRM", 14), ("SIGTERM", 15), ("SIGCONT", 18), ("SIGWINCH", 28),
    ("SIGPWR", 30),
  ]
}
