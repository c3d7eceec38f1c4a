import Testing

@Suite("The TOML reader, fed damaged documents")
struct TOMLFuzzTests {
  @Test("never traps, and places every error inside the document") func mutations() throws {
    let names = TOMLSuite.validNames + TOMLSuite.invalidNames
    let corpus = try names.map { try TOMLSuite.toml($0) }
    let seed = UInt64.random(in: .min ... .max)
    print("TOML fuzz seed: \(seed)")
    let result = fuzzTOMLReader(seed: seed, rounds: 5000, corpus: corpus)
    #expect(result.broken == nil, "seed \(seed)")
    // Were everything refused, or everything read, the mutations would test nothing.
    #expect(result.read > 100, "seed \(seed)")
    #expect(result.refused > 100, "seed \(seed)")
  }

  @Test("gives the same result for the same seed") func repeats() {
    let corpus = [Array("a = [1, 'x']\n[b]\nc.d = 1979-05-27\n".utf8)]
    let one = fuzzTOMLReader(seed: 7, rounds: 200, corpus: corpus)
    let two = fuzzTOMLReader(seed: 7, rounds: 200, corpus: corpus)
    #expect(one.read == two.read)
    #expect(one.refused == two.refused)
  }
}
