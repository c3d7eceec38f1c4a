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

  @Test("ssh speaks to a server on the port it may connect to, with keys made in here") func ssh()
    throws
  {
    let shop = try Workshop()
    let port = try Port.unused()
    let made = shop.isolated(
      "--profile", "ssh", "--write", "out", "--", "ssh-keygen", "-q", "-t", "ed25519", "-N", "",
      "-C", "test", "-f", "out/key")
    #expect(made.code == 0, "\(made.errors)")
    #expect(shop.text("out/key.pub").hasPrefix("ssh-ed25519 "))
    shop.write(Self.server, to: "server.py")
    let server = try Server(
      ["/usr/bin/timeout", "120", "/usr/bin/python3", "-u", shop.work + "/server.py", "\(port)"],
      log: shop.work + "/log")
    let listening = server.answer {
      Run.shell("grep -q listening \"$1\"", [shop.work + "/log"])
    }
    #expect(listening.code == 0, "\(server.output)")
    let ran = shop.isolated(
      "--connect", "\(port)", "--relax", "network.connect=a server of this test", "--read",
      "out/key", "ssh", "-p", "\(port)", "-i", "out/key", "-o", "BatchMode=yes", "-o",
      "ConnectTimeout=10", "me@127.0.0.1")
    #expect(ran.code == 255)
    #expect(server.output.contains("SSH-2.0-OpenSSH"), "\(ran.errors)")
    #expect(server.output.contains("offers curve25519"), "\(server.output) \(ran.errors)")
    let refused = shop.isolated("ssh", "-p", "\(port)", "-o", "BatchMode=yes", "me@127.0.0.1")
    #expect(refused.code == 255)
    #expect(refused.errors.contains("port \(port): Permission denied"), "\(refused.errors)")
    let settings = shop.isolated("ssh", "-F", shop.secretFile, "-G", "example.org")
    #expect(settings.errors.contains("No such file or directory"), "\(settings)")
  }

  /// Begins the protocol of RFC 4253 as a server, reads the client's first packet, and hangs up.
  private static let server = """
    import socket, sys
    listener = socket.create_server(('127.0.0.1', int(sys.argv[1])))
    print('listening')
    connection, _ = listener.accept()
    connection.settimeout(20)
    connection.sendall(b'SSH-2.0-test\\r\\n')
    stream = connection.makefile('rb')
    print(stream.readline().decode().strip())
    packet = stream.read(int.from_bytes(stream.read(4), 'big'))
    assert packet[1] == 20, 'no key exchange'
    names = packet[18 + 4:][:int.from_bytes(packet[18:22], 'big')].decode()
    print('offers ' + ' '.join(sorted(name for name in names.split(',') if 'curve' in name)))

    """
}
