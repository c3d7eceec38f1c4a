internal import CSeccomp

/// A program that this process starts beside itself, not confined: it has the rights of this process.
package enum HostProgram {
  /// Starts a program. It ends with this process.
  ///
  /// - Parameters:
  ///   - file: what to run, held open; nil: `arguments[0]`, an absolute path.
  ///   - environment: `NAME=value` each.
  ///   - standard: what becomes 0, 1 and 2. Nothing else is passed on.
  ///   - deathSignal: what it gets when this process ends.
  /// - Returns: its pidfd.
  /// - Throws: `SystemError` of clone3(2), or of execve(2) with the program's name.
  package static func start(
    file: Int32?, arguments: [[UInt8]], environment: [String], standard: (Int32, Int32, Int32),
    deathSignal: Int32
  ) throws(SystemError) -> Descriptor {
    var pid: Int32 = 0
    return try start(
      file: file, arguments: arguments, environment: environment, standard: standard,
      deathSignal: deathSignal, pid: &pid)
  }

  /// The same.
  ///
  /// - Parameter pid: becomes its number, for people.
  package static func start(
    file: Int32?, arguments: [[UInt8]], environment: [String], standard: (Int32, Int32, Int32),
    deathSignal: Int32, pid: inout Int32
  ) throws(SystemError) -> Descriptor {
    let words = CStringVector(arguments)
    let variables = CStringVector(environment.map { Array($0.utf8) })
    var what = unsafe spawn_program()
    unsafe what.file = file ?? -1
    unsafe what.standard = standard
    unsafe what.death_signal = deathSignal
    var pidfd: Int32 = -1
    pid = try call("execve", RawText.decode(arguments.first ?? [])) {
      unsafe words.withPointers { argv in
        unsafe variables.withPointers { envp in
          unsafe what.path = UnsafePointer(argv[0])
          unsafe what.argv = UnsafePointer(argv)
          unsafe what.envp = UnsafePointer(envp)
          return unsafe spawn_start(&what, &pidfd)
        }
      }
    }
    return Descriptor(adopting: pidfd)
  }
}

/// Byte strings as exec wants them: NUL-terminated, in one block, with a vector of pointers that ends with NULL.
private struct CStringVector {
  private var block: [CChar] = []
  private var starts: [Int] = []

  init(_ words: [[UInt8]]) {
    for word in words {
      starts.append(block.count)
      block += word.map { CChar(bitPattern: $0) }
      block.append(0)
    }
    block.append(0)
  }

  func withPointers<Result>(
    _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Result
  ) -> Result {
    var block = self.block
    return unsafe block.withUnsafeMutableBufferPointer { text in
      var pointers: [UnsafeMutablePointer<CChar>?] = unsafe starts.map { start in
        unsafe text.baseAddress.map { unsafe $0 + start }
      }
      unsafe pointers.append(nil)
      return unsafe pointers.withUnsafeMutableBufferPointer { vector in
        /* Never nil: there is its NULL at least. */
        unsafe body(vector.baseAddress ?? UnsafeMutablePointer.allocate(capacity: 1))
      }
    }
  }
}
