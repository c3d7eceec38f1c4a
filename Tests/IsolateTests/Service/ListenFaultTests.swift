import Glibc
import Testing

@testable import Isolate

@Suite("Why a socket cannot be opened")
struct ListenFaultTests {
  private static func said(_ address: ListenPolicy.Address, _ number: Int32) -> Diagnostic {
    let policy = ListenPolicy(
      name: "web", address: address, mode: 0o600, backlog: 16,
      position: Position(file: "app.toml", line: 3, column: 12))
    return ListenFault.diagnostic(SystemError(call: "bind", number: number), policy)
  }

  @Test(
    "names the address as profiles write it, and the place",
    arguments: [
      (ListenPolicy.Address.tcp(host: "", port: 80), "tcp:*:80"),
      (.tcp(host: "192.0.2.1", port: 80), "tcp:192.0.2.1:80"),
      (.udp(host: "::1", port: 53), "udp:[::1]:53"),
      (.unixStream(path: "/run/a.sock"), "unix:/run/a.sock"),
      (.unixDatagram(path: "/run/a.sock"), "unix-dgram:/run/a.sock"),
      (.unixSequenced(path: "@name"), "unix-seqpacket:@name"),
    ])
  func names(address: ListenPolicy.Address, text: String) {
    let said = Self.said(address, EADDRINUSE)
    #expect(
      said.message == "`service.listen`: \(text) cannot be listened on: "
        + SystemError.text(EADDRINUSE))
    #expect(said.position == Position(file: "app.toml", line: 3, column: 12))
    #expect(said.length == text.count)
  }

  @Test(
    "and says what to do, where that is known",
    arguments: [
      (ListenPolicy.Address.tcp(host: "", port: 80), EADDRINUSE, "`ss -ltnp sport = :80`"),
      (.udp(host: "", port: 53), EADDRINUSE, "`ss -lunp sport = :53`"),
      (.tcp(host: "", port: 80), EACCES, "ip_unprivileged_port_start"),
      (.udp(host: "192.0.2.1", port: 53), EADDRNOTAVAIL, "`ip address`"),
      (.tcp(host: "", port: 80), EMFILE, ""),
      (.unixStream(path: "@name"), EADDRINUSE, "`ss -xlp`"),
      (.unixStream(path: "/run/a"), EADDRINUSE, "remove /run/a"),
      (.unixDatagram(path: "/run/no/a"), ENOENT, "make the directory of /run/no/a"),
      (.unixDatagram(path: "/run/no/a"), ENOTDIR, "make the directory of /run/no/a"),
      (.unixSequenced(path: "/run/a"), EACCES, "write to the directory of /run/a"),
      (.unixSequenced(path: "/run/a"), EPERM, "write to the directory of /run/a"),
      (.unixStream(path: "/run/a"), EMFILE, ""),
    ])
  func cures(address: ListenPolicy.Address, number: Int32, words: String) throws {
    let cure = Self.said(address, number).cure
    if words.isEmpty {
      #expect(cure == nil)
    } else {
      #expect(try #require(cure).contains(words))
    }
  }
}
