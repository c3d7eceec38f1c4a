internal import CSeccomp

/// The service manager that started this process, if one did: sd_notify(3), the watchdog, sockets that it opened for us.
///
/// Nobody waits for it: what it does not take at once is offered again, in its order. A lost word would be worse than a late
/// one: without READY=1 a reload never ends.
package final class ServiceManager {
  /// A path, or `@` and a name in the abstract space; nil: nobody wants to hear.
  private let address: String?
  /// What it has not taken yet, at most `most`: with more than that it has not read for minutes, and gets the newest.
  private var unsaid: [String] = []
  private static let most = 16
  /// How long it is left alone when it takes nothing, in milliseconds.
  private static let pause: Int64 = 20
  private var offerAt: Int64?
  private var keepAliveAt: Int64?

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
  package func tell(_ text: String, now: Int64) {
    guard address != nil else { return }
    if unsaid.count == Self.most { unsaid.removeFirst() }
    unsaid.append(text)
    offer(now)
  }

  /// Of sd_notify(3), for Type=notify-reload: with the time, so that READY=1 is known to come after.
  package func tellReloading(now: Int64) {
    tell("RELOADING=1\nMONOTONIC_USEC=\(kernel_monotonic_us())", now: now)
  }

  /// When `handle` is to be called again.
  package var nextAt: Int64? { [offerAt, keepAliveAt].compactMap { $0 }.min() }

  /// Tells it that we live, as often as it wants that, and what it did not take before.
  package func handle(now: Int64) {
    if let offerAt, now >= offerAt { offer(now) }
    guard let interval, now >= keepAliveAt ?? now else { return }
    keepAliveAt = now + interval
    /* While something waits, the next thing it takes is a sign of life by itself. */
    if unsaid.isEmpty { tell("WATCHDOG=1", now: now) }
  }

  private func offer(_ now: Int64) {
    offerAt = nil
    guard let address, !unsaid.isEmpty else { return }
    do throws(SystemError) {
      let socket = try LogCalls.datagramSocket()
      while let first = unsaid.first {
        if LogCalls.send(Array(first.utf8), to: address, from: socket) == .full {
          offerAt = now + Self.pause
          return
        }
        unsaid.removeFirst()
      }
    } catch {
      /* No descriptor is free just now. */
      offerAt = now + Self.pause
    }
  }

  /// "<3>" or "<6>" where the journal reads it.
  package func prefix(isProblem: Bool) -> String {
    readsPriorities ? isProblem ? "<3>" : "<6>" : ""
  }
}
