/// Completion scripts, made from the command table.
package enum Completions {
  /// The script for a shell, ready to be sourced or installed.
  package static func script(for shell: Shell) -> String {
    switch shell {
    case .bash: BashCompletion.script
    case .zsh: ZshCompletion.script
    case .fish: FishCompletion.script
    }
  }

  static let commandNames = Command.allCases.map(\.rawValue).joined(separator: " ")
  /// Prints the names of the profiles, or nothing.
  static let profileNames = "isolated profiles --names 2>/dev/null"

  static let answers = OperatorAnswer.allCases.map(\.rawValue).joined(separator: " ")

  /// The options that some command takes, each once.
  static var options: [CommandOption] {
    CommandOption.allCases.filter { option in Command.allCases.contains { $0.accepts(option) } }
  }
  static var commandsThatStart: String {
    Command.allCases.filter(\.startsFromProfile).map(\.rawValue).joined(separator: "|")
  }
}

/// bash(1), "Programmable Completion". Works without the bash-completion package and uses it if it
/// is there.
private enum BashCompletion {
  static var script: String {
    var lines = [
      "# bash completion for isolated(1). Made by 'isolated completions bash'.", "_isolated() {",
      "    local cur=${COMP_WORDS[COMP_CWORD]} prev= command= i word skip=0",
      "    COMPREPLY=()",
      "    if ((COMP_CWORD > 0)); then prev=${COMP_WORDS[COMP_CWORD-1]}; fi",
      "    # '--opt=VALUE' reaches us as three words.",
      "    if [[ $cur == '=' ]]; then",
      "        cur=''",
      "    elif [[ $prev == '=' ]] && ((COMP_CWORD > 1)); then",
      "        prev=${COMP_WORDS[COMP_CWORD-2]}", "    fi",
      "    for ((i = 1; i < COMP_CWORD; i++)); do", "        word=${COMP_WORDS[i]}",
      "        if [[ -z $command ]]; then command=$word; continue; fi",
      "        case $command in \(Completions.commandsThatStart)) ;; *) continue ;; esac",
      "        if ((skip)); then",
      "            if [[ $word == '=' ]]; then continue; fi", "            skip=0; continue",
      "        fi", "        case $word in",
      "            --) _isolated_rest $((i + 1)); return ;;",
      "            \(valueOptions)) skip=1 ;;", "            -*|=) ;;",
      "            *) _isolated_rest $((i + 1)); return ;;", "        esac", "    done",
      "    if [[ -z $command ]]; then",
      "        COMPREPLY=($(compgen -W '\(Completions.commandNames) --help --version' -- "
        + "\"$cur\"))",
      "        return", "    fi", "    case $prev in",
    ]
    for option in Completions.options {
      guard let offer = offer(option.kind) else { continue }
      lines.append("        \(option.typed)) \(offer); return ;;")
    }
    lines += ["    esac", "    if [[ $cur == -* ]]; then", "        case $command in"]
    for command in Command.allCases {
      let options = command.options.map(\.typed).joined(separator: " ")
      lines.append("            \(command.rawValue)) COMPREPLY=($(compgen -W \\")
      lines.append("                '\(options)' -- \"$cur\")) ;;")
    }
    lines += ["        esac", "        return", "    fi", "    case $command in"]
    for command in Command.allCases {
      guard let offer = operand(command) else { continue }
      lines.append("        \(command.rawValue)) \(offer) ;;")
    }
    lines += ["    esac", "}", ""] + rest
    return lines.joined(separator: "\n") + "\n"
  }

  private static var valueOptions: String {
    Completions.options.filter { !$0.isFlag }.map(\.typed).joined(separator: "|")
  }

  /// Completes what follows `--` or APP: a command line of its own.
  private static var rest: [String] {
    [
      "_isolated_rest() {", "    if ((COMP_CWORD == $1)) && [[ ${COMP_WORDS[$1-1]} == -- ]]; then",
      "        COMPREPLY=($(compgen -c -- \"${COMP_WORDS[COMP_CWORD]}\"))",
      "    elif declare -F _command_offset >/dev/null && [[ ${COMP_WORDS[$1-1]} == -- ]]; then",
      "        _command_offset \"$1\"", "    else",
      "        COMPREPLY=($(compgen -f -- \"${COMP_WORDS[COMP_CWORD]}\"))", "    fi", "}",
      "complete -o filenames -F _isolated isolated",
    ]
  }

