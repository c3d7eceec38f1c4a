/// The report as a file.
extension CrashReport {
  /// Of the file, in bytes: what is larger is made smaller, and says so.
  package static let sizeLimit = 1 << 20
  static let mostMappings = 1024
  static let mostLines = 64

  /// At most `sizeLimit` bytes.
  package func json(id: UInt64) -> [UInt8] {
    let whole = document(id, isCut: false)
    if whole.count <= Self.sizeLimit { return whole }
    var small = self
    small.mappings = []
    small.threads = threads.enumerated().map { place, thread in
      var thread = thread
      thread.frames = Array(thread.frames.prefix(place == 0 ? 16 : 2))
      if place > 0 { thread.registers = [] }
      return thread
    }
    small.context.requests = []
    small.context.log = []
    return small.document(id, isCut: true)
  }

  private func document(_ id: UInt64, isCut: Bool) -> [UInt8] {
    var json = JSONWriter(indented: true)
    json.beginObject()
    json.field("format", 1)
    json.field("id", id)
    json.field("app", app)
    json.field("time", context.time)
    json.field("group", group)
    json.field("is-cut", isCut)
    writeCause(&json)
    json.key("threads")
    json.beginArray()
    for thread in threads { write(thread, &json) }
    json.endArray()
    json.field("thread-count", facts.threads)
    writeUnwinder(&json)
    writeContext(&json)
    json.key("mappings")
    json.beginArray()
    for mapping in mappings.prefix(Self.mostMappings) { write(mapping, &json) }
    json.endArray()
    json.field("mapping-count", mappings.count)
    json.endObject()
    json.endLine()
    return json.bytes
  }

  private func writeCause(_ json: inout JSONWriter) {
    let cause = cause
    json.key("cause")
    json.beginObject()
    json.field("signal", EndText.name(facts.signal))
    json.field("number", facts.signal)
    if !cause.code.isEmpty { json.field("code", cause.code) }
    json.field("si-code", facts.code)
    json.field("by", cause.sender.word)
    if case .process(let id) = cause.sender { json.field("sender", id) }
    if cause.sender == .kernel { json.field("address", CrashText.hex(facts.address)) }
    json.field("words", cause.words)
    if let call = refusedCall { json.field("call", call) }
    json.field("process", facts.process)
    json.field("thread", facts.thread)
    json.endObject()
  }

  private func write(_ thread: Thread, _ json: inout JSONWriter) {
    json.beginObject()
    json.field("id", thread.id)
    json.field("name", thread.name)
    json.key("frames")
    json.beginArray()
    for frame in thread.frames {
      json.beginObject()
      json.field("address", CrashText.hex(frame.address))
      if !frame.symbol.isEmpty { json.field("symbol", frame.symbol) }
      if !frame.module.isEmpty {
        json.field("module", frame.module)
        json.field("offset", CrashText.hex(frame.offset))
      }
      if !frame.source.isEmpty { json.field("source", frame.source) }
      json.endObject()
    }
    json.endArray()
    json.key("registers")
    json.beginObject()
    for register in thread.registers { json.field(register.name, CrashText.hex(register.value)) }
    json.endObject()
    json.endObject()
  }

  private func writeUnwinder(_ json: inout JSONWriter) {
    json.key("unwinder")
    json.beginObject()
    switch unwinder {
    case .done: json.field("is-complete", true)
    case .missing(let reason):
      json.field("is-complete", false)
      json.field("problem", reason)
    }
    json.endObject()
  }

  private func writeContext(_ json: inout JSONWriter) {
    json.field("command", context.command.prefix(64).map { CrashText.text($0.utf8) })
    json.field("profile-hash", context.profileHash)
    json.field("profiles", context.profiles)
    json.field("restarts", context.restarts)
    if let end = context.end { json.field("end", end) }
    for (name, list) in [("use", context.use), ("limits", context.limits)] {
      json.key(name)
      json.beginObject()
      for one in list { json.field(one.name, one.value) }
      json.endObject()
    }
    json.field("requests", context.requests.suffix(Self.mostLines).map { CrashText.text($0.utf8) })
    json.field("log", context.log.suffix(Self.mostLines).map { CrashText.text($0.utf8) })
  }

  private func write(_ mapping: CrashMapping, _ json: inout JSONWriter) {
    json.beginObject()
    json.field("start", CrashText.hex(mapping.start))
    json.field("end", CrashText.hex(mapping.end))
    json.field("rights", mapping.rights)
    json.field("offset", CrashText.hex(mapping.offset))
    json.field("path", mapping.path)
    json.endObject()
  }
}

extension CrashCause.Sender {
  /// `by` in the report.
  package var word: String {
    switch self {
    case .kernel: "kernel"
    case .itself: "itself"
    case .process: "process"
    case .outside: "outside"
    case .filter: "filter"
    }
  }
}
