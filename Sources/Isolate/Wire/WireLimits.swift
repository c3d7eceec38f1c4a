/// Every limit of the broker's protocol.
package enum WireLimits {
  /// Of a message with its header, in bytes; in both directions.
  package static let messageBytes = 4096
  package static let headerBytes = 16
  /// Descriptors with one message.
  package static let descriptors = 16
  /// The only version there is.
  package static let version: UInt16 = 1
  /// Requests of one app that wait for their reply; beyond: EAGAIN.
  package static let outstanding = 64
  /// Sockets of one app to its broker, the first included; beyond: EMFILE.
  package static let doors = 128
  /// Of a path in a request, in bytes, without a terminating NUL.
  package static let pathBytes = 4000 - headerBytes
  /// Of a rule in a reply, in bytes; of a longer one the end.
  package static let ruleBytes = 256
  /// Grants of one app.
  package static let grants = 256
  /// Of a grant's name, in bytes.
  package static let grantNameBytes = 64
  /// Descriptors of one app that the ledger lists.
  package static let handles = 1024
  /// When a request names no deadline, in milliseconds; and the longest it may name.
  package static let defaultDeadline: UInt32 = 30_000
  package static let longestDeadline: UInt32 = 600_000
}
