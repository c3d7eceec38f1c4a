import Isolate
import Testing

/// `line:column+length` of a key or value.
private func place(_ position: Position, _ length: Int) -> String {
  "\(position.line):\(position.column)+\(length)"
}

/// Every key and value of a document as `path key place value place`, in order.
private func places(_ table: TOMLTable, _ path: String = "") -> [String] {
  table.entries.flatMap { entry in
    let name = path + entry.key.name
    let key = place(entry.key.position, entry.key.length)
    return ["\(name) \(key) \(place(entry.node.position, entry.node.length))"]
      + places(entry.node.value, name)
  }
}

private func places(_ value: TOMLValue, _ path: String) -> [String] {
  switch value {
  case .table(let table): places(table, path + ".")
  case .array(let nodes):
    nodes.enumerated().flatMap { index, node in
      ["\(path)[\(index)] \(place(node.position, node.length))"]
        + places(node.value, "\(path)[\(index)]")
    }
  case .string, .integer, .float, .boolean, .dateTime: []
  }
}

private func places(_ text: String) throws -> [String] {
  places(try TOMLReader.read(Array(text.utf8), file: "a.toml"))
}

@Suite("Places of TOML keys and values")
struct TOMLPositionTests {
  @Test("carry the file, and count lines and columns from 1") func simple() throws {
    let table = try TOMLReader.read(Array("\n  name = \"x\"\n".utf8), file: "app.toml")
    let entry = try #require(table.entries.first)
    #expect(entry.key.position == Position(file: "app.toml", line: 2, column: 3))
    #expect(entry.key.length == 4)
    #expect(entry.node.position == Position(file: "app.toml", line: 2, column: 10))
    #expect(entry.node.length == 3)
  }

  @Test("count a tab, and a character of many bytes, as one") func wide() throws {
    #expect(try places("\t\"é\"\t=\t'日本😀' # ü\n") == ["é 1:2+3 1:8+5"])
    #expect(
      try places("a = ['é', \"日\\n\", 3]") == [
        "a 1:1+1 1:5+15", "a[0] 1:6+3", "a[1] 1:11+5", "a[2] 1:18+1",
      ])
  }

  @Test("do not count a byte order mark") func mark() throws {
    #expect(try places("\u{FEFF}a = 1\nb = 2") == ["a 1:1+1 1:5+1", "b 2:1+1 2:5+1"])
  }

  @Test("are those of the first key that made a table") func headers() throws {
    let text = """
      [a.b]
      x = 1
      [a]
      y.z = 2
      y.w = 3
      [[l]]
      k = 1
      [[ l ]]
      [l.m]
      """
    #expect(
      try places(text) == [
        "a 1:2+1 1:2+1", "a.b 1:4+1 1:4+1", "a.b.x 2:1+1 2:5+1",
        "a.y 4:1+1 4:1+1", "a.y.z 4:3+1 4:7+1", "a.y.w 5:3+1 5:7+1",
        "l 6:3+1 6:3+1", "l[0] 6:3+1", "l[0].k 7:1+1 7:5+1", "l[1] 8:4+1", "l[1].m 9:4+1 9:4+1",
      ])
  }

  @Test("inside braces and brackets are exact") func nested() throws {
    #expect(
      try places("t = { a.b = [1, {c = true}], d = 1979-05-27 07:32:00Z }") == [
        "t 1:1+1 1:5+51", "t.a 1:7+1 1:7+1", "t.a.b 1:9+1 1:13+15", "t.a.b[0] 1:14+1",
        "t.a.b[1] 1:17+10", "t.a.b[1].c 1:18+1 1:22+4", "t.d 1:30+1 1:34+20",
      ])
  }

  @Test("of a value of many lines give its first line's length") func manyLines() throws {
    #expect(
      try places("a = [ 1,\r\n  2,\n]\nb = 3") == [
        "a 1:1+1 1:5+4", "a[0] 1:7+1", "a[1] 2:3+1", "b 4:1+1 4:5+1",
      ])
    #expect(try places("a = '''é\nmore''' # x\nb = 3") == ["a 1:1+1 1:5+4", "b 3:1+1 3:5+1"])
  }

  @Test("keep the order the keys were written in") func order() throws {
    let names = (0..<100).map { "k\(($0 * 37) % 100)" }
    let text = names.map { "\($0) = 1\n" }.joined()
    let table = try TOMLReader.read(Array(text.utf8), file: "a")
    #expect(table.entries.map(\.key.name) == names)
  }
}
