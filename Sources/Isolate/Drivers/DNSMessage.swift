/// Messages of the domain name system, as bytes (RFC 1035): questions are written, answers read. Pure; total for every answer.
package enum DNSMessage {
  /// Of an answer by UDP; longer ones are cut and come again by TCP.
  package static let datagramBytes = 512
  package static let headerBytes = 12
  /// Records of an answer that are looked at.
  package static let records = 256
  /// Aliases that lead from the name that was asked for to the one that has addresses.
  package static let aliases = 8
  /// Addresses of one name that are taken.
  package static let addresses = 32

  package enum Kind: UInt16, CaseIterable, Sendable {
    case four = 1
    case six = 28
  }

  /// What an answer says.
  package enum Answer: Hashable, Sendable {
    /// No answer to this question: another id, name, kind, or not an answer at all. Whoever sent it is not listened to.
    case foreign
    /// Ours, but not to be understood.
    case malformed
    /// It was cut: ask again by TCP.
    case cut
    /// There is no such name.
    case noName
    /// The server could not (the response code): another one may.
    case failed(UInt8)
    /// What the name means; empty: it has no address of this kind.
    case addresses([InternetAddress])
  }

  /// A question, with the very letters that the answer must repeat.
  package struct Question: Hashable, Sendable {
    package let id: UInt16
    package let kind: Kind
    /// The name as it goes over the wire: length, letters, length, letters, 0.
    package let name: [UInt8]

    /// - Parameters:
    ///   - name: without or with the dot at its end.
    ///   - letters: random: which letters are written as capitals. A forger must guess them, too (draft-vixie-dnsext-dns0x20).
    /// - Returns: nil for what is no name: an empty label, one of more than 63 bytes, more than 255 bytes in all.
    package init?(_ name: Span<UInt8>, kind: Kind, id: UInt16, letters: UInt64) {
      let count = name.count > 0 && name[name.count - 1] == 0x2E ? name.count - 1 : name.count
      guard (1...253).contains(count) else { return nil }
      var wire: [UInt8] = [0]
      wire.reserveCapacity(count + 2)
      var (length, random) = (0, letters)
      for index in 0..<count {
        var byte = name[index]
        if byte == 0x2E {
          guard wire[length] > 0 else { return nil }
          length = wire.count
          wire.append(0)
          continue
        }
        guard wire[length] < 63 else { return nil }
        if (0x41...0x5A).contains(byte) { byte |= 0x20 }
        if (0x61...0x7A).contains(byte) {
          if random & 1 == 1 { byte &= ~0x20 }
          random = random >> 1 | random << 63
        }
        wire.append(byte)
        wire[length] += 1
      }
      guard wire[length] > 0 else { return nil }
      wire.append(0)
      self.name = wire
      self.kind = kind
      self.id = id
    }

    /// The message to send: one question, recursion desired.
    package var message: [UInt8] {
      let header: [UInt8] = [
        UInt8(id >> 8), UInt8(id & 0xFF), 1, 0, 0, 1, 0, 0, 0, 0, 0, 0,
      ]
      return header + name + [UInt8(kind.rawValue >> 8), UInt8(kind.rawValue & 0xFF), 0, 1]
    }

    /// What a message says in answer to this question.
    package func answer(_ bytes: Span<UInt8>) -> Answer {
      var reader = DNSReader(at: 0)
      guard let id = reader.u16(bytes), let flags = reader.u16(bytes),
        let questions = reader.u16(bytes), let answers = reader.u16(bytes),
        reader.u16(bytes) != nil, reader.u16(bytes) != nil
      else { return .foreign }
      guard id == self.id, flags & 0x8000 != 0, flags & 0x7800 == 0, questions == 1 else {
        return .foreign
      }
      guard bytes.count >= DNSMessage.headerBytes + name.count + 4 else { return .foreign }
      for index in name.indices where bytes[DNSMessage.headerBytes + index] != name[index] {
        return .foreign
      }
      reader = DNSReader(at: DNSMessage.headerBytes + name.count)
      guard reader.u16(bytes) == kind.rawValue, reader.u16(bytes) == 1 else { return .foreign }
      if flags & 0x0200 != 0 { return .cut }
      switch flags & 0xF {
      case 0: return records(bytes, &reader, count: min(Int(answers), DNSMessage.records))
      case 3: return .noName
      case let code: return .failed(UInt8(code))
      }
    }

    private func records(
      _ bytes: Span<UInt8>, _ reader: inout DNSReader, count: Int
    ) -> Answer {
      var aliases: [[UInt8]: [UInt8]] = [:]
      var found: [[UInt8]: [InternetAddress]] = [:]
      for _ in 0..<count {
        guard let owner = reader.name(bytes), let type = reader.u16(bytes),
          let group = reader.u16(bytes), reader.skip(4, bytes), let size = reader.u16(bytes)
        else { return .malformed }
        let start = reader.place
        guard reader.skip(Int(size), bytes) else { return .malformed }
        if group != 1 { continue }
        if type == 5 {
          var inner = DNSReader(at: start)
          guard let target = inner.name(bytes), inner.place <= reader.place else {
            return .malformed
          }
          if aliases[owner] == nil { aliases[owner] = target }
        } else if type == kind.rawValue {
          guard size == (kind == .four ? 4 : 16),
            let address = InternetAddress(bytes: bytes.extracting(start..<reader.place))
          else { return .malformed }
          found[owner, default: []].append(address)
        }
      }
      var name = DNSReader.small(self.name)
      for _ in 0...DNSMessage.aliases {
        if let addresses = found[name] {
          return .addresses(Array(addresses.prefix(DNSMessage.addresses)))
        }
        guard let next = aliases[name] else { return .addresses([]) }
        name = next
      }
      return .malformed
    }
  }
}

