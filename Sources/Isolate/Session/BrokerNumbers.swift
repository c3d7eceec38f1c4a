/// The descriptors that a broker starts with, by number.
enum BrokerNumbers {
  /// The way to the app: a duplicate of the supervisor's end.
  static let door: Int32 = 3
  /// The way to the supervisor.
  static let control: Int32 = 4
  /// Memory that outlives brokers.
  static let book: Int32 = 5
  /// Where the supervisor keeps what it passes, out of the way of these.
  static let floor: Int32 = 40

  /// How a broker ends by itself.
  enum End: Int32 {
    /// The app has closed its door, or the supervisor is gone.
    case doorClosed = 0
    /// The app broke the protocol, which the supervisor has been told.
    case cutOff = 3
    /// What it was started with makes no sense: a bug, or somebody typed the command.
    case badStart = 125
  }
}
