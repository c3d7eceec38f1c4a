/// What a process is told that writes the report of one crash: JSON in sealed memory, from the daemon, which runs the same
/// program.
package struct CrashOrder: Hashable, Sendable {
  /// Of the JSON, in bytes.
  package static let sizeLimit = 1 << 20

  package var subject: UnwinderPolicy.Subject
  /// Where reports are kept; an absolute path.
  package var directory: String
  /// Programs and libraries that the process had mapped, which follow the core.
  package var files: Int
  package var log: Log?
  package var context: CrashContext

  /// Where the app's log had come to.
  package struct Log: Hashable, Sendable {
    package var directory: String
    /// Of the file that was written then, and the bytes it had.
    package var number: UInt64
    package var offset: UInt64

    package init(directory: String, number: UInt64, offset: UInt64) {
      self.directory = directory
      self.number = number
      self.offset = offset
    }
  }

  package init(
    _ subject: UnwinderPolicy.Subject, directory: String, files: Int, log: Log?,
    context: CrashContext
  ) {
    self.subject = subject
    self.directory = directory
    self.files = files
    self.log = log
    self.context = context
  }
}

extension CrashOrder {
  /// A report shows less of a word.
  private static func beginning(_ word: String) -> String {
    String(decoding: word.utf8.prefix(1024), as: UTF8.self)
  }

  package var json: JSONValue {
    func named(_ list: [CrashContext.Named]) -> JSONValue {
      .array(list.map { .array([.string($0.name), .string($0.value)]) })
    }
    return [
      "app": .string(subject.app),
      "ids": .array(
        [subject.uid, subject.gid, subject.hostUID, subject.hostGID, subject.umask].map {
          .integer(Int64($0))
        }),
      "order": .string(subject.order.rawValue), "directory": .string(directory),
      "files": .integer(Int64(files)),
      "log": log.map {
        [
          "directory": .string($0.directory), "number": JSONValue($0.number),
          "offset": JSONValue($0.offset),
        ]
      } ?? .null,
      "time": .integer(context.time),
      "command": JSONValue(context.command.prefix(64).map { Self.beginning($0) }),
      "profile-hash": .string(context.profileHash), "profiles": JSONValue(context.profiles),
      "limits": named(context.limits), "use": named(context.use),
      "end": JSONValue(text: context.end), "restarts": JSONValue(context.restarts),
      "requests": JSONValue(context.requests),
    ]
  }

  package init(_ json: JSONValue) throws(ControlMisread) {
    let fields = try JSONFields(json)
    let ids = try fields.list("ids") { $0.integer.flatMap(UInt32.init(exactly:)) }
    guard ids.count == 5 else { throw ControlMisread(member: "ids") }
    subject = UnwinderPolicy.Subject(
      app: try fields.text("app"), uid: ids[0], gid: ids[1], hostUID: ids[2], hostGID: ids[3],
      umask: ids[4], order: try fields.word("order"))
    directory = try fields.text("directory")
    files = try fields.number("files")
    log = nil
    if let value = fields.object["log"], value != .null {
      let log = try JSONFields(value)
      self.log = Log(
        directory: try log.text("directory"), number: try log.number("number"),
        offset: try log.number("offset"))
    }
    func named(_ key: String) throws(ControlMisread) -> [CrashContext.Named] {
      try fields.list(key) { pair in
        let words = (pair.array ?? []).compactMap(\.string)
        return words.count == 2 ? CrashContext.Named(words[0], words[1]) : nil
      }
    }
    context = CrashContext()
    context.time = try fields.number("time")
    context.command = try fields.list("command", \.string)
    context.profileHash = try fields.text("profile-hash")
    context.profiles = try fields.list("profiles", \.string)
    context.limits = try named("limits")
    context.use = try named("use")
    context.end = try fields.optional("end", fields.text)
    context.restarts = try fields.number("restarts")
    context.requests = try fields.list("requests", \.string)
  }
}

/// What became of such an order, told in one packet. Nothing: the process ended before it could tell.
package enum CrashAnswer: Hashable, Sendable {
  /// With the system call that the filter refused, by name, if it was that.
  case written(id: UInt64, path: String, words: String, call: String? = nil)
  case failed(String)

  /// Of a packet, in bytes.
  package static let sizeLimit = 8192

  package var json: JSONValue {
    switch self {
    case .written(let id, let path, let words, let call):
      [
        "id": JSONValue(id), "path": .string(path), "words": .string(words),
        "call": JSONValue(text: call),
      ]
    case .failed(let reason): ["failed": .string(reason)]
    }
  }

  package init(_ json: JSONValue) throws(ControlMisread) {
    let fields = try JSONFields(json)
    if let reason = try fields.optional("failed", fields.text) {
      self = .failed(reason)
    } else {
      self = .written(
        id: try fields.number("id"), path: try fields.text("path"),
        words: try fields.text("words"), call: try fields.optional("call", fields.text))
    }
  }
}
