internal import CSeccomp

/// The service manager that started this process, if one did: sd_notify(3), the watchdog, sockets that it opened for us.
package struct ServiceManager: Sendable {
  /// A path, or `@` and a name in the abstract space; nil: nobody wants to hear.
  private let address: String?
  /// Half the time within which it wants a sign of life, in milliseconds.
  private let interval: Int64?
  /// The first of the sockets it passed, and their number (sd_listen_fds(3)).
  package let sockets: Range<Int32>
  /// Standard error is its journal: lines may say how grave they are (sd-daemon(3)).
  private let readsPriorities: Bool

  /// - Parameter environment: variables that are for another process are passed over.
  package init(_ environment: [(name: String, value: String)]) {
    func variable(_ name: String) -> String? { environment.first { $0.name == name }?.value }
    let own = String(LocalSocket.process)
    address = variable("NOTIFY_SOCKET").flatMap { address in
      address.hasPrefix("/") || address.hasPrefix("@") ? address : nil
    }
    let isOurs = variable("WATCHDOG_PID").map { $0 == own } ?? true
    let microseconds = variable("WATCHDOG_USEC").flatMap { Int64($0) } ?? 0
    interval = isOurs && microseconds > 0 ? max(1, microseconds / 2000) : nil
    let count = variable("LISTEN_PID") == own ? variable("LISTEN_FDS").flatMap { Int32($0) } : nil
    sockets = 3..<(3 + min(max(0, count ?? 0), 64))
    readsPriorities = variable("JOURNAL_STREAM") != nil
  }

  /// Says something: lines of `NAME=VALUE`. One that does not listen is no error.
  package func tell(_ text: String) {
    guard let address else { return }
    _ = unsafe RawText.withCString(address) { address in
      unsafe RawText.withCString(text) { unsafe kernel_notify(address, $0) }
    }
  }

  /// Of sd_notify(3), for Type=notify-reload: with the time, so that READY=1 is known to come after.
  package func tellReloading() {
    tell("RELOADING=1\nMONOTONIC_USEC=\(kernel_monotonic_us())")
  }

  /// How often `tell("WATCHDOG=1")` is due, in milliseconds; nil: never.
  package var keepAliveMilliseconds: Int64? { interval }

  /// "<3>" or "<6>" where the journal reads it.
  package func prefix(isProblem: Bool) -> String {
    readsPriorities ? isProblem ? "<3>" : "<6>" : ""
  }
}