/// Reads a message from front to back; nothing beyond its end, and no name longer than names are.
struct DNSReader {
  private(set) var place: Int

  init(at place: Int) { self.place = place }

  mutating func u16(_ bytes: Span<UInt8>) -> UInt16? {
    guard place + 2 <= bytes.count else { return nil }
    defer { place += 2 }
    return UInt16(bytes[place]) << 8 | UInt16(bytes[place + 1])
  }

  mutating func skip(_ count: Int, _ bytes: Span<UInt8>) -> Bool {
    guard count <= bytes.count - place else { return false }
    place += count
    return true
  }

  /// A name in small letters, its pointers followed. A pointer leads to before the part that it stands in, and so do those
  /// that it leads to: there is no loop. Nil: cut, longer than 255 bytes, or such a pointer.
  mutating func name(_ bytes: Span<UInt8>) -> [UInt8]? {
    var name: [UInt8] = []
    var at = place
    var part = place
    var end: Int?
    while true {
      guard at < bytes.count else { return nil }
      let length = Int(bytes[at])
      if length == 0 {
        name.append(0)
        place = end ?? at + 1
        return name
      }
      if length & 0xC0 == 0xC0 {
        guard at + 1 < bytes.count else { return nil }
        let target = (length & 0x3F) << 8 | Int(bytes[at + 1])
        guard target < part else { return nil }
        if end == nil { end = at + 2 }
        (at, part) = (target, target)
        continue
      }
      guard length < 64, at + 1 + length <= bytes.count, name.count + 1 + length < 255 else {
        return nil
      }
      name.append(UInt8(length))
      for index in at + 1...at + length { name.append(DNSReader.small(bytes[index])) }
      at += 1 + length
    }
  }

  private static func small(_ byte: UInt8) -> UInt8 {
    (0x41...0x5A).contains(byte) ? byte | 0x20 : byte
  }

  /// Lengths are below 64 and stay as they are.
  static func small(_ name: [UInt8]) -> [UInt8] { name.map { small($0) } }
}
