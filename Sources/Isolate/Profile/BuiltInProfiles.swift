// Made by scripts/embed-profiles.py from config/profiles and config/apps; do not edit.
// swift-format-ignore-file

/// The shipped profiles, for machines where nothing is installed. Nothing is read until one is asked for.
package enum BuiltInProfiles {
  /// The names of all shipped profiles.
  package static var names: [String] {
    [
      "build",
      "default",
      "interactive",
      "service",
      "strict",
      "chromium",
      "curl",
      "ffmpeg",
      "gcc",
      "git",
      "imagemagick",
      "java",
      "nginx",
      "node",
      "pdftoppm",
      "postgresql",
      "python3",
      "redis",
      "sqlite3",
      "ssh",
    ]
  }

  /// The text of a shipped profile, and the file name that its positions carry.
  package static func named(_ name: String) -> (file: String, text: String)? {
    switch name {
    case "build": ("built-in/profiles/build.toml", buildBase)
    case "default": ("built-in/profiles/default.toml", defaultBase)
    case "interactive": ("built-in/profiles/interactive.toml", interactiveBase)
    case "service": ("built-in/profiles/service.toml", serviceBase)
    case "strict": ("built-in/profiles/strict.toml", strictBase)
    case "chromium": ("built-in/apps/chromium.toml", chromiumApp)
    case "curl": ("built-in/apps/curl.toml", curlApp)
    case "ffmpeg": ("built-in/apps/ffmpeg.toml", ffmpegApp)
    case "gcc": ("built-in/apps/gcc.toml", gccApp)
    case "git": ("built-in/apps/git.toml", gitApp)
    case "imagemagick": ("built-in/apps/imagemagick.toml", imagemagickApp)
    case "java": ("built-in/apps/java.toml", javaApp)
    case "nginx": ("built-in/apps/nginx.toml", nginxApp)
    case "node": ("built-in/apps/node.toml", nodeApp)
    case "pdftoppm": ("built-in/apps/pdftoppm.toml", pdftoppmApp)
    case "postgresql": ("built-in/apps/postgresql.toml", postgresqlApp)
    case "python3": ("built-in/apps/python3.toml", python3App)
    case "redis": ("built-in/apps/redis.toml", redisApp)
    case "sqlite3": ("built-in/apps/sqlite3.toml", sqlite3App)
    case "ssh": ("built-in/apps/ssh.toml", sshApp)
    default: nil
    }
  }

  private static var buildBase: String {
    #"""
    # Compilers and build tools: the directory they are started in is theirs to change, with programs
    # that were just built run from it. No network: fetch sources before.
    description = "Compilers and build tools, working in the current directory"

    extends = ["default"]

    [environment]
    keep = ["CC", "CXX", "CFLAGS", "CXXFLAGS", "CPPFLAGS", "LDFLAGS", "MAKEFLAGS", "PKG_CONFIG_*", "SOURCE_DATE_EPOCH"]

    [files]
    write = [{ path = "$CWD", execute = true }]
    # Configure scripts and test drivers write programs to /tmp and run them.
    private = [{ path = "/tmp", size = "2G", inodes = 262144, mode = "1777", execute = true }]

    [limits]
    # A parallel build of a large project; each compiler is a few processes.
    processes = 4096
    open-files = 16384

    """#
  }

  private static var defaultBase: String {
    #"""
    # Sane for most programs: the installed software to read, a little of /etc, private places to write,
    # no network, the default system calls. Nothing of the caller's own files is seen.
    # Whatever this file states, a profile that extends it needs a `relax` to widen.
    description = "Most command-line programs: installed software, private home and /tmp, no network"

    # A sandbox without these two is none. Everything else that a machine lacks is announced.
    require = ["namespaces", "filter"]

    [environment]
    keep = ["LANG", "LANGUAGE", "LC_*", "TERM", "COLORTERM", "NO_COLOR", "TZ"]

    [files]
    # Installed software belongs to the system: its files keep their owners.
    # On merged-/usr systems /bin, /sbin and /lib* are links, which are made as links.
    read = [
      { path = "/usr", owner = "keep" },
      { path = "/bin", owner = "keep", optional = true },
      { path = "/sbin", owner = "keep", optional = true },
      { path = "/lib", owner = "keep", optional = true },
      { path = "/lib32", owner = "keep", optional = true },
      { path = "/lib64", owner = "keep", optional = true },
      # The few files of /etc that programs fail without. Each costs a mount, so the list stays short;
      # passwd, group, hosts, hostname, resolv.conf, nsswitch.conf and localtime are made for the app.
      { path = "/etc/ld.so.cache", owner = "keep", optional = true },
      { path = "/etc/alternatives", owner = "keep", optional = true },
      { path = "/etc/ssl", owner = "keep", optional = true },
      { path = "/etc/fonts", owner = "keep", optional = true },
      { path = "/etc/mime.types", owner = "keep", optional = true },
    ]
    # In memory, empty at the start and gone at the end. Programs cannot be run from them.
    private = [
      { path = "/tmp", size = "256M", mode = "1777" },
      { path = "/var/tmp", size = "64M", mode = "1777" },
      { path = "/run", size = "16M" },
      { path = "$HOME", size = "256M", mode = "700" },
    ]
    proc = true
    dev = true

    [limits]
    # Enough for a desktop program with many threads; a fork bomb ends here.
    processes = 1024
    open-files = 4096
    # A crash leaves no core file.
    core-size = 0

    """#
  }

  private static var interactiveBase: String {
    #"""
    # Programs a person sits in front of: shells, editors, pagers. They get a terminal of their own, so they
    # cannot type into the caller's; and locale, terminal descriptions and mail-cap style helpers.
    description = "Terminal programs: shells, editors, pagers"

    extends = ["default"]

    [environment]
    keep = ["EDITOR", "VISUAL", "PAGER", "LESS", "LS_COLORS", "COLUMNS", "LINES", "TERM_PROGRAM"]

    [files]
    read = [
      { path = "/etc/terminfo", owner = "keep", optional = true },
      { path = "/etc/inputrc", owner = "keep", optional = true },
      { path = "/etc/bash.bashrc", owner = "keep", optional = true },
      { path = "/etc/locale.alias", owner = "keep", optional = true },
    ]

    [terminal]
    # An own one: with the caller's itself an app could read what is typed after it.
    mode = "auto"

    [limits]
    processes = 512

    """#
  }

  private static var serviceBase: String {
    #"""
    # A server: long-lived, with a network of its own until a profile gives it the host's, and nothing of
    # the caller's home. Name its configuration with files.read and its data with files.write.
    description = "Servers: own loopback, no home, no terminal, a clean stop"

    extends = ["default"]

    [command]
    workdir = "/"

    [environment]
    # A service has no user at a terminal.
    unset = ["TERM", "COLORTERM"]

    [files]
    private = [
      { path = "/run", size = "64M" },
      { path = "/var/log", size = "64M" },
      # Where a server keeps its state unless its profile names a directory of the host.
      { path = "/var/lib/$APP", size = "256M", mode = "700" },
    ]

    [network]
    mode = "loopback"

    [identity]
    home = "/var/lib/$APP"
    umask = "027"

    [terminal]
    mode = "none"

    [limits]
    # One connection is one descriptor.
    open-files = 16384
    processes = 512

    [stop]
    signal = "SIGTERM"
    # Time to finish what is being answered.
    timeout = "30s"

    """#
  }

  private static var strictBase: String {
    #"""
    # Pure computation: bytes in on descriptors, bytes out on descriptors. No network, no home, no new
    # processes, no sockets. Give the files it works on with --read, or on standard input.
    description = "Pure computation on given files: no processes, no sockets, small limits"

    require = ["namespaces", "filter", "deny-write-execute"]

    [environment]
    keep = ["LANG", "LC_*"]

    [files]
    read = [
      { path = "/usr", owner = "keep" },
      { path = "/bin", owner = "keep", optional = true },
      { path = "/lib", owner = "keep", optional = true },
      { path = "/lib32", owner = "keep", optional = true },
      { path = "/lib64", owner = "keep", optional = true },
      { path = "/etc/ld.so.cache", owner = "keep", optional = true },
    ]
    private = [{ path = "/tmp", size = "16M", inodes = 1024, mode = "1777" }]
    proc = false
    dev = true
    sys = false

    [network]
    mode = "none"
    families = []

    [syscalls]
    # What `strict` leaves out is refused; programs that cannot go on end with an error of their own.
    base = "strict"

    [memory]
    write-execute = false

    [identity]
    home = "/tmp"
    umask = "077"

    [terminal]
    mode = "none"

    [limits]
    memory = "512M"
    processes = 16
    open-files = 256
    file-size = "64M"
    cpu-time = "1m"
    wall-time = "5m"
    core-size = 0

    """#
  }

  private static var chromiumApp: String {
    #"""
    # Chromium, headless: pages of strangers, as pictures, PDF or text. It starts with an empty profile each time.
    #
    #   isolated run --write out chromium --screenshot=$PWD/out/page.png https://example.org/
    #   isolated run chromium --dump-dom https://example.org/
    #
    # Its own sandbox stays on, inside ours. The page's code runs in a renderer, and Chromium takes from a
    # renderer nearly everything: files, sockets, new processes, user namespaces. With --no-sandbox a page that
    # breaks the renderer would have all that this profile gives; so the nested sandbox is the safer of the
    # two, although it needs user namespaces, which add kernel code in reach of the browser process.
    description = "Chromium without a window: pages as pictures, PDF or text"
    extends = ["default"]

    [command]
    run = [
      "chromium", "--headless=new", "--no-first-run", "--disable-gpu", "--disable-background-networking",
      # The set-user-ID helper cannot work here: no new privileges. User namespaces take its place.
      "--disable-setuid-sandbox", "--log-level=3", "--user-data-dir=/tmp/chromium",
    ]
    path = ["/usr/bin", "/bin"]

    [files]
    read = [
      { path = "/etc/chromium", owner = "keep", optional = true },
      { path = "/etc/chromium.d", owner = "keep", optional = true },
    ]
    private = [{ path = "/tmp", size = "1G", mode = "1777" }]

    [network]
    mode = "host"
    # The web, and DNS whose answers do not fit a datagram.
    connect = [53, 80, 443]
    bind = []

    [memory]
    write-execute = true

    [syscalls]
    nested-user-namespaces = true
    # Its zygote leaves the file system with chroot, in its own user namespace.
    allow = ["@chroot"]

    [relax]
    memory.write-execute = "V8 compiles JavaScript to machine code at run time"
    syscalls.nested-user-namespaces = "its own sandbox confines each page further"
    syscalls.allow = "its zygote leaves the file system by chroot, in its own user namespace"

    [limits]
    # A few processes for each page, many threads for each process.
    processes = 2048

    """#
  }

  private static var curlApp: String {
    #"""
    # curl: fetches, and shows on standard output. It gets no file that is not named.
    #
    #   isolated run curl -sS https://example.org/
    #   isolated run --write downloads curl -o downloads/page.html https://example.org/
    description = "curl to web servers, without your files"
    extends = ["default"]

    [command]
    run = ["curl"]
    path = ["/usr/local/bin", "/usr/bin", "/bin"]

    [environment]
    # A proxy on another port than these needs --connect, too.
    keep = ["http_proxy", "https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY"]

    [files]
    read = [
      # Certificates that the administrator added; /etc/ssl points there.
      { path = "/usr/local/share/ca-certificates", owner = "keep", optional = true },
      { path = "/etc/ca-certificates.conf", owner = "keep", optional = true },
    ]

    [network]
    mode = "host"
    # The web, and DNS whose answers do not fit a datagram. Another port:
    #   --connect 8080 --relax network.connect='the test server'
    connect = [53, 80, 443]
    # It serves nothing.
    bind = []

    [limits]
    processes = 64
    wall-time = "6h"

    """#
  }

  private static var ffmpegApp: String {
    #"""
    # ffmpeg: decoders for everything, fed with films of strangers. It gets no file that is not named.
    #
    #   isolated run --read in.mp4 --write out ffmpeg -i in.mp4 out/film.webm
    #   isolated run --write . ffmpeg -i in.mp4 out.webm        (everything in this directory)
    description = "ffmpeg on the files you name, without network"
    extends = ["default"]

    [command]
    # Standard input is not a keyboard here: with -nostdin it does not swallow a script's input.
    run = ["ffmpeg", "-nostdin", "-hide_banner"]
    path = ["/usr/local/bin", "/usr/bin", "/bin"]

    [files]
    # Two-pass logs and other scratch files.
    private = [{ path = "/tmp", size = "1G", mode = "1777" }]

    [network]
    # A playlist (HLS, DASH, concat) can name any URL, and could send what it read elsewhere to it.
    mode = "none"
    families = ["unix"]

    [limits]
    # One thread a processor for each decoder, filter and encoder.
    processes = 512

    """#
  }

  private static var gccApp: String {
    #"""
    # gcc: compiles in the current directory, and what it has built can be run there.
    #
    #   isolated run gcc -O2 -o hello hello.c
    #   isolated run --profile gcc -- make -j4
    description = "gcc in the current directory, without network"
    # The current directory to write and to run from, a /tmp for the passes of the compiler, no network.
    extends = ["build"]

    [command]
    run = ["gcc"]
    path = ["/usr/local/bin", "/usr/bin", "/bin"]

    [network]
    # Sources are fetched before; a build that fetches in the middle is not what was read.
    mode = "none"
    families = ["unix"]

    """#
  }

  private static var gitApp: String {
    #"""
    # git: works in the current directory, and clones into it. A repository can bring hooks, filters and
    # configuration that run programs; they run here, without your home and your keys.
    #
    #   isolated run git clone https://example.org/project.git
    #   isolated run git -C project log
    # Over ssh, hand in the agent, never a key file:
    #   isolated run --read "$SSH_AUTH_SOCK" --read ~/.ssh/known_hosts git fetch
    description = "git in the current directory, to servers over https and ssh"
    extends = ["interactive"]

    [command]
    run = ["git"]
    path = ["/usr/local/bin", "/usr/bin", "/bin"]

    [environment]
    keep = ["GIT_*", "SSH_AUTH_SOCK", "http_proxy", "https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY"]

    [files]
    # Hooks and built programs of the repository are run from it.
    write = [{ path = "$CWD", execute = true }]
    read = [
      # Your name, mail address and aliases. Credentials stay out: ~/.git-credentials is not named here.
      { path = "$HOME/.gitconfig", optional = true },
      { path = "$HOME/.config/git", optional = true },
      { path = "/etc/gitconfig", owner = "keep", optional = true },
    ]

    [network]
    mode = "host"
    # https, ssh, and DNS whose answers do not fit a datagram. Plain http and git:// say nothing about who
    # answers; for a server that has only these: --relax network.connect=REASON --connect 80.
    connect = [53, 443, 22]
    # It serves nothing.
    bind = []

    [limits]
    processes = 512

    """#
  }

  private static var imagemagickApp: String {
    #"""
    # ImageMagick: parsers for two hundred picture formats, most of them in C, fed with pictures of strangers.
    # It gets no file that is not named: add --read and --write.
    #
    #   isolated run --read in.png --write out imagemagick convert in.png -resize 50% out/small.jpg
    description = "ImageMagick (convert, identify, mogrify...) on the files you name"
    extends = ["default"]

    [command]
    # The tool is the first argument, so one profile serves all of them: convert, identify, montage, magick...
    # `env` looks it up in the app's own PATH.
    run = ["env"]
    # Where Debian and Ubuntu install it, without directories that other things are put into by hand.
    path = ["/usr/bin", "/bin"]

    [environment]
    # Without threads of its own a conversion uses less memory and costs hardly more time on small pictures.
    keep = ["MAGICK_*"]

    [files]
    # Its policy: which formats and how much memory and disk; kept as the administrator wrote it.
    read = [
      { path = "/etc/ImageMagick-6", owner = "keep", optional = true },
      { path = "/etc/ImageMagick-7", owner = "keep", optional = true },
    ]
    # Pictures too large for its memory limit are unpacked to files here.
    private = [{ path = "/tmp", size = "1G", mode = "1777" }]

    [network]
    # It can fetch URLs named inside a picture (SVG, MVG). Nothing is there to be reached.
    mode = "none"
    families = ["unix"]

    [limits]
    processes = 128
    # A picture of a few bytes can describe one that takes hours (a decompression bomb).
    wall-time = "10m"
    file-size = "2G"

    """#
  }

  private static var javaApp: String {
    #"""
    # Java: classes and jars in the current directory, which it can read and not change.
    #
    #   isolated run java -jar app.jar
    #   isolated run --write data java -cp classes Main data
    description = "java with the current directory to read, without network"
    extends = ["interactive"]

    [command]
    run = ["java"]
    path = ["/usr/local/bin", "/usr/bin", "/bin"]

    [environment]
    keep = ["JAVA_HOME", "JAVA_TOOL_OPTIONS"]

    [files]
    read = [
      # Left out where it is your whole home: --read then names the script.
      { path = "$CWD", optional = true },
      # Debian's and Ubuntu's packages keep security settings and certificates in /etc: /etc/java-17-openjdk...
      { path = "/etc/java-11-openjdk", owner = "keep", optional = true },
      { path = "/etc/java-17-openjdk", owner = "keep", optional = true },
      { path = "/etc/java-21-openjdk", owner = "keep", optional = true },
      { path = "/etc/java-25-openjdk", owner = "keep", optional = true },
    ]

    [network]
    mode = "loopback"

    [memory]
    write-execute = true

    [relax]
    memory.write-execute = "the JVM compiles bytecode to machine code at run time"

    [limits]
    # Compiler and collector threads, one for each processor and more.
    processes = 1024

    """#
  }

  private static var nginxApp: String {
    #"""
    # nginx: serves files, on ports from 1024 up. It has no privilege at all, so it cannot open lower ones, and
    # its master and workers are one user: let the firewall hand port 80 to 8080.
    #
    #   isolated run nginx                                               (/etc/nginx as it is installed)
    #   isolated run --read site.conf --read /srv/www nginx -c $PWD/site.conf
    description = "nginx serving files on ports 8080 and 8443"
    extends = ["service"]

    [command]
    # In the foreground; errors before the configuration is read go to standard error.
    run = ["nginx", "-e", "stderr", "-g", "daemon off;"]
    path = ["/usr/local/sbin", "/usr/sbin", "/usr/bin", "/bin"]

    [files]
    read = [
      { path = "/etc/nginx", owner = "keep", optional = true },
      # What Debian and nginx.org serve by default.
      { path = "/var/www", owner = "keep", optional = true },
    ]
    # Bodies and answers too large for memory; logs are gone at the end: write them to stderr, or
    # --write /var/log/nginx.
    private = [
      { path = "/var/lib/nginx", size = "256M", mode = "700" },
      { path = "/var/log/nginx", size = "64M" },
      { path = "/var/cache/nginx", size = "256M", mode = "700" },
    ]

    [network]
    # Real clients come from outside.
    mode = "host"
    bind = [8080, 8443]
    # It serves files and calls nobody. For a proxy, name the ports of what is behind it.
    connect = []

    [stop]
    # Answers what has begun, then ends.
    signal = "SIGQUIT"

    [relax]
    network.mode = "its clients are on the host's network"

    [limits]
    processes = 128

    """#
  }

  private static var nodeApp: String {
    #"""
    # Node.js: a script and its node_modules in the current directory, which it can read and not change. What a
    # dependency's dependency does at start-up it does here: without your home, your keys and your network.
    #
    #   isolated run node server.js
    #   isolated run --write dist node build.js
    description = "node with the current directory to read, without network"
    extends = ["interactive"]

    [command]
    run = ["node"]
    path = ["/usr/local/bin", "/usr/bin", "/bin"]

    [environment]
    keep = ["NODE_ENV", "NODE_OPTIONS", "NODE_NO_WARNINGS"]

    [files]
    read = [
      # Left out where it is your whole home: --read then names the script.
      { path = "$CWD", optional = true },
      # Debian's node reads the certificates and its own settings from there.
      { path = "/etc/nodejs", owner = "keep", optional = true },
    ]

    [network]
    # An own loopback: servers and their tests talk to themselves.
    mode = "loopback"

    [memory]
    write-execute = true

    [relax]
    memory.write-execute = "V8 compiles JavaScript to machine code at run time"

    [limits]
    processes = 512

    """#
  }

  private static var pdftoppmApp: String {
    #"""
    # pdftoppm: pages of a PDF as pictures. A PDF is a program from a stranger, and so is each of its fonts.
    #
    #   isolated run --read paper.pdf --write out pdftoppm -png -r 100 paper.pdf out/page
    #   isolated run --read paper.pdf pdftoppm -png -singlefile paper.pdf > page.png
    description = "pdftoppm on the PDF you name"
    extends = ["default"]

    [command]
    run = ["pdftoppm"]
    path = ["/usr/bin", "/bin"]

    [network]
    mode = "none"
    families = ["unix"]

    [limits]
    processes = 32
    # One process; a page that describes a picture of a million by a million dots ends here.
    address-space = "4G"
    # A page can be drawn so that it never ends.
    wall-time = "10m"
    file-size = "2G"

    """#
  }

  private static var postgresqlApp: String {
    #"""
    # PostgreSQL: makes a database cluster in its directory if there is none, and serves it.
    #
    #   mkdir -m 700 pgdata
    #   isolated run --write pgdata:/var/lib/postgresql postgresql
    #   psql -h "$PWD/pgdata" -U postgres          (the Unix socket lies beside the data)
    # Without --write the cluster is in memory and gone at the end.
    description = "PostgreSQL on port 5432 of the host's loopback, and on a Unix socket in its data directory"
    extends = ["service"]

    [command]
    # Arguments go to the server. The socket is for whoever may enter the directory (its mode is 700); over TCP a
    # password is asked for, and no role has one until you set it.
    run = ["sh", "-c", '''
    cd /var/lib/postgresql && { [ -s PG_VERSION ] ||
      initdb -D . -U postgres -E UTF8 --locale=C.UTF-8 --auth-local=trust --auth-host=scram-sha-256 >&2; } &&
    exec postgres -D /var/lib/postgresql -k /var/lib/postgresql -h localhost "$@"''', "postgresql"]
    workdir = "/var/lib/postgresql"
    # Debian's place for each version, newest first.
    path = [
      "/usr/lib/postgresql/18/bin",
      "/usr/lib/postgresql/17/bin",
      "/usr/lib/postgresql/16/bin",
      "/usr/lib/postgresql/15/bin",
      "/usr/lib/postgresql/14/bin",
      "/usr/lib/postgresql/13/bin",
      "/usr/local/bin", "/usr/bin", "/bin",
    ]

    [files]
    read = [
      # Templates of Debian's packages, and locale definitions.
      { path = "/etc/postgresql-common", owner = "keep", optional = true },
      { path = "/etc/locale.alias", owner = "keep", optional = true },
    ]
    private = [{ path = "/var/lib/postgresql", size = "2G", mode = "700" }]

    [network]
    mode = "host"
    bind = [5432]
    # It calls nobody. For a replica or a foreign table: --connect 5432 --relax network.connect='the primary'
    connect = []

    [identity]
    # The server refuses a home or data directory that others can read.
    user = "postgres"
    home = "/var/lib/postgresql"

    [stop]
    # "Fast": open transactions are rolled back, the cluster is left clean.
    signal = "SIGINT"

    [relax]
    network.mode = "its clients are on the host's network"

    [limits]
    # A process for each connection.
    processes = 512

    """#
  }

  private static var python3App: String {
    #"""
    # Python: a script with its modules in the current directory, which it can read and not change.
    #
    #   isolated run python3 report.py
    #   isolated run --write out python3 report.py out/report.html
    #   isolated run --bind 8000 --network host python3 -m http.server --bind 127.0.0.1 8000
    description = "python3 with the current directory to read, without network"
    extends = ["interactive"]

    [command]
    run = ["python3"]
    # The distribution's; an interpreter in a home directory (pyenv, conda) needs --read for its place.
    path = ["/usr/local/bin", "/usr/bin", "/bin"]

    [environment]
    # What it compiles would go beside the sources, which it cannot write.
    set = { PYTHONDONTWRITEBYTECODE = "1" }

    [files]
    read = [
      # Left out where it is your whole home: --read then names the script.
      { path = "$CWD", optional = true },
      # Debian keeps its site customisation there.
      { path = "/etc/python3", owner = "keep", optional = true },
      { path = "/etc/python3.11", owner = "keep", optional = true },
      { path = "/etc/python3.12", owner = "keep", optional = true },
      { path = "/etc/python3.13", owner = "keep", optional = true },
    ]

    [network]
    # An own loopback: multiprocessing, test servers and their clients talk to themselves.
    mode = "loopback"

    [limits]
    processes = 512

    """#
  }

  private static var redisApp: String {
    #"""
    # redis: in memory; what it saves is gone at the end, unless a directory is given:
    #
    #   isolated run redis
    #   isolated run --write data:/var/lib/redis redis --appendonly yes
    #   isolated run redis --port 6379 --requirepass SECRET --bind '*'
    description = "redis-server on port 6379 of the host's loopback"
    extends = ["service"]

    [command]
    # Only this machine's programs reach it; later arguments override these.
    run = ["redis-server", "--bind", "127.0.0.1", "--dir", "/var/lib/redis"]
    path = ["/usr/local/bin", "/usr/bin", "/bin"]

    [files]
    private = [{ path = "/var/lib/redis", size = "1G", mode = "700" }]

    [network]
    mode = "host"
    bind = [6379]
    # It calls nobody. For a replica: --connect 6379 --relax network.connect='the primary'
    connect = []

    [relax]
    network.mode = "its clients are on the host's network"

    [limits]
    # The server, its background savers and their threads.
    processes = 64

    """#
  }

  private static var sqlite3App: String {
    #"""
    # sqlite3: a database file may come from a stranger; .shell, .load and load_extension may come with its script.
    # A database that is changed needs its directory: the journal is made beside it.
    #
    #   isolated run --write data sqlite3 data/shop.db 'select count(*) from orders'
    #   isolated run --read shop.db sqlite3 -readonly shop.db .schema
    description = "The sqlite3 shell on the databases you name"
    extends = ["interactive"]

    [command]
    run = ["sqlite3"]
    path = ["/usr/bin", "/bin"]

    [files]
    # Large sorts are written to /var/tmp.
    private = [{ path = "/var/tmp", size = "1G", mode = "1777" }]

    [network]
    mode = "none"
    families = ["unix"]

    [limits]
    processes = 16

    """#
  }

  private static var sshApp: String {
    #"""
    # The OpenSSH client: it talks to a server that may be hostile, with your terminal and your agent.
    # Key files stay out: an agent signs and never gives a key away.
    #
    #   isolated run --read "$SSH_AUTH_SOCK" ssh host.example.org
    #   isolated run --read ~/.ssh/id_ed25519 ssh host.example.org      (without an agent)
    description = "The OpenSSH client, with your configuration and known hosts and without your keys"
    extends = ["interactive"]

    [command]
    run = ["ssh"]
    path = ["/usr/bin", "/bin"]

    [environment]
    keep = ["SSH_AUTH_SOCK", "DISPLAY"]

    [files]
    read = [
      { path = "/etc/ssh/ssh_config", owner = "keep", optional = true },
      { path = "/etc/ssh/ssh_config.d", owner = "keep", optional = true },
      { path = "/etc/ssh/ssh_known_hosts", owner = "keep", optional = true },
      { path = "$HOME/.ssh/config", optional = true },
      # To read only: a client taken over by a server cannot make you trust another one.
      { path = "$HOME/.ssh/known_hosts", optional = true },
    ]

    [network]
    mode = "host"
    # ssh, and DNS whose answers do not fit a datagram. A server on another port:
    #   --connect 2222 --relax network.connect='our server listens there'
    connect = [22, 53]
    # -L and -D listen for you: --bind 8080 --relax network.bind='a forwarded port'
    bind = []

    [limits]
    processes = 64

    """#
  }
}
