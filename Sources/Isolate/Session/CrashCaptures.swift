/// How many crashes are held at a time: each may have 12 MiB of memory and 65 descriptors.
final class CrashRoom {
  /// Of one app, while it runs.
  static let limit = 4

  private let most: Int
  private var taken = 0

  init(_ most: Int) { self.most = most }

  var hasPlace: Bool { taken < most }

  /// A place in it, given back when it is let go of. Nil: there is none.
  func take() -> Place? { hasPlace ? Place(self) : nil }

  final class Place {
    private let room: CrashRoom

    fileprivate init(_ room: CrashRoom) {
      self.room = room
      room.taken += 1
    }

    deinit { room.taken -= 1 }
  }
}

/// What a witness has handed over of processes that a signal ended.
final class CrashCaptures {
  private let room: CrashRoom
  private let limit: Int
  private(set) var whole: [CrashCapture] = []
  /// Crashes that came when there were enough.
  private(set) var dropped = 0
  /// Why nobody looks at crashes: errno(3), or 0 when the witness ended. Nil: somebody does, or nobody was to.
  private(set) var ended: Int32?
  private var files: [HeldDescriptor] = []
  /// Of the crash whose files come.
  private var place: CrashRoom.Place?

  /// - Parameter limit: so many of this app are kept at a time.
  init(_ room: CrashRoom, limit: Int = CrashRoom.limit) {
    self.room = room
    self.limit = limit
  }

  func add(file: consuming Descriptor) {
    guard claim() else { return }
    /* Its next message counts them: what is too much is not taken. */
    if files.count < CrashCapture.fileLimit { files.append(HeldDescriptor(file)) }
  }

  func add(core: consuming Descriptor, files count: Int) {
    defer {
      files = []
      place = nil
    }
    guard claim(), let place else {
      dropped += 1
      return
    }
    /* With another number of files their order says nothing. */
    whole.append(CrashCapture(core: core, files: files.count == count ? files : [], place: place))
  }

  private func claim() -> Bool {
    if place == nil, whole.count < limit { place = room.take() }
    return place != nil
  }

  func end(_ number: Int32) { ended = ended ?? number }

  /// Gives them away, each once.
  func take() -> [CrashCapture] {
    defer { whole = [] }
    return whole
  }

  /// How many were dropped since the last time.
  func takeDropped() -> Int {
    defer { dropped = 0 }
    return dropped
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
  let place: CrashRoom.Place?

  init(core: consuming Descriptor, files: [HeldDescriptor], place: CrashRoom.Place?) {
    self.core = core
    self.files = files
    self.place = place
  }
}
