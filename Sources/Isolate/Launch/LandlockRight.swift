/// The rights of Landlock by ABI version. Source: landlock(7); linux/landlock.h.
package enum LandlockRight {
  package static let execute: UInt64 = 1 << 0
  package static let writeFile: UInt64 = 1 << 1
  package static let readFile: UInt64 = 1 << 2
  package static let readDirectory: UInt64 = 1 << 3
  /// Remove and make, of every kind but device nodes: bits 4 to 12 without MAKE_CHAR and MAKE_BLOCK.
  package static let change: UInt64 =
    1 << 4 | 1 << 5 | 1 << 7 | 1 << 8 | 1 << 9 | 1 << 10 | 1 << 12
  package static let refer: UInt64 = 1 << 13
  package static let truncate: UInt64 = 1 << 14
  package static let ioctlDevice: UInt64 = 1 << 15

  package static let read = execute | readFile | readDirectory
  package static let write =
    writeFile | readFile | readDirectory | change | refer | truncate
  package static let bindTCP: UInt64 = 1 << 0
  package static let connectTCP: UInt64 = 1 << 1

  /// Everything an ABI can refuse; all of it is refused but for the rules.
  package static func handledFiles(abi: Int) -> UInt64 {
    let first: UInt64 = (1 << 13) - 1
    return first | (abi >= 2 ? refer : 0) | (abi >= 3 ? truncate : 0)
      | (abi >= 5 ? ioctlDevice : 0)
  }

  /// "read, write" and so on, for `plan`.
  package static func words(_ rights: UInt64) -> String {
    var words: [String] = []
    if rights & readFile != 0 { words.append("read") }
    if rights & readDirectory != 0 && rights & readFile == 0 { words.append("list") }
    if rights & writeFile != 0 { words.append("write") }
    if rights & execute != 0 { words.append("execute") }
    if rights & ioctlDevice != 0 { words.append("ioctl") }
    return words.joined(separator: ", ")
  }
}
