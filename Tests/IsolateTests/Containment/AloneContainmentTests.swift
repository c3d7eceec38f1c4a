import Isolate
import Testing

/// The announced fallback: an ordinary user, no user namespaces, a profile that does not require them. What then confines is Landlock,
/// the filter and limits; without them each of these attacks succeeds, under the same wrapper.
@Suite("An app where no namespaces are to be had")
struct AloneContainmentTests {
  static let options = ["--quiet", "--set", "require=filter", "--relax", "require=test"]

  private static func row(
    _ promise: String, _ mode: [String], _ more: [String] = [], outside: [String] = [],
    refusal: [String] = [], reached: [String] = []
  ) -> AttackRow {
    let wrapper = outside.isEmpty ? [] : outside + ["--", "$VICTIM"]
    return AttackRow(
      "without namespaces \(promise)", mode, options: options + more,
      outside: wrapper + ["without-namespaces"], refusal: refusal, reached: reached,
      caller: .ordinary)
  }

  private static let write = ["--write", "$DIR/open"]
  private static let shown = ["--read", "$DIR/shown"]

  static let files = [
    row("an app cannot read what no rule shows", ["read", "$DIR/secret"]),
    row("an app cannot list what no rule shows", ["list", "$DIR"]),
    row(
      "a private place shows nothing of the caller's", ["read", "$DIR/secret"],
      ["--private", "$DIR"]),
    row(
      "a private place is not written through", ["write", "$DIR/open/plain"], ["--private", "$DIR"]),
    row("an app has not its caller's home", ["create", "$DIR/open/new"]),
    row("an app cannot write a file it may read", ["write", "$DIR/shown/plain"], shown),
    row("an app cannot truncate a file it may read", ["truncate", "$DIR/shown/plain"], shown),
    row("an app cannot remove a file it may read", ["remove", "$DIR/shown/plain"], shown),
    row("an app cannot make a file where it may read", ["create", "$DIR/shown/new"], shown),
    row(
      "an app cannot link a file that it may only read to where it may write",
      ["hard-link", "$DIR/shown/plain", "$DIR/open/link"], shown + write),
    row("an app cannot run a program that it wrote", ["run-copy", "$DIR/open/copy"], write),
    row(
      "an app cannot reach a file by a link out of what it has",
      ["by-symlink", "$DIR/public", "$DIR/open/link"], write),
    row("an app cannot change a mode", ["change-mode", "$DIR/public"], refusal: ["EPERM"]),
    row("an app cannot change an owner", ["change-owner", "$DIR/public"], refusal: ["EPERM"]),
    row("an app cannot change times", ["change-times", "$DIR/public"], refusal: ["EPERM"]),
    row("an app cannot set an attribute", ["set-attribute", "$DIR/public"], refusal: ["EPERM"]),
    row(
      "an app cannot set a flag of a file it may read", ["set-flags", "$DIR/shown/plain"], shown,
      refusal: ["EPERM"], reached: ["ENOTTY", "EOPNOTSUPP"]),
    row(
      "an app cannot set a flag of a file by its name", ["set-flags-by-name", "$DIR/public"],
      refusal: ["EPERM"], reached: ["ENOSYS", "ENOTTY", "EOPNOTSUPP"]),
    row("an app cannot watch a directory", ["watch", "$DIR"], refusal: ["EPERM"]),
    row("an app cannot list the machine's devices", ["list", "/dev"]),
    row("an app cannot reach the user's other terminals", ["list", "/dev/pts"]),
    row(
      "an app cannot open shared memory outside", ["open-write", "%1"], outside: ["with-posix-shm"]),
  ]

  static let processes =
    [
      ["signal", "%1"], ["open-memory", "%1"], ["trace", "%1"], ["read-memory", "%1"],
      ["write-memory", "%1"], ["take-descriptor", "%1"], ["compare", "%1"],
      ["see-process", "isolated-victim-asle"], ["open-proc", "%1", "cmdline"],
      ["open-proc", "%1", "environ"], ["write-text", "/proc/%1/oom_score_adj", "1000"],
    ].map { mode in
      row(
        "an app cannot \(mode[0]) \(mode.dropFirst(2).first ?? "a process") outside", mode,
        outside: ["with-process"])
    }
    + ["limit", "class", "parameter", "attributes", "processors", "niceness", "disk"].map { way in
      row(
        "an app cannot set the \(way) of a process outside", ["steer", way, "%1"],
        outside: ["with-process"], refusal: ["EPERM"])
    }
    + ["niceness", "disk"].map { way in
      row(
        "an app cannot set the \(way) of all of its user's processes", ["steer-user", way],
        refusal: ["EPERM"])
    }

  static let services = [
    row(
      "an app without network reaches no TCP service", ["connect-tcp", "%1"], outside: ["with-tcp"]),
    row(
      "an app with its own loopback reaches no TCP service", ["connect-tcp", "%1"],
      ["--network", "loopback"], outside: ["with-tcp"]),
    row("an app without network reaches no UDP service", ["ask-udp", "%1"], outside: ["with-udp"]),
    row(
      "an app with the machine's network connects to the declared ports only",
      ["connect-tcp", "%1"],
      ["--network", "host", "--connect", "1"], outside: ["with-tcp"], refusal: ["EACCES"]),
    row(
      "an app reaches no abstract socket", ["connect-abstract", "%1"], outside: ["with-abstract"]),
    row(
      "an app reaches no socket that no rule shows", ["connect-unix", "$DIR/socket"],
      outside: ["with-unix", "$DIR/socket"]),
    row(
      "an app with the machine's network reaches no socket file either",
      ["connect-unix", "$DIR/socket"], ["--network", "host"], outside: ["with-unix", "$DIR/socket"]),
    row(
      "an app cannot make a pair of datagram sockets, to point one elsewhere", ["pair-of-datagrams"]
    ),
    row("an app cannot find shared memory outside", ["open-shm", "%1"], outside: ["with-shm"]),
    row("an app cannot attach shared memory outside", ["attach-shm", "%2"], outside: ["with-shm"]),
    row("an app cannot find semaphores outside", ["open-sem", "%1"], outside: ["with-sem"]),
    row("an app cannot find message queues outside", ["open-msg", "%1"], outside: ["with-msg"]),
    row("an app cannot open POSIX queues outside", ["open-mq", "%1"], outside: ["with-mq"]),
    row(
      "an app does not have its caller's terminal", ["have-terminal", "%1"],
      outside: ["with-terminal"], refusal: ["EPERM"]),
    row(
      "an app cannot type into its caller's terminal", ["terminal-request", "0x5412"],
      outside: ["with-terminal"], refusal: ["EPERM"], reached: ["EIO"]),
  ]

