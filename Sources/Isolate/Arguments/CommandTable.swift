/// A command line worth showing, and what it does. Examples come first in help: they teach faster.
package struct Example: Hashable, Sendable {
  package var does: String
  package var line: String

  package init(_ does: String, _ line: String) {
    self.does = does
    self.line = line
  }
}

extension Command {
  package var examples: [Example] {
    switch self {
    case .run:
      [
        Example(
          "run one program with the 'default' profile",
          "isolated run -- python3 -c 'print(6 * 7)'"),
        Example(
          "let it read one directory and write another, with bounded memory",
          "isolated run --read ~/in --write ~/out --limit memory=512M -- make -C ~/in"),
        Example(
          "run an app that has a profile of its own",
          "isolated run nginx"),
        Example(
          "pure computation: no files of yours, no network",
          "isolated run --profile strict -- sha256sum < disk.img"),
        Example(
          "allow what the profile refuses, and say why",
          "isolated run --network host --relax network.mode='fetches prices' python3 prices.py"),
        Example(
          "follow it from another program",
          "isolated run --json-status-fd 3 -- true 3>status.json"),
      ]
    case .plan:
      [
        Example("what would happen?", "isolated plan --write ~/out -- convert a.png ~/out/a.jpg"),
        Example("the same for a program to read", "isolated plan --json nginx"),
      ]
    case .show:
      [
        Example("which rule gave the app this directory?", "isolated show nginx"),
        Example(
          "what does an option change?",
          "isolated show --limit memory=1G -- true"),
      ]
    case .check:
      [
        Example("every profile that is found", "isolated check"),
        Example("one file, before it is installed", "isolated check ./config/apps/nginx.toml"),
      ]
    case .profiles:
      [
        Example("what is there, and which file wins", "isolated profiles"),
        Example("only the names", "isolated profiles --names"),
      ]
    case .doctor:
      [
        Example("what works here, and the cure for what does not", "isolated doctor"),
        Example("for a program to read", "isolated doctor --json"),
      ]
    case .exec:
      [
        Example("look around in the app's own view", "isolated exec web -- sh"),
        Example("what does it run?", "isolated exec web -- ps ax"),
        Example("one of several that run", "isolated exec web.1234 -- ls -l /data"),
      ]
    case .grants:
      [
        Example("what may it ask for, and what has it asked for?", "isolated grants web"),
        Example("one of several that run", "isolated grants web.1234"),
        Example("for a program to read", "isolated grants --json web"),
      ]
    case .handles:
      [Example("what does it have open, and who gave it that?", "isolated handles web")]
    case .revoke:
      [Example("no more connections, and those it has are cut", "isolated revoke web prices")]
    case .answer:
      [
        Example("what does it ask for?", "isolated answer web"),
        Example("yes, as long as it runs", "isolated answer web 3 run"),
        Example("no, and do not ask again", "isolated answer web 3 never"),
      ]
    case .forget:
      [
        Example("ask me about this grant again", "isolated forget web notes"),
        Example("ask me about everything again", "isolated forget web"),
      ]
    case .daemon:
      [
        Example("all apps of /etc/isolated/services, as root", "isolated daemon"),
        Example("two apps, as an ordinary user", "isolated daemon ./web.toml ./worker.toml"),
      ]
    case .start: [Example("start it and wait until it is ready", "isolated start web")]
    case .stop: [Example("stop it; it stays down", "isolated stop web")]
    case .restart: [Example("a fresh instance", "isolated restart web")]
    case .reload:
      [
        Example("what would change, and what would be restarted?", "isolated reload --plan"),
        Example("do it", "isolated reload web"),
      ]
    case .status:
      [
        Example("all apps", "isolated status"),
        Example("one, and why it ended last", "isolated status web"),
      ]
    case .why:
      [
        Example("why is it down, and what was refused to it?", "isolated why web"),
        Example("more of what was refused, for a program", "isolated why --last 32 --json web"),
      ]
    case .top:
      [
        Example("live; q ends it", "isolated top"),
        Example("for a program, every ten seconds", "isolated top --json --interval 10"),
      ]
    case .ps: [Example("what runs in it?", "isolated ps web")]
    case .logs:
      [
        Example("the last hundred lines", "isolated logs web"),
        Example("from now on", "isolated logs --follow --lines 0 web"),
      ]
    case .events: [Example("from now on, for a program", "isolated events --follow --json")]
    case .kill: [Example("try its restart rules out", "isolated kill web")]
    case .freeze: [Example("stop everything in it", "isolated freeze web")]
    case .thaw: [Example("and let it go on", "isolated thaw web")]
    case .resetFailed: [Example("let it be woken again", "isolated reset-failed web")]
    case .metrics:
      [Example("for node_exporter's textfile collector", "isolated metrics > web.prom")]
    case .crashes:
      [
        Example("what has crashed, and how often?", "isolated crashes"),
        Example("where and why?", "isolated crashes show latest"),
        Example("everything of one report", "isolated crashes show --json 7"),
      ]
    case .help: [Example("how to run a program", "isolated help run")]
    case .completions:
      [
        Example("bash, for this shell only", ". <(isolated completions bash)"),
        Example(
          "zsh, from the next start on",
          "isolated completions zsh > ~/.zfunc/_isolated"),
        Example(
          "fish",
          "isolated completions fish > ~/.config/fish/completions/isolated.fish"),
      ]
    case .man:
      [Example("read a page that is not installed", "isolated man run | man -l -")]
    }
  }

