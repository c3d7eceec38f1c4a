/// The keys of the tables beneath `grants` and `drivers`.
enum GrantKeys {
  static let all: [ProfileKey] = targets + conditions + drivers

  private static func grant(
    _ name: String, _ kind: ProfileKey.Kind, _ doc: String, _ example: String
  ) -> ProfileKey {
    ProfileKey("grants.NAME.\(name)", kind, .byTable, .grant, doc, example)
  }

  private static func driver(
    _ name: String, _ kind: ProfileKey.Kind, _ doc: String, _ example: String
  ) -> ProfileKey {
    ProfileKey("drivers.NAME.\(name)", kind, .byTable, .driver, doc, example)
  }

  private static let targets: [ProfileKey] = [
    grant(
      "files", .path, "A directory of the host with everything beneath it, or one file.",
      "\"/srv/data\""),
    grant(
      "connect", .strings,
      "Where the app may connect to: `HOST:PORT`, `tcp:HOST:PORT`, `udp:HOST:PORT` or `unix:/PATH`.",
      "[\"example.org:443\", \"*.example.org:443\", \"tcp:10.0.0.0/8:5432\", \"unix:/run/db.sock\"]"
    ),
    grant(
      "listen", .strings, "Where the app may listen: as in `connect`, by addresses.",
      "[\"127.0.0.1:8000-8010\", \"[::1]:*\"]"),
    grant(
      "resolve", .strings,
      "Host names the app may look up: a name, `*.` and a suffix for all beneath it, or `*`.",
      "[\"*.example.org\"]"),
    grant(
      "secret.file", .path,
      "A file whose content the app gets in memory; its path is not in the app's view.",
      "\"/etc/app/key\""),
    grant(
      "secret.credential", .string,
      "The same of a credential in `$CREDENTIALS_DIRECTORY` of whoever starts the app (systemd).",
      "\"db-password\""),
    grant(
      "secret.command", .strings,
      "The same of what a program prints; it runs outside of the app, with the rights of whoever "
        + "starts it.",
      "[\"/usr/bin/pass\", \"show\", \"db\"]"),
    grant("device", .path, "A device node of the host.", "\"/dev/video0\""),
    grant(
      "apps", .strings, "Apps the app may start, signal or ask about, by their profiles' names.",
      "[\"thumbnailer\"]"),
    grant(
      "clock", .time, "The system's clock; the time is the largest step it may be set by.",
      "\"5s\""),
    grant("driver", .string, "Calls of a driver that `drivers` declares.", "\"scanner\""),
  ]

  private static let conditions: [ProfileKey] = [
    grant(
      "rights", .wordList(GrantWord.allCases.map(\.rawValue)),
      "What may be done with it; which words there are, and what is meant without the key, "
        + "depends on what is granted.",
      "[\"read\"]"),
    grant("rate", .string, "How many requests: so many a second, minute or hour.", "\"100/s\""),
    grant(
      "burst", .count, "How many of them may come at once; as many as `rate` names if not given.",
      "20"),
    grant("count", .count, "How many requests in all.", "1000"),
    grant("lease", .time, "How long it holds, from the app's start.", "\"1h\""),
    grant("ask", .boolean, "An operator is asked before it is used.", "true"),
    grant(
      "ask-timeout", .time, "How long to wait for the answer; no answer is a no. 60s if not given.",
      "\"30s\""),
    grant(
      "optional", .boolean,
      "If what `files` or `device` names does not exist, the grant is left out; without the key "
        + "that is an error.",
      "true"),
  ]

  private static let drivers: [ProfileKey] = [
    driver(
      "mode", .words(DriverMode.allCases.map(\.rawValue)),
      "Moves a built-in driver (files, network, secrets, devices) out of the broker, "
        + "into a confined process of its own.",
      "\"user\""),
    driver(
      "run", .strings, "A driver of your own: the program and its arguments.",
      "[\"/usr/lib/app/scanner\"]"),
    driver(
      "profile", .string,
      "The profile that confines it, by name or path, without grants; every driver of your own needs one.",
      "\"strict\""),
    driver(
      "deadline", .time, "How long a call may take, at most 10m; 30s if not given.", "\"5s\""),
    driver("queue", .count, "How many calls may wait for it, 1 to 64; 16 if not given.", "16"),
  ]
}
