/// Every limit of the control socket (docs/control.md).
package struct VarlinkLimits: Hashable, Sendable {
  /// Of a message of a peer, in bytes, without its NUL.
  package var messageBytes = 65_536
  package var connections = 16
  /// What waits for a peer to read it, in bytes; beyond, it is dropped.
  package var unreadBytes = 1 << 20
  /// With more than this waiting, nothing further is taken from the peer, in bytes.
  package var patientBytes = 65_536
  /// How long a message may take from its first byte to its NUL, in milliseconds.
  package var messageMilliseconds: Int64 = 10_000
  /// How long a peer may leave what waits for it unread, in milliseconds.
  package var unreadMilliseconds: Int64 = 30_000

  package init() {}
}

/// Why a peer was cut off. Varlink has no word for it: the socket is closed, and the owner of the server is told.
package enum VarlinkDrop: Hashable, Sendable, CustomStringConvertible {
  /// There are as many peers already as there may be.
  case crowded
  /// Longer than a message may be, and no NUL yet.
  case tooLong
  case notJSON(JSONError)
  /// JSON, but no object with a method.
  case notACall
  /// Half a message, and then nothing for too long.
  case stalled
  /// It asks and does not read the answers.
  case unread

  package var description: String {
    switch self {
    case .crowded: "too many peers"
    case .tooLong: "a message is too long"
    case .notJSON(let error): "a message is not JSON: \(error)"
    case .notACall: "a message is not a call"
    case .stalled: "a message was begun and not ended"
    case .unread: "answers were not read"
    }
  }
}
