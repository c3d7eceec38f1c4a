/// Carries bytes between the caller's terminal and the app's pty, and leaves the terminal as it was found.
struct TerminalRelay: ~Copyable {
  /// How often a background job looks whether it is in the foreground now: no signal tells.
  static let lookMilliseconds: Int64 = 200

  /// Which of the caller's 0, 1, 2 are the app's pty: the first that is read, the first that is written.
  private let input: Int32?
  private let output: Int32?
  let isInteractive: Bool
  private var savedModes: [UInt8] = []
  /// While the terminal is raw: puts it right if we are killed.
  private var terminalGuard: Standby?
  private var master: HeldDescriptor?
  /// Our own ways to the caller's terminal, which do not block.
  private var reader: HeldDescriptor?
  private var writer: HeldDescriptor?
  private var toApp: [UInt8] = []
  private var toCaller: [UInt8] = []
  private var inputEnded = false
  private var outputEnded = false
  private(set) var isRaw = false
  /// A question of ours stands on the terminal: what is typed is its, and what the app writes waits in the pty.
  private var isHeld = false
  private var held: [UInt8] = []
  /// Another job has the terminal: nothing is read from it.
  private(set) var isAway = false

  /// - Parameter standard: what becomes of 0, 1 and 2.
  init(standard: [PlanContext.StandardDescriptor]) {
    input = standard[0] == .pty ? 0 : nil
    output = standard[1] == .pty ? 1 : standard[2] == .pty ? 2 : nil
    isInteractive = standard[0] == .pty && standard[1] == .pty
  }

  /// What the app's pty starts with, or nil when there is to be none.
  static func settings(_ standard: [PlanContext.StandardDescriptor]) -> TerminalSettings? {
    guard let first = standard.firstIndex(of: .pty) else { return nil }
    let descriptor = Int32(first)
    let modes = Terminal.modes(descriptor)
    let isInteractive = standard[0] == .pty && standard[1] == .pty
    return TerminalSettings(
      path: "/dev/pts/ptmx", modes: isInteractive ? modes : Terminal.quiet(modes),
      window: Terminal.window(descriptor))
  }

  /// Takes over the pty's master, as the child sent it.
  mutating func open(_ master: consuming Descriptor) throws(SystemError) {
    try Bytes.makeNonBlocking(master)
    self.master = HeldDescriptor(master)
    if let input { reader = Self.own(input, forWriting: false) }
    if let output { writer = Self.own(output, forWriting: true) }
    /* The window may have changed since the plan was made. */
    resize()
    try enterRaw()
  }

  private static func own(_ descriptor: Int32, forWriting: Bool) -> HeldDescriptor? {
    guard let own = Terminal.reopen(descriptor, forWriting: forWriting) else { return nil }
    return HeldDescriptor(own)
  }

  var isOpen: Bool { master != nil }

  /// Whether the caller's terminal is gone.
  var isHungUp: Bool { input.map { Terminal.modes($0).isEmpty } ?? false }

  /// Raw only when the whole dialogue is ours: a pipeline's other members share the terminal.
  private mutating func enterRaw() throws(SystemError) {
    guard let input, master != nil, !isRaw else { return }
    isAway = !Terminal.isForeground(input)
    guard isInteractive, !isAway else { return }
    savedModes = Terminal.modes(input)
    guard !savedModes.isEmpty else { return }
    try Terminal.makeRaw(input)
    isRaw = true
    let raw = Terminal.modes(input)
    if raw.count == savedModes.count {
      terminalGuard = TerminalGuard.start(terminal: input, raw: raw, saved: savedModes)
    }
  }

  /// After a stop, and now and then in the background: the shell has set the terminal's modes in the meantime.
  mutating func resume() throws(SystemError) {
    if let old = terminalGuard.take() { old.dismiss() }
    isRaw = false
    try enterRaw()
    if !isAway { resize() }
  }

  /// The app stopped (Ctrl-Z): so do we, with the terminal as we found it. With a raw terminal the keyboard has
  /// stopped only the app; the rest of our job waits for it. SIGCONT, when it comes, is read as any other signal.
  mutating func stop() throws(SystemError) {
    let isWholeJob = isRaw
    restore()
    ProcessHandle.stopSelf(withGroup: isWholeJob)
    try resume()
  }

  /// Gives the terminal back as it was.
  mutating func restore() {
    /* Last of all, for a kill may come until then; and gone before the terminal is another's. */
    defer { if let old = terminalGuard.take() { old.dismiss() } }
    guard isRaw, let input else { return }
    isRaw = false
    /* Its modes are another job's by now, or it is gone. */
    guard Terminal.isForeground(input), !isHungUp else { return }
    do throws(SystemError) {
      try Terminal.setModes(savedModes, input)
    } catch {
      Output.complain("cannot restore the terminal: \(error); type `reset`")
    }
  }

  mutating func resize() {
    guard let source = input ?? output, let raw = master?.descriptor.raw else { return }
    let size = Terminal.window(source)
    guard size.count == 4 else { return }
    do throws(SystemError) {
      try Terminal.setWindow(size, raw)
    } catch {
      Output.complain("cannot pass the window's size on: \(error)")
    }
  }

