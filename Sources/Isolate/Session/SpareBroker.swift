/// A broker that is launched ahead, so that the app does not wait for a launch when its broker dies. It waits for the order to begin,
/// and has looked at nothing of the app's until then.
///
/// One for an app, and only for one that has asked. What it can reach was settled when it was launched. So before it is used
/// it is looked whether another that is launched now would have the same: if any path leads elsewhere, it is thrown away.
final class SpareBroker {
  /// After a broker was started: an app that asks once and ends has no use for a second one.
  static let pauseMilliseconds: Int64 = 100

  private let running: BrokerLaunch.Running
  private let sight: [String: FileIdentity?]

  /// Launches one.
  ///
  /// - Parameter pins: which were looked at just now.
  init(
    _ launch: BrokerLaunch, _ door: borrowing Descriptor, book: borrowing Descriptor,
    pins: BrokerPins
  ) throws(LaunchError) {
    sight = try attempt { () throws(SystemError) in try launch.sight(pins) }
    running = try launch.start(door, book: book, pins: pins)
  }

  func rehearse(settings: borrowing Descriptor) { running.rehearse(settings: settings) }

  /// Gives it away, or ends it. Once.
  ///
  /// - Parameter pins: which were looked at just now.
  /// - Returns: nil: it has ended, or sees what a new one would not see.
  func take(_ launch: BrokerLaunch, _ pins: BrokerPins) -> BrokerLaunch.Running? {
    do throws(SystemError) {
      if try ProcessHandle.status(of: running.child.pidfd, blocking: false) != nil { return nil }
      if try launch.sight(pins) == sight { return running }
    } catch {
      /* What cannot be looked at is not what it was. */
    }
    end()
    return nil
  }

  func end() { ProcessHandle.endAndReap(running.child.pidfd) }
}

/// Which file a path leads to.
struct FileIdentity: Hashable, Sendable {
  var device: UInt64
  var inode: UInt64
}