  /// What a person should know beyond the options: paragraphs.
  package var about: [String] {
    switch self {
    case .run:
      [
        "Runs a program in a private view of the machine: its own processes, files, network, "
          + "descriptors, terminal and limits, as its profile says. Nothing that the profile "
          + "does not "
          + "name is there.",
        "APP is a profile that has a command of its own: a name that 'isolated profiles' "
          + "lists, or a "
          + "file. ARGS are added to that command. With '--', COMMAND is the program itself, under "
          + "--profile or 'default'. Options after APP or COMMAND belong to the app.",
        "Options are rules of a profile named \"command line\". They may always narrow what "
          + "the profile "
          + "allows; what widens it needs --relax.",
      ]
    case .plan:
      ["Does everything that run does up to the launch, prints the steps in words and stops."]
    case .show:
      [
        "Prints the complete answer for this app on this machine: each setting, its value, and "
          + "the file "
          + "and line (or the argument) that decided it."
      ]
    case .check:
      [
        "Reads each profile with everything it extends and prints every error, as "
          + "file:line:column, "
          + "with the nearest valid key. PROFILE is a name or a file; without one every "
          + "profile found is "
          + "checked."
      ]
    case .profiles:
      [
        "Profiles are looked for in ./config, $XDG_CONFIG_HOME/isolated (or ~/.config/isolated), "
          + "/etc/isolated, /usr/local/share/isolated and /usr/share/isolated, each with the "
          + "directories "
          + "profiles and apps, and then among those built in. The first file of a name wins. "
          + "The base "
          + "profiles (\(ProfileSearch.baseNames.joined(separator: ", "))) are never taken from "
          + "./config."
      ]
    case .doctor:
      [
        "Tries each primitive by using it in a throw-away child, never by guessing from a "
          + "version, and "
          + "prints what works, what it is needed for, and the exact cure for what does not. "
          + "Nothing on "
          + "the machine is changed."
      ]
    case .exec:
      [
        "Runs COMMAND beside the app: with its view of the files, its processes, network, host name, "
          + "identity, environment and limits, and under everything that confines it. It has the caller's "
          + "standard input, output and error, or a terminal of its own where these are a terminal, and "
          + "nothing else of the caller's; nor the app's grants.",
        "The profile is read again as the app's own start read it. If it says something else by now, "
          + "nothing is run: start the app anew.",
        "The command ends with the app and with this process. What it leaves running in the "
          + "background belongs to the app's sandbox.",
        Command.whichSession
          + " Only apps whose profile has grants have a session. An APP without one is "
          + "looked for among those of the daemon; with --socket PATH of the daemon at PATH.",
      ]
    case .grants:
      [
        "Asks the session of a running app: each grant of its profile with its rule, whether it "
          + "still holds, how often it was used and refused, and what was answered for it; then the "
          + "questions that wait.",
        Command.whichSession,
      ]
    case .handles:
      [
        "Prints the descriptor table of every process of the app, each descriptor with where it "
          + "came from: the caller, a terminal of its own, the door to the broker, a grant (with "
          + "its rule, age and rights), or the app itself, which opened it in its view. What was "
          + "handed over and is open nowhere any more is listed, too.",
        "A socket of a revoked grant is cut. Other descriptors cannot be recalled from a process "
          + "that has them, and are shown so.",
        Command.whichSession,
      ]
    case .revoke:
      [
        "Takes the grant GRANT back for as long as this app runs: nothing more is handed out under "
          + "it, and its sockets are cut at both ends. Files that the app has open stay open: the "
          + "kernel has no way to recall them; 'isolated handles' lists them.",
        Command.whichSession,
      ]
    case .answer:
      [
        "A grant with 'ask' waits for an operator before a request is performed, and is refused "
          + "when nobody answers in time. 'isolated run' asks on its terminal, if it has one; this "
          + "command answers from anywhere else. Without ASK it lists the questions that wait.",
        "once: this request. run: this grant, as long as the app runs. always: from now on. no: "
          + "not this request. never: from now on. What is answered with always or never is kept "
          + "until 'isolated forget', and only for a grant that says exactly the same: once the "
          + "rule is changed, it asks again.",
        Command.whichSession,
      ]
    case .forget:
      [
        "Removes what was answered with always or never for the app named APP: for the grant "
          + "GRANT, or for all. An app that runs keeps what it was allowed; see 'isolated revoke'."
      ]
    case .daemon:
      [
        "Runs every profile in the services' directory, and each APP, as its sections service, restart, "
          + "group, readiness, watchdog and health say; docs/daemon.md tells all of it. The directory is "
          + "/etc/isolated/services, for an ordinary user $XDG_CONFIG_HOME/isolated/services (or "
          + "~/.config/isolated/services).",
        "It stays in the foreground and tells what happens on standard error. SIGTERM stops every app "
          + "in reverse order and ends; a second one kills them. SIGHUP reads the profiles anew. Under a "
          + "service manager it says when it is ready, and answers its watchdog.",
      ]
    case .start:
      [
        "Starts each APP, and what it requires, and waits until it is ready. An app that the daemon "
          + "does not know yet is looked for among the profiles. When it fails, the cause is printed.",
        Command.whichDaemon,
      ]
    case .stop:
      ["Stops each APP as its section stop says, after what requires it.", Command.whichDaemon]
    case .restart: ["Stops each APP and starts it again.", Command.whichDaemon]
    case .reload:
      [
        "Compares the profiles with what runs, key by key. Some changes hold at once, some when the app "
          + "is started next; an app with one that needs a restart is restarted. A profile with errors "
          + "changes nothing anywhere.",
        Command.whichDaemon,
      ]
    case .status: [Command.whichDaemon]
    case .why:
      [
        "Tells why APP is in its state: how it ended, the limits that it met, what followed; then what its "
          + "broker refused, the newest first. With each the file and line that decided, and the smallest change "
          + "of the profile that would have it otherwise, with what that opens: a suggestion, for a person to judge.",
        "An app that no daemon has is looked for among those of 'isolated run' with grants: what was refused.",
        Command.whichDaemon,
      ]
    case .top:
      [
        "Shows each app's state, restarts, CPU use, memory, processes, open descriptors, requests to its broker and "
          + "those that were refused, anew every second, until q or Ctrl-C. With --once, and where standard "
          + "output is no terminal, it prints one table; CPU is then that of the instance's whole life. With --json it "
          + "prints an object a line each time.",
        "The daemon looks when it is asked: at the app's cgroup as far as that counts, else at its "
          + "processes in /proc (at most 256 of an app; the rest is only counted).",
        Command.whichDaemon,
      ]
    case .ps:
      ["Prints the processes of APP with their numbers inside and outside.", Command.whichDaemon]
    case .logs:
      [
        "Prints lines with their time and stream, as they are kept in files: also when the app, or the "
          + "daemon, does not run. On a terminal control characters are shown, not sent; --json has every "
          + "byte. Who may give the daemon orders and may not read its files is shown them by the daemon.",
        Command.whichDaemon,
      ]
    case .events:
      [
        "Prints what happened to APP, or to all, the oldest first. The daemon keeps the last "
          + "\(DaemonInterface.eventsKept) events, of all apps together.",
        Command.whichDaemon,
      ]
    case .kill: ["Kills everything in APP at once. That counts as a failure.", Command.whichDaemon]
    case .freeze:
      [
        "Stops everything in APP: with a cgroup by its freezer, else each process by SIGSTOP. Its watchdog "
          + "and health checks rest meanwhile.",
        Command.whichDaemon,
      ]
    case .thaw, .resetFailed, .metrics: [Command.whichDaemon]
    case .crashes:
      [
        "A report is written when a signal ends a process of an app whose profile says "
          + "crash.report = true, or that is run with --crash-report. It says by what signal and "
          + "why, where each thread was, and under which profile and limits. Reports whose stacks "
          + "are alike have one group.",
        "Reports are kept in /var/lib/isolated/crashes for root, else in "
          + "$XDG_STATE_HOME/isolated/crashes (~/.local/state/isolated/crashes): at most "
          + "\(CrashShelf.mostReports), and \(CrashShelf.mostBytes >> 20) MiB. The oldest go first; the "
          + "first of each group stays longest.",
        "A daemon that was started with --state DIR keeps its apps' reports in DIR/crashes; --socket PATH "
          + "asks the daemon at PATH for them. Without --socket and --directory, whoever has no reports is "
          + "shown those of the daemon that answers.",
        "For names of functions eu-stack is needed (package elfutils); a report that was written "
          + "without it says so.",
      ]
    case .help, .completions: []
    case .man: ["Prints the page in roff. 'isolated man profile' is isolated-profile(5)."]
    }
  }

