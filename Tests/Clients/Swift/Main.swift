import Glibc
import IsolateClient

/// Does what its arguments say, one command each, through IsolateClient, and prints plain lines. C/client.c and client.py
/// print the same lines for the same commands: docs/protocol.md, "Clients".
@main
enum Client {
  static func main() {
    let before = opened()
    do throws(BrokerError) {
      let broker = try Broker()
      for line in CommandLine.arguments.dropFirst() {
        let words = line.split(separator: " ").map(String.init)
        do throws(BrokerError) {
          try run(broker, words[0], Array(words.dropFirst()))
        } catch {
          report(error, words[0])
        }
      }
    } catch {
      report(error, "hello")
    }
    let left = opened() - before
    if left != 0 { print("descriptors left: \(left)") }
  }

  static func report(_ error: BrokerError, _ name: String) {
    let detail = error.detail.map(String.init) ?? "-"
    let rule = error.rule.isEmpty ? "-" : error.rule
    let reason = error.reason.isEmpty ? "" : " = \(error.reason)"
    print("\(name): error \(error.number) detail \(detail) rule \(rule)\(reason)")
  }

  static func opened() -> Int { (0..<256 as Range<Int32>).count { fcntl($0, F_GETFD) >= 0 } }

  static func text(_ word: String) -> String { word == "-" ? "" : word }

  static func firstLine(_ bytes: some Sequence<UInt8>) -> String {
    String(decoding: bytes.prefix { $0 != 10 }, as: UTF8.self)
  }

  /// What one read gives, of 64 bytes.
  static func content(_ descriptor: borrowing OwnedDescriptor) -> String {
    var bytes = [UInt8](repeating: 0, count: 64)
    let count = unsafe read(descriptor.raw, &bytes, 64)
    return firstLine(bytes.prefix(max(0, count)))
  }

  static func flags(_ words: String) -> OpenFlags {
    let names = ["read", "write", "create", "exclusive", "truncate", "append", "directory"]
    var flags: OpenFlags = []
    for (place, name) in names.enumerated()
    where words.split(separator: ",").contains(where: { $0 == name }) {
      flags.insert(OpenFlags(rawValue: 1 << UInt32(place)))
    }
    return flags
  }

  static func open(_ broker: Broker, _ words: [String]) throws(BrokerError) {
    let flags = flags(words[2])
    let file = try broker.open(words[0], text(words[1]), flags)
    var status = Glibc.stat()
    if unsafe fstat(file.raw, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
      print("open: directory")
    } else if flags.contains(.write) {
      print("open: wrote \(unsafe write(file.raw, "written\n", 8))")
    } else {
      print("open: \(content(file))")
    }
  }

  static func list(_ broker: Broker, _ words: [String]) throws(BrokerError) {
    let entries = try broker.list(words[0], text(words[1]))
    for entry in entries.sorted(by: { $0.name.lexicographicallyPrecedes($1.name) }) {
      print("list: \(entry.type) \(String(decoding: entry.name, as: UTF8.self))")
    }
    print("list: end")
  }

  static func transport(_ name: String) -> Transport {
    name == "tcp" ? .tcp : name == "udp" ? .udp : .unix
  }

  static func connect(_ broker: Broker, _ words: [String]) throws(BrokerError) {
    let port = UInt16(words[3]) ?? 0
    let peer = try broker.connect(words[0], text(words[2]), port: port, transport(words[1]))
    let line = Array((words[4] + "\n").utf8)
    _ = unsafe send(peer.raw, line, line.count, 0x4000)
    print("connect: \(content(peer))")
  }

  static func resolve(_ broker: Broker, _ words: [String]) throws(BrokerError) {
    for address in try broker.resolve(words[0], words[1]) {
      var line = [CChar](repeating: 0, count: 64)
      let family = address.count == 4 ? AF_INET : AF_INET6
      _ = unsafe inet_ntop(family, address, &line, 64)
      print("resolve: \(firstLine(line.prefix { $0 != 0 }.map(UInt8.init)))")
    }
  }

