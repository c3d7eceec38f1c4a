import Testing

@Suite("language apps")
struct LanguageAppTests {
  @Test("python3 runs a script of the current directory, and reaches nothing else") func python()
    throws
  {
    let shop = try Workshop()
    shop.write(
      """
      import hashlib, json, multiprocessing, socket, sqlite3, ssl, subprocess, tempfile, threading
      def square(number): return number * number
      def refused(what, *arguments):
        try: what(*arguments)
        except OSError as error: return type(error).__name__
        return 'done'
      with multiprocessing.Pool(2) as pool: print(sum(pool.map(square, range(100))))
      print(subprocess.run(['uname', '-s'], capture_output=True, text=True).stdout.strip())
      print(sqlite3.connect(':memory:').execute('select 6 * 7').fetchone()[0])
      print(refused(open, '\(shop.secretFile)'), refused(open, '/etc/shadow'))
      print(refused(open, 'new', 'w'))
      print(refused(socket.create_connection, ('192.0.2.1', 80), 5))
      """, to: "job.py")
    let ran = shop.isolated("python3", "job.py")
    #expect(
      ran.output == """
        328350
        Linux
        42
        FileNotFoundError FileNotFoundError
        OSError
        OSError

        """, "\(ran.errors)")
    #expect(ran.code == 0)
  }

  @Test("a directory in the one that python3 reads can be given to write") func pythonWrites()
    throws
  {
    let shop = try Workshop()
    let ran = shop.isolated("--write", "out", "python3", "-c", "open('out/new', 'w').write('42')")
    #expect(ran.code == 0, "\(ran.errors)")
    #expect(shop.text("out/new") == "42")
  }

  @Test("node compiles at run time, serves itself, and reaches nothing else") func node() throws {
    let shop = try Workshop()
    shop.write(
      """
      const fs = require('fs'), http = require('http'), net = require('net'), zlib = require('zlib');
      let sum = 0;
      for (let i = 0; i < 3e7; i++) sum += i % 7;
      console.log(sum);
      for (const file of ['\(shop.secretFile)', '/etc/shadow'])
        try { console.log(fs.readFileSync(file)); } catch (error) { console.log(error.code); }
      const server = http.createServer((request, answer) => answer.end('a page'));
      server.listen(0, '127.0.0.1', () =>
        http.get(server.address(), answer => answer.on('data', data => {
          console.log(String(data));
          server.close();
          net.connect(80, '192.0.2.1').on('error', error => console.log(error.code));
        })));
      zlib.gzip('text', (error, packed) => zlib.gunzip(packed, () => {}));
      """, to: "job.js")
    let ran = shop.isolated("node", "job.js")
    #expect(ran.output == "89999995\nENOENT\nENOENT\na page\nENETUNREACH\n", "\(ran.errors)")
    #expect(ran.code == 0)
  }

  @Test("without its relaxation node cannot compile at run time") func nodeWithoutJIT() throws {
    let shop = try Workshop()
    let ran = shop.isolated(
      "--set", "memory.write-execute=false", "node", "-e", "console.log(6 * 7)")
    #expect(ran.code != 0)
    #expect(!ran.output.contains("42"))
  }

  @Test("java runs a program, and reaches nothing else") func java() throws {
    let shop = try Workshop()
    let write = "import sys; open('Main.class', 'wb').write(bytes.fromhex(sys.argv[1]))"
    let written = shop.outside(["/usr/bin/python3", "-c", write, Self.javaClass])
    #expect(written.code == 0, "\(written.errors)")
    let ran = shop.isolated("java", "-Xmx128m", "-cp", ".", "Main", shop.secretFile, "/etc/shadow")
    #expect(ran.output == "499999500000\nfalse\nfalse\n", "\(ran.errors)")
    #expect(ran.code == 0)
  }

  /// What a compiler of Java 8 makes of this, so that the tests need no compiler:
  ///
  ///     public class Main {
  ///       public static void main(String[] files) {
  ///         long sum = 0;
  ///         for (int i = 0; i < 1000000; i++) sum += i;
  ///         System.out.println(sum);
  ///         for (String file : files) System.out.println(new java.io.File(file).exists());
  ///       }
  ///     }
  private static let javaClass = """
    cafebabe0000003400280a000200030700040c000500060100106a6176612f6c616e672f4f626a6563740100063c696e \
    69743e01000328295603000f4240090009000a07000b0c000c000d0100106a6176612f6c616e672f53797374656d0100 \
    036f75740100154c6a6176612f696f2f5072696e7453747265616d3b0a000f00100700110c001200130100136a617661 \
    2f696f2f5072696e7453747265616d0100077072696e746c6e010004284a295607001501000c6a6176612f696f2f4669 \
    6c650a001400170c00050018010015284c6a6176612f6c616e672f537472696e673b29560a0014001a0c001b001c0100 \
    0665786973747301000328295a0a000f001e0c0012001f010004285a29560700210100044d61696e010004436f646501 \
    00046d61696e010016285b4c6a6176612f6c616e672f537472696e673b295601000d537461636b4d61705461626c6507 \
    00270100135b4c6a6176612f6c616e672f537472696e673b002100200002000000000002000100050006000100220000 \
    001100010001000000052ab70001b1000000000009002300240001002200000072000400070000004b0940033e1d1207 \
    a2000e1f1d856140840301a7fff2b200081fb6000e2a4e2dbe360403360515051504a200212d1505323a06b20008bb00 \
    14591906b70016b60019b6001d840501a7ffdeb1000000010025000000150004fd00040401fa0010fe000f0700260101 \
    f800240000
    """
}
