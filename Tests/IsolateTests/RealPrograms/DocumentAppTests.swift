import Testing

@Suite("document apps")
struct DocumentAppTests {
  @Test("imagemagick converts the picture it is given, and sees no other") func imagemagick() throws
  {
    let shop = try Workshop()
    try #require(Run.find("convert") != nil, "package imagemagick")
    let made = shop.isolated(
      "--write", "out", "imagemagick", "convert", "-size", "64x48", "gradient:red-blue",
      "out/in.png")
    #expect(made.code == 0, "\(made.errors)")
    let ran = shop.isolated(
      "--read", "out/in.png", "--write", "out", "imagemagick", "convert", "out/in.png", "-resize",
      "50%", "out/small.jpg")
    #expect(ran.code == 0, "\(ran.errors)")
    #expect(shop.start(of: "out/small.jpg", 3) == [0xff, 0xd8, 0xff])
    let size = shop.isolated(
      "--read", "out/small.jpg", "imagemagick", "identify", "-format", "%wx%h", "out/small.jpg")
    #expect(size.output == "32x24", "\(size.errors)")
    _ = shop.outside(["/bin/cp", "out/in.png", "../home/mine.png"])
    let other = shop.isolated(
      "--write", "out", "imagemagick", "convert", shop.home + "/mine.png", "out/stolen.png")
    #expect(other.code == 1)
    #expect(other.errors.contains("No such file or directory"))
  }

  @Test("imagemagick cannot write the picture it may only read") func readOnly() throws {
    let shop = try Workshop()
    shop.write("P1\n2 2\n1 0 0 1\n", to: "in.pbm")
    let ran = shop.isolated("--read", "in.pbm", "imagemagick", "mogrify", "-negate", "in.pbm")
    #expect(ran.code != 0)
    #expect(shop.text("in.pbm") == "P1\n2 2\n1 0 0 1\n")
  }

  @Test("ffmpeg makes and transcodes a film, without other files or network") func ffmpeg() throws {
    let shop = try Workshop()
    let made = shop.isolated(
      "--write", "out", "ffmpeg", "-loglevel", "error", "-f", "lavfi", "-i",
      "testsrc=duration=1:size=160x120:rate=10", "-f", "lavfi", "-i", "sine=duration=1", "-c:v",
      "mpeg4", "-c:a", "aac", "out/film.mp4")
    #expect(made.code == 0, "\(made.errors)")
    #expect(Array(shop.start(of: "out/film.mp4", 8).dropFirst(4)) == Array("ftyp".utf8))
    let ran = shop.isolated(
      "--read", "out/film.mp4", "--write", "out", "ffmpeg", "-loglevel", "error", "-i",
      "out/film.mp4", "-vf", "scale=80:60", "-frames:v", "1", "out/frame.png")
    #expect(ran.code == 0, "\(ran.errors)")
    let size = try #require(shop.sizeOfPNG("out/frame.png"))
    #expect(size == (80, 60))
    for (source, answer) in [
      (shop.secretFile, "No such file or directory"),
      ("http://127.0.0.1:80/film.mp4", "Address family not supported"),
    ] {
      let refused = shop.isolated(
        "--write", "out", "ffmpeg", "-loglevel", "error", "-i", source, "out/no.mp4")
      #expect(refused.code != 0)
      #expect(refused.errors.contains(answer), "\(refused.errors)")
    }
  }

  @Test("pdftoppm draws a page of the document it is given, and opens no other") func pdftoppm()
    throws
  {
    let shop = try Workshop()
    shop.write(Self.pdf, to: "page.pdf")
    let ran = shop.isolated(
      "--read", "page.pdf", "--write", "out", "pdftoppm", "-r", "72", "-png", "-singlefile",
      "page.pdf", "out/page")
    #expect(ran.code == 0, "\(ran.errors)")
    let size = try #require(shop.sizeOfPNG("out/page.png"))
    #expect(size == (200, 100))
    // The left half is red: the page was drawn, text and all.
    let drawn = shop.isolated(
      "--read", "page.pdf", "pdftoppm", "-r", "72", "-singlefile", "page.pdf")
    #expect(drawn.code == 0)
    #expect(drawn.output.hasPrefix("P6\n200 100\n255\n"))
    _ = shop.outside(["/bin/cp", "page.pdf", "../home/mine.pdf"])
    let other = shop.isolated("pdftoppm", "-png", shop.home + "/mine.pdf")
    #expect(other.code == 1)
    #expect(other.errors.contains("Couldn't open file"))
  }