  static func stat(_ broker: Broker, _ name: String, _ words: [String]) throws(BrokerError) {
    let s = try broker.stat(words[0], text(words[1]))
    let mode = String(s.mode, radix: 8)
    if name == "type" { return print("type: size \(s.size) mode \(mode)") }
    print(
      "stat: size \(s.size) mode \(mode) owner \(s.uid) \(s.gid) time \(s.modifiedSeconds)"
        + " \(s.modifiedNanoseconds) inode \(s.inode)")
  }

  static func handles(_ broker: Broker, _ words: [String]) throws(BrokerError) {
    for h in try broker.handles() {
      let age = words.isEmpty ? 0 : h.ageMilliseconds
      print(
        "handles: \(h.handle) grant \(h.grant) kind \(h.kind) state \(h.state) age \(age)"
          + " rights \(h.rights)")
    }
    print("handles: end")
  }

  static func hexadecimal(_ bytes: [UInt8]) -> String {
    bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
  }

  static func run(_ broker: Broker, _ name: String, _ words: [String]) throws(BrokerError) {
    switch name {
    case "grants":
      for grant in broker.grants {
        print("grants: \(grant.name) kind \(grant.kind) rights \(grant.rights)")
      }
    case "open": try open(broker, words)
    case "both":
      let first = try broker.beginOpen(words[0], words[1])
      let second = try broker.beginOpen(words[0], words[2])
      print("both: \(content(try broker.finishOpen(second)))")
      print("both: \(content(try broker.finishOpen(first)))")
    case "stat", "type": try stat(broker, name, words)
    case "list": try list(broker, words)
    case "remove": try broker.remove(words[0], text(words[1]), isDirectory: words.count > 2)
    case "rename":
      let keeps = words.count > 3
      try broker.rename(words[0], text(words[1]), text(words[2]), keepsExisting: keeps)
    case "mkdir": try broker.makeDirectory(words[0], text(words[1]))
    case "connect": try connect(broker, words)
    case "listen":
      var port = UInt16(words[3]) ?? 0
      let host = text(words[2])
      let door = try broker.listen(words[0], host, port: &port, transport(words[1]), backlog: 5)
      if Glibc.listen(door.raw, 5) == 0 { print("listen: listening") }
    case "resolve": try resolve(broker, words)
    case "secret": print("secret: \(firstLine(try broker.secret(words[0]).readAll()))")
    case "door":
      _ = try broker.door()
      print("door: open")
    case "device":
      let device = try broker.device(words[0], flags(words[1]))
      print("device: \(hexadecimal(try device.readAll(limit: 4)))")
    case "start":
      print(
        "start: \(try broker.startApp(words[0], words[1], arguments: Array(words.dropFirst(2))))")
    case "signal": try broker.signalApp(words[0], words[1], UInt32(words[2]) ?? 0)
    case "status":
      let app = try broker.appStatus(words[0], words[1])
      print("status: state \(app.state) exit \(app.exit) restarts \(app.restarts)")
    case "clock":
      let nanoseconds = UInt32(words[2]) ?? 0
      try broker.setClock(words[0], seconds: Int64(words[1]) ?? 0, nanoseconds: nanoseconds)
    case "call":
      let passed = [Int32](repeating: 0, count: Int(words[2]) ?? 0)
      let (answer, kept) = try broker.call(
        words[0], Array(text(words[1]).utf8), descriptors: passed)
      print("call: \(String(decoding: answer, as: UTF8.self)), \(kept.count) descriptors")
      for descriptor in kept { close(descriptor) }
    case "notify": try broker.notify(words.joined(separator: "\n"))
    case "handles": try handles(broker, words)
    case "close": try broker.closeHandle(UInt32(words[0]) ?? 0)
    case "cancel": try broker.cancel(UInt32(words[0]) ?? 0)
    case "deadline":
      broker.deadlineMilliseconds = UInt32(words[0]) ?? 0
      broker.patienceMilliseconds = UInt32(words[1]) ?? 0
    default: print("\(name): no such command")
    }
    let silent = ["remove", "rename", "mkdir", "signal", "clock", "notify", "close", "cancel"]
    if silent.contains(name) { print("\(name): done") }
  }
}
