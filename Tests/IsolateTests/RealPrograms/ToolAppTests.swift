import Testing

@Suite("tool apps")
struct ToolAppTests {
  @Test("git clones a repository of the current directory; what it runs reaches nothing else")
  func git() throws {
    let shop = try Workshop()
    let git = try #require(Run.find("git"))
    for words in [
      ["init", "-q", "-b", "main", "source"],
      [
        "-C", "source", "-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-q",
        "--allow-empty", "-m", "first",
      ],
    ] {
      let made = shop.outside([git] + words)
      #expect(made.code == 0, "\(made.errors)")
    }
    let ran = shop.isolated("git", "clone", "-q", "source", "clone")
    #expect(ran.code == 0, "\(ran.errors)")
    #expect(shop.isolated("git", "-C", "clone", "log", "--format=%s").output == "first\n")
    #expect(shop.isolated("git", "-C", "clone", "gc", "-q", "--aggressive").code == 0)
    let alias = shop.isolated(
      "git", "-c", "alias.peek=!cat \(shop.secretFile) /etc/shadow 2>&1; echo end", "peek")
    #expect(!alias.output.contains(shop.secret))
    #expect(alias.output.contains("/etc/shadow: No such file or directory"), "\(alias)")
    let other = shop.isolated("git", "ls-remote", "http://127.0.0.1:1/x.git")
    #expect(other.code == 128)
    #expect(other.errors.contains("unable to access"), "\(other.errors)")
  }

