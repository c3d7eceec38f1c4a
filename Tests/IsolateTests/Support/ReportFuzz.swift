import CSeccomp
import Glibc

@testable import Isolate

/// Sends any message on a report socket, with descriptors: it must be read or refused, and only a terminal's descriptor
/// may stay open.
enum ReportFuzz {
  /// The first byte says how many descriptors go with the message, the rest is the message.
  static func broken(by bytes: [UInt8]) -> String? {
    guard let first = bytes.first else { return nil }
    do throws(SystemError) {
      let ends = try Launcher.reportPair()
      var pipe: [Int32] = [-1, -1]
      try call("pipe2") { unsafe kernel_pipe(&pipe) }
      let reader = Descriptor(adopting: pipe[0])
      let isSent = send(Array(bytes.dropFirst()), Int(first % 4), of: pipe[1], on: ends.childs.raw)
      close(pipe[1])
      if !isSent { return "the message cannot be sent" }
      let answer = read(ends.ours)
      return hasEnded(reader) ? nil : "a descriptor stays open: \(answer)"
    } catch {
      return "no socket: \(error)"
    }
  }

  /// Reads one message and lets go of what came with it.
  private static func read(_ reports: borrowing Descriptor) -> String {
    do throws(SystemError) {
      guard let message = try Launcher.receive(from: reports) else { return "nothing" }
      switch consume message {
      case .failed(let step, _): return "failed at \(step)"
      case .terminal(let master): return "a terminal at \(master.raw)"
      case .started(let pid): return "started \(pid)"
      case .stopped(let signal): return "stopped by \(signal)"
      case .continued: return "continued"
      case .exited(let status, _): return "exited with \(status)"
      case .shared(let bytes): return "\(bytes) bytes"
      case .crashFile(let file): return "a file at \(file.raw)"
      case .crashed(let core, let files): return "a core at \(core.raw) with \(files) files"
      case .unwitnessed(let number): return "unwitnessed: \(number)"
      }
    } catch {
      return "\(error)"
    }
  }

  /// Whether nobody has the other end any more. A process that another test is about to start may have it for a moment.
  private static func hasEnded(_ reader: borrowing Descriptor) -> Bool {
    var poller = pollfd(fd: reader.raw, events: Int16(POLLIN), revents: 0)
    return unsafe poll(&poller, 1, 5000) == 1 && poller.revents & Int16(POLLHUP) != 0
  }

  /// sendmsg(2) with `count` duplicates of a descriptor as SCM_RIGHTS (cmsg(3); 64-bit layout).
  private static func send(
    _ bytes: [UInt8], _ count: Int, of descriptor: Int32, on socket: Int32
  ) -> Bool {
    var control: [UInt32] = [UInt32(16 + 4 * count), 0, UInt32(SOL_SOCKET), 1]
    control += [UInt32](repeating: UInt32(descriptor), count: count + count % 2)
    var bytes = bytes
    let length = bytes.count
    if bytes.isEmpty { bytes = [0] }
    return unsafe bytes.withUnsafeMutableBytes { bytes in
      unsafe control.withUnsafeMutableBytes { control in
        var part = unsafe iovec(iov_base: bytes.baseAddress, iov_len: length)
        return unsafe withUnsafeMutablePointer(to: &part) { part in
          var message = unsafe msghdr()
          unsafe message.msg_iov = part
          unsafe message.msg_iovlen = 1
          if count > 0 {
            unsafe message.msg_control = control.baseAddress
            unsafe message.msg_controllen = control.count
          }
          return unsafe sendmsg(socket, &message, 0) >= 0
        }
      }
    }
  }
}
