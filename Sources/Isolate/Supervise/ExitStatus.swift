/// How a process ended, from the status that waitpid(2) gives.
package enum ExitStatus: Hashable, Sendable {
  case exited(code: Int32)
  case signaled(signal: Int32, dumpedCore: Bool)

  package init(waitStatus: Int32) {
    let signal = waitStatus & 0x7f
    if signal == 0 {
      self = .exited(code: waitStatus >> 8 & 0xff)
    } else {
      self = .signaled(signal: signal, dumpedCore: waitStatus & 0x80 != 0)
    }
  }

  /// Nil: it ended by itself.
  package var signal: Int32? {
    switch self {
    case .exited: nil
    case .signaled(let signal, _): signal
    }
  }

  /// The code a shell gives it: the program's own, or 128 + the signal.
  package var shellCode: Int32 {
    switch self {
    case .exited(let code): code
    case .signaled(let signal, _): 128 + signal
    }
  }
}
