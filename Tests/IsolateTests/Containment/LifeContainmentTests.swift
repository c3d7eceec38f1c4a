import Testing

@Suite("An app and what it leaves behind")
struct LifeContainmentTests {
  /// Whether a file still grows: prints "grows", "still" or "none".
  private static let watch = """
    size() { stat -c %s "$1" 2>/dev/null || echo none; }
    grows() {
      a=$(size "$1"); sleep 0.4; b=$(size "$1")
      if [ "$a" = none ]; then echo none; elif [ "$a" = "$b" ]; then echo still; else echo grows; fi
    }

    """

  @Test("what an app starts ends with it, whatever it forks, whatever session, whatever it ignores")
  func orphans() {
    let script = Self.watch + "beat=$1; shift; \"$@\" >/dev/null || exit 1; grows \"$beat\""
    let attack = [Executable.victim, "leave-orphan", "$DIR/open/beat"]
    Scene.run { scene in
      let options = ["--write", "$DIR/open"]
      let held = scene.shell(script, ["$DIR/open/beat"] + scene.isolated(options) + attack)
      #expect(held.output == "still\n", "\(held.output)\(held.errors)")
    }
    Scene.run { scene in
      let open = scene.shell(script, ["$DIR/open/beat"] + attack)
      #expect(open.output == "grows\n", "\(open.output)\(open.errors)")
    }
  }

  @Test("nothing is left a second after the supervisor was killed outright") func killed() {
    let script =
      Self.watch + """
        beat=$1; shift
        "$@" >/dev/null 2>&1 &
        for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
          [ -s "$beat" ] && break; sleep 0.2
        done
        kill -9 $!; wait $! 2>/dev/null; sleep 1
        grows "$beat"
        """
    let attack = [Executable.victim, "beat", "$DIR/open/beat"]
    Scene.run { scene in
      let options = ["--write", "$DIR/open"]
      let held = scene.shell(script, ["$DIR/open/beat"] + scene.isolated(options) + attack)
      #expect(held.output == "still\n", "\(held.output)\(held.errors)")
    }
    Scene.run { scene in
      let forked = [Executable.victim, "with-tcp", "--"] + attack
      let open = scene.shell(script, ["$DIR/open/beat"] + forked)
      #expect(open.output == "grows\n", "\(open.output)\(open.errors)")
    }
  }

  @Test("an app that stops itself does not outlive its time limit") func stopped() {
    /* Another of its processes goes on. */
    let program = "(while :; do sleep 0.1; done) & kill -STOP $$; wait"
    func code(_ options: [String]) -> Int32 {
      Scene.run { scene in
        scene.ran(
          ["/usr/bin/timeout", "--kill-after=1", "4"] + scene.isolated(options)
            + ["/bin/sh", "-c", program]
        ).code
      }
    }
    #expect(code(["--limit", "wall-time=1s"]) == 137)
    #expect(code([]) == 124)
  }

  @Test("no rule leaves a stub on the machine, not even one that fails") func stubs() {
    let script =
      "here=$1; shift; find \"$here\" / -maxdepth 1 | sort >/dev/null; "
      + "list() { find \"$here\" | sort; ls -A /; }; list >\"$here.before\"; \"$@\" >/dev/null 2>&1; "
      + "echo $?; list >\"$here.after\"; cmp -s \"$here.before\" \"$here.after\" && echo same; "
      + "rm -f \"$here.before\" \"$here.after\""
    func run(_ options: [String], _ program: [String]) -> String {
      Scene.run { scene in
        scene.shell(script, ["$DIR"] + scene.isolated(options) + program).output
      }
    }
    let elsewhere = ["--read", "$DIR/shown:/new/place/here", "--private", "/other/new"]
    #expect(run(elsewhere, ["/bin/true"]) == "0\nsame\n")
    let hidden = ["--write", "$DIR/open", "--hide", "$DIR/open/missing"]
    #expect(run(hidden, ["/bin/true"]) == "0\nsame\n")
    let failing = ["--write", "$DIR/open", "--private", "$DIR/open/missing"]
    #expect(run(failing, ["/bin/true"]) == "125\nsame\n")
    let overlaid = ["--overlay", "$DIR/open", "--private", "$DIR/open/missing"]
    #expect(run(overlaid, ["/bin/true"]) == "0\nsame\n")
    /* The comparison sees what is there to be seen. */
    let made = run(["--write", "$DIR/open"], ["/bin/sh", "-c", "echo >$1", "sh", "$DIR/open/new"])
    #expect(made == "0\n")
  }

