/// Runs a seccomp filter as the kernel would, so that every answer can be checked.
///
/// Only what filters consist of: loads from the call's data, masks, jumps, returns.
/// Source: linux/filter.h, linux/bpf_common.h, seccomp(2).
struct BPFInterpreter {
  /// What a filter sees of a call: `struct seccomp_data`.
  struct Call {
    var number: UInt32
    var architecture: UInt32
    var arguments: [UInt64] = [0, 0, 0, 0, 0, 0]

    func word(at offset: UInt32) -> UInt32? {
      switch offset {
      case 0: return number
      case 4: return architecture
      case 16..<64 where offset % 4 == 0:
        let value = arguments[Int(offset - 16) / 8]
        return UInt32(truncatingIfNeeded: offset % 8 == 0 ? value : value >> 32)
      default: return nil
      }
    }
  }

  enum Action: Equatable {
    case allow, killProcess, log
    case error(Int32)
    case other(UInt32)

    init(_ word: UInt32) {
      switch word & 0xffff_0000 {
      case 0x7fff_0000: self = .allow
      case 0x8000_0000: self = .killProcess
      case 0x7ffc_0000: self = .log
      case 0x0005_0000: self = .error(Int32(word & 0xffff))
      default: self = .other(word)
      }
    }
  }

  enum Fault: Error, Equatable {
    case unknownInstruction(UInt16, at: Int)
    case badLoad(UInt32, at: Int)
    case ranOff
  }

  struct Instruction {
    var code: UInt16
    var ifTrue: Int
    var ifFalse: Int
    var constant: UInt32
  }

  let instructions: [Instruction]

  init(_ program: [UInt8]) {
    instructions = stride(from: 0, to: program.count, by: 8).map { at in
      let byte = { (index: Int) in UInt32(program[at + index]) }
      return Instruction(
        code: UInt16(byte(0) | byte(1) << 8), ifTrue: Int(byte(2)), ifFalse: Int(byte(3)),
        constant: byte(4) | byte(5) << 8 | byte(6) << 16 | byte(7) << 24)
    }
  }

  /// Runs the filter. `readsArguments` tells whether it looked beyond number and architecture: if
  /// not, the kernel can answer from its allow bitmap.
  func run(_ call: Call) throws -> (action: Action, readsArguments: Bool) {
    var accumulator: UInt32 = 0
    var readsArguments = false
    var at = 0
    while at < instructions.count {
      let step = instructions[at]
      at += 1
      switch step.code {
      case 0x20:  // load a word
        guard let word = call.word(at: step.constant) else {
          throw Fault.badLoad(step.constant, at: at - 1)
        }
        accumulator = word
        readsArguments = readsArguments || step.constant >= 16
      case 0x54: accumulator &= step.constant
      case 0x05: at += Int(step.constant)
      case 0x15: at += accumulator == step.constant ? step.ifTrue : step.ifFalse
      case 0x25: at += accumulator > step.constant ? step.ifTrue : step.ifFalse
      case 0x35: at += accumulator >= step.constant ? step.ifTrue : step.ifFalse
      case 0x45: at += accumulator & step.constant != 0 ? step.ifTrue : step.ifFalse
      case 0x06: return (Action(step.constant), readsArguments)
      default: throw Fault.unknownInstruction(step.code, at: at - 1)
      }
    }
    throw Fault.ranOff
  }
}