  @Test("gcc compiles a program, which runs under the same profile and reaches nothing else")
  func gcc() throws {
    let shop = try Workshop()
    shop.write(
      """
      #include <stdio.h>
      #include <errno.h>
      #include <string.h>
      #include <sys/socket.h>
      int main(void)
      {
        puts("hello");
        if (!fopen("\(shop.secretFile)", "r")) puts(strerror(errno));
        if (!fopen("/etc/shadow", "r")) puts(strerror(errno));
        if (socket(AF_INET, SOCK_STREAM, 0) < 0) puts(strerror(errno));
        return 7;
      }
      """, to: "hello.c")
    let compiled = shop.isolated("gcc", "-O2", "-Wall", "-o", "hello", "hello.c")
    #expect(compiled.code == 0, "\(compiled.errors)")
    #expect(shop.start(of: "hello", 4) == [0x7f] + Array("ELF".utf8))
    let ran = shop.isolated("--profile", "gcc", "--", "./hello")
    #expect(
      ran.output == """
        hello
        No such file or directory
        No such file or directory
        Address family not supported by protocol

        """, "\(ran.errors)")
    #expect(ran.code == 7)
    shop.write("#include \"\(shop.secretFile)\"\n", to: "peek.c")
    let peek = shop.isolated("gcc", "-c", "peek.c")
    #expect(peek.code == 1)
    #expect(peek.errors.contains("No such file or directory"))
  }

  @Test("curl fetches from the ports it may connect to, and shows no file") func curl() throws {
    let shop = try Workshop()
    let port = try Port.unused()
    shop.write("a page\n", to: "page.txt")
    let server = try Server(
      [
        "/usr/bin/timeout", "120", "/usr/bin/python3", "-m", "http.server", "--bind", "127.0.0.1",
        "--directory", shop.work, "\(port)",
      ], log: shop.work + "/log")
    let address = "http://127.0.0.1:\(port)/page.txt"
    let outside = server.answer { Run.command(["/usr/bin/curl", "-sS", address]) }
    #expect(outside.output == "a page\n", "\(server.output)")
    let ran = shop.isolated(
      "--connect", "\(port)", "--relax", "network.connect=a server of this test", "--write", "out",
      "curl", "-sS", "-o", "out/page.txt", address)
    #expect(ran.code == 0, "\(ran.errors)")
    #expect(shop.text("out/page.txt") == "a page\n")
    let refused = shop.isolated("curl", "-sS", address)
    #expect(refused.code == 7, "not one of the profile's ports: \(refused)")
    let file = shop.isolated("curl", "-sS", "file://\(shop.secretFile)")
    #expect(file.code == 37, "\(file)")
  }

  @Test("ssh runs a command on a server by a key made in here; of the home it sees nothing else")
  func ssh() throws {
    let shop = try Workshop()
    let made = shop.isolated(
      "--profile", "ssh", "--write", "out", "--", "ssh-keygen", "-q", "-t", "ed25519", "-N", "",
      "-C", "test", "-f", "out/key")
    #expect(made.code == 0, "\(made.errors)")
    let port = try Port.unused()
    let server = try secureServer(shop, port)
    let key = shop.home + "/.ssh/id_ed25519"
    let reach = [
      "--connect", "\(port)", "--relax", "network.connect=a server of this test", "--read", key,
    ]
    func ssh(_ options: [String], _ words: String...) -> Ran {
      shop.outside([Executable.path, "run"] + options + ["ssh"] + words)
    }
    /* The far side has the caller's files, as it is his machine, too. */
    let ran = ssh(reach, "far", "printf 'far %s\\n' $((6 * 7)); cat '\(shop.secretFile)'; exit 7")
    #expect(ran.output == "far 42\n\(shop.secret)", "\(ran.errors) \(server.output)")
    #expect(ran.code == 7)
    #expect(server.output.contains("Accepted publickey for "), "\(server.output)")
    /* The near side: what the client can start. */
    let near = ssh(
      reach, "-o", "PermitLocalCommand=yes", "-o",
      "LocalCommand=cat '\(shop.secretFile)' /etc/shadow 2>&1; ls -A '%d' '%d/.ssh'", "far", "true")
    #expect(near.code == 0, "\(near.errors)")
    #expect(
      near.output == """
        cat: \(shop.secretFile): No such file or directory
        cat: /etc/shadow: No such file or directory
        \(shop.home):
        .ssh

        \(shop.home)/.ssh:
        config
        id_ed25519
        known_hosts

        """, "\(near.errors)")
    /* Without the key, without the port, with another's host key. */
    let keyless = ssh(reach.dropLast(2), "far", "true")
    #expect(keyless.code == 255)
    #expect(keyless.errors.contains("Permission denied (publickey)"), "\(keyless.errors)")
    let refused = ssh(["--read", key], "far", "true")
    #expect(refused.code == 255)
    #expect(refused.errors.contains("port \(port): Permission denied"), "\(refused.errors)")
    let trusting = ssh(reach, "-o", "StrictHostKeyChecking=accept-new", "other", "true")
    #expect(trusting.code == 0, "\(trusting.errors)")
    #expect(!Run.read(shop.home + "/.ssh/known_hosts").contains("localhost"), "it is only read")
    let settings = ssh([], "-F", shop.secretFile, "-G", "example.org")
    #expect(settings.errors.contains("No such file or directory"), "\(settings)")
  }

  /// An OpenSSH server of this test, for the key in `out`, and the settings of its client in the home.
  private func secureServer(_ shop: Workshop, _ port: Int) throws -> Server {
    let daemon = try #require(["/usr/sbin/sshd"].first(where: Run.exists), "openssh-server")
    let script = """
      set -e
      cd "$1" && mkdir -m 700 home/.ssh sshd && mv work/out/key home/.ssh/id_ed25519
      mv work/out/key.pub sshd/authorized
      ssh-keygen -q -t ed25519 -N '' -C host -f sshd/host
      printf '[127.0.0.1]:%s %s\\n' $2 "$(cat sshd/host.pub)" >home/.ssh/known_hosts
      for host in far:127.0.0.1 other:localhost; do
        printf 'Host %s\\n  HostName %s\\n  Port %s\\n  User %s\\n  BatchMode yes\\n  ConnectTimeout 20\\n' \
          ${host%:*} ${host#*:} $2 "$(id -un)"
      done >home/.ssh/config
      cat >sshd/config <<EOF
      Port $2
      ListenAddress 127.0.0.1
      HostKey $1/sshd/host
      AuthorizedKeysFile $1/sshd/authorized
      # The scratch directory lies in one that everybody may write.
      StrictModes no
      PidFile none
      UsePAM no
      PasswordAuthentication no
      KbdInteractiveAuthentication no
      PermitRootLogin prohibit-password
      EOF
      # Root's password may be locked, and then so is the account to a server without PAM.
      printf 'root:*:19000::::::\\n' >sshd/shadow
      """
    let made = Run.shell(script, [shop.place, "\(port)"])
    try #require(made.code == 0, "\(made.errors)")
    /* A server that root starts wants a directory in /run: it gets one in a mount namespace of its own. */
    let place = """
      mount -t tmpfs -o mode=755 none /run && mkdir -m 755 /run/sshd || exit
      mount --bind "$1" /etc/shadow && shift && exec "$@"
      """
    let apart =
      Privileges.isRoot
      ? ["/usr/bin/unshare", "--mount", "--propagation", "private", "/bin/sh", "-c", place, "sh"]
        + [shop.place + "/sshd/shadow"]
      : []
    let server = try Server(
      ["/usr/bin/timeout", "300"] + apart + [
        daemon, "-D", "-e", "-f", shop.place + "/sshd/config",
      ],
      log: shop.work + "/log")
    let listening = server.answer {
      Run.shell("grep -q 'Server listening' \"$1\"", [shop.work + "/log"])
    }
    try #require(listening.code == 0, "\(server.output)")
    return server
  }
}
