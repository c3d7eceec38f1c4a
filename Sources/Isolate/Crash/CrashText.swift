/// Names that an app chose, made harmless as they are read: what is kept of them, and printed, is for the eyes.
enum CrashText {
  /// In characters.
  static let limit = 256

  static func text(_ bytes: some Collection<UInt8>) -> String {
    VisibleText.of(String(decoding: bytes.prefix(4 * limit), as: UTF8.self), limit: limit)
  }

  /// "0x7ffd01b43430".
  static func hex(_ number: UInt64) -> String { "0x" + String(number, radix: 16) }
}
