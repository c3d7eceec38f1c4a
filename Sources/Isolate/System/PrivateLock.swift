internal import Glibc

extension PrivateDirectory {
  /// Does something while nobody else who asks does; waits for its turn. The corresponding C function is `flock`.
  package borrowing func locked<Result>(
    _ body: (borrowing PrivateDirectory) throws(SystemError) -> Result
  ) throws(SystemError) -> Result {
    let raw = descriptor.raw
    try call("flock", path) { flock(raw, LOCK_EX) }
    defer { _ = flock(raw, LOCK_UN) }
    return try body(self)
  }
}

extension PrivateDirectory {
  /// Takes it for its owner alone, until `release` or its end. The corresponding C function is `flock`.
  ///
  /// - Throws: EAGAIN when another has it, in this process or elsewhere.
  package borrowing func claim() throws(SystemError) {
    let raw = descriptor.raw
    try call("flock", path) { flock(raw, LOCK_EX | LOCK_NB) }
  }

  package borrowing func release() { _ = flock(descriptor.raw, LOCK_UN) }
}

extension Descriptor {
  /// What is there now, at most `limit` bytes; empty: its end. Blocks while nothing is there.
  package borrowing func readSome(limit: Int) throws(SystemError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: limit)
    let number = raw
    let count = try call("read") {
      unsafe bytes.withUnsafeMutableBytes { unsafe read(number, $0.baseAddress, $0.count) }
    }
    return Array(bytes.prefix(count))
  }
}
