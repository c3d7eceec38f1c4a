import Glibc
import Testing

@testable import Isolate

@Suite("Sockets that are kept to be cut")
struct KeptSocketTests {
  private static var pid: Int32 { getpid() }

  /// One that "the app" has, its peer, and what keeps it.
  private final class Stage {
    let kept = KeptSockets()
    var app: HeldDescriptor?
    let peer: HeldDescriptor
    let identity: SocketIdentity

    init() throws {
      let ends = try Packets.pair()
      guard let identity = SocketIdentity(ends.one) else { preconditionFailure("no socket") }
      self.identity = identity
      kept.keep(HeldDescriptor(try ends.one.duplicate()), handle: 7, grant: 3, now: 0)
      peer = HeldDescriptor(try ends.other.duplicate())
      app = HeldDescriptor(ends.keepOne())
    }

    /// What is seen while the app has it.
    var sight: SocketSight {
      var sight = SocketSight()
      if let app {
        sight.places[identity.inode] = .init(thread: getpid(), number: app.descriptor.raw)
      }
      return sight
    }

    var peerSeesEnd: Bool {
      var poller = pollfd(fd: peer.descriptor.raw, events: Int16(POLLIN), revents: 0)
      return unsafe poll(&poller, 1, 0) == 1 && poller.revents & Int16(POLLIN | POLLHUP) != 0
    }
  }

  @Test("are closed when nobody had them twice, and then the peer sees the end")
  func closed() throws {
    let stage = try Stage()
    #expect(stage.kept.note(stage.sight, now: 0).gone == [])
    stage.app = nil
    #expect(stage.kept.note(stage.sight, now: 1).gone == [] && !stage.peerSeesEnd)
    #expect(stage.kept.note(stage.sight, now: 2).gone == [7] && stage.peerSeesEnd)
    #expect(stage.kept.isEmpty && stage.kept.dueAt == nil)
  }

  @Test("are kept while somebody has them, or not everything was seen")
  func kept() throws {
    let stage = try Stage()
    var half = SocketSight()
    half.isWhole = false
    for now in 0..<10 as Range<Int64> {
      #expect(stage.kept.note(now % 2 == 0 ? stage.sight : half, now: now).gone == [])
      _ = stage.kept.note(half, now: now)
    }
    #expect(stage.kept.outOfSight == 0)
    #expect(stage.kept.cut(grant: 3, now: 0) == [7] && stage.peerSeesEnd)
  }

  @Test("that were let go too early are found again, and cut")
  func found() throws {
    let stage = try Stage()
    for now in 0..<5 as Range<Int64> {
      #expect(stage.kept.note(SocketSight(), now: now).gone == [])
    }
    #expect(stage.kept.outOfSight == 1 && stage.kept.isOutOfSight(7) && !stage.peerSeesEnd)
    _ = stage.kept.note(stage.sight, now: 5)
    #expect(stage.kept.outOfSight == 0)
    #expect(stage.kept.cut(grant: 3, now: 5) == [7] && stage.peerSeesEnd)
  }

  @Test("that are out of sight when they are to be cut are chased until they are found or gone")
  func chased() throws {
    for isFound in [true, false] {
      let stage = try Stage()
      for now in 0..<2 as Range<Int64> { _ = stage.kept.note(SocketSight(), now: now) }
      #expect(stage.kept.cut(grant: 3, now: 9) == [] && stage.kept.dueAt == 9)
      #expect(stage.kept.note(SocketSight(), now: 10).cut == [])
      #expect(stage.kept.dueAt == 10 + KeptSockets.chasePause && !stage.peerSeesEnd)
      if !isFound { stage.app = nil }
      let (gone, cut) = stage.kept.note(stage.sight, now: 11)
      #expect(gone == (isFound ? [] : [7]) && cut == (isFound ? [7] : []))
      #expect(stage.peerSeesEnd && stage.kept.isEmpty)
    }
  }

  @Test("take no other socket of the same number for theirs, and nothing that is no socket")
  func others() throws {
    let stage = try Stage()
    for now in 0..<2 as Range<Int64> { _ = stage.kept.note(SocketSight(), now: now) }
    var sight = SocketSight()
    sight.places[stage.identity.inode] = .init(
      thread: Self.pid, number: stage.peer.descriptor.raw)
    _ = stage.kept.note(sight, now: 3)
    #expect(stage.kept.outOfSight == 1)
    let null = HeldDescriptor(try Descriptor.openNull())
    stage.kept.keep(null, handle: 8, grant: 3, now: 0)
    #expect(stage.kept.cut(handle: 8, now: 0) == [])
  }

  @Test("on their way in another socket are seen to be there")
  func onTheirWay() throws {
    let ends = try Packets.pair()
    var sight = SocketSight()
    sight.places[1] = .init(thread: Self.pid, number: ends.other.raw)
    #expect(!sight.hasDescriptorsOnTheirWay(besides: []))
    let null = try Descriptor.openNull()
    let bytes: [UInt8] = [1]
    #expect(Packets.send(bytes.span, to: ends.one, passing: null.raw) == .done)
    #expect(sight.hasDescriptorsOnTheirWay(besides: []))
    #expect(!sight.hasDescriptorsOnTheirWay(besides: [1]))
    let stage = try Stage()
    stage.app = nil
    for now in 0..<4 as Range<Int64> { #expect(stage.kept.note(sight, now: now).gone == []) }
    stage.kept.doors = [1]
    let gone = (4..<6 as Range<Int64>).flatMap { stage.kept.note(sight, now: $0).gone }
    #expect(gone == [7])
    var room = [UInt8](repeating: 0, count: 8)
    var span = room.mutableSpan
    _ = try Packets.receive(from: ends.other, into: &span)
    #expect(!sight.hasDescriptorsOnTheirWay(besides: []))
    withExtendedLifetime(null.raw) {}
  }
}
