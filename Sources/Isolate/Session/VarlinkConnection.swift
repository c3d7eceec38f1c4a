/// The command's end of a varlink connection: asks, and reads answers as anybody's bytes.
struct VarlinkConnection {
  let socket: HeldDescriptor
  private let interface: String
  /// Of the peer, for messages.
  let name: String
  private var rest: [UInt8] = []
  private static let replyBytes = 4 << 20

  /// - Parameter socket: connected; reads and writes end by themselves after a time, if there is one.
  init(_ socket: HeldDescriptor, interface: String, name: String) {
    self.socket = socket
    self.interface = interface
    self.name = name
  }

  /// Calls a method and gives every reply to `take`, until the last or until that says it is enough.
  ///
  /// - Parameters:
  ///   - most: replies at most.
  ///   - refusal: what an error of the interface means.
  ///   - take: false ends the call.
  mutating func call(
    _ method: String, _ parameters: JSONObject = JSONObject(), more: Bool = false,
    most: Int = 10_000, refusal: (String, JSONObject) -> ControlClient.Failure,
    _ take: (JSONObject) throws(ControlMisread) -> Bool
  ) throws(ControlClient.Failure) {
    let message = VarlinkText.call(interface + "." + method, parameters, more: more) + [0]
    var sent = 0
    while sent < message.count {
      guard let count = LocalSocket.give(message[sent...], to: socket.descriptor), count > 0 else {
        throw hungUp
      }
      sent += count
    }
    for _ in 0..<most {
      let reply = try receive()
      if let error = reply["error"]?.string {
        throw refusal(error, reply["parameters"]?.object ?? JSONObject())
      }
      do throws(ControlMisread) {
        if try !take(reply["parameters"]?.object ?? JSONObject()) { return }
      } catch {
        throw ControlClient.Failure(
          message: "\(name) answers what this version does not understand: \(error.member)",
          cure: nil)
      }
      if reply["continues"] != true { return }
    }
  }

  var hungUp: ControlClient.Failure {
    ControlClient.Failure(
      message: "\(name) has hung up, or does not answer within 10 s", cure: nil)
  }

  private mutating func receive() throws(ControlClient.Failure) -> JSONObject {
    var searched = 0
    while true {
      if let end = rest[searched...].firstIndex(of: 0) {
        let message = Array(rest[..<end])
        rest.removeFirst(end + 1)
        do throws(JSONError) {
          let value = try JSONReader.read(message, limit: Self.replyBytes)
          if let object = value.object { return object }
        } catch {
          throw ControlClient.Failure(
            message: "\(name) answers with what is no JSON: \(error)", cure: nil)
        }
        throw hungUp
      }
      searched = rest.count
      guard rest.count <= Self.replyBytes,
        case .bytes(let bytes) = Bytes.take(from: socket.descriptor.raw)
      else { throw hungUp }
      rest += bytes
    }
  }
}
