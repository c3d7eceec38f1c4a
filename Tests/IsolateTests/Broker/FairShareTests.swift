import Testing

@testable import Isolate

@Suite("A fair share")
struct FairShareTests {
  @Test("is never taken by another door, whoever floods, comes and goes")
  func never() {
    for seed in 0..<6 as Range<UInt64> {
      var generator = SeededGenerator(seed: seed)
      var share = FairShare(capacity: 64, mostForOne: 16)
      var held = [Int](repeating: 0, count: BookLayout.doors)
      var open: Set<Int> = []
      var settled = true
      for _ in 0..<1500 {
        let door = Int(generator.next() % (seed % 2 == 0 ? 3 : 100))
        switch generator.next() % 40 {
        case 0:
          if open.insert(door).inserted { settled = share.used == 0 }
          share.set(door, isOpen: true)
        case 1:
          open.remove(door)
          share.set(door, isOpen: false)
        case 2..<20 where held[door] > 0:
          held[door] -= 1
          share.give(door)
          if share.used == 0 { settled = true }
        default:
          guard open.contains(door) else { continue }
          let hasRoom = share.hasRoom(door)
          let reserved = open.reduce(0) { $1 == door ? $0 : $0 + max(0, share.share - held[$1]) }
          #expect(hasRoom == (held.reduce(0, +) + reserved < 64))
          // Once nobody holds what was taken under larger shares.
          if settled, held[door] < share.share { #expect(hasRoom) }
          guard hasRoom else { continue }
          held[door] += 1
          share.take(door)
        }
        #expect(share.used <= 64)
        #expect(share.used == held.reduce(0, +))
      }
    }
  }
}
