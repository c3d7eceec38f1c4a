/// Grants and drivers as a person reads them: what `show` and `plan` print.
extension Grant {
  /// All of it in one line.
  package var inWords: String {
    var text = target.inWords
    switch target {
    case .files, .device, .apps: text += ": \(rights.inWords)"
    case .connect, .listen, .resolve, .secret, .clock, .driver: break
    }
    if let rate {
      let unit =
        switch rate.perMilliseconds {
        case 1000: "s"
        case 60_000: "m"
        case 3_600_000: "h"
        default: "\(rate.perMilliseconds)ms"
        }
      text += "; at most \(rate.requests)/\(unit), \(rate.burst) at once"
    }
    if let count { text += "; \(count) in all" }
    if let leaseMilliseconds { text += "; for \(Self.time(leaseMilliseconds))" }
    if let askMilliseconds {
      text += "; an operator is asked and has \(Self.time(askMilliseconds))"
    }
    return text
  }

  private static func time(_ milliseconds: Int64) -> String {
    ProfileUnits.describe(milliseconds: UInt64(milliseconds))
  }
}

extension GrantTarget {
  package var inWords: String {
    switch self {
    case .files(let path, let isDirectory): isDirectory ? "files beneath \(path)" : "file \(path)"
    case .connect(let places): "connect to \(Self.list(places.map(\.inWords)))"
    case .listen(let places): "listen at \(Self.list(places.map(\.inWords)))"
    case .resolve(let names): "look up \(Self.list(names))"
    case .secret(.file(let path)): "secret in \(path)"
    case .secret(.credential(let name)): "secret of credential \(name)"
    case .secret(.command(let command)): "secret that \(command.joined(separator: " ")) prints"
    case .device(let path): "device \(path)"
    case .apps(let names): "apps \(Self.list(names))"
    case .clock(let step):
      "clock, in steps up to \(ProfileUnits.describe(milliseconds: UInt64(step)))"
    case .driver(let name): "calls of driver \(name)"
    }
  }

  private static func list(_ words: [String]) -> String { words.joined(separator: " ") }
}

extension NetworkTarget {
  /// As a profile would have it.
  package var inWords: String {
    guard let ports else { return "unix:\(host)" }
    let place = host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]" : host
    let port =
      if ports == 0...65535 {
        "*"
      } else if ports.count == 1 {
        String(ports.lowerBound)
      } else {
        "\(ports.lowerBound)-\(ports.upperBound)"
      }
    return "\(transport.rawValue):\(place):\(port)"
  }
}

extension GrantRights {
  /// The words of a profile.
  package var inWords: String {
    GrantWord.allCases.filter { contains(PolicyResolver.right($0)) }.map(\.rawValue)
      .joined(separator: ", ")
  }
}

extension DriverPolicy {
  package var inWords: String {
    let what =
      command.isEmpty
      ? "in a process of its own"
      : command.joined(separator: " ") + (profile.map { ", confined by \($0)" } ?? "")
    let time = ProfileUnits.describe(milliseconds: UInt64(deadlineMilliseconds))
    return "\(what); \(time) a call, \(queue) may wait"
  }
}
