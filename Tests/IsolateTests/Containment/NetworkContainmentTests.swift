import Testing

@Suite("An app and what listens outside")
struct NetworkContainmentTests {
  private static let loopback = ["--network", "loopback"]
  private static let host = ["--network", "host"]
  private static let keyring = [
    "--allow-syscall", "@keyring", "--relax", "syscalls.allow=test",
  ]

  static let attacks: [Attack] = [
    Attack(
      "an app without network cannot reach a TCP service of the machine", ["connect-tcp", "%1"],
      outside: ["with-tcp"], bare: .relaxed(host)),
    Attack(
      "an app with its own loopback cannot reach a TCP service of the machine",
      ["connect-tcp", "%1"], options: loopback, outside: ["with-tcp"], bare: .relaxed(host),
      refusal: ["ECONNREFUSED"]),
    Attack(
      "an app without network cannot reach a UDP service of the machine", ["ask-udp", "%1"],
      outside: ["with-udp"], bare: .relaxed(host)),
    Attack(
      "an app with its own loopback cannot reach a UDP service of the machine",
      ["ask-udp", "%1"], options: loopback, outside: ["with-udp"], bare: .relaxed(host)),
    Attack(
      "an app with the machine's network connects to the declared ports only",
      ["connect-tcp", "%1"], options: host + ["--connect", "1"], outside: ["with-tcp"],
      bare: .relaxed(host), refusal: ["EACCES"]),
    Attack(
      "an app with the machine's network listens on the declared ports only",
      ["listen-tcp", "0"], options: host + ["--bind", "1"], bare: .relaxed(host),
      refusal: ["EACCES"]),
    Attack(
      "an app cannot reach an abstract socket of the machine", ["connect-abstract", "%1"],
      outside: ["with-abstract"]),
    Attack(
      "an app with the machine's network cannot reach an abstract socket of the machine",
      ["connect-abstract", "%1"], options: host, outside: ["with-abstract"], refusal: ["EPERM"]),
    Attack(
      "an app cannot reach a socket that no rule shows", ["connect-unix", "$DIR/socket"],
      outside: ["with-unix", "$DIR/socket"]),
    Attack(
      "an app cannot change routes", ["add-route"], bare: .inNamespaces, refusal: ["EPERM"]),
    Attack(
      "an app with a loopback cannot change routes", ["add-route"], options: loopback,
      bare: .inNamespaces, refusal: ["EPERM"]),

    Attack("an app cannot find shared memory outside", ["open-shm", "%1"], outside: ["with-shm"]),
    Attack(
      "an app cannot attach shared memory outside", ["attach-shm", "%2"], outside: ["with-shm"]),
    Attack("an app cannot find semaphores outside", ["open-sem", "%1"], outside: ["with-sem"]),
    Attack("an app cannot find message queues outside", ["open-msg", "%1"], outside: ["with-msg"]),
    Attack("an app cannot open POSIX queues outside", ["open-mq", "%1"], outside: ["with-mq"]),
    Attack(
      "an app cannot open POSIX shared memory outside", ["open-write", "%1"],
      outside: ["with-posix-shm"]),
    Attack(
      "an app that may use keyrings cannot find its caller's keys", ["find-key", "%1"],
      options: keyring, outside: ["with-key"], refusal: ["ENOKEY"]),
  ]

  /// Families that the filter refuses: family, type, protocol.
  static let sockets: [(family: String, type: String, number: String, name: String)] = [
    ("17", "3", "0", "packet"), ("2", "3", "1", "raw IPv4"), ("10", "3", "58", "raw IPv6"),
    ("38", "5", "0", "alg"), ("40", "1", "0", "vsock"), ("16", "3", "12", "netfilter"),
    ("16", "3", "9", "audit"), ("16", "3", "15", "device events"), ("31", "3", "1", "bluetooth"),
    ("29", "3", "1", "can"), ("44", "3", "0", "xdp"), ("21", "5", "0", "rds"),
    ("30", "1", "0", "tipc"), ("43", "1", "0", "smc"), ("2", "10", "768", "packet by its old name"),
    ("2", "5", "132", "sctp"), ("2", "6", "33", "dccp"), ("15", "3", "2", "key management"),
  ]

  @Test("an app cannot make a socket of a family it was not given", arguments: sockets)
  func socket(_ row: (family: String, type: String, number: String, name: String)) {
    let refused = ["EAFNOSUPPORT", "EPROTONOSUPPORT"]
    var attack = Attack(row.name, ["socket", row.family, row.type, row.number])
    #expect(attack.protected().isRefusal(refused))
    /* High bits are no way round. */
    attack.mode = ["socket", row.family, "0x80000\(row.type.count == 1 ? "0" : "")\(row.type)", row.number]
    #expect(attack.protected().isRefusal(refused))
  }

  @Test("raw, packet, netfilter and audit sockets can be had where nothing refuses them")
  func socketsUnprotected() {
    for row in Self.sockets.prefix(3) + [Self.sockets[5]] {
      let attack = Attack(
        row.name, ["socket", row.family, row.type, row.number], bare: .inNamespaces)
      #expect(attack.unprotected() == .done, "\(row.name)")
    }
  }

  @Test(
    "an attack on the machine's services is refused, and works without the launch",
    arguments: attacks.filter(\.isEnabled))
  func attack(_ attack: Attack) { attack.check() }
}
