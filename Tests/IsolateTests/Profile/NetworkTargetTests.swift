import Isolate
import Testing

@Suite("Places of the network")
struct NetworkTargetTests {
  private static func read(_ text: String) -> String {
    do throws(NetworkTargetText.Failure) {
      let parts = try NetworkTargetText.parse(text)
      let ports = parts.ports.map { "\($0.lowerBound)-\($0.upperBound)" } ?? "none"
      return "\(parts.transport) \(parts.host) \(ports)"
    } catch {
      return "error: \(error.message)"
    }
  }

  @Test(
    "are read",
    arguments: [
      ("example.org:443", "tcp example.org 443-443"),
      ("EXAMPLE.Org:443", "tcp example.org 443-443"),
      ("tcp:example.org:443", "tcp example.org 443-443"),
      ("udp:dns.example:53", "udp dns.example 53-53"),
      ("*.example.org:8000-8010", "tcp *.example.org 8000-8010"),
      ("*:*", "tcp * 0-65535"),
      ("localhost:65535", "tcp localhost 65535-65535"),
      ("a_b.example:1", "tcp a_b.example 1-1"),
      ("tcp:10.0.0.0/8:5432", "tcp 10.0.0.0/8 5432-5432"),
      ("0.0.0.0/0:1", "tcp 0.0.0.0/0 1-1"),
      ("192.0.2.1:1", "tcp 192.0.2.1 1-1"),
      ("[::1]:80", "tcp ::1 80-80"),
      ("udp:[2001:DB8::]/32:80", "udp 2001:db8::/32 80-80"),
      ("[2001:db8::/32]:80", "tcp 2001:db8::/32 80-80"),
      ("[::ffff:192.0.2.1]:80", "tcp ::ffff:192.0.2.1 80-80"),
      ("unix:/run/x.sock", "unix /run/x.sock none"),
      ("unix:$HOME/x", "unix $HOME/x none"),
    ])
  func good(_ text: String, _ parts: String) { #expect(Self.read(text) == parts) }

  @Test(
    "are refused with what is wrong",
    arguments: [
      ("", "\"\" names no port"),
      ("example.org", "\"example.org\" names no port"),
      ("tcp:443", "\"tcp:443\" names no port"),
      ("example.org:", "\"\" is no port"),
      ("example.org:0", "port 0 is none"),
      ("example.org:0-5", "port 0 is none"),
      ("example.org:65536", "\"65536\" is no port"),
      ("example.org:+1", "\"+1\" is no port"),
      ("example.org:9-8", "the ports 9-8 run backwards"),
      ("example.org:1-", "\"1-\" is no port"),
      (":80", "\"\" is no host name"),
      ("tpc:example.org:80", "\"tpc\" is no transport"),
      ("::1:80", "\"::1:80\" has too many colons"),
      ("tcp:::1:80", "\"tcp:::1:80\" has too many colons"),
      ("[::1:80", "\"[::1:80\" has a `[` without `]`"),
      ("[::1]", "\"[::1]\" names no port"),
      ("[::1]80", "\"[::1]80\" names no port"),
      ("[::1]/129:80", "\"::1/129\" is no IPv6 address"),
      ("[192.0.2.1]:80", "\"192.0.2.1\" is no IPv6 address"),
      ("[fe80::1%eth0]:80", "\"fe80::1%eth0\" is no IPv6 address"),
      ("300.1.1.1:80", "\"300.1.1.1\" is no address"),
      ("127.1:80", "\"127.1\" is no address"),
      ("010.0.0.1:80", "\"010.0.0.1\" is no address"),
      ("2130706433:80", "\"2130706433\" is no address"),
      ("10.0.0.0/33:80", "\"10.0.0.0/33\" is no address"),
      ("10.0.0.1/8:80", "\"10.0.0.1/8\" has bits beyond its prefix"),
      ("example.org/8:80", "\"example.org/8\" is no address"),
      ("a*.org:80", "\"a*.org\": a `*` can only be the first label"),
      ("*.*.org:80", "\"*.*.org\": a `*` can only be the first label"),
      ("*.:80", "\"*.\" is no host name"),
      ("a..b:80", "\"a..b\" is no host name"),
      ("example.org.:80", "\"example.org.\" is no host name"),
      ("-a.org:80", "\"-a.org\" is no host name"),
      ("exa mple:80", "\"exa mple\" is no host name"),
      ("bücher.example:80", "\"bücher.example\" is not ASCII"),
    ])
  func bad(_ text: String, _ message: String) { #expect(Self.read(text) == "error: \(message)") }

  @Test("a host name has labels of at most 63 bytes and at most 253 in all") func lengths() {
    let label = String(repeating: "a", count: 63)
    #expect(Self.read("\(label).org:1") == "tcp \(label).org 1-1")
    #expect(Self.read("a\(label).org:1").hasPrefix("error"))
    let long = Array(repeating: label, count: 4).joined(separator: ".")
    #expect(Self.read("\(long.dropLast(2)):1").hasPrefix("tcp"))
    #expect(Self.read("\(long.dropLast()):1").hasPrefix("error"))
  }

  @Test(
    "addresses have one reading or none",
    arguments: [
      ("0.0.0.0", 4), ("255.255.255.255/32", 4), ("::", 16), ("1::", 16), ("::1", 16),
      ("1:2:3:4:5:6:7:8", 16), ("1:2:3:4:5:6:7::", 16), ("::1.2.3.4", 16),
      ("1:2:3:4:5:6:1.2.3.4", 16), ("1:2:3:4:5:6:7:8::", nil), (":::", nil), ("1:::2", nil),
      ("1::2::3", nil), (":1", nil), ("1:", nil), ("1:2:3:4:5:6:7", nil), ("12345::", nil),
      ("::g", nil), ("1.2.3", nil), ("1.2.3.4.5", nil), ("1.2.3.4/", nil), ("1.2.3.4/032", nil),
      ("", nil), ("::1.2.3", nil), ("1.2.3.4::", nil), ("::+1", nil),
    ] as [(String, Int?)])
  func addresses(_ text: String, _ count: Int?) {
    #expect(AddressText.parse(text)?.bytes.count == count)
  }

  @Test("a network contains what has its prefix") func networks() throws {
    func contains(_ outer: String, _ inner: String) throws -> Bool {
      try #require(AddressText.parse(outer)).contains(try #require(AddressText.parse(inner)))
    }
    #expect(try contains("10.0.0.0/8", "10.255.1.2"))
    #expect(try contains("10.128.0.0/9", "10.128.0.0/16"))
    #expect(try !contains("10.128.0.0/9", "10.127.255.255"))
    #expect(try !contains("10.0.0.0/8", "10.0.0.0/7"))
    #expect(try !contains("0.0.0.0/0", "::1"))
    #expect(try contains("::/0", "2001:db8::1"))
  }
}
