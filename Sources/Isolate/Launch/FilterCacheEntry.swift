/// One file of the filter cache, as bytes: what it was made from, whole, and the program.
///
/// Little-endian: 8 bytes magic with the format's number, 4 bytes length of the text, 4 bytes
/// length of the program, 8 bytes FNV-1a of everything after the header; then the text and the
/// program. Nothing more.
enum FilterCacheEntry {
  /// Ends in the format's number; raise it when the layout changes.
  static let magic: [UInt8] = Array("ISOFLT01".utf8)
  static let headerSize = 24
  /// No honest entry is larger: the longest program and a text with every call named.
  static let maximumSize = 64 * 1024

  static func encode(text: [UInt8], program: [UInt8]) -> [UInt8] {
    let body = text + program
    var bytes = magic
    append(UInt64(text.count) | UInt64(program.count) << 32, to: &bytes)
    append(Fingerprint.narrow(body), to: &bytes)
    return bytes + body
  }

  /// The program, when the bytes are whole and were made from exactly this text.
  static func decode(_ bytes: [UInt8], text: [UInt8]) -> [UInt8]? {
    guard bytes.count > headerSize, bytes.starts(with: magic) else { return nil }
    let lengths = word(at: 8, in: bytes)
    let textCount = Int(lengths & 0xffff_ffff)
    let programCount = Int(lengths >> 32)
    let instruction = SyscallFilter.instructionSize
    guard textCount == text.count, programCount > 0, programCount % instruction == 0,
      programCount <= SyscallFilter.maximumInstructions * instruction,
      bytes.count == headerSize + textCount + programCount
    else { return nil }
    let body = bytes[headerSize...]
    guard body.prefix(textCount).elementsEqual(text),
      Fingerprint.narrow(body) == word(at: 16, in: bytes)
    else { return nil }
    return Array(body.dropFirst(textCount))
  }

  private static func append(_ word: UInt64, to bytes: inout [UInt8]) {
    for shift in stride(from: UInt64(0), to: 64, by: 8) {
      bytes.append(UInt8(truncatingIfNeeded: word >> shift))
    }
  }

  private static func word(at offset: Int, in bytes: [UInt8]) -> UInt64 {
    bytes[offset..<offset + 8].reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }
}
