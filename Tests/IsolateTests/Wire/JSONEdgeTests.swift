import Testing

@testable import Isolate

@Suite("JSON that few programs write")
struct JSONEdgeTests {
  @Test("an escape may have capital letters, and a member may be set to nothing") func edges()
    throws
  {
    #expect(try JSONReader.read(Array("\"\\u00C4\\u00e4\"".utf8), limit: 99).string == "Ää")
    var object = JSONObject([.init("a", 1)])
    object["b"] = nil
    #expect(object.members.count == 1)
    object["a"] = nil
    #expect(object.members.isEmpty)
  }
}
