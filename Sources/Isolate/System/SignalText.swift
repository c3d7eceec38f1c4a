internal import CSeccomp

/// Names of signals.
package enum SignalText {
  /// "SIGSEGV", or nil for a real-time or unknown number.
  package static func name(_ signal: Int32) -> String? {
    unsafe kernel_signal_name(signal).map { unsafe String(cString: $0) }
  }
}
