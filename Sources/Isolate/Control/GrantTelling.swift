/// A grant in the words that operators read, and its whole content for comparing.
package enum GrantTelling {
  package static func kind(_ target: GrantTarget) -> String {
    switch target {
    case .files: "files"
    case .connect: "connect"
    case .listen: "listen"
    case .resolve: "resolve"
    case .secret: "secret"
    case .device: "device"
    case .apps: "apps"
    case .clock: "clock"
    case .driver: "driver"
    }
  }

  /// The words of a profile.
  package static func rights(_ rights: GrantRights) -> [String] {
    GrantWord.allCases.filter { rights.contains(PolicyResolver.right($0)) }.map(\.rawValue)
  }

  /// Everything that a grant allows, so that what was answered holds for exactly this and nothing wider. Where it is
  /// written and how long one waits for an answer are no part of it.
  package static func content(_ grant: Grant) -> JSONValue {
    var object = JSONObject([.init("kind", .string(kind(grant.target)))])
    switch grant.target {
    case .files(let path, let isDirectory):
      object["path"] = .string(path)
      object["directory"] = .boolean(isDirectory)
    case .connect(let targets), .listen(let targets):
      object["targets"] = .array(targets.map(content))
    case .resolve(let names), .apps(let names): object["names"] = JSONValue(names)
    case .secret(.file(let path)): object["file"] = .string(path)
    case .secret(.credential(let name)): object["credential"] = .string(name)
    case .secret(.command(let words)): object["command"] = JSONValue(words)
    case .device(let path): object["path"] = .string(path)
    case .clock(let step): object["step"] = .integer(step)
    case .driver(let name): object["driver"] = .string(name)
    }
    object["rights"] = .integer(Int64(grant.rights.rawValue))
    if let rate = grant.rate {
      object["rate"] = .array(
        [rate.requests, rate.perMilliseconds, rate.burst].map { .integer(Int64($0)) })
    }
    if let count = grant.count { object["count"] = JSONValue(count) }
    if let lease = grant.leaseMilliseconds { object["lease"] = .integer(lease) }
    return .object(object)
  }

  private static func content(_ target: NetworkTarget) -> JSONValue {
    let ports = target.ports.map { [Int64($0.lowerBound), Int64($0.upperBound)] } ?? []
    return [
      "transport": .string(target.transport.rawValue), "host": .string(target.host),
      "ports": .array(ports.map { .integer($0) }),
    ]
  }
}
