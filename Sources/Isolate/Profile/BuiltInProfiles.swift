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
}
