internal import CSeccomp

/// The program that this process runs, to be run again: held open, so that an upgrade on disk mixes no versions.
package struct OwnProgram: ~Copyable {
  /// O_PATH.
  package let file: Descriptor
  /// What an ordinary, dynamically linked build needs in its view; the installed program is static and needs nothing.
  package let loader: Loader?

  package struct Loader: Sendable {
    /// Where the kernel looks for it.
    package var path: String
    /// Directories of the libraries that this process has mapped.
    package var libraries: [String]
  }

  /// Opens it.
  ///
  /// - Throws: `SystemError` of open(2): ENOENT where there is no /proc.
  package static func open() throws(SystemError) -> OwnProgram {
    let raw = try call("open", "/proc/self/exe") { unsafe kernel_open_path("/proc/self/exe") }
    let file = Descriptor(adopting: raw)
    guard let path = unsafe kernel_loader() else { return OwnProgram(file: file, loader: nil) }
    let maps = try FileSystem.contents("/proc/self/maps") ?? []
    return OwnProgram(
      file: file,
      loader: Loader(path: unsafe String(cString: path), libraries: directories(maps)))
  }

  /// The directories of the shared objects among the lines of proc(5)'s maps.
  static func directories(_ maps: [UInt8]) -> [String] {
    var found: [String] = []
    for line in maps.split(separator: UInt8(ascii: "\n")) {
      guard let slash = line.firstIndex(of: UInt8(ascii: "/")),
        let last = line.lastIndex(of: UInt8(ascii: "/")), last > slash
      else { continue }
      let path = RawText.decode(line[slash...])
      let directory = RawText.decode(line[slash..<last])
      let isLibrary = path.hasSuffix(".so") || holds(path, ".so.")
      if isLibrary, !found.contains(directory) { found.append(directory) }
    }
    return found
  }

  private static func holds(_ text: String, _ part: String) -> Bool {
    var rest = text[...]
    while !rest.isEmpty {
      if rest.hasPrefix(part) { return true }
      rest = rest.dropFirst()
    }
    return false
  }
}
