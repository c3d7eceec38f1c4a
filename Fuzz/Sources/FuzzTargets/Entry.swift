import Glibc

/// The target that the environment names: `FUZZ_TARGET`.
private let target: FuzzTarget = {
  let name = getenv("FUZZ_TARGET").map { String(cString: $0) } ?? ""
  guard let target = FuzzTarget(rawValue: name) else {
    print("FUZZ_TARGET is one of \(FuzzTarget.allCases.map(\.rawValue))")
    exit(2)
  }
  return target
}()

/// What libFuzzer calls with every input. A broken promise ends the run; the input is then kept.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ data: UnsafePointer<UInt8>?, _ size: Int) -> Int32 {
  let bytes = Array(UnsafeBufferPointer(start: data, count: size))
  guard let broken = target.broken(by: bytes) else { return 0 }
  print("broken promise of \(target.rawValue): \(broken)")
  fflush(nil)
  abort()
}
