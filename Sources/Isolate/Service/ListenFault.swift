/// Why a socket could not be opened, in words, with what to do about it.
enum ListenFault {
  static func diagnostic(_ error: SystemError, _ policy: ListenPolicy) -> Diagnostic {
    let address = text(policy.address)
    let why = SystemError.text(error.number)
    return Diagnostic(
      at: policy.position, length: address.unicodeScalars.count,
      "`service.listen`: \(address) cannot be listened on: \(why)",
      cure: cure(error.number, policy.address))
  }

  /// As profiles write it.
  static func text(_ address: ListenPolicy.Address) -> String {
    switch address {
    case .tcp(let host, let port): "tcp:\(place(host, port))"
    case .udp(let host, let port): "udp:\(place(host, port))"
    case .unixStream(let path): "unix:" + RawText.visible(path)
    case .unixDatagram(let path): "unix-dgram:" + RawText.visible(path)
    case .unixSequenced(let path): "unix-seqpacket:" + RawText.visible(path)
    }
  }

  private static func place(_ host: String, _ port: UInt16) -> String {
    if host.isEmpty { return "*:\(port)" }
    return host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]:\(port)" : "\(host):\(port)"
  }

  private static func cure(_ number: Int32, _ address: ListenPolicy.Address) -> String? {
    switch address {
    case .tcp(_, let port), .udp(_, let port):
      switch number {
      case ServiceSockets.taken:
        let option = if case .tcp = address { "-ltnp" } else { "-lunp" }
        return "another program has the port: `ss \(option) sport = :\(port)` says which"
      case Errno.access:
        return "an ordinary user may listen from net.ipv4.ip_unprivileged_port_start (sysctl) on"
      case ServiceSockets.noAddress:
        return "no interface of this machine has the address: `ip address` lists them"
      default: return nil
      }
    case .unixStream(let path), .unixDatagram(let path), .unixSequenced(let path):
      let shown = RawText.visible(path)
      switch number {
      case ServiceSockets.taken:
        return path.utf8.first == UInt8(ascii: "@")
          ? "another program has the name: `ss -xlp` says which"
          : "a program answers there, or the file is no socket of yours: end it, or remove \(shown)"
      case Errno.noEntry, Errno.notDirectory: return "make the directory of \(shown) first"
      case Errno.access, Errno.notPermitted:
        return "let this user write to the directory of \(shown)"
      default: return nil
      }
    }
  }
}
