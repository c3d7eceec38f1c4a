import Testing

@testable import Isolate

@Suite("What an app says of itself")
struct NotifyMessageTests {
  private func decode(_ text: String) throws -> NotifyMessage {
    let bytes = Array(text.utf8)
    let message = NotifyMessage.decode(bytes.span)
    return try #require(message)
  }

  private func isRefused(_ bytes: [UInt8]) -> Bool { NotifyMessage.decode(bytes.span) == nil }

  @Test("is read line by line") func lines() throws {
    let message = try decode(
      "READY=1\nSTATUS=serving 3 of 4\nWATCHDOG=1\nWATCHDOG_USEC=2000000\nSTOPPING=1\nRELOADING=1\n"
        + "MONOTONIC_USEC=77\nERRNO=2\nEXIT_STATUS=255\nEXTEND_TIMEOUT_USEC=5\nFDSTORE=1\n"
        + "FDSTOREREMOVE=1\nFDNAME=state\nFDPOLL=0\n")
    var expected = NotifyMessage()
    expected.isReady = true
    expected.status = "serving 3 of 4"
    expected.watchdog = .alive
    expected.watchdogMicroseconds = 2_000_000
    expected.isStopping = true
    expected.isReloading = true
    expected.monotonicMicroseconds = 77
    expected.errno = 2
    expected.exitStatus = 255
    expected.extendMicroseconds = 5
    expected.keepsDescriptors = true
    expected.removesDescriptors = true
    expected.descriptorName = "state"
    expected.pollsDescriptors = false
    #expect(message == expected)
    #expect(try decode("WATCHDOG=trigger").watchdog == .trigger)
  }

  @Test("says nothing by keys that are not known, and by values that make no sense")
  func nonsense() throws {
    let silent = NotifyMessage()
    let texts = [
      "", "\n\n", "READY", "READY=", "READY=yes", "ready=1", " READY=1", "=1", "MAINPID=1",
      "MAINPIDFDID=7", "X_VENDOR=1", "WATCHDOG=2", "WATCHDOG_USEC=0", "WATCHDOG_USEC=-1",
      "WATCHDOG_USEC=18446744073709551616", "WATCHDOG_USEC= 1", "EXIT_STATUS=256", "ERRNO=0",
      "ERRNO=4096", "FDNAME=a\tb", "FDNAME=a:b", "FDNAME=\u{e9}",
      "FDNAME=" + String(repeating: "a", count: 256), "BARRIER=0",
    ]
    for text in texts { #expect(try decode(text) == silent, "\(text)") }
    #expect(try decode("WATCHDOG_USEC=18446744073709551615").watchdogMicroseconds == .max)
    #expect(try decode("FDNAME=a b").descriptorName == "a b")
    #expect(try decode("FDNAME=").descriptorName == "")
  }

  @Test("counts the first of two") func twice() throws {
    #expect(try decode("STATUS=one\nSTATUS=two").status == "one")
    #expect(try decode("READY=0\nREADY=1").isReady == false)
  }

  @Test("shows what a terminal would obey") func status() throws {
    #expect(
      try decode("STATUS=\u{1b}[2J\ta\\b\u{202e}\u{e9}").status
        == "\\u{1b}[2J\\u{9}a\\\\b\\u{202e}\u{e9}")
    let broken = Array("STATUS=a".utf8) + [0xFF, 0xC3]
    let shown = NotifyMessage.decode(broken.span)?.status
    #expect(shown == "a\\xff\\xc3")
    let long = try decode("STATUS=" + String(repeating: "x", count: 4000)).status
    #expect(long?.utf8.count == 515)
  }

  @Test("is nothing else when it is a barrier") func barrier() throws {
    var expected = NotifyMessage()
    expected.isBarrier = true
    #expect(try decode("BARRIER=1") == expected)
    #expect(try decode("READY=1\nBARRIER=1\nFDSTORE=1") == expected)
  }

  @Test("is bounded") func bounds() {
    #expect(!isRefused([UInt8](repeating: 0x41, count: 4096)))
    #expect(isRefused([UInt8](repeating: 0x41, count: 4097)))
    #expect(!isRefused(Array("READY=1".utf8) + [0]))
    #expect(isRefused(Array("READY=1".utf8) + [0, 0]))
    #expect(isRefused(Array("A=".utf8) + [0] + Array("\nREADY=1".utf8)))
  }
}