  private static func words(_ words: [String]) -> String {
    "COMPREPLY=($(compgen -W '\(words.joined(separator: " "))' -- \"$cur\"))"
  }

  private static var profiles: String {
    "COMPREPLY=($(compgen -f -W \"$(\(Completions.profileNames))\" -- \"$cur\"))"
  }

  private static func offer(_ kind: ValueKind) -> String? {
    switch kind {
    case .flag: nil
    case .profile: profiles
    case .path: "COMPREPLY=($(compgen -f -- \"$cur\"))"
    case .directory: "COMPREPLY=($(compgen -d -- \"$cur\"))"
    case .words(let list): words(list)
    case .keys(let keys): "compopt -o nospace 2>/dev/null; " + words(keys.map { $0 + "=" })
    // Nothing to offer, and no file either.
    case .other: ":"
    }
  }

  private static func operand(_ command: Command) -> String? {
    switch command {
    case .run, .plan, .show, .check, .exec, .grants, .handles, .revoke, .forget, .daemon, .start,
      .stop,
      .restart, .reload, .status, .why, .ps, .logs, .events, .kill, .freeze, .thaw, .resetFailed:
      profiles
    case .answer:
      "COMPREPLY=($(compgen -W \"$(\(Completions.profileNames)) \(Completions.answers)\" -- \"$cur\"))"
    case .help: words(Command.allCases.map(\.rawValue))
    case .completions: words(Shell.allCases.map(\.rawValue))
    case .man: words(Command.allCases.map(\.rawValue) + ["profile"])
    case .crashes: words(["show", "latest"])
    case .profiles, .doctor, .metrics, .top: nil
    }
  }
}

/// zshcompsys(1): one `_arguments` call a command.
private enum ZshCompletion {
  static var script: String {
    var lines = [
      "#compdef isolated", "# zsh completion for isolated(1). Made by 'isolated completions zsh'.",
      "_isolated_profiles() {", "  local -a names",
      "  names=(${(f)\"$(\(Completions.profileNames))\"})",
      "  _alternative 'profiles:profile:compadd -a names' 'files:profile file:_files'", "}",
      "_isolated() {", "  local curcontext=$curcontext state line ret=1", "  local -a commands",
      "  commands=(",
    ]
    for command in Command.allCases {
      lines.append("    '\(command.rawValue):\(quoted(command.summary))'")
    }
    lines += [
      "  )", "  _arguments -C \\", "    '(- *)--help[\(CommandOption.help.summary)]' \\",
      "    '(- *)--version[\(CommandOption.version.summary)]' \\", "    '1:command:->command' \\",
      "    '*::argument:->argument' && ret=0", "  case $state in",
      "    command) _describe command commands && ret=0 ;;",
      "    argument) case ${words[1]} in",
    ]
    for command in Command.allCases {
      lines.append("      \(command.rawValue)) _arguments -S \\")
      for option in command.options { lines.append("        \(specification(option)) \\") }
      lines.append("        \(operand(command)) && ret=0 ;;")
    }
    lines += [
      "      esac ;;", "  esac", "  return ret", "}",
      "if [[ $funcstack[1] == _isolated ]]; then", "  _isolated \"$@\"", "else",
      "  compdef _isolated isolated", "fi",
    ]
    return lines.joined(separator: "\n") + "\n"
  }

  private static func quoted(_ text: String) -> String {
    var result = ""
    for character in text {
      switch character {
      case "'": result += "'\\''"
      case "[", "]", ":": result += "\\" + String(character)
      default: result.append(character)
      }
    }
    return result
  }

  private static func specification(_ option: CommandOption) -> String {
    let star = option.isRule ? "*" : ""
    let equals = option.isFlag ? "" : "="
    let text = quoted(option.summary)
    return "'\(star)\(option.typed)\(equals)[\(text)]\(action(option.kind))'"
  }

  private static func action(_ kind: ValueKind) -> String {
    switch kind {
    case .flag: ""
    case .profile: ":profile:_isolated_profiles"
    case .path: ":path:_files"
    case .directory: ":directory:_files -/"
    case .words(let words): ":word:(\(words.joined(separator: " ")))"
    case .keys(let keys):
      ":key:compadd -S \"\" \(keys.map { $0 + "=" }.joined(separator: " "))"
    case .other: ":value: "
    }
  }

