import Testing

@testable import Isolate

@Suite("Hosts")
struct HostTests {
  private func address(_ text: String) -> InternetAddress? {
    InternetAddress(text: Array(text.utf8).span)
  }

  private func network(_ text: String) -> InternetNetwork? {
    InternetNetwork(text: Array(text.utf8).span)
  }

  @Test("are addresses in the one spelling that everybody reads alike") func addresses() {
    #expect(address("192.0.2.1") == InternetAddress(four: 0xC000_0201))
    #expect(address("0.0.0.0") == InternetAddress(four: 0))
    #expect(address("255.255.255.255") == InternetAddress(four: .max))
    #expect(address("2001:db8::1") == InternetAddress(high: 0x2001_0DB8_0000_0000, low: 1))
    #expect(address("::") == InternetAddress(high: 0, low: 0))
    #expect(address("::1") == InternetAddress(high: 0, low: 1))
    #expect(address("1::") == InternetAddress(high: 0x0001_0000_0000_0000, low: 0))
    #expect(
      address("1:2:3:4:5:6:7:AbCd")
        == InternetAddress(high: 0x0001_0002_0003_0004, low: 0x0005_0006_0007_ABCD))
    #expect(address("1:2:3:4:5:6:7::") == address("1:2:3:4:5:6:7:0"))
    #expect(address("::ffff:192.0.2.1") == address("192.0.2.1"))
    #expect(address("::ffff:c000:201") == address("192.0.2.1"))
    #expect(address("64:ff9b::10.0.0.1")?.low == 0x0A00_0001)
    for wrong in [
      "", ".", "1", "1.2.3", "1.2.3.4.", ".1.2.3.4", "1..2.3", "1.2.3.256", "1.2.3.04", "00.1.2.3",
      "1.2.3.4.5", "0x7f.0.0.1", "1.2.3.a", ":", ":::", ":1", "1:", "1::2::3", "1:2:3:4:5:6:7",
      "1:2:3:4:5:6:7:8:9", "::1:2:3:4:5:6:7:8", "12345::", "g::", "::1%lo", "[::1]", "::1.2.3",
      "1.2.3.4::", "1:2:3:4:5:6:7:1.2.3.4", "::1.2.3.4:5",
    ] {
      #expect(address(wrong) == nil, "\(wrong)")
    }
    func raw(_ bytes: [UInt8]) -> InternetAddress? { InternetAddress(bytes: bytes.span) }
    #expect(raw([127, 0, 0, 1]) == address("127.0.0.1"))
    let six: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 10, 0, 0, 1]
    #expect(raw(six) == address("10.0.0.1"))
    #expect(raw([1, 2, 3]) == nil)
  }

  @Test("are networks of one family") func networks() throws {
    let ten = try #require(network("10.0.0.0/8"))
    #expect(ten.contains(try #require(address("10.255.0.1"))))
    #expect(ten.contains(try #require(address("::ffff:10.1.1.1"))))
    #expect(!ten.contains(try #require(address("11.0.0.0"))))
    #expect(!ten.contains(try #require(address("::a00:1"))))
    let all = try #require(network("::/0"))
    #expect(all.contains(try #require(address("fe80::1"))))
    #expect(!all.contains(try #require(address("1.2.3.4"))))
    let allFour = try #require(network("0.0.0.0/0"))
    #expect(allFour.contains(try #require(address("9.9.9.9"))))
    #expect(!allFour.contains(try #require(address("::9"))))
    let half = try #require(network("2001:db8::/64"))
    #expect(half.contains(try #require(address("2001:db8::ffff:1"))))
    #expect(!half.contains(try #require(address("2001:db8:0:1::"))))
    let small = try #require(network("2001:db8::8/125"))
    #expect(small.contains(try #require(address("2001:db8::f"))))
    #expect(!small.contains(try #require(address("2001:db8::10"))))
    #expect(network("::ffff:10.0.0.0/104") == network("10.0.0.0/8"))
    for wrong in [
      "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/a", "10.0.0.0/1000", "::ffff:1.2.3.4/90",
      "x/8",
    ] {
      #expect(network(wrong) == nil, "\(wrong)")
    }
  }

  @Test(
    "that are not public are special",
    arguments: [
      "0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.100.100.200", "127.0.0.1",
      "127.255.255.255", "168.63.129.16", "169.254.169.254", "172.16.0.1", "172.31.255.255",
      "192.0.0.192", "192.168.1.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "::",
      "::1", "::ffff:127.0.0.1", "::127.0.0.1", "fe80::1", "fec0::1", "fc00::1", "fd00:ec2::254",
      "ff02::1", "64:ff9b::a9fe:a9fe", "64:ff9b::10.0.0.1", "64:ff9b:1::1", "2002:7f00:1::",
      "2002:a9fe:a9fe::1", "2001::1", "2001:2::1", "2001:10::1", "2001:20::1", "100::1",
    ])
  func special(text: String) throws {
    #expect(SpecialAddress.contains(try #require(address(text))))
  }

  @Test(
    "that are public are not",
    arguments: [
      "1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255",
      "128.0.0.0", "168.63.129.17", "169.253.255.255", "172.15.0.1", "172.32.0.1", "192.0.1.1",
      "192.167.1.1", "198.17.0.1", "198.20.0.1", "223.255.255.255", "2001:4860:4860::8888",
      "2606:4700::1", "64:ff9b::101:101", "2002:101:101::1", "2001:30::1",
    ])
  func ordinary(text: String) throws {
    #expect(!SpecialAddress.contains(try #require(address(text))))
  }

  private func name(_ pattern: String, _ name: String) -> Bool {
    HostPattern(pattern).matches(name: Array(name.utf8).span)
  }

  @Test("match names without regard to case, and to one dot at the end") func patterns() {
    #expect(name("example.org", "example.org"))
    #expect(name("example.org", "EXAMPLE.Org."))
    #expect(name("Example.Org.", "example.org"))
    #expect(!name("example.org", "www.example.org"))
    #expect(!name("example.org", "example.orgx"))
    #expect(!name("example.org", "xexample.org"))
    #expect(!name("example.org", "example.org.."))
    #expect(name("*.example.org", "www.example.org"))
    #expect(name("*.example.org", "a.b.EXAMPLE.org."))
    #expect(!name("*.example.org", "example.org"))
    #expect(!name("*.example.org", ".example.org"))
    #expect(!name("*.example.org", "wwwexample.org"))
    #expect(name("*", "anything"))
    #expect(!name("10.0.0.0/8", "10.0.0.1"))
    func path(_ pattern: HostPattern, _ path: [UInt8]) -> Bool { pattern.matches(path: path.span) }
    let one = HostPattern.path([1])
    let asName = one.matches(name: [1].span)
    #expect(!asName)
    #expect(path(one, [1]))
    #expect(!path(one, [2]))
    #expect(!path(one, [1, 2]))
    #expect(!path(.any, [1]))
    #expect(!HostPattern.path([1]).matches(address: InternetAddress(four: 1)))
    #expect(!HostPattern("example.org").matches(address: InternetAddress(four: 1)))
  }

  @Test("have names that every resolver takes for a name") func names() {
    func isSound(_ text: String) -> Bool { HostName.isSound(Array(text.utf8).span) }
    let long = String(repeating: "a", count: 63)
    for good in [
      "a", "example.org", "example.org.", "_sip.example.org", "a-b.c", "1.example", "0x7f.example",
      "x7", long, "\(long).\(long).\(long).\(String(repeating: "b", count: 61))",
    ] {
      #expect(isSound(good), "\(good)")
    }
    for wrong in [
      "", ".", "..", "a..b", ".a", "a..", "-a", "a-", "a-.b", "a.-b", "a b", "a/b", "a\u{0}b",
      "ä.org",
      "*.example.org", "127.1", "2130706433", "0x7f000001", "0x", "a.0xff", "1.2.3.4.5", long + "a",
      "\(long).\(long).\(long).\(String(repeating: "b", count: 62))", "a@b", "a:1",
    ] {
      #expect(!isSound(wrong), "\(wrong)")
    }
  }
}
