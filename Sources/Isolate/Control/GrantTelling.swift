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

  /// Of what: "/home/me/notes/", "tcp example.org:443".
  package static func target(_ target: GrantTarget) -> String {
    switch target {
    case .files(let path, let isDirectory):
      isDirectory && !path.hasSuffix("/") ? path + "/" : path
    case .connect(let targets), .listen(let targets):
      targets.map(network).joined(separator: ", ")
    case .resolve(let names), .apps(let names): names.joined(separator: ", ")
    case .secret(.file(let path)): path
    case .secret(.credential(let name)): "credential " + name
    case .secret(.command(let words)): "output of " + words.joined(separator: " ")
    case .device(let path): path
    case .clock(let step): "steps up to \(step) ms"
    case .driver(let name): name
    }
  }

  private static func network(_ target: NetworkTarget) -> String {
    let host = "\(target.transport.rawValue) \(target.host)"
    guard let ports = target.ports else { return host }
    if ports == 0...UInt16.max { return host + ":*" }
    return ports.count == 1
      ? "\(host):\(ports.lowerBound)"
      : "\(host):\(ports.lowerBound)-\(ports.upperBound)"
  }

  private static let names: [(GrantRights, String)] = [
    (.read, "read"), (.write, "write"), (.create, "create"), (.list, "list"), (.stat, "stat"),
    (.remove, "remove"), (.rename, "rename"), (.makeDirectory, "make-directory"),
    (.links, "links"), (.connect, "connect"), (.listen, "listen"), (.resolve, "resolve"),
    (.start, "start"), (.signal, "signal"), (.status, "status"), (.set, "set"), (.call, "call"),
  ]

  package static func rights(_ rights: GrantRights) -> [String] {
    names.filter { rights.contains($0.0) }.map(\.1)
  }

  /// "10 in 1000 ms, 20 at once".
  package static func rate(_ rate: GrantRate) -> String {
    "\(rate.requests) in \(rate.perMilliseconds) ms, \(rate.burst) at once"
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
    if let rate = grant.rate { object["rate"] = .string(self.rate(rate)) }
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