  /// The doors to wait on: the caller's terminal, the pty, and the caller's terminal for writing.
  var doors: [Door] {
    guard let raw = master?.descriptor.raw else { return [Door(-1), Door(-1), writerDoor] }
    let wantsInput = !inputEnded && !isAway && (toApp.isEmpty || isHeld)
    let wantsOutput = toCaller.isEmpty && !isHeld
    return [
      Door(wantsInput ? reader?.descriptor.raw ?? input ?? -1 : -1),
      Door(wantsOutput || !toApp.isEmpty ? raw : -1, read: wantsOutput, write: !toApp.isEmpty),
      writerDoor,
    ]
  }

  private var writerDoor: Door {
    Door(toCaller.isEmpty ? -1 : writer?.descriptor.raw ?? output ?? -1, read: false, write: true)
  }

  mutating func handle(_ doors: ArraySlice<Door>) {
    let start = doors.startIndex
    guard doors.count == 3 else { return }
    if doors[start].isReadable || doors[start].isHungUp {
      readInput(isHungUp: doors[start].isHungUp)
    }
    if doors[start + 1].isWritable { writeToApp() }
    if doors[start + 1].isReadable || doors[start + 1].isHungUp { readOutput() }
    if doors[start + 2].isWritable || doors[start + 2].isHungUp { writeToCaller() }
  }

  private mutating func readInput(isHungUp: Bool) {
    guard let input, let raw = master?.descriptor.raw else { return }
    guard isHungUp || Terminal.isForeground(input) else {
      isAway = true
      return
    }
    switch Bytes.take(from: reader?.descriptor.raw ?? input) {
    case .bytes(let bytes):
      if isHeld {
        held += bytes
        return
      }
      toApp = bytes
      /* Ctrl-D in the middle of a line: the part is handed on as it was to us. */
      if !isRaw, bytes.last != 10, Terminal.endOfInput(Terminal.modes(input)) != nil,
        let end = Terminal.endOfInput(Terminal.modes(raw))
      {
        toApp.append(end)
      }
    case .nothingNow: return
    case .end:
      /* The end of input here is the end of input there; only a terminal that is gone has ended for good. */
      inputEnded = isHungUp
      if let end = Terminal.endOfInput(Terminal.modes(raw)) { toApp = [end] }
    }
    writeToApp()
  }

  private mutating func writeToApp() {
    guard let raw = master?.descriptor.raw, !toApp.isEmpty else { return }
    guard let count = Bytes.give(toApp[...], to: raw) else {
      toApp = []
      return
    }
    toApp.removeFirst(count)
  }

  /// - Returns: whether there was something to read.
  @discardableResult
  private mutating func readOutput() -> Bool {
    guard let raw = master?.descriptor.raw, toCaller.isEmpty, !isHeld else { return false }
    switch Bytes.take(from: raw) {
    case .bytes(let bytes):
      if output == nil || outputEnded { return true }
      toCaller = bytes
      writeToCaller()
      return true
    case .nothingNow: return false
    case .end:
      master = nil
      return false
    }
  }

  /// A terminal that is gone takes nothing more; the app goes on, as it would with its own.
  private mutating func writeToCaller() {
    guard let target = writer?.descriptor.raw ?? output, !toCaller.isEmpty else { return }
    guard let count = Bytes.give(toCaller[...], to: target) else {
      outputEnded = true
      toCaller = []
      return
    }
    toCaller.removeFirst(count)
  }

  /// When the app has ended: moves what it wrote last.
  ///
  /// - Returns: whether there is more, once the caller's terminal takes it.
  private mutating func moveRest() -> Bool {
    while toCaller.isEmpty, readOutput() {}
    return !toCaller.isEmpty
  }

  /// The app's last words, as long as the caller's terminal takes them and nobody asks to end.
  ///
  /// - Returns: whether it took them all: it will take ours too.
  mutating func drain(_ signals: borrowing SignalDoor) -> Bool {
    while moveRest() {
      var doors = [Door(signals.descriptor.raw)] + self.doors
      do throws(SystemError) {
        try Poller.wait(&doors, timeout: nil)
      } catch {
        return false
      }
      if signals.askToEnd() { return false }
      handle(doors[1...])
    }
    return true
  }

  // MARK: questions

  /// Whether a question can be asked here: both ends of the dialogue are the caller's terminal.
  var canAsk: Bool { isInteractive && isOpen && !inputEnded && !outputEnded }

  /// From now on what is typed belongs to a question.
  mutating func hold() { isHeld = true }

  /// The terminal is the app's again.
  mutating func release() {
    isHeld = false
    held = []
  }

  /// What was typed to the question since the last call.
  mutating func takeHeld() -> [UInt8] {
    defer { held = [] }
    return held
  }

  /// Writes on the caller's raw terminal, after what the app wrote before.
  mutating func show(_ text: String) {
    for byte in RawText.visible(text).utf8 {
      if byte == 10 { toCaller.append(13) }
      toCaller.append(byte)
    }
    writeToCaller()
  }
}

extension SignalDoor {
  /// Takes all that wait: whether one of them asks to end.
  borrowing func askToEnd() -> Bool {
    var asked = false
    while let signal = next() { asked = asked || SignalNumber.ends.contains(signal.number) }
    return asked
  }
}
