// Made by scripts/embed-profiles.py from config/profiles and config/apps; do not edit.
// swift-format-ignore-file

/// The shipped profiles, for machines where nothing is installed. Nothing is read until one is asked for.
package enum BuiltInProfiles {
  /// The names of all shipped profiles.
  package static var names: [String] {
    [
      "default",
    ]
  }

  /// The text of a shipped profile, and the file name that its positions carry.
  package static func named(_ name: String) -> (file: String, text: String)? {
    switch name {
    case "default": ("built-in/profiles/default.toml", defaultBase)
    default: nil
    }
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
}
