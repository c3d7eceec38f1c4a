@testable import Isolate

/// Any bytes as an answer of a name server, and as the texts that configure the resolver.
enum DNSFuzz {
  /// The first byte chooses: the answer as it is, or behind the header and question that an answer must begin with.
  static func broken(by bytes: [UInt8]) -> String? {
    let name = Array("www.example.org".utf8)
    let choice = bytes.first ?? 0
    let kind: DNSMessage.Kind = choice & 1 == 0 ? .four : .six
    guard let question = DNSMessage.Question(name.span, kind: kind, id: 0x1234, letters: 0b1011)
    else { return "no question" }
    let rest = Array(bytes.dropFirst())
    let asked = question.message
    let isOurs = choice & 2 == 0
    var answer = rest
    if isOurs {
      answer = [0x12, 0x34, 0x81, 0x80, 0, 1, rest.first ?? 0, choice >> 2, 0, 0, 0, 0]
      answer += asked.dropFirst(12) + rest.dropFirst()
    }
    switch question.answer(answer.span) {
    case .addresses(let addresses):
      if addresses.count > DNSMessage.addresses { return "\(addresses.count) addresses" }
      if addresses.contains(where: { $0.isFour != (kind == .four) }) && kind == .four {
        return "an address of another kind"
      }
      if !isOurs && !answer.starts(with: [0x12, 0x34]) { return "an answer to another question" }
    case .foreign: if isOurs { return "an own answer was passed over" }
    case .malformed, .cut, .noName, .failed: break
    }
    return settings(rest)
  }

  private static func settings(_ bytes: [UInt8]) -> String? {
    let settings = ResolverSettings(configuration: bytes, hosts: bytes)
    if !(1...3).contains(settings.servers.count) { return "\(settings.servers.count) servers" }
    if settings.search.count > 6 { return "\(settings.search.count) suffixes" }
    if !(1000...30_000).contains(settings.timeout) { return "waits \(settings.timeout) ms" }
    let name = Array(bytes.prefix(20))
    if settings.candidates(name).count > 7 { return "too many names" }
    return settings.known(name)?.isEmpty == true ? "known, without an address" : nil
  }
}