  /// What the exit code means.
  package var exitCodes: [(code: String, meaning: String)] {
    switch self {
    case .exec:
      [
        ("125", "isolated itself failed, or there is no such session; nothing was started"),
        ("126", "the command was found and cannot be executed"),
        ("127", "the command was not found in the app's view"),
        ("128+N", "the command was ended by signal N; 137 also when the app ended"),
        ("other", "the command's own exit code"),
      ]
    case .run:
      [
        ("125", "isolated itself failed; nothing was started"),
        ("126", "the program was found and cannot be executed"),
        ("127", "the program was not found in the app's view"),
        ("128+N", "the program was ended by signal N"),
        ("other", "the program's own exit code"),
      ]
    case .plan, .show: [("0", "printed"), ("125", "an error")]
    case .check: [("0", "no errors"), ("2", "errors")]
    case .doctor:
      [("0", "all that the default profile requires works"), ("1", "something of it does not")]
    case .grants, .handles, .revoke, .answer, .forget:
      [("0", "done"), ("1", "no such session, grant or question"), ("2", "a wrong command line")]
    case .daemon:
      [
        ("0", "every app was stopped"), ("1", "the daemon could not work"),
        ("2", "a wrong command line"),
      ]
    case .start, .stop, .restart, .reload, .status, .why, .top, .ps, .logs, .events, .kill, .freeze,
      .thaw,
      .resetFailed,
      .metrics:
      [
        ("0", "done"), ("1", "no daemon answers, or it could not be done"),
        ("2", "a wrong command line"),
      ]
    case .crashes:
      [
        ("0", "printed"), ("1", "no such report, or it cannot be read"),
        ("2", "a wrong command line"),
      ]
    case .profiles, .help, .completions, .man: [("0", "printed"), ("2", "an error")]
    }
  }
}