  /// One page of 200 by 100 points: a red square and two letters.
  private static let pdf = """
    %PDF-1.4
    1 0 obj <</Type/Catalog/Pages 2 0 R>> endobj
    2 0 obj <</Type/Pages/Kids[3 0 R]/Count 1>> endobj
    3 0 obj <</Type/Page/Parent 2 0 R/MediaBox[0 0 200 100]/Contents 4 0 R
    /Resources<</Font<</F1 5 0 R>>>>>> endobj
    4 0 obj <</Length 64>> stream
    1 0 0 rg 0 0 100 100 re f BT /F1 24 Tf 110 40 Td (Hi) Tj ET
    endstream endobj
    5 0 obj <</Type/Font/Subtype/Type1/BaseFont/Helvetica>> endobj
    trailer <</Root 1 0 R/Size 6>>

    """

  @Test("sqlite3 answers a query on the database it is given, and reads nothing else") func sqlite()
    throws
  {
    let shop = try Workshop()
    let ran = shop.isolated(
      "--write", "out", "sqlite3", "out/shop.db",
      """
      pragma journal_mode = wal;
      create table fruit(id integer primary key, name text);
      with recursive count(x) as (select 1 union all select x + 1 from count where x < 5000)
        insert into fruit select x, 'fruit ' || x from count;
      select count(*), max(name) from fruit;
      select coalesce(readfile('\(shop.secretFile)'), 'no file'), coalesce(readfile('/etc/shadow'), 'no file');
      """)
    #expect(ran.output == "wal\n5000|fruit 999\nno file|no file\n", "\(ran.errors)")
    #expect(ran.code == 0)
    #expect(shop.start(of: "out/shop.db", 6) == Array("SQLite".utf8))
    let shell = shop.isolated("sqlite3", ":memory:", ".shell cat \(shop.secretFile)")
    #expect(!(shell.output + shell.errors).contains(shop.secret))
  }

  @Test("chromium draws a page under its own sandbox in ours, and opens no other file")
  func chromium() throws {
    let shop = try Workshop()
    try #require(Run.find("chromium") != nil, "package chromium")
    shop.write(
      """
      <body style="margin:0;background:red"><script>
      let sum = 0; for (let i = 0; i < 1e7; i++) sum += i % 7; document.title = sum;
      document.body.textContent = 'sum ' + sum;
      </script></body>
      """, to: "page.html")
    let ran = shop.isolated(
      "--read", "page.html", "--write", "out", "chromium", "--window-size=300,200",
      "--screenshot=\(shop.work)/out/page.png", "page.html")
    #expect(ran.code == 0, "\(ran.errors)")
    let size = try #require(shop.sizeOfPNG("out/page.png"), "\(ran.errors)")
    #expect(size == (300, 200))
    let text = shop.isolated("--read", "page.html", "chromium", "--dump-dom", "page.html")
    #expect(text.output.contains("sum 29999994"), "\(text.errors)")
    let other = shop.isolated("chromium", "--dump-dom", "file://\(shop.secretFile)")
    #expect(!other.output.contains(shop.secret))
  }

  @Test("chromium does not start without a sandbox of its own") func chromiumWithoutItsSandbox()
    throws
  {
    let shop = try Workshop()
    shop.write("<p>a page</p>", to: "page.html")
    let ran = shop.isolated(
      "--read", "page.html", "--set", "syscalls.nested-user-namespaces=false", "chromium",
      "--dump-dom", "page.html")
    #expect(ran.code != 0)
    #expect(!ran.output.contains("a page"))
  }
}
