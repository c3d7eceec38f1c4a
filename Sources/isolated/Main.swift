private import Glibc
internal import Isolate

/// The command line: arguments in, one command carried out, an exit code out.
@main
struct Main {
  static func main() {
    /* Where it cannot be written the usual way says why. */
    if asksForVersion, Output.print(Version.line, to: STDOUT_FILENO) == .written { exit(0) }
    let arguments = RawText.arguments()
    /* What a supervisor starts, never a person: it is in no help. */
    let isDriver = arguments.count == 2 && arguments[0] == "driver"
    if arguments == ["broker"] || isDriver { exit(runBroker()) }
    if arguments == ["crash-report"] { exit(runCrashWorker()) }
    exit(command(arguments))
  }

  /// The one command that is answered from the raw arguments, for scripts that ask it often.
  /// `ArgumentReader` understands it, too.
  private static var asksForVersion: Bool {
    guard CommandLine.argc == 2, let word = unsafe CommandLine.unsafeArgv[1] else { return false }
    return unsafe strcmp(word, "--version") == 0
  }

  private static func command(_ arguments: [String]) -> Int32 {
    do throws(UsageError) {
      return perform(try ArgumentReader.read(arguments))
    } catch {
      _ = Output.print(error.rendered, to: STDERR_FILENO)
      return error.exitCode
    }
  }

  private static func perform(_ invocation: Invocation) -> Int32 {
    switch invocation {
    case .version: return show(Version.line)
    case .help(let command): return show(HelpText.text(for: command, style: style))
    case .run(let request): return run(request)
    case .plan(let request, let json): return show(plan(request, json: json))
    case .show(let request, let json): return show(showPolicy(request, json: json))
    case .check(let profiles, let json): return show(checkProfiles(profiles, json: json))
    case .profiles(let listing): return show(listProfiles(listing))
    case .doctor(let json): return show(runDoctor(json: json, style: style))
    case .exec(let request): return enterApp(request)
    case .operate(let command, let json): return show(operate(command, json: json, style: style))
    case .daemon(let settings): return runDaemon(settings)
    case .direct(let command, let socket, let json):
      return show(direct(command, socket: socket, json: json, style: style))
    case .crashes(let question, let json):
      return show(showCrashes(anywhere: question, json: json, style: style))
    case .completions(let shell): return show(Completions.script(for: shell))
    case .man(let page): return show(ManualText.roff(page))
    }
  }

  private static var style: TextStyle { Output.wantsColour(STDOUT_FILENO) ? .colour : .plain }

  private static func show(_ text: String) -> Int32 { show(CommandResult(output: text)) }

  private static func show(_ result: CommandResult) -> Int32 {
    if !result.errors.isEmpty { _ = Output.print(result.errors, to: STDERR_FILENO) }
    guard !result.output.isEmpty else { return result.exitCode }
    switch Output.print(result.output, to: STDOUT_FILENO) {
    case .written, .nobodyReads: return result.exitCode
    case .failed(let number):
      let unwritten = CommandResult.unwritten(number)
      _ = Output.print(unwritten.errors, to: STDERR_FILENO)
      return unwritten.exitCode
    }
  }
}
