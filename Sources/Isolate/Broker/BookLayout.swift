/// Where everything lies in the book, in bytes. docs/broker.md has the table; a change of it is a change of `version`.
///
/// Everything is made of 64-bit words in the machine's order: the book never leaves the machine it is written on.
package enum BookLayout {
  /// "isobook1", as the machine reads it.
  static let magic: UInt64 = 0x316B_6F6F_626F_7369
  package static let version: UInt64 = 2

  /// Requests that have not had their reply: of them at most `WireLimits.outstanding` wait for somebody, the rest is decided and
  /// their replies have not left.
  package static let requests = 256
  /// Ways in: the app's sockets, the first of them number 0, and the notification door.
  package static let doors = WireLimits.doors + 1
  package static let notificationDoor = WireLimits.doors
  /// One more than there can be: what no grant decided is counted in the last.
  package static let grants = WireLimits.grants + 1
  package static let handles = WireLimits.handles
  package static let records = 4096

  static let headerBytes = 256
  static let requestBytes = 128
  static let grantBytes = 640
  static let handleBytes = 64
  static let recordBytes = 128

  static let journal = headerBytes
  static let grantStates = journal + requests * requestBytes
  static let ledger = grantStates + grants * grantBytes
  static let ring = ledger + handles * handleBytes
  /// Of the whole: 1 MiB, of which only what is used takes memory.
  package static let bytes = 1 << 20
  static let outbox = ring + records * recordBytes
  /// Where the kernel notes that a reply has left (`Packets.send`): 64 bytes, of which the 32-bit word at 56 counts.
  package static let note = outbox + 8..<outbox + 72
  static let noteSent = outbox + 8 + 56
  static let used = outbox + 128

  // MARK: The header's words

  static let magicAt = 0
  static let versionAt = 8
  /// How many brokers this book has had.
  static let generationAt = 16
  /// Over the grants: a book is of one policy.
  static let fingerprintAt = 24
  static let grantCountAt = 32
  /// How often a peer was cut off, and the number of the last violation.
  static let violationsAt = 40
  static let lastViolationAt = 48
  /// Descriptors that the ledger has given up to make room: never sockets that are open.
  static let forgottenAt = 64
  /// What of a predecessor's book could not be understood.
  static let damagedAt = 72
  /// A bit for each door that was cut off.
  static let cutDoorsAt = 96

  static func cutDoors(_ door: Int) -> Int { cutDoorsAt + 8 * (door >> 6) }
  static func request(_ index: Int) -> Int { journal + index * requestBytes }
  static func grant(_ index: Int) -> Int { grantStates + index * grantBytes }
  static func handle(_ index: Int) -> Int { ledger + index * handleBytes }
  /// Of a record, by its sequence number.
  static func record(_ sequence: UInt64) -> Int {
    ring + Int(sequence & UInt64(records - 1)) * recordBytes
  }

  // MARK: A grant's words, from its beginning

  /// Its lowest bit says which of the two copies of the state holds.
  static let stateSelector = 0
  static let stateCopies = 8
  static let stateWords = 4
  static let details = stateCopies + 2 * stateWords * 8
  static let detailCount = 32
  static let latencies = details + detailCount * 8
}