  /// Runs a shell program under `options`, then gives what the host's file holds.
  private func after(_ options: [String], _ program: String, _ file: String) -> String {
    Scene.run { scene in
      let words = scene.isolated(options) + ["/bin/sh", "-c", program, "sh", "$DIR"]
      let ran = scene.ran(words)
      #expect(ran.code == 0, "\(ran.errors)")
      return scene.shell("cat \"$1\" 2>/dev/null || echo none", [file]).output
    }
  }

  @Test("what an app writes to an overlay is thrown away, or kept where the rule says")
  func overlays() {
    let program = "echo new >$1/open/plain && [ \"$(cat $1/open/plain)\" = new ]"
    let file = "$DIR/open/plain"
    #expect(after(["--overlay", "$DIR/open"], program, file) == "plain\n")
    #expect(after(["--write", "$DIR/open"], program, file) == "new\n")
  }

  @Test("an overlay's changes stay in the directory that a profile names for them, and only there")
  func keptOverlay() {
    let kept = Scene.run { scene in
      let made = scene.shell(
        "mkdir \"$1/upper\" \"$1/upper.work\" && printf '%s\\n' 'extends = [\"default\"]' '[files]' "
          + "\"overlay = [{ path = \\\"$1/open\\\", upper = \\\"$1/upper\\\" }]\" >\"$1/p.toml\"",
        ["$DIR"])
      #expect(made.code == 0, "\(made.errors)")
      let program = "echo new >$1/open/plain && echo more >$1/open/more"
      let ran = scene.ran(
        scene.isolated(["--profile", "$DIR/p.toml"]) + ["/bin/sh", "-c", program, "sh", "$DIR"])
      #expect(ran.code == 0, "\(ran.errors)")
      return scene.shell(
        "cat \"$1/open/plain\" \"$1/upper/plain\" \"$1/upper/more\"; ls \"$1/open/more\" 2>&1 | wc -l; "
          + "rm -rf \"$1/upper\" \"$1/upper.work\"", ["$DIR"]
      ).output
    }
    #expect(kept == "plain\nnew\nmore\n1\n")
  }

  /// `link` leads to `real`; `upper` is the kept directory as the profile names it.
  private func keeping(_ upper: String) -> (ran: Ran, kept: String) {
    Scene.run { scene in
      let made = scene.shell(
        "mkdir -p \"$1/real/upper\" \"$1/real/upper.work\" && ln -s real \"$1/link\" "
          + "&& ln -s upper \"$1/real/last\" && mkdir \"$1/real/last.work\" "
          + "&& printf '%s\\n' 'extends = [\"default\"]' '[files]' "
          + "\"overlay = [{ path = \\\"$1/open\\\", upper = \\\"$1/$2\\\" }]\" >\"$1/p.toml\"",
        ["$DIR", upper])
      #expect(made.code == 0, "\(made.errors)")
      let ran = scene.ran(
        scene.isolated(["--profile", "$DIR/p.toml"])
          + ["/bin/sh", "-c", "echo new >$1/open/plain", "sh", "$DIR"])
      let kept = scene.shell(
        "cat \"$1/open/plain\" \"$1/real/upper/plain\" 2>/dev/null", ["$DIR"]
      ).output
      return (ran, kept)
    }
  }

  @Test("an overlay's kept directory is not reached by a symbolic link, wherever on its way")
  func keptByLink() {
    for upper in ["link/upper", "real/last"] {
      let (ran, kept) = keeping(upper)
      #expect(ran.code == 125)
      #expect(ran.errors.contains("(ELOOP)"), "\(ran.errors)")
      #expect(ran.errors.contains("help: a symbolic link lies on the way"), "\(ran.errors)")
      #expect(kept == "plain\n")
    }
    let (ran, kept) = keeping("real/upper")
    #expect(ran.code == 0, "\(ran.errors)")
    #expect(kept == "plain\nnew\n")
  }

  @Test("what an app writes to its private places is not on the machine") func privatePlaces() {
    let program =
      "echo new >/var/tmp/isolated-private-${1##*-} && cat /var/tmp/isolated-private-${1##*-}"
    #expect(after([], program, "/var/tmp/isolated-private-$ID") == "none\n")
    #expect(after(["--write", "/var/tmp"], program, "/var/tmp/isolated-private-$ID") == "new\n")
    _ = Run.shell("rm -f /var/tmp/isolated-private-*")
  }
}
