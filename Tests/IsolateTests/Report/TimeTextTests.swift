import Glibc
import Testing

@testable import Isolate

@Suite("A moment as text")
struct TimeTextTests {
  @Test("is as others write it", arguments: 0..<3)
  func others(seed: UInt64) {
    #expect(TimeText.utc(microseconds: 0) == "1970-01-01T00:00:00.000000Z")
    #expect(TimeText.utc(microseconds: -5) == "1970-01-01T00:00:00.000000Z")
    #expect(TimeText.utc(microseconds: .max) == "9999-12-31T23:59:59.999999Z")
    #expect(TimeText.utc(microseconds: 951_782_400_000_001) == "2000-02-29T00:00:00.000001Z")
    var generator = SeededGenerator(seed: seed)
    for _ in 0..<20_000 {
      let seconds = Int64(generator.next() % 253_402_300_800)
      var time = time_t(seconds)
      var parts = unsafe tm()
      _ = unsafe gmtime_r(&time, &parts)
      var text = [CChar](repeating: 0, count: 40)
      let size = unsafe strftime(&text, 40, "%Y-%m-%dT%H:%M:%S", &parts)
      let expected = String(decoding: text[..<size].map { UInt8(bitPattern: $0) }, as: UTF8.self)
      #expect(TimeText.utc(microseconds: seconds * 1_000_000 + 7) == expected + ".000007Z")
    }
  }
}
