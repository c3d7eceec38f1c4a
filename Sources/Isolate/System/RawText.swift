internal import CSeccomp
private import Glibc

/// Bytes of the kernel's (arguments, environment, paths) in a `String`, whatever they are.
///
/// The kernel's strings are bytes; a `String` is Unicode and would repair what is not UTF-8. So each byte that is
/// not part of well-formed UTF-8 is carried as one scalar of the last 256 private-use ones: U+10FE00 + byte.
/// A well-formed one of these scalars is carried as its four bytes, so that the way back is exact for every input.
package enum RawText {
  private static let base: UInt32 = 0x10FE00

  /// The text that carries these bytes.
  package static func decode(_ bytes: some Collection<UInt8>) -> String {
    /* Nearly all are ASCII, in one piece: no generic code runs for those, which would first have to look up its types. */
    let plain = bytes.withContiguousStorageIfAvailable { bytes in
      unsafe isASCII(bytes) ? String(decoding: bytes, as: UTF8.self) : nil
    }
    if let text = plain ?? nil { return text }
    /* Nothing to carry: valid, and no scalar of plane 16. */
    if !bytes.contains(0xF4), let text = String(validating: bytes, as: UTF8.self) { return text }
    var text = String.UnicodeScalarView()
    var rest = bytes[...]
    while !rest.isEmpty {
      var iterator = rest.makeIterator()
      var decoder = UTF8()
      if case .scalarValue(let scalar) = decoder.decode(&iterator), !isCarried(scalar) {
        text.append(scalar)
        rest = rest.dropFirst(UTF8.width(scalar))
      } else if let byte = rest.popFirst(), let carried = Unicode.Scalar(base + UInt32(byte)) {
        text.append(carried)
      }
    }
    return String(text)
  }

  /// The bytes that a text carries.
  package static func bytes(_ text: String) -> [UInt8] {
    guard needsWork(text) else { return Array(text.utf8) }
    var bytes: [UInt8] = []
    for scalar in text.unicodeScalars {
      if isCarried(scalar) {
        bytes.append(UInt8(scalar.value - base))
      } else {
        bytes += UTF8.encode(scalar).map { Array($0) } ?? []
      }
    }
    return bytes
  }

  /// Adds the bytes that a text carries.
  package static func append(_ text: String, to bytes: inout [UInt8]) {
    if needsWork(text) { bytes += self.bytes(text) } else { bytes.append(contentsOf: text.utf8) }
  }

  /// The same text for the eyes: carried bytes as \xNN.
  package static func visible(_ text: String) -> String {
    guard needsWork(text) else { return text }
    var visible = ""
    for scalar in text.unicodeScalars {
      if isCarried(scalar) {
        let digits = String(scalar.value - base, radix: 16)
        visible += "\\x" + (digits.count == 1 ? "0" : "") + digits
      } else {
        visible.unicodeScalars.append(scalar)
      }
    }
    return visible
  }

  /// Every carried scalar begins with this byte in UTF-8; almost no text has it.
  private static func needsWork(_ text: String) -> Bool {
    unsafe text.utf8.withContiguousStorageIfAvailable { bytes in
      guard let start = bytes.baseAddress else { return false }
      return unsafe memchr(start, 0xF4, bytes.count) != nil
    } ?? text.utf8.contains(0xF4)
  }

  private static func isASCII(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    for index in bytes.indices where unsafe bytes[index] >= 0x80 { return false }
    return true
  }

  private static func isCarried(_ scalar: Unicode.Scalar) -> Bool {
    scalar.value >= base && scalar.value < base + 256
  }

  /// Lends the bytes and a terminating zero to C.
  package static func withCString<Result>(
    _ text: String, _ body: (UnsafePointer<CChar>) -> Result
  ) -> Result {
    guard needsWork(text) else { return unsafe text.withCString(body) }
    let bytes = (bytes(text) + [0]).map { CChar(bitPattern: $0) }
    return unsafe bytes.withUnsafeBufferPointer { buffer in
      guard let start = buffer.baseAddress else { return unsafe "".withCString(body) }
      return unsafe body(start)
    }
  }

  /// The process's own arguments, without its name.
  package static func arguments() -> [String] {
    var arguments: [String] = []
    guard var next = unsafe kernel_arguments() else { return [] }
    while let text = unsafe next.pointee {
      arguments.append(unsafe decode(UnsafeBufferPointer(start: text, count: length(text))))
      unsafe next += 1
    }
    return Array(arguments.dropFirst())
  }

  private static func length(_ text: UnsafePointer<CChar>) -> Int {
    var count = 0
    while unsafe text[count] != 0 { count += 1 }
    return count
  }

  private static func decode(_ bytes: UnsafeBufferPointer<CChar>) -> String {
    unsafe bytes.withMemoryRebound(to: UInt8.self) { unsafe decode($0) }
  }
}
