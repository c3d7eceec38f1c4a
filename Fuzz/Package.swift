// swift-tools-version: 6.2
// Coverage-guided fuzzing of the same targets that the test suite runs from a seed: see scripts/fuzz.
import PackageDescription

let package = Package(
  name: "fuzz",
  dependencies: [.package(name: "isolated", path: "..")],
  targets: [
    // Links to the files of Tests/IsolateTests/Support, and the entry point that libFuzzer calls.
    .target(
      name: "FuzzTargets", dependencies: [.product(name: "Isolate", package: "isolated")],
      swiftSettings: [.swiftLanguageMode(.v6)]),
    // libFuzzer brings the main function: this target has none.
    .executableTarget(
      name: "fuzz", dependencies: ["FuzzTargets"],
      linkerSettings: [.unsafeFlags(["-sanitize=fuzzer"])]),
  ]
)
