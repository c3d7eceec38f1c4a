internal import Synchronization

/// The shared memory that the book lies in: 64-bit words at offsets in bytes. The only place of the room that touches raw memory.
///
/// A word is read and written whole, so that another process sees the old or the new one, never a mixture (both machines' 64-bit
/// stores to aligned addresses are single). `publish` and `acquire` are the ordered pair: who acquires what was published also
/// sees every word that was written before it.
@safe package struct BookMemory {
  private let base: UnsafeMutableRawPointer
  private let fuse: BookFuse?

  /// Of `BookLayout.bytes`, owned by the caller, who keeps it mapped as long as this value or a copy of it is used.
  ///
  /// - Parameter fuse: for tests: has the writer die at any store.
  /// - Returns: nil: too small, or not aligned to 8 bytes.
  @unsafe package init?(_ bytes: UnsafeMutableRawBufferPointer, fuse: BookFuse? = nil) {
    guard let base = bytes.baseAddress, bytes.count >= BookLayout.bytes,
      UInt(bitPattern: base) & 7 == 0
    else { return nil }
    unsafe self.base = base
    self.fuse = fuse
  }

  /// The same, of memory that knows its own size.
  package init?(_ memory: some MappedMemory) {
    guard let own = unsafe BookMemory(memory.bytes) else { return nil }
    self = own
  }

  private func place(_ offset: Int) -> UnsafeMutablePointer<Atomic<UInt64>> {
    precondition(offset >= 0 && offset <= BookLayout.bytes - 8 && offset & 7 == 0)
    return unsafe (base + offset).assumingMemoryBound(to: Atomic<UInt64>.self)
  }

  func word(_ offset: Int) -> UInt64 {
    unsafe place(offset).pointee.load(ordering: .relaxed)
  }

  func set(_ offset: Int, _ word: UInt64) {
    if let fuse, fuse.isBlown() { return }
    unsafe place(offset).pointee.store(word, ordering: .relaxed)
  }

  /// Words that lie one behind the other.
  func set(_ offset: Int, _ words: borrowing InlineArray<13, UInt64>) {
    if fuse != nil {
      for index in 0..<13 { set(offset + 8 * index, words[index]) }
      return
    }
    precondition(offset >= 0 && offset <= BookLayout.bytes - 8 * 13 && offset & 7 == 0)
    let first = unsafe (base + offset).assumingMemoryBound(to: Atomic<UInt64>.self)
    for index in 0..<13 { unsafe first[index].store(words[index], ordering: .relaxed) }
  }

  /// Everything written before is seen by whoever acquires this word.
  func publish(_ offset: Int, _ word: UInt64) {
    if let fuse, fuse.isBlown() { return }
    unsafe place(offset).pointee.store(word, ordering: .releasing)
  }

  func acquire(_ offset: Int) -> UInt64 {
    unsafe place(offset).pointee.load(ordering: .acquiring)
  }

  /// Nothing moves across it: what was written before is seen before what is written after, and the same for reading.
  func fence() { atomicMemoryFence(ordering: .acquiringAndReleasing) }
}

/// Has a writer die between two stores, any two: what it writes after that does not arrive.
package class BookFuse {
  /// How many stores still arrive; nil: all.
  package var stores: Int?

  package init() {}

  package var hasBlown: Bool { stores == 0 }

  fileprivate func isBlown() -> Bool {
    guard let left = stores else { return false }
    if left > 0 { stores = left - 1 }
    return left == 0
  }
}

/// Memory that stays mapped as long as this object lives.
package protocol MappedMemory: AnyObject {
  @unsafe var bytes: UnsafeMutableRawBufferPointer { get }
}
