/// One question on a terminal: what is shown, and what the keys mean. Bytes in, bytes and an answer out; pure.
///
/// An answer is a whole word and Enter, so that what somebody was just typing to the app answers nothing.
package struct AskDialogue: Hashable, Sendable {
  package let ask: UInt64
  private let question: String
  private var line: [UInt8] = []
  /// Within an escape sequence of a key: it is passed over.
  private var escape = Escape.none

  private enum Escape { case none, began, sequence }
  private static let longestLine = 16

  package init(_ ask: ControlAsk, app: String, target: String) {
    self.ask = ask.ask
    let seconds = (ask.leftMilliseconds + 999) / 1000
    let subject = ask.subject.isEmpty ? "" : " \"\(VisibleText.of(ask.subject))\""
    question = """
      isolated: \(VisibleText.of(app, limit: 64)) asks for \(ask.operation)\(subject)
        grant \(VisibleText.of(ask.grant, limit: 64)): \(VisibleText.of(target)) \
      (rule \(VisibleText.of(ask.rule, limit: 256)))
        yes: once, run (until it ends), always; no: no, never; without an answer no in \(seconds) s

      """
  }

  private static let prompt = "  your answer, and Enter: "

  /// What the question looks like, on a terminal in raw mode whatever the app has done to its colours and letters.
  package var text: String {
    /* Shift in, ASCII, no colours, a visible cursor, no scroll region's neighbours: then a line of its own. */
    let reset = "\u{0F}\u{1B}(B\u{1B}[0m\u{1B}[?25h"
    return reset + "\n" + question + Self.prompt + String(decoding: line, as: UTF8.self)
  }

  /// What came of keys.
  package struct Reaction: Hashable, Sendable {
    package var echo = ""
    package var answer: OperatorAnswer?
  }

  /// Takes what was typed. What follows an answer is dropped: it was typed to the question.
  package mutating func type(_ bytes: [UInt8]) -> Reaction {
    var reaction = Reaction()
    for byte in bytes {
      if skips(byte) { continue }
      switch byte {
      case 0x03, 0x04: reaction.answer = .no
      case 0x0D, 0x0A: enter(&reaction)
      case 0x7F, 0x08:
        if line.popLast() != nil { reaction.echo += "\u{8} \u{8}" }
      case 0x15:
        reaction.echo += String(repeating: "\u{8} \u{8}", count: line.count)
        line = []
      case 0x20..<0x7F:
        if line.count < Self.longestLine {
          line.append(byte)
          reaction.echo.unicodeScalars.append(Unicode.Scalar(byte))
        }
      default: break
      }
      if let answer = reaction.answer {
        reaction.echo += "\n" + Self.confirmation(answer) + "\n"
        return reaction
      }
    }
    return reaction
  }

  private mutating func skips(_ byte: UInt8) -> Bool {
    switch escape {
    case .none:
      if byte == 0x1B { escape = .began }
      return byte == 0x1B
    case .began: escape = byte == 0x5B || byte == 0x4F ? .sequence : .none
    case .sequence: if (0x40..<0x7F).contains(byte) { escape = .none }
    }
    return true
  }

  private mutating func enter(_ reaction: inout Reaction) {
    let word = String(decoding: line, as: UTF8.self).split(separator: " ").joined(separator: " ")
    line = []
    reaction.answer = OperatorAnswer(rawValue: word.lowercased())
    if reaction.answer == nil {
      let words = OperatorAnswer.allCases.map(\.rawValue).joined(separator: ", ")
      reaction.echo += "\n  one of \(words)\n" + Self.prompt
    }
  }

  private static func confirmation(_ answer: OperatorAnswer) -> String {
    switch answer {
    case .once: "isolated: yes, this once"
    case .run: "isolated: yes, until the app ends"
    case .always: "isolated: yes, always; to be asked again: isolated forget"
    case .no: "isolated: no"
    case .never: "isolated: no, never; to be asked again: isolated forget"
    }
  }

  /// What is said when there is nothing left to answer.
  package static let gone = "\nisolated: answered elsewhere, or too late\n"
}
