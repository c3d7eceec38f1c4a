import Testing

/// What systemd itself says of the unit, for the machine's rights left to it, with the drop-in of this name.
private func exposure(_ change: String, drop: String = "") -> Ran {
  Run.shell(
    """
    set -eu
    d=$(mktemp -d /tmp/isolated-test-XXXXXX)
    trap 'rm -rf "$d"' EXIT
    units=$1/config/systemd
    sed "$2" "$units/isolated.service" >"$d/isolated.service"
    [ -z "$3" ] || install -D -m 644 -t "$d/isolated.service.d" "$units/isolated.service.d/$3.conf"
    systemd-analyze security --offline=true --no-pager "$d/isolated.service" |
      sed -n 's/.*Overall exposure level.*: \\([0-9]*\\)\\.\\([0-9]\\).*/\\1\\2/p'
    """, [Tree.root, change, drop])
}

@Suite("The units of systemd")
struct ServiceUnitTests {
  @Test("systemd finds at most 2.0 of exposure in the machine's daemon")
  func exposureIsLow() throws {
    let ran = exposure("")
    let tenths = try #require(Int(ran.output.filter(\.isNumber)), "\(ran.errors)")
    #expect(tenths <= 20)
    #expect(!ran.errors.contains("gnoring"), "\(ran.errors)")
  }

  @Test(
    "a protection that is taken away is seen",
    arguments: ["PrivateNetwork", "PrivateUsers", "ProtectControlGroups", "NoNewPrivileges"])
  func weakerIsSeen(_ key: String) throws {
    let ran = exposure("/^\(key)=/d")
    let tenths = try #require(Int(ran.output.filter(\.isNumber)), "\(ran.errors)")
    #expect(tenths > 20)
  }

  @Test("the drop-in for the network opens no more than the network")
  func network() throws {
    let ran = exposure("", drop: "network")
    let tenths = try #require(Int(ran.output.filter(\.isNumber)), "\(ran.errors)")
    #expect((21...27).contains(tenths))
  }

  @Test(
    "the other drop-ins open hardly anything",
    arguments: [("jit", 21), ("crash-reports", 22)])
  func others(_ name: String, _ most: Int) throws {
    let ran = exposure("", drop: name)
    let tenths = try #require(Int(ran.output.filter(\.isNumber)), "\(ran.errors)")
    #expect(tenths <= most)
    #expect(!ran.errors.contains("gnoring"), "\(ran.errors)")
  }

  @Test("units are installed for /usr and for packages, and name the program where it will be")
  func installed() {
    let ran = Run.shell(
      """
      set -eu
      d=$(mktemp -d /tmp/isolated-test-XXXXXX)
      trap 'rm -rf "$d"' EXIT
      "$1/scripts/install" "$d" /usr "$2" >/dev/null
      cd "$d/usr"
      grep -h '^ExecStart=' lib/systemd/*/isolated.service | cut -d' ' -f1,2
      for file in lib/systemd/system/isolated.service lib/systemd/system/isolated.socket \\
        lib/systemd/user/isolated.service lib/sysusers.d/isolated.conf lib/tmpfiles.d/isolated.conf \\
        share/isolated/isolated.service.d/network.conf
      do
        grep -qx "f $file" share/isolated/installed && test -s "$file" && echo "$file"
      done
      test ! -e lib/systemd/system/isolated.service.d && echo nothing is opened
      "$1/scripts/install" "$d" /opt/it "$2" >/dev/null
      grep -h '^ExecStart=' "$d/opt/it/lib/systemd/system/isolated.service" | cut -d' ' -f1
      "$1/scripts/install" "" "$d/usr/local" "$2" >/dev/null
      test ! -e "$d/usr/local/lib" && echo no units
      """, [Tree.root, Executable.path])
    #expect(
      ran.output == """
        ExecStart=/usr/bin/isolated daemon
        ExecStart=/usr/bin/isolated daemon
        lib/systemd/system/isolated.service
        lib/systemd/system/isolated.socket
        lib/systemd/user/isolated.service
        lib/sysusers.d/isolated.conf
        lib/tmpfiles.d/isolated.conf
        share/isolated/isolated.service.d/network.conf
        nothing is opened
        ExecStart=/opt/it/bin/isolated
        no units

        """, "\(ran.errors)")
  }
}
