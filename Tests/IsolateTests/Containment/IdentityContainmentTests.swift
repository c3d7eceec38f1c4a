import Testing

@Suite("An app and the rights it could gain")
struct IdentityContainmentTests {
  static let attacks: [AttackRow] = [
    AttackRow(
      "an app has no capability in any of the five sets", ["any-capability"],
      bare: .inNamespaces),
    AttackRow("an app's securebits are set and locked", ["open-securebits"]),
    AttackRow("an app cannot gain privileges by running a program", ["new-privileges"]),
    AttackRow("an app cannot become root", ["become-root"], bare: .inNamespaces),
    AttackRow("an app started by root is not root on the machine", ["is-host-root"], caller: .root),
    AttackRow("an app cannot take a group", ["take-group", "0"], caller: .root),
    AttackRow(
      "an app started by root has none of its caller's groups", ["any-group"],
      outside: ["with-groups", "4242"], caller: .root),
    AttackRow(
      "a set-user-ID program gives an app nothing", ["gain-by", "$DIR/program"],
      options: ["--read", "$DIR/program"], outside: ["with-set-id", "$DIR/program"],
      refusal: ["EPERM"], caller: .root),
    AttackRow(
      "a program with file capabilities gives an app nothing", ["gain-by", "$DIR/program"],
      options: ["--read", "$DIR/program"],
      outside: ["with-file-capability", "$DIR/program"], refusal: ["EPERM"], caller: .root),
    AttackRow("an app cannot raise its priority", ["negative-nice"], caller: .root),
    AttackRow(
      "an app cannot raise a limit that it was given", ["raise-limit", "200"],
      options: ["--limit", "open-files=100"], bare: .relaxed(["--limit", "open-files=200"]),
      refusal: ["EPERM"]),
    AttackRow(
      "an app started by root cannot raise a limit that its caller could",
      ["raise-limit", "200"], options: ["--limit", "open-files=100"], refusal: ["EPERM"],
      caller: .root),
    AttackRow(
      "an app cannot map memory that is writable and executable", ["map-write-execute"],
      refusal: ["EACCES"]),
    AttackRow(
      "an app cannot make memory executable that it wrote", ["gain-execute"],
      refusal: ["EACCES"]),
    AttackRow("an app cannot map address zero", ["map-zero"], caller: .root),
  ]

  @Test(
    "an attack on the app's identity is refused, and works without the launch",
    arguments: attacks.filter(\.isEnabled))
  func attack(_ attack: AttackRow) { attack.check() }
}