  static let all = files + processes + services

  /// A heartbeat that must stop: prints "still" when nothing writes it any more.
  private func beats(
    after script: String, _ options: [String] = [], alone: Bool = true, stay: Bool = false
  ) -> String {
    let watch = """
      beat=$1; shift
      size() { stat -c %s "$beat" 2>/dev/null || echo none; }
      seen() { for i in $(seq 100); do [ -s "$beat" ] && break; sleep 0.1; done; }
      grows() { a=$(size); sleep 0.5; b=$(size); [ "$a" = "$b" ] && echo still || echo grows; }

      """
    return Scene.run { scene in
      let command =
        alone
        ? ["$VICTIM", "without-namespaces", "--"]
          + scene.isolated(Self.options + ["--write", "$DIR/open"] + options) : []
      let attack = ["$VICTIM", "leave-orphan", "$DIR/open/beat"]
      let stays = ["/bin/sh", "-c", "\"$@\"; sleep 30", "sh"]
      return scene.shell(
        watch + script, ["$DIR/open/beat"] + command + (stay ? stays : []) + attack
      ).output
    }
  }

  @Test("nothing outlives the app without namespaces either", .enabled(if: !Privileges.isRoot))
  func orphans() {
    let script = "\"$@\" >/dev/null 2>&1; grows"
    #expect(beats(after: script) == "still\n")
    #expect(beats(after: script, alone: false) == "grows\n")
  }

  @Test(
    "nor its supervisor, killed outright, nor a stop or a time limit",
    .enabled(if: !Privileges.isRoot),
    arguments: [
      ("kill -9 $!; wait $! 2>/dev/null; sleep 1", []), ("kill $!; wait $! 2>/dev/null", []),
      ("wait $!", ["--limit", "wall-time=1s"]),
    ])
  func supervisor(_ end: String, _ options: [String]) {
    let script = "\"$@\" >/dev/null 2>&1 & seen; \(end); grows"
    #expect(beats(after: script, options + ["--stop-timeout", "1s"], stay: true) == "still\n")
  }

  @Test("what Landlock cannot hold is an error, and an app without Landlock is none")
  func refused() throws {
    let alone = Fixture.host { $0.canMakeUserNamespaces = false }
    let refused = [
      "overlay = [\"/data\"]", "read = [{ path = \"/usr\", to = \"/elsewhere\" }]",
      "write = [\"/data\"]\nread = [\"/data/less\"]", "read = [\"/data\"]\nhide = [\"/data/less\"]",
      "read = [\"/data\"]\nprivate = [\"/data/less\"]",
      "write = [{ path = \"/data\", execute = true }, \"/data/less\"]",
    ]
    for rules in refused {
      #expect(Fixture.errors("[files]\n" + rules) == [], "\(rules)")
      let errors = Fixture.errors("[files]\n" + rules, host: alone)
      #expect(errors.count == 1 && errors[0].hasSuffix("which needs namespaces"), "\(errors)")
    }
    let harmless = "[files]\nread = [\"/usr\"]\nhide = [\"/data\"]\nprivate = [\"/tmp\"]"
    let policy = try Fixture.policy(harmless, host: alone)
    #expect(policy.files.rules.map(\.target) == ["/usr"])
    #expect(policy.notices.contains { $0.hasPrefix("No private places") && $0.contains("/tmp") })
    let bare = Fixture.host {
      $0.canMakeUserNamespaces = false
      $0.landlockABI = 0
    }
    #expect(Fixture.errors("", host: bare).count == 1)
    for (abi, notices) in [(1, 4), (3, 3), (5, 1), (6, 0)] {
      let old = Fixture.host {
        $0.canMakeUserNamespaces = false
        $0.landlockABI = abi
      }
      let told = try Fixture.policy("", host: old).notices
      #expect(told.count { $0.hasPrefix("Landlock ABI") } == notices)
    }
  }

  @Test("a call that the profile names by itself is there, and so is a family of sockets")
  func named() throws {
    let alone = Fixture.host { $0.canMakeUserNamespaces = false }
    let none = try Fixture.policy("", host: alone).syscalls
    #expect(none.socketFamilies == [] && !none.allowedCalls.contains("chmod"))
    let all = try Fixture.policy(
      "syscalls.allow = [\"chmod\"]\nnetwork.families = [\"unix\"]", host: alone)
    #expect(all.syscalls.allowedCalls.contains("chmod"))
    #expect(all.syscalls.socketFamilies == .unix)
    #expect(all.notices.contains { $0.hasPrefix("network.families names unix") })
  }

  @Test(
    "an attack is refused by Landlock and the filter alone, and works without them",
    .enabled(if: !Privileges.isRoot), arguments: all.filter(\.isEnabled))
  func attack(_ attack: AttackRow) { attack.check() }
}
