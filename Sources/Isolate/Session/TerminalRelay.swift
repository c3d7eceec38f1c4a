/// Carries bytes between the caller's terminal and the app's pty, and leaves the terminal as it was found.
struct TerminalRelay: ~Copyable {
  /// Which of 0, 1, 2 are the app's pty.
  private let input: Int32?
  private let output: Int32?
  let isInteractive: Bool
  private let savedModes: [UInt8]
  private var master: HeldDescriptor?
  private var toApp: [UInt8] = []
  private var inputEnded = false
  private var isRaw = false

  /// - Parameter standard: what becomes of 0, 1 and 2.
  init(standard: [PlanContext.StandardDescriptor]) {
    input = standard[0] == .pty ? 0 : nil
    output = standard[1] == .pty ? 1 : standard[2] == .pty ? 2 : nil
    isInteractive = standard[0] == .pty && standard[1] == .pty
    savedModes = input.map { Terminal.modes($0) } ?? []
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
    try enterRaw()
  }

  /// Raw only when the whole dialogue is ours: a pipeline's other members share the terminal.
  mutating func enterRaw() throws(SystemError) {
    guard isInteractive, !isRaw, let input, Terminal.isForeground(input) else { return }
    try Terminal.makeRaw(input)
    isRaw = true
  }

  /// Gives the terminal back as it was.
  mutating func restore() {
    guard isRaw, let input else { return }
    isRaw = false
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

  /// The doors to wait on: the caller's terminal, then the pty.
  var doors: [Door] {
    guard let raw = master?.descriptor.raw else { return [Door(-1), Door(-1)] }
    let wantsInput = !inputEnded && toApp.isEmpty
    return [
      Door(wantsInput ? input ?? -1 : -1),
      Door(raw, read: true, write: !toApp.isEmpty),
    ]
  }

  mutating func handle(_ doors: ArraySlice<Door>) {
    guard let first = doors.first, let last = doors.last else { return }
    if first.isReadable || first.isHungUp { readInput() }
    if last.isWritable { writeToApp() }
    if last.isReadable || last.isHungUp { readOutput() }
  }

  private mutating func readInput() {
    guard let input else { return }
    switch Bytes.take(from: input) {
    case .bytes(let bytes): toApp = bytes
    case .nothingNow: return
    case .end:
      /* End of input on the caller's side is end of input on the app's: the pty's VEOF character. */
      inputEnded = true
      toApp = [4]
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

  /// - Returns: false when there is no more to read now.
  @discardableResult
  private mutating func readOutput() -> Bool {
    guard let raw = master?.descriptor.raw else { return false }
    switch Bytes.take(from: raw) {
    case .bytes(let bytes):
      if let output { Output.write(bytes, to: output) }
      return true
    case .nothingNow: return false
    case .end:
      master = nil
      return false
    }
  }

  /// What the app wrote last, when it has ended; and the terminal given back.
  mutating func finish() {
    var rounds = 0
    while rounds < 4096, readOutput() { rounds += 1 }
    restore()
  }
}
