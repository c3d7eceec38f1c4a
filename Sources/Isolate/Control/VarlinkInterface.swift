/// What a parameter of a method may be.
package enum VarlinkParameterKind: Hashable, Sendable {
  case boolean, integer, string
  /// One of these words.
  case words([String])

  func takes(_ value: JSONValue) -> Bool {
    switch (self, value) {
    case (.boolean, .boolean), (.integer, .integer), (.string, .string): true
    case (.words(let words), .string(let word)): words.contains(word)
    case (.boolean, _), (.integer, _), (.string, _), (.words, _): false
    }
  }
}

package struct VarlinkParameter: Hashable, Sendable {
  package var name: String
  package var kind: VarlinkParameterKind
  /// It may be left out, or be null.
  package var isOptional: Bool

  package init(_ name: String, _ kind: VarlinkParameterKind, isOptional: Bool = false) {
    self.name = name
    self.kind = kind
    self.isOptional = isOptional
  }
}

package struct VarlinkMethod: Hashable, Sendable {
  package var name: String
  package var parameters: [VarlinkParameter]

  package init(_ name: String, _ parameters: [VarlinkParameter] = []) {
    self.name = name
    self.parameters = parameters
  }
}

/// An interface that a server speaks: what calls are checked against before anybody sees them.
package struct VarlinkInterface: Hashable, Sendable {
  /// "io.isolated.Session".
  package var name: String
  /// The interface file, as GetInterfaceDescription tells it. A test holds it and `methods` equal.
  package var description: String
  package var methods: [VarlinkMethod]

  package init(name: String, description: String, methods: [VarlinkMethod]) {
    self.name = name
    self.description = description
    self.methods = methods
  }

  /// Checks a call: the method is there, has every parameter that it needs, and none that it does not know.
  package func check(_ call: VarlinkCall) throws(VarlinkError) {
    guard let method = methods.first(where: { $0.name == call.method }) else {
      throw .methodNotFound(name + "." + call.method)
    }
    for member in call.parameters.members {
      guard let parameter = method.parameters.first(where: { $0.name == member.key }) else {
        throw .invalidParameter(member.key)
      }
      if member.value == .null && parameter.isOptional { continue }
      if !parameter.kind.takes(member.value) { throw .invalidParameter(member.key) }
    }
    for parameter in method.parameters where !parameter.isOptional {
      if call.parameters[parameter.name] == nil { throw .invalidParameter(parameter.name) }
    }
  }
}

/// What GetInfo tells of a server.
package struct VarlinkInfo: Hashable, Sendable {
  package var vendor: String
  package var product: String
  package var version: String
  package var url: String

  package init(vendor: String, product: String, version: String, url: String) {
    self.vendor = vendor
    self.product = product
    self.version = version
    self.url = url
  }
}

/// `org.varlink.service`, which every varlink server has.
enum VarlinkIntrospection {
  static let interface = VarlinkInterface(
    name: "org.varlink.service", description: text,
    methods: [
      VarlinkMethod("GetInfo"),
      VarlinkMethod("GetInterfaceDescription", [VarlinkParameter("interface", .string)]),
    ])

  /// Word for word as https://varlink.org/Service has it.
  private static let text = """
    # The Varlink Service Interface is provided by every varlink service. It
    # describes the service and the interfaces it implements.
    interface org.varlink.service

    # Get a list of all the interfaces a service provides and information
    # about the implementation.
    method GetInfo() -> (
      vendor: string,
      product: string,
      version: string,
      url: string,
      interfaces: []string
    )

    # Get the description of an interface that is implemented by this service.
    method GetInterfaceDescription(interface: string) -> (description: string)

    # The requested interface was not found.
    error InterfaceNotFound (interface: string)

    # The requested method was not found
    error MethodNotFound (method: string)

    # The interface defines the requested method, but the service does not
    # implement it.
    error MethodNotImplemented (method: string)

    # One of the passed parameters is invalid.
    error InvalidParameter (parameter: string)

    # Client is denied access
    error PermissionDenied ()

    # Method is expected to be called with 'more' set to true, but wasn't
    error ExpectedMore ()

    """

  static func answer(
    _ call: VarlinkCall, info: VarlinkInfo, interfaces: [VarlinkInterface]
  ) throws(VarlinkError) -> JSONObject {
    try interface.check(call)
    if call.method == "GetInfo" {
      return JSONObject([
        .init("vendor", .string(info.vendor)), .init("product", .string(info.product)),
        .init("version", .string(info.version)), .init("url", .string(info.url)),
        .init("interfaces", JSONValue([interface.name] + interfaces.map(\.name))),
      ])
    }
    let name = call.parameters["interface"]?.string ?? ""
    guard let found = ([interface] + interfaces).first(where: { $0.name == name }) else {
      throw .interfaceNotFound(name)
    }
    return JSONObject([.init("description", .string(found.description))])
  }
}