  private static func operand(_ command: Command) -> String {
    switch command {
    case .run, .plan, .show: "'1:app or program:_isolated_profiles' '*::arguments:_normal'"
    case .check: "'*:profile:_isolated_profiles'"
    case .exec: "'1:app:_isolated_profiles' '*::command:_normal'"
    case .grants, .handles, .reload, .status, .why, .ps, .logs, .events:
      "'1:app:_isolated_profiles'"
    case .daemon, .start, .stop, .restart, .kill, .freeze, .thaw, .resetFailed:
      "'*:app:_isolated_profiles'"
    case .revoke, .forget: "'1:app:_isolated_profiles' '2:grant: '"
    case .answer:
      "'1:app:_isolated_profiles' '2:number of the question: ' '3:answer:(\(Completions.answers))'"
    case .help: "'1:command:(\(Completions.commandNames))'"
    case .completions: "'1:shell:(\(Shell.allCases.map(\.rawValue).joined(separator: " ")))'"
    case .crashes: "'1:what:(show)' '2:report:(latest)'"
    case .man: "'1:page:(\(Completions.commandNames) profile)'"
    case .profiles, .doctor, .metrics, .top: "'*: : '"
    }
  }
}

/// fish's complete(1): one line an option.
private enum FishCompletion {
  static var script: String {
    var lines = [
      "# fish completion for isolated(1). Made by 'isolated completions fish'.",
      "function __isolated_needs_command",
      "    test (count (commandline -opc)) -eq 1", "end",
      "function __isolated_uses", "    set -l words (commandline -opc)",
      "    test (count $words) -gt 1; and contains -- $words[2] $argv",
      "    and not contains -- -- $words", "end", "function __isolated_has_dashes",
      "    contains -- -- (commandline -opc)", "end", "function __isolated_program",
      "    set -l words (commandline -opc)", "    set -l at (contains -i -- -- $words)",
      "    set -l rest (string escape -- $words[(math $at + 1)..-1])",
      "    complete -C (string join ' ' -- $rest (commandline -ct))", "end",
      "complete -c isolated -f",
      "complete -c isolated -n __isolated_has_dashes -a '(__isolated_program)'",
    ]
    let start = "complete -c isolated -n __isolated_needs_command"
    lines.append("\(start) -l help -d \(quoted(CommandOption.help.summary))")
    lines.append("\(start) -l version -d \(quoted(CommandOption.version.summary))")
    for command in Command.allCases {
      lines.append("\(start) -a \(command.rawValue) -d \(quoted(command.summary))")
    }
    for option in Completions.options {
      let homes = Command.allCases.filter { $0.accepts(option) }.map(\.rawValue)
      let condition = "'__isolated_uses \(homes.joined(separator: " "))'"
      lines.append(
        "complete -c isolated -n \(condition) -l \(option.rawValue)\(value(option.kind)) "
          + "-d \(quoted(option.summary))")
    }
    for command in Command.allCases {
      guard let offer = operand(command) else { continue }
      lines.append("complete -c isolated -n '__isolated_uses \(command.rawValue)' \(offer)")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func quoted(_ text: String) -> String {
    var result = "'"
    for character in text {
      if character == "'" || character == "\\" { result += "\\" }
      result.append(character)
    }
    return result + "'"
  }

  private static func value(_ kind: ValueKind) -> String {
    switch kind {
    case .flag: ""
    case .profile: " -r -F -a '(\(Completions.profileNames))'"
    case .path: " -r -F"
    case .directory: " -x -a '(__fish_complete_directories)'"
    case .words(let words): " -x -a '\(words.joined(separator: " "))'"
    case .keys(let keys): " -x -a '\(keys.map { $0 + "=" }.joined(separator: " "))'"
    case .other: " -x"
    }
  }

  private static func operand(_ command: Command) -> String? {
    switch command {
    case .run, .plan, .show, .check: "-F -a '(\(Completions.profileNames))'"
    case .exec, .grants, .handles, .revoke, .forget, .daemon, .start, .stop, .restart, .reload,
      .status,
      .why, .ps, .logs, .events, .kill, .freeze, .thaw, .resetFailed:
      "-a '(\(Completions.profileNames))'"
    case .answer: "-a '(\(Completions.profileNames)) \(Completions.answers)'"
    case .help: "-a '\(Completions.commandNames)'"
    case .completions: "-a '\(Shell.allCases.map(\.rawValue).joined(separator: " "))'"
    case .man: "-a '\(Completions.commandNames) profile'"
    case .crashes: "-a 'show latest'"
    case .profiles, .doctor, .metrics, .top: nil
    }
  }
}
