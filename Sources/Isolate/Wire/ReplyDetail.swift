/// Why a request ended as it did, beside its errno: what tells "the file is not there" from "the rule says no".
package enum ReplyDetail: UInt8, CaseIterable, Sendable {
  /// Performed; or the kernel refused it, and the status is the kernel's.
  case kernel = 0
  /// No grant of that number. EACCES.
  case noGrant = 1
  /// The grant is of another kind, or lacks a right that the request needs. EACCES.
  case right = 2
  /// What is asked for lies outside the grant: another host, port, secret, app. EACCES.
  case outside = 3
  /// The token bucket is empty. EAGAIN.
  case rate = 4
  /// The grant has been used up. EDQUOT.
  case count = 5
  /// The grant's time is over. EKEYEXPIRED.
  case lease = 6
  /// Somebody took the grant back. EKEYREVOKED.
  case revoked = 7
  /// An operator said no. EACCES.
  case denied = 8
  /// Nobody answered in time. EACCES.
  case unanswered = 9
  /// Too many requests wait already. EAGAIN.
  case crowded = 10
  /// The deadline passed. ETIMEDOUT.
  case deadline = 11
  /// The app cancelled it. ECANCELED.
  case cancelled = 12
  /// The broker died with this request and has been replaced. EIO.
  case brokerRestarted = 13
  /// A user-mode driver died or broke the protocol. EIO.
  case driverFailed = 14
  /// The request is well-formed but its values are not: an empty path, NUL in a name, a flag nobody knows. EINVAL.
  case malformed = 15
  /// Not to be had here: no daemon to start apps, no privilege to set the clock. ENOTSUP, EPERM.
  case unavailable = 16
}
