import Isolate
import Testing

@Suite("Positions")
struct PositionTests {
  @Test("name the file and line, or the argument") func described() {
    #expect(Position(file: "a.toml", line: 3, column: 2).precise == "a.toml:3:2")
    #expect(Position(file: Position.commandLine, line: 4).description == "command line:argument 4")
  }
}
