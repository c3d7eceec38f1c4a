/// What a witness has handed over of processes that a signal ended.
final class CrashCaptures {
  /// So many are kept until there is time for their reports: a core may have 12 MiB.
  static let limit = 4

  private(set) var whole: [CrashCapture] = []
  /// Crashes that came when there were enough.
  private(set) var dropped = 0
  /// Why nobody looks at crashes: errno(3), or 0 when the witness ended. Nil: somebody does, or nobody was to.
  private(set) var ended: Int32?
  private var files: [HeldDescriptor] = []

  func add(file: consuming Descriptor) {
    /* Its next message counts them: what is too much is not taken. */
    if files.count < CrashCapture.fileLimit, whole.count < Self.limit {
      files.append(HeldDescriptor(file))
    }
  }

  func add(core: consuming Descriptor, files count: Int) {
    defer { files = [] }
    guard whole.count < Self.limit else {
      dropped += 1
      return
    }
    /* With another number of files their order says nothing. */
    whole.append(CrashCapture(core: core, files: files.count == count ? files : []))
  }

  func end(_ number: Int32) { ended = ended ?? number }

  /// Gives them away, each once.
  func take() -> [CrashCapture] {
    defer { whole = [] }
    return whole
  }
}

/// One process that a signal ended: its core (crash_core.h), and the programs and libraries it had mapped.
final class CrashCapture {
  /// As many as a witness sends.
  static let fileLimit = 64
  /// Bytes of a core.
  static let coreLimit = 12 << 20

  let core: Descriptor
  let files: [HeldDescriptor]

  init(core: consuming Descriptor, files: [HeldDescriptor]) {
    self.core = core
    self.files = files
  }
}
