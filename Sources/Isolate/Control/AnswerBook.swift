/// What operators answered for one app with `always` or `never`: a line of JSON each.
///
/// An answer is for the whole content of a grant as it was then; once that says anything else, the question is asked again.
package struct AnswerBook: Hashable, Sendable {
  package struct Entry: Hashable, Sendable {
    package var grant: String
    /// `always` or `never`.
    package var answer: OperatorAnswer
    /// `GrantTelling.content` of the grant.
    package var content: JSONValue
  }

  /// Of a file of answers, in bytes.
  package static let limit = 1 << 20
  package private(set) var entries: [Entry] = []
  /// Lines that were not understood: they answer nothing, and go when the book is written again.
  package private(set) var damaged = 0

  package init() {}

  package init(_ bytes: [UInt8]) {
    for line in bytes.split(separator: UInt8(ascii: "\n")).prefix(4096) {
      if let entry = Self.entry(Array(line)) { put(entry) } else { damaged += 1 }
    }
  }

  private static func entry(_ line: [UInt8]) -> Entry? {
    do throws(JSONError) {
      guard let object = try JSONReader.read(line, limit: 65_536).object,
        let grant = object["grant"]?.string, let content = object["content"],
        let answer = object["answer"]?.string.flatMap(OperatorAnswer.init(rawValue:)),
        answer.isKept, object.members.count == 3
      else { return nil }
      return Entry(grant: grant, answer: answer, content: content)
    } catch {
      return nil
    }
  }

  private mutating func put(_ entry: Entry) {
    entries.removeAll { $0.grant == entry.grant }
    entries.append(entry)
  }

  /// What was answered for this very grant.
  package func answer(for grant: Grant) -> OperatorAnswer? {
    let content = GrantTelling.content(grant)
    return entries.first { $0.grant == grant.name && $0.content == content }?.answer
  }

  package mutating func keep(_ answer: OperatorAnswer, for grant: Grant) {
    precondition(answer.isKept, "only what outlives a session is kept")
    put(Entry(grant: grant.name, answer: answer, content: GrantTelling.content(grant)))
  }

  /// - Parameter grant: nil: all of them.
  /// - Returns: how many were taken out.
  package mutating func forget(_ grant: String?) -> Int {
    let before = entries.count
    entries.removeAll { grant == nil || $0.grant == grant }
    return before - entries.count
  }

  package var bytes: [UInt8] {
    entries.flatMap { entry -> [UInt8] in
      let line: JSONValue = [
        "grant": .string(entry.grant), "answer": .string(entry.answer.rawValue),
        "content": entry.content,
      ]
      return line.bytes + [UInt8(ascii: "\n")]
    }
  }
}
