@testable import Isolate

/// The promises of the control socket's readers, for any bytes.
enum ControlFuzz {
  /// A value that can be written and read again, or an error that lies within the bytes.
  static func json(_ bytes: [UInt8]) -> String? {
    do throws(JSONError) {
      let value = try JSONReader.read(bytes, limit: 65_536)
      let written = value.bytes
      let again = try JSONReader.read(written, limit: written.count)
      if again != value { return "written and read again it is another" }
      return again.bytes == written ? nil : "written twice it is two texts"
    } catch {
      let isInside = (0...bytes.count).contains(error.offset)
      return isInside && !error.description.isEmpty ? nil : "an error beyond the end: \(error)"
    }
  }

  /// Two peers: one sends these bytes in pieces of any size, the other asks and must be answered.
  static func varlink(_ bytes: [UInt8]) -> String? {
    var limits = VarlinkLimits()
    limits.messageBytes = 512
    limits.unreadBytes = 65_536
    let info = VarlinkInfo(vendor: "v", product: "p", version: "1", url: "u")
    var server = VarlinkServer(info, interfaces: [SessionInterface.interface], limits: limits)
    guard let first = server.connect(), let second = server.connect() else { return "no room" }
    let size = max(1, Int(bytes.first ?? 1))
    var rest = bytes.dropFirst()
    var output: [UInt8] = []
    var now: Int64 = 0
    while !rest.isEmpty || server.wantsInput(first) {
      now += 1
      if server.wantsInput(first) {
        server.receive(Array(rest.prefix(size)), from: first, now: now)
        rest = rest.dropFirst(size)
      }
      if let broken = answer(&server, now) { return broken }
      output += server.output(first)
      server.sent(server.output(first).count, to: first, now: now)
      if rest.isEmpty || server.takeDrops().contains(where: { $0.peer == first }) { break }
    }
    server.receive(
      VarlinkText.call("org.varlink.service.GetInfo", JSONObject()) + [0], from: second, now: now)
    if let broken = answer(&server, now) { return broken }
    if server.output(second).isEmpty { return "the other peer is not answered" }
    for message in output.split(separator: 0) {
      do throws(JSONError) {
        let reply = try JSONReader.read(Array(message), limit: message.count)
        guard let object = reply.object, object["parameters"]?.object != nil else {
          return "a reply without parameters"
        }
      } catch {
        return "a reply that is not JSON: \(error)"
      }
    }
    server.expire(now: now + limits.messageMilliseconds + limits.unreadMilliseconds)
    return server.expiresAt == nil ? nil : "somebody may stall for ever"
  }

  private static func answer(_ server: inout VarlinkServer, _ now: Int64) -> String? {
    for _ in 0..<1000 {
      guard let call = server.nextCall(now: now) else { return nil }
      do throws(VarlinkError) {
        _ = try SessionRequest(call)
        if call.wantsMore { server.reply(call, JSONObject(), continues: true, now: now) }
        server.reply(call, JSONObject(), now: now)
      } catch {
        server.fail(call, error, now: now)
      }
      if server.waits(call) { return "a call that is answered waits" }
    }
    return "calls without end"
  }
}
