/// What a message asks for. The numbers are the wire's and never change their meaning; docs/protocol.md has a table each.
package enum Opcode: UInt16, CaseIterable, Sendable {
  case hello = 1
  case cancel = 2
  case notify = 3
  case handleList = 4
  case handleClose = 5
  /// Another socket to the same broker, for another process or thread of the app: replies on a shared one would go astray.
  case doorOpen = 6

  case fileOpen = 16
  case fileStat = 17
  case fileList = 18
  case fileRemove = 19
  case fileRename = 20
  case fileMakeDirectory = 21

  case netConnect = 32
  case netListen = 33
  case netResolve = 34

  case secretRead = 48
  case deviceOpen = 64

  case appStart = 80
  case appSignal = 81
  case appStatus = 82

  case clockSet = 96
  case driverCall = 112
}
