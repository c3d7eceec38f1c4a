import Testing

@Suite("An app and what listens outside")
struct NetworkContainmentTests {
  private static let loopback = ["--network", "loopback"]
  private static let host = ["--network", "host"]
  private static let keyring = [
    "--allow-syscall", "@keyring", "--relax", "syscalls.allow=test",
  ]

  static let attacks: [AttackRow] = [
    AttackRow(
      "an app without network cannot reach a TCP service of the machine", ["connect-tcp", "%1"],
      outside: ["with-tcp"], bare: .relaxed(host)),
    AttackRow(
      "an app with its own loopback cannot reach a TCP service of the machine",
      ["connect-tcp", "%1"], options: loopback, outside: ["with-tcp"], bare: .relaxed(host),
      refusal: ["ECONNREFUSED"]),
    AttackRow(
      "an app without network cannot reach a UDP service of the machine", ["ask-udp", "%1"],
      outside: ["with-udp"], bare: .relaxed(host)),
    AttackRow(
      "an app with its own loopback cannot reach a UDP service of the machine",
      ["ask-udp", "%1"], options: loopback, outside: ["with-udp"], bare: .relaxed(host)),
    AttackRow(
      "an app with the machine's network connects to the declared ports only",
      ["connect-tcp", "%1"], options: host + ["--connect", "1"], outside: ["with-tcp"],
      bare: .relaxed(host), refusal: ["EACCES"]),
    AttackRow(
      "an app with the machine's network listens on the declared ports only",
      ["listen-tcp", "0"], options: host + ["--bind", "1"], bare: .relaxed(host),
      refusal: ["EACCES"]),
    AttackRow(
      "an app cannot reach an abstract socket of the machine", ["connect-abstract", "%1"],
      outside: ["with-abstract"]),
    AttackRow(
      "an app with the machine's network cannot reach an abstract socket of the machine",
      ["connect-abstract", "%1"], options: host, outside: ["with-abstract"], refusal: ["EPERM"]),
    AttackRow(
      "an app cannot reach a socket that no rule shows", ["connect-unix", "$DIR/socket"],
      outside: ["with-unix", "$DIR/socket"]),
    AttackRow(
      "an app cannot change routes", ["add-route"], bare: .inNamespaces, refusal: ["EPERM"]),
    AttackRow(
      "an app with a loopback cannot change routes", ["add-route"], options: loopback,
      bare: .inNamespaces, refusal: ["EPERM"]),

    AttackRow(
      "an app cannot find shared memory outside", ["open-shm", "%1"], outside: ["with-shm"]),
    AttackRow(
      "an app cannot attach shared memory outside", ["attach-shm", "%2"], outside: ["with-shm"]),
    AttackRow("an app cannot find semaphores outside", ["open-sem", "%1"], outside: ["with-sem"]),
    AttackRow(
      "an app cannot find message queues outside", ["open-msg", "%1"], outside: ["with-msg"]),
    AttackRow("an app cannot open POSIX queues outside", ["open-mq", "%1"], outside: ["with-mq"]),
    AttackRow(
      "an app cannot open POSIX shared memory outside", ["open-write", "%1"],
      outside: ["with-posix-shm"]),
    AttackRow(
      "an app that may use keyrings cannot find its caller's keys", ["find-key", "%1"],
      options: keyring, outside: ["with-key"], refusal: ["ENOKEY"]),
  ]

  /// Families that an app is not given: family, type, protocol, and what refuses them.
  static let sockets: [SocketRow] = [
    SocketRow("packet", 17, 3, 0), SocketRow("raw IPv4", 2, 3, 1, "EPERM"),
    SocketRow("raw IPv6", 10, 3, 58, "EPERM"), SocketRow("netfilter", 16, 3, 12),
    SocketRow("alg", 38, 5, 0), SocketRow("vsock", 40, 1, 0), SocketRow("audit", 16, 3, 9),
    SocketRow("device events", 16, 3, 15), SocketRow("bluetooth", 31, 3, 1),
    SocketRow("can", 29, 3, 1), SocketRow("xdp", 44, 3, 0), SocketRow("rds", 21, 5, 0),
    SocketRow("tipc", 30, 1, 0), SocketRow("smc", 43, 1, 0),
    SocketRow("packet by its old name", 2, 10, 768), SocketRow("sctp", 2, 5, 132),
    SocketRow("dccp", 2, 6, 33), SocketRow("key management", 15, 3, 2),
  ]

  struct SocketRow: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var family: Int
    var type: Int
    var number: Int
    /// EPERM where capabilities refuse, else the filter.
    var refusal: [String]

    init(_ name: String, _ family: Int, _ type: Int, _ number: Int, _ refusal: String? = nil) {
      testDescription = name
      self.family = family
      self.type = type
      self.number = number
      self.refusal = refusal.map { [$0] } ?? ["EAFNOSUPPORT", "EPROTONOSUPPORT"]
    }

    func attack(flags: Int = 0) -> AttackRow {
      AttackRow(
        testDescription, ["socket", "\(family)", "\(type | flags)", "\(number)"],
        options: ["--network", "loopback"], bare: .inNamespaces)
    }
  }

  @Test("an app cannot make a socket of a family it was not given", arguments: sockets)
  func socket(_ row: SocketRow) {
    #expect(row.attack().protected().isRefusal(row.refusal))
    /* SOCK_CLOEXEC | SOCK_NONBLOCK: flags beside the type are no way round. */
    #expect(row.attack(flags: 0x80800).protected().isRefusal(row.refusal))
  }

  @Test("raw, packet and netfilter sockets can be had where nothing refuses them")
  func socketsUnprotected() {
    for row in Self.sockets.prefix(4) {
      #expect(row.attack().unprotected() == .done, "\(row.testDescription)")
    }
  }

  @Test(
    "an attack on the machine's services is refused, and works without the launch",
    arguments: attacks.filter(\.isEnabled))
  func attack(_ attack: AttackRow) { attack.check() }
}
