/// A secret on its way into sealed memory: never a variable, never a named file, never text in Swift.
///
/// The source is a descriptor: a file, a credential of systemd, or the pipe of a command that the session runs. The session
/// keeps the deadline: it polls the pipe, calls `take` when it is readable, and drops this value when time is over.
package struct SecretFill: ~Copyable {
  /// Of a secret, in bytes.
  package static let limit = 65_536

  private var memory: SealedMemory
  private let source: Descriptor

  /// - Parameter source: not blocking, if it is a pipe.
  package init(from source: consuming Descriptor) throws(SystemError) {
    memory = try SealedMemory(limit: SecretFill.limit)
    self.source = source
  }

  /// The number to poll for reading.
  package var door: Int32 { source.raw }

  /// Moves what is there.
  ///
  /// - Returns: whether the end was reached, and `sealed` is next.
  /// - Throws: EFBIG beyond the limit.
  package mutating func take() throws(SystemError) -> Bool { try memory.take(from: source) }

  /// The descriptor to hand out: read-only, at its beginning, its content and size sealed.
  package consuming func sealed() throws(SystemError) -> Descriptor {
    try memory.seal()
  }

  /// All of a regular file beneath a root, at once.
  package static func file(
    _ root: borrowing FileRoot, _ path: Span<UInt8>
  ) throws(SystemError) -> Descriptor {
    var fill = try SecretFill(from: try root.open(path, .read, mode: 0).take())
    guard try fill.take() else { throw SystemError(call: "read", number: Errno.again) }
    return try fill.sealed()
  }
}
