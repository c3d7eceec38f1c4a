@testable import Isolate

/// Feeds damaged documents to the TOML reader; any bytes must give a table or a placed error.
///
/// One round takes a document of the corpus, changes it in one to eight places (a byte, a piece
/// doubled, cut, moved or taken from another document) and reads it.
///
/// - Returns: how many documents were read and how many refused, and the first result that breaks
///   a promise, in words.
func fuzzTOMLReader(seed: UInt64, rounds: Int, corpus: [[UInt8]])
  -> (read: Int, refused: Int, broken: String?)
{
  var random = SeededGenerator(seed: seed)
  var result: (read: Int, refused: Int, broken: String?) = (0, 0, nil)
  for round in 0..<rounds {
    var bytes = corpus.randomElement(using: &random) ?? []
    for _ in 0...Int.random(in: 0..<8, using: &random) {
      mutate(&bytes, corpus: corpus, using: &random)
    }
    do throws(Diagnostic) {
      let table = try TOMLReader.read(bytes, file: "fuzz")
      result.read += 1
      if !isPlaced(table) { result.broken = result.broken ?? "round \(round): a place is 0" }
    } catch {
      result.refused += 1
      if let why = whyMisplaced(error, in: bytes) {
        result.broken = result.broken ?? "round \(round): \(why): \(error) in \(bytes)"
      }
    }
  }
  return result
}

func mutate(
  _ bytes: inout [UInt8], corpus: [[UInt8]], using random: inout SeededGenerator
) {
  /// Bytes on which the reader decides something.
  let sharp = Array("\"'\\[]{}=,.#\n\r\t -+_:0919eEtTzZxobinfatrue\u{7F}\0é😀".utf8)
  let place = Int.random(in: 0...bytes.count, using: &random)
  let end = min(bytes.count, place + Int.random(in: 0..<32, using: &random))
  switch Int.random(in: 0..<7, using: &random) {
  case 0: bytes.insert(sharp.randomElement(using: &random) ?? 0, at: place)
  case 1: bytes.insert(UInt8.random(in: 0...255, using: &random), at: place)
  case 2: if place < bytes.count { bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random) }
  case 3: bytes.removeSubrange(place..<end)
  case 4: bytes.insert(contentsOf: bytes[place..<end], at: place)
  case 5: bytes.removeSubrange(place...)
  default:
    let other = corpus.randomElement(using: &random) ?? []
    let start = Int.random(in: 0...other.count, using: &random)
    bytes.insert(contentsOf: other[start..<min(other.count, start + 40)], at: place)
  }
}

func whyMisplaced(_ error: Diagnostic, in bytes: [UInt8]) -> String? {
  let lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
  guard (1...lines.count).contains(error.position.line) else { return "no such line" }
  let line = lines[error.position.line - 1]
  guard (1...line.count + 1).contains(error.position.column) else { return "no such column" }
  guard !error.message.contains("\n") else { return "a message of two lines" }
  return error.message.isEmpty ? "no message" : nil
}

func isPlaced(_ table: TOMLTable) -> Bool {
  table.entries.allSatisfy { entry in
    entry.key.position.line > 0 && entry.key.position.column > 0 && entry.key.length > 0
      && isPlaced(entry.node)
  }
}

private func isPlaced(_ node: TOMLNode) -> Bool {
  guard node.position.line > 0, node.position.column > 0, node.length > 0 else { return false }
  switch node.value {
  case .table(let table): return isPlaced(table)
  case .array(let nodes): return nodes.allSatisfy(isPlaced)
  case .string, .integer, .float, .boolean, .dateTime: return true
  }
}
