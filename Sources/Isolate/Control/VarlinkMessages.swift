/// One call of a peer.
package struct VarlinkCall: Hashable, Sendable {
  /// The peer's number in the server.
  package var peer: Int
  /// Calls are counted; a reply to one that is over goes nowhere.
  package var number: UInt64
  /// "io.isolated.Session".
  package var interface: String
  /// "GetStatus".
  package var method: String
  package var parameters: JSONObject
  /// The peer takes several replies.
  package var wantsMore: Bool
  /// The peer wants no reply at all.
  package var isOneway: Bool
}

/// Why a call is not answered with values.
package enum VarlinkError: Error, Hashable, Sendable {
  case interfaceNotFound(String)
  case methodNotFound(String)
  case methodNotImplemented(String)
  case invalidParameter(String)
  case permissionDenied
  case expectedMore
  /// An error of the interface's own: its full name, and its parameters.
  case own(String, JSONObject)

  /// As the wire names it.
  package var name: String {
    switch self {
    case .interfaceNotFound: "org.varlink.service.InterfaceNotFound"
    case .methodNotFound: "org.varlink.service.MethodNotFound"
    case .methodNotImplemented: "org.varlink.service.MethodNotImplemented"
    case .invalidParameter: "org.varlink.service.InvalidParameter"
    case .permissionDenied: "org.varlink.service.PermissionDenied"
    case .expectedMore: "org.varlink.service.ExpectedMore"
    case .own(let name, _): name
    }
  }

  package var parameters: JSONObject {
    switch self {
    case .interfaceNotFound(let name): JSONObject([.init("interface", .string(name))])
    case .methodNotFound(let name), .methodNotImplemented(let name):
      JSONObject([.init("method", .string(name))])
    case .invalidParameter(let name): JSONObject([.init("parameter", .string(name))])
    case .permissionDenied, .expectedMore: JSONObject()
    case .own(_, let parameters): parameters
    }
  }
}

/// A message of either side, without its NUL.
package enum VarlinkText {
  package static func call(
    _ method: String, _ parameters: JSONObject, more: Bool = false
  ) -> [UInt8] {
    var message = JSONObject([.init("method", .string(method))])
    if !parameters.members.isEmpty { message["parameters"] = .object(parameters) }
    if more { message["more"] = true }
    return JSONValue.object(message).bytes
  }

  package static func reply(_ parameters: JSONObject, continues: Bool) -> [UInt8] {
    var message = JSONObject([.init("parameters", .object(parameters))])
    if continues { message["continues"] = true }
    return JSONValue.object(message).bytes
  }

  package static func error(_ error: VarlinkError) -> [UInt8] {
    var message = JSONObject([.init("error", .string(error.name))])
    message["parameters"] = .object(error.parameters)
    return JSONValue.object(message).bytes
  }
}
