/// A request as its record has it, for advice.
package struct RefusedRequest: Hashable, Sendable {
  package var opcode: Opcode
  package var detail: ReplyDetail
  /// The name of the errno that it was answered with.
  package var error: String
  /// What it needed of its grant.
  package var rights: GrantRights
  /// The beginning of what was asked for: bytes of the app.
  package var subject: String
  package var isCut: Bool
  /// Of net.connect and net.listen.
  package var transport: WireTransport?
  package var port: UInt16

  package init(
    _ opcode: Opcode, _ detail: ReplyDetail, error: String, rights: GrantRights = [],
    subject: String = "", isCut: Bool = false, transport: WireTransport? = nil, port: UInt16 = 0
  ) {
    self.opcode = opcode
    self.detail = detail
    self.error = error
    self.rights = rights
    self.subject = subject
    self.isCut = isCut
    self.transport = transport
    self.port = port
  }
}

/// Why a request was refused, the smallest change of the profile that would allow it, and what that change opens. A suggestion: it
/// is for a person to judge whether the app should have what it asked for.
package struct RefusalAdvice: Hashable, Sendable {
  package var words: String
  /// Nil: no change of a rule would help, or it cannot be worded.
  package var change: String?
  package var risk: String?

  package init(words: String, change: String? = nil, risk: String? = nil) {
    self.words = words
    self.change = change
    self.risk = risk
  }

  package init(_ request: RefusedRequest, _ grant: Grant?) {
    switch request.detail {
    case .kernel: self = Self.kernel(request, grant)
    case .noGrant: self = Self.none(request)
    case .right: self = Self.right(request, grant)
    case .outside: self = Self.outside(request, grant)
    case .rate, .count, .lease, .revoked, .denied, .unanswered:
      self = Self.condition(request.detail, grant)
    case .crowded:
      self.init(words: "too many of its requests wait already: it has to wait for answers")
    case .deadline: self.init(words: "it took longer than the deadline of the request")
    case .cancelled: self.init(words: "the app took it back")
    case .brokerRestarted:
      self.init(words: "the broker died with it and was replaced: the app may ask again")
    case .driverFailed:
      self.init(
        words: "the driver that had it died, failed or broke its protocol; see: isolated events")
    case .malformed: self.init(words: "the request itself makes no sense: a defect of the app")
    case .unavailable:
      self.init(
        words: "this cannot be had here: the supervisor lacks the right or the means for it")
    }
  }

  private static func place(_ grant: Grant) -> String { "grants.\(grant.name) (\(grant.position))" }

  // MARK: No rule, or another

  private static func none(_ request: RefusedRequest) -> RefusalAdvice {
    let kind = kind(request.opcode)
    return RefusalAdvice(
      words: "no grant has the number that it named: the profile has fewer",
      change: "a table of its own beneath grants, with \(kind) = ... and no more than it needs",
      risk: "whatever the table names is then within the app's reach, also once it is taken over")
  }

  private static func right(_ request: RefusedRequest, _ grant: Grant?) -> RefusalAdvice {
    guard let grant else { return RefusalAdvice(words: "its grant lacks a right for it") }
    let kind = kind(request.opcode)
    let own = GrantTelling.kind(grant.target)
    if kind != own {
      return RefusalAdvice(
        words: "the grant is of \(own), and \(request.opcode.words) needs one of \(kind)",
        change: "a grant of its own with \(kind) = ..., which the app then has to name",
        risk: "whatever that names is then within the app's reach")
    }
    let lacking = GrantTelling.rights(request.rights.subtracting(grant.rights))
    guard !lacking.isEmpty else { return RefusalAdvice(words: "its grant lacks a right for it") }
    let all = GrantTelling.rights(grant.rights.union(request.rights)).map { "\"\($0)\"" }
    return RefusalAdvice(
      words: "the grant lacks \(list(lacking)); it has "
        + (grant.rights.isEmpty ? "no right" : list(GrantTelling.rights(grant.rights))),
      change: "rights = [\(all.joined(separator: ", "))] in \(place(grant))",
      risk: "the app can then \(list(lacking.map(deed))) \(reach(grant.target))")
  }

  private static func outside(_ request: RefusedRequest, _ grant: Grant?) -> RefusalAdvice {
    guard let grant else { return RefusalAdvice(words: "it lies outside of the grant") }
    let words = "it lies outside of the grant, which is: \(grant.target.inWords)"
    if request.isCut {
      return RefusalAdvice(
        words: words + "; what was asked for is longer than what is kept of it")
    }
    let entry: String
    let risk: String
    switch grant.target {
    case .files:
      return RefusalAdvice(
        words: words,
        change: "a grant of the directory that the file lies in, as a table of its own",
        risk: "every file beneath that directory is then within its rights")
    case .connect(let targets) where targets.contains { names($0, request) }:
      return RefusalAdvice(
        words:
          "the grant names the host, which leads to addresses of this machine or of a private network only",
        change: "the address itself, or its network, added to connect of \(place(grant))",
        risk: "services of a machine and its own network often trust whoever reaches them")
    case .connect:
      entry = target(request)
      risk =
        "the app can then send what it can read to \(entry), and be told by it what to do"
    case .listen:
      entry = target(request)
      risk = "whoever reaches \(entry) then reaches the app"
    case .resolve:
      entry = request.subject
      risk = "a look-up carries the name itself to whoever answers for it"
    case .apps:
      entry = String(request.subject.prefix { $0 != "@" })
      risk = "the app can then start \(entry), which may itself be told what to do by arguments"
    case .secret, .device, .clock, .driver: return RefusalAdvice(words: words)
    }
    return RefusalAdvice(
      words: words,
      change: "\"\(entry)\" added to \(GrantTelling.kind(grant.target)) of \(place(grant))",
      risk: risk)
  }

  // MARK: Conditions

  private static func condition(_ detail: ReplyDetail, _ grant: Grant?) -> RefusalAdvice {
    let place = grant.map(place) ?? "its grant"
    func milliseconds(_ time: Int64?) -> String {
      time.map { ProfileUnits.describe(milliseconds: UInt64(max(0, $0))) } ?? "?"
    }
    switch detail {
    case .rate:
      let now = grant?.rate.map {
        "\($0.requests) in \(milliseconds(Int64($0.perMilliseconds))), \($0.burst) at once"
      }
      return RefusalAdvice(
        words: "it asked more often than the grant's rate allows: \(now ?? "?")",
        change: "a higher rate, or only a higher burst, in \(place)",
        risk: "so much more can be asked of what is behind the grant")
    case .count:
      return RefusalAdvice(
        words: "the grant was used up: \(grant?.count.map { "\($0)" } ?? "?") requests in all",
        change: "a higher count in \(place); or a restart of the app, which counts anew",
        risk: "so many more requests can be made by an app that is taken over")
    case .lease:
      return RefusalAdvice(
        words:
          "the grant's time was over: \(milliseconds(grant?.leaseMilliseconds)) from the start",
        change: "a longer lease in \(place); or a restart of the app, with which it begins anew",
        risk: "it holds for so much longer, also for an app that is taken over")
    case .revoked:
      return RefusalAdvice(
        words:
          "somebody took the grant back (isolated revoke); it holds again when the app is started anew"
      )
    case .denied:
      return RefusalAdvice(
        words: "an operator said no; if it was never: isolated forget APP GRANT has it asked again",
        change: "ask = false in \(place)", risk: "nobody looks at what is asked for any more")
    case .unanswered:
      return RefusalAdvice(
        words: "nobody answered the question within \(milliseconds(grant?.askMilliseconds)); "
          + "see: isolated answer APP",
        change: "a longer ask-timeout in \(place)", risk: "the app waits so much longer")
    case .kernel, .noGrant, .right, .outside, .crowded, .deadline, .cancelled, .brokerRestarted,
      .driverFailed, .malformed, .unavailable:
      return RefusalAdvice(words: "")
    }
  }

  // MARK: The kernel's no

  private static func kernel(_ request: RefusedRequest, _ grant: Grant?) -> RefusalAdvice {
    let isOfFiles = kind(request.opcode) == "files"
    switch request.error {
    case "EXDEV" where isOfFiles:
      return RefusalAdvice(
        words: "the path leads out of the grant's directory",
        change:
          "a grant of its own of the directory it leads to, with no more rights than it needs",
        risk: "that directory is then within the app's reach")
    case "ELOOP" where isOfFiles && grant?.rights.contains(.links) == false:
      let all = GrantTelling.rights((grant?.rights ?? []).union(.links)).map { "\"\($0)\"" }
      return RefusalAdvice(
        words: "a symbolic link is in the path, and the grant does not follow links",
        change: "rights = [\(all.joined(separator: ", "))] in \(grant.map(place) ?? "")",
        risk:
          "who can make links beneath the directory then decides to which file in it a path leads")
    case "EACCES", "EPERM":
      return RefusalAdvice(
        words:
          "the grant allows it and the kernel does not: owner, mode or another rule of the machine")
    case "ENOENT": return RefusalAdvice(words: "the grant allows it; there is nothing of that name")
    default:
      return RefusalAdvice(words: "the grant allows it; the kernel answered \(request.error)")
    }
  }

  // MARK: Words

  private static func kind(_ opcode: Opcode) -> String {
    switch opcode {
    case .hello, .cancel, .notify, .handleList, .handleClose, .doorOpen: ""
    case .fileOpen, .fileStat, .fileList, .fileRemove, .fileRename, .fileMakeDirectory: "files"
    case .netConnect: "connect"
    case .netListen: "listen"
    case .netResolve: "resolve"
    case .secretRead: "secret"
    case .deviceOpen: "device"
    case .appStart, .appSignal, .appStatus: "apps"
    case .clockSet: "clock"
    case .driverCall: "driver"
    }
  }

  /// What a right lets the app do.
  private static func deed(_ right: String) -> String {
    switch right {
    case "write": "change"
    case "create": "make files"
    case "list": "see the names"
    case "stat": "see owners, sizes and times"
    case "make-directory": "make directories"
    case "links": "follow links"
    default: right
    }
  }

  private static func reach(_ target: GrantTarget) -> String {
    switch target {
    case .files(let path, let isDirectory): isDirectory ? "beneath \(path)" : "of \(path)"
    case .connect, .listen, .resolve, .secret, .device, .apps, .clock, .driver:
      "of \(target.inWords)"
    }
  }

  /// The grant has this place: by its name, so that only the addresses behind it can have been refused.
  private static func names(_ target: NetworkTarget, _ request: RefusedRequest) -> Bool {
    guard let transport = request.transport, "\(transport)" == target.transport.rawValue,
      target.ports?.contains(request.port) == true
    else { return false }
    let host = request.subject.lowercased()
    return target.host == "*" || target.host == host
      || target.host.hasPrefix("*.") && host.hasSuffix(target.host.dropFirst())
  }

  private static func list(_ words: [String]) -> String { words.joined(separator: ", ") }

  /// As a profile would have it.
  private static func target(_ request: RefusedRequest) -> String {
    guard let transport = request.transport, transport != .unix else {
      return "unix:\(request.subject)"
    }
    let isSix = request.subject.utf8.contains(UInt8(ascii: ":"))
    let host = isSix ? "[\(request.subject)]" : request.subject
    return (transport == .tcp ? "" : "udp:") + "\(host):\(request.port)"
  }
}
