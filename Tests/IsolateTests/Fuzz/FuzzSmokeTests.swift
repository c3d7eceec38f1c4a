import Glibc
import Testing

@testable import Isolate

/// A bounded run of every fuzz target, from a new seed each time; `make fuzz` runs them for longer, led by coverage.
@Suite("The fuzz targets")
struct FuzzSmokeTests {
  private static func corpus(_ target: FuzzTarget) throws -> [[UInt8]] {
    let folder = Executable.root + "/Fuzz/corpus/" + target.rawValue
    let names = Run.shell("cd \"$1\" && ls", [folder]).output.split(separator: "\n")
    return try names.map { try #require(try FileSystem.contents("\(folder)/\($0)", limit: 65536)) }
  }

  @Test(
    "keep their promises from the corpus and from damaged copies of it",
    arguments: FuzzTarget.allCases)
  func smoke(_ target: FuzzTarget) throws {
    let corpus = try Self.corpus(target)
    #expect(!corpus.isEmpty)
    for bytes in corpus { #expect(target.broken(by: bytes) == nil) }
    let seed = UInt64.random(in: .min ... .max)
    var random = SeededGenerator(seed: seed)
    for _ in 0..<1500 {
      var bytes = corpus.randomElement(using: &random) ?? []
      for _ in 0...Int.random(in: 0..<6, using: &random) {
        mutate(&bytes, corpus: corpus, using: &random)
      }
      if let broken = target.broken(by: bytes) {
        Issue.record("\(target.rawValue), seed \(seed): \(broken) by \(bytes)")
        return
      }
    }
  }

  @Test("plan most of the policies made at random") func plansAreMade() {
    var random = SeededGenerator(seed: 1)
    var planned = 0
    for _ in 0..<500 {
      var source = ByteSource((0..<300).map { _ in UInt8.random(in: 0...255, using: &random) })
      let context = PolicyMaker.context(&source)
      let planner = LaunchPlanner(
        PolicyMaker.policy(&source), context: context, sources: PolicyMaker.sources)
      do throws(PlanErrors) {
        _ = try planner.plan()
        planned += 1
      } catch {
        continue
      }
    }
    #expect(planned > 50, "were all refused, the check of plans would check nothing")
  }
}

@Suite("Reports of the child")
struct ReportMessageTests {
  private func bytes(_ kind: UInt32) -> [UInt8] {
    var report = [UInt8](repeating: 0, count: 96)
    report[0] = UInt8(truncatingIfNeeded: kind)
    return report
  }

  @Test("close every descriptor that nobody asked for", arguments: 0...3 as ClosedRange<UInt8>)
  func descriptors(count: UInt8) {
    for kind in 0...9 as ClosedRange<UInt32> {
      for size in [0, 1, 40, 64, 72, 80, 88, 96] {
        #expect(ReportFuzz.broken(by: [count] + bytes(kind).prefix(size)) == nil)
      }
    }
    #expect(ReportFuzz.broken(by: [count] + [UInt8](repeating: 1, count: 4000)) == nil)
  }
}
