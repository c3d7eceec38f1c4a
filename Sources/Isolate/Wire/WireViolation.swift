/// Why a peer is cut off: bytes that no correct program sends. The numbers go into records and never change their meaning.
package enum WireViolation: UInt8, CaseIterable, Error, Hashable, Sendable {
  /// Longer than `WireLimits.messageBytes`: the kernel cut it (MSG_TRUNC).
  case truncated = 1
  /// Descriptors were lost on the way (MSG_CTRUNC), or there are more than `WireLimits.descriptors`.
  case descriptorsLost = 2
  /// Shorter than a header.
  case short = 3
  /// The header's length is not the packet's.
  case length = 4
  /// Nobody knows the opcode; or a reply where a request belongs, or the other way round.
  case opcode = 5
  /// A flag that is reserved, or that this opcode does not have.
  case flags = 6
  /// Id 0; an id that is waiting for its reply already; or a reply to nobody's request.
  case id = 7
  /// `hello` without version 1 in its range.
  case version = 8
  /// The message ends before its fields do.
  case body = 9
  /// Something is left over behind the last field.
  case leftOver = 10
  /// A reserved byte is not 0.
  case reserved = 11
  /// Descriptors where none belong, or not the one that does.
  case descriptors = 12
  /// A reply's status, detail, kind or state that nobody knows. (In a request that is answered with EINVAL instead.)
  case value = 13

  /// For a report: "cut off: ...".
  package var words: String {
    switch self {
    case .truncated: "a message longer than 4096 bytes"
    case .descriptorsLost: "more than 16 descriptors with one message"
    case .short: "a message shorter than its header"
    case .length: "a length that is not the message's"
    case .opcode: "an unknown opcode"
    case .flags: "a reserved flag"
    case .id: "an id that may not be used"
    case .version: "no version that is known here"
    case .body: "a message that ends too early"
    case .leftOver: "bytes left over at the end"
    case .reserved: "a reserved byte that is not 0"
    case .descriptors: "descriptors where none belong"
    case .value: "a value that nobody knows"
    }
  }
}
