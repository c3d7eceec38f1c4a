/// Programs that use up one thing each, and bound themselves: what they do without a limit does a machine no harm.
enum LimitAttack: String, CaseIterable, Sendable {
  /// At most 200 processes, for a second.
  case forks
  /// Six processes of 40 MiB each: none by itself over the limit.
  case manyMemories
  /// 240 MiB in a file of memory that nobody maps.
  case memoryFile
  /// 100 MiB in SysV segments that nobody has attached any more.
  case segments
  /// 500 descriptors.
  case descriptors
  /// 100 MiB into /tmp, which is memory too.
  case storage
  /// 8 MiB into /tmp.
  case files
  /// One file of 8 MiB.
  case largeFile
  /// Short-lived children, each with little CPU time, for 2.5 seconds of it.
  case spinners
  /// Sleeps for 3 seconds.
  case sleeper
  /// 300 MiB of address space, in small pieces.
  case mapping

  /// Python, read from standard input.
  var program: String {
    switch self {
    case .forks:
      """
      import os, signal, sys, time
      children = []
      code = 0
      try:
          for i in range(200):
              pid = os.fork()
              if pid == 0:
                  time.sleep(1)
                  os._exit(0)
              children.append(pid)
      except OSError as error:
          code = error.errno
      time.sleep(0.3)
      sys.exit(code)
      """
    case .manyMemories:
      """
      import os, time
      for i in range(6):
          if os.fork() == 0:
              block = bytearray(40 << 20)
              for at in range(0, len(block), 4096): block[at] = 1
              time.sleep(1.5)
              os._exit(0)
      for i in range(6): os.wait()
      """
    case .memoryFile:
      """
      import os, time
      file = os.memfd_create("hidden")
      for i in range(240): os.write(file, b"x" * (1 << 20))
      time.sleep(1)
      """
    case .segments:
      """
      import ctypes, time
      libc = ctypes.CDLL(None, use_errno=True)
      libc.shmat.restype = ctypes.c_void_p
      for i in range(10):
          segment = libc.shmget(0, 10 << 20, 0o1600)
          place = libc.shmat(segment, None, 0)
          ctypes.memset(place, 1, 10 << 20)
          libc.shmdt(ctypes.c_void_p(place))
      time.sleep(1)
      """
    case .descriptors:
      """
      import os, sys, time
      code = 0
      try:
          held = [os.open("/dev/null", os.O_RDONLY) for i in range(500)]
      except OSError as error:
          code = error.errno
      held = []
      try:
          while len(held) < 500: held.append(os.dup(0))
      except OSError: pass
      time.sleep(0.5)
      sys.exit(code)
      """
    case .storage:
      """
      import time
      with open("/tmp/stored", "wb") as file:
          for i in range(100): file.write(b"x" * (1 << 20))
      time.sleep(1)
      """
    case .files:
      """
      import sys
      try:
          with open("/tmp/filled", "wb") as file: file.write(b"x" * (8 << 20))
      except OSError as error: sys.exit(error.errno)
      """
    case .largeFile:
      """
      import signal
      signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
      with open("/tmp/large", "wb") as file: file.write(b"x" * (8 << 20))
      """
    case .spinners:
      """
      import os, time
      for i in range(25):
          if os.fork() == 0:
              while time.process_time() < 0.1: pass
              os._exit(0)
          os.wait()
      """
    case .sleeper: "import time; time.sleep(3)"
    case .mapping:
      """
      import mmap, sys, time
      kept = []
      try:
          for i in range(150): kept.append(mmap.mmap(-1, 2 << 20))
      except OSError:
          time.sleep(0.3)
          sys.exit(12)
      """
    }
  }

  /// Runs it under `isolated run` with these options.
  ///
  /// - Returns: the events as `output`, what people read as `errors`.
  func run(_ options: [String]) -> Ran {
    Run.shell(
      "exec \"$@\" -- python3 -B - 3>&1 >/dev/null",
      [Executable.path, "run", "--json-status-fd", "3"] + options, input: program)
  }
}
