import Testing

@Suite("server apps")
struct ServerAppTests {
  private func fetch(_ port: Int, _ path: String = "/") -> Ran {
    Run.command(["/usr/bin/curl", "-sS", "--max-time", "10", "http://127.0.0.1:\(port)\(path)"])
  }

  @Test("nginx serves a page to a client outside, and no file that is not named") func nginx()
    throws
  {
    let shop = try Workshop()
    let port = try Port.unused()
    _ = shop.outside(["/bin/mkdir", "www"])
    shop.write("a page\n", to: "www/index.html")
    shop.write(
      """
      events {}
      http {
        access_log off;
        server {
          listen 127.0.0.1:\(port);
          root \(shop.work)/www;
          location /secret { alias \(shop.secretFile); }
          location /shadow { alias /etc/shadow; }
        }
      }
      """, to: "site.conf")
    let server = try shop.start(
      "--read", "site.conf", "--read", "www", "--bind", "\(port)", "--relax",
      "network.bind=a port that nobody else uses", "nginx", "-c", shop.work + "/site.conf")
    #expect(server.answer { fetch(port) }.output == "a page\n", "\(server.output)")
    #expect(fetch(port, "/secret").output.contains("404 Not Found"))
    #expect(fetch(port, "/shadow").output.contains("404 Not Found"))
    #expect(server.stop() == 0, "\(server.output)")
  }

  @Test("nginx cannot listen on a port that is not granted") func otherPort() throws {
    let shop = try Workshop()
    let port = try Port.unused()
    shop.write("events {}\nhttp { server { listen 127.0.0.1:\(port); } }\n", to: "site.conf")
    let ran = shop.isolated("--read", "site.conf", "nginx", "-c", shop.work + "/site.conf")
    #expect(ran.code == 1)
    #expect(ran.errors.contains("bind() to 127.0.0.1:\(port) failed (13: Permission denied)"))
  }

  @Test("nginx and its client in one sandbox, on a loopback of their own") func ownLoopback() throws
  {
    let shop = try Workshop()
    shop.write("a page\n", to: "index.html")
    shop.write(
      """
      events {}
      http { access_log off; server { listen 127.0.0.1:8080; root \(shop.work); } }
      """, to: "site.conf")
    shop.write(
      """
      nginx -e stderr -c \(shop.work)/site.conf || exit 9
      curl -sS --max-time 10 http://127.0.0.1:8080/index.html
      nginx -e stderr -c \(shop.work)/site.conf -s quit
      """, to: "serve.sh")
    let ran = shop.isolated(
      "--profile", "nginx", "--read", ".", "--network", "loopback", "--set",
      "network.connect=8080", "--relax", "network.connect=the client is in here", "--", "sh",
      shop.work + "/serve.sh")
    #expect(ran.output == "a page\n", "\(ran.errors)")
    #expect(fetch(8080).output != "a page\n", "the host's loopback is another")
  }

  @Test("redis stores and saves, and writes nowhere else") func redis() throws {
    let shop = try Workshop()
    let port = try Port.unused()
    _ = shop.outside(["/bin/mkdir", "data"])
    let client = try #require(Run.find("redis-cli"), "package redis-tools")
    let server = try shop.start(
      "--write", "data:/var/lib/redis", "--bind", "\(port)", "--relax",
      "network.bind=a port that nobody else uses", "redis", "--port", "\(port)",
      "--enable-protected-configs", "yes")
    func ask(_ words: String...) -> Ran { Run.command([client, "-p", "\(port)"] + words) }
    #expect(server.answer { ask("ping") }.output == "PONG\n", "\(server.output)")
    #expect(ask("set", "answer", "42").output == "OK\n")
    #expect(ask("get", "answer").output == "42\n")
    #expect(ask("save").output == "OK\n", "\(server.output)")
    #expect(ask("config", "set", "dir", shop.work).output.contains("No such file or directory"))
    #expect(server.stop() == 0, "\(server.output)")
    #expect(shop.start(of: "data/dump.rdb", 5) == Array("REDIS".utf8), "the save is the host's")
  }

  @Test("postgresql makes a cluster, answers queries and reads no other file") func postgresql()
    throws
  {
    let shop = try Workshop()
    let port = try Port.unused()
    _ = shop.outside(["/bin/mkdir", "-m", "700", "data"])
    let client = try #require(Run.find("psql"), "package postgresql-client")
    let server = try shop.start(
      "--write", "data:/var/lib/postgresql", "--bind", "\(port)", "--relax",
      "network.bind=a port that nobody else uses", "postgresql", "-p", "\(port)")
    func ask(_ query: String) -> Ran {
      Run.command(
        [client, "-h", shop.work + "/data", "-p", "\(port)", "-U", "postgres", "-AtXc", query])
    }
    #expect(server.answer { ask("select 1") }.output == "1\n", "\(server.output)")
    let rows = ask(
      "create table fruit as select generate_series(1, 1000) as id; create index on fruit(id);"
        + " checkpoint; select sum(id) from fruit")
    #expect(rows.output.hasSuffix("500500\n"), "\(rows.errors)")
    #expect(ask("select pg_read_file('\(shop.secretFile)')").errors.contains("No such file"))
    let shell = ask(
      "create table t(line text); copy t from program 'cat /etc/shadow 2>&1; true'; table t")
    #expect(shell.output.contains("/etc/shadow: No such file or directory"), "\(shell)")
    #expect(server.stop() == 0, "\(server.output)")
    #expect(!shop.start(of: "data/PG_VERSION").isEmpty, "the cluster is the host's")
  }

  @Test("python serves the current directory on the port it was given") func pythonServer() throws {
    let shop = try Workshop()
    let port = try Port.unused()
    shop.write("a page\n", to: "page.txt")
    let server = try shop.start(
      "--network", "host", "--relax", "network.mode=its client is outside", "--bind", "\(port)",
      "python3", "-m", "http.server", "--bind", "127.0.0.1", "\(port)")
    #expect(server.answer { fetch(port, "/page.txt") }.output == "a page\n", "\(server.output)")
    #expect(fetch(port, "/../home/secret.txt").output.contains("404"))
    #expect(server.stop() == 143, "\(server.output)")
    let refused = shop.isolated(
      "--network", "host", "--relax", "network.mode=its client is outside", "--bind", "\(port)",
      "python3", "-m", "http.server", "--bind", "127.0.0.1", "\(try Port.unused())")
    #expect(refused.errors.contains("PermissionError"))
  }
}
