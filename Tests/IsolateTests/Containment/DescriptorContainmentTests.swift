import Testing

@Suite("An app and what its caller left behind")
struct DescriptorContainmentTests {
  static let attacks: [AttackRow] = [
    AttackRow(
      "an app gets no descriptor that its caller leaked", ["any-open"],
      outside: ["with-leaks", "$DIR"], refusal: ["EBADF"]),
    AttackRow(
      "a directory that was handed over opens no more than the rules show",
      ["open-through", "100", "public"], options: ["--fd", "100"],
      outside: ["with-leaks", "$DIR"], refusal: ["EACCES"]),
    AttackRow(
      "a place that was handed over opens no more than the rules show",
      ["open-through", "104", "public"], options: ["--fd", "104"],
      outside: ["with-leaks", "$DIR"], refusal: ["EACCES"]),
    AttackRow(
      "an app cannot make a leaked directory its working directory",
      ["enter-through", "100", "public"], outside: ["with-leaks", "$DIR"]),
    AttackRow(
      "an app does not start in a directory outside its view", ["open-relative", "public"],
      outside: ["with-directory", "$DIR"]),
    AttackRow(
      "an app cannot open its standard input again for writing", ["reopen", "0", "write"],
      outside: ["with-input", "$DIR/public"], refusal: ["EACCES"]),
    AttackRow(
      "an app cannot open its log again for reading", ["reopen", "2", "read"],
      outside: ["with-log", "$DIR/public"], refusal: ["EACCES"]),

    AttackRow(
      "an app does not get its caller's variables", ["has-variable", "VICTIM_SECRET"],
      outside: ["with-variable", "VICTIM_SECRET=1"]),
    AttackRow(
      "an app does not get its caller's loader variables", ["has-variable", "LD_BIND_NOW"],
      outside: ["with-variable", "LD_BIND_NOW=1"]),
    AttackRow(
      "an app does not inherit ignored signals", ["has-ignored"],
      outside: ["with-ignored-signals"]),
    AttackRow(
      "an app does not inherit blocked signals", ["has-blocked"],
      outside: ["with-blocked-signals"]),
    AttackRow(
      "an app does not inherit its caller's file mode mask", ["has-umask", "000"],
      outside: ["with-umask", "000"]),
    AttackRow(
      "an app does not inherit its caller's execution domain", ["has-personality", "0x0040000"],
      outside: ["with-personality", "0x0040000"]),
    AttackRow("an app does not see its machine's name", ["host-name", "$HOST"]),

    AttackRow(
      "an app cannot type into its caller's terminal", ["terminal-request", "0x5412"],
      outside: ["with-terminal"], refusal: ["EPERM"], reached: ["EIO"]),
    AttackRow(
      "an app cannot type into its caller's terminal with high bits in the request",
      ["terminal-request", "0x100005412"], outside: ["with-terminal"], refusal: ["EPERM"],
      reached: ["EIO"]),
    AttackRow(
      "an app cannot paste into the console", ["terminal-request", "0x541c"],
      outside: ["with-terminal"], refusal: ["EPERM"], reached: ["ENOTTY"]),
    AttackRow(
      "an app cannot load a line discipline", ["terminal-request", "0x5423"],
      outside: ["with-terminal"], refusal: ["EPERM"], reached: ["EINVAL"]),
    AttackRow(
      "an app on a terminal does not have its caller's", ["have-terminal", "%1"],
      outside: ["with-terminal"], refusal: ["EPERM"]),
    AttackRow(
      "an app without a terminal cannot open its caller's controlling terminal",
      ["open-terminal", "/dev/tty"], outside: ["with-controlling"]),
  ]

  @Test(
    "what a caller left behind is out of reach, and within reach without the launch",
    arguments: attacks.filter(\.isEnabled))
  func attack(_ attack: AttackRow) { attack.check() }

  @Test("an app cannot be started in a directory that only a leaked descriptor names")
  func leakedWorkingDirectory() {
    for workdir in ["/proc/self/fd/100", "/proc/self/cwd", "/dev/fd/100"] {
      let attack = AttackRow(
        "", ["open-relative", "public"], options: ["--workdir", workdir],
        outside: ["with-leaks", "$DIR"])
      guard case .other(125, _) = attack.protected() else {
        Issue.record("\(workdir): \(attack.protected())")
        continue
      }
    }
  }

  @Test("an app is not started with a directory as its standard input", arguments: [0])
  func directoryAsInput(_ number: Int) {
    let attack = AttackRow(
      "", ["stat-through", "0", "public"], outside: ["with-input", "$DIR"])
    guard case .other(125, let text) = attack.protected() else {
      Issue.record("started: \(attack.protected())")
      return
    }
    #expect(text.contains("descriptor 0 is a directory"))
    #expect(attack.unprotected() == .done)
  }

  @Test("a standard descriptor that the caller closed is /dev/null, not something of the launch")
  func closedDescriptors() {
    Scene.run { scene in
      let script = "exec \"$@\" <&- >/dev/null 2>&-"
      let ran = Run.shell(
        script,
        scene.isolated([]) + ["/bin/sh", "-c", "[ -c /proc/self/fd/0 -a -c /proc/self/fd/2 ]"])
      #expect(ran.code == 0)
      let open = Run.shell(script, scene.isolated([]) + [Executable.victim, "any-open"])
      #expect(open.code == 10)
    }
  }
}
