// swift-tools-version: 6.2
// isolated: run any Linux program with a private view of the machine.
//
// `make build` makes the lean, static, position-independent executable that is installed;
// a plain `swift build` works too and gives an ordinary dynamic one.
import Foundation
import PackageDescription

/// `ISOLATED_STATIC=1` (set by the Makefile): no loader, no libraries, loaded anywhere.
let isStatic = ProcessInfo.processInfo.environment["ISOLATED_STATIC"] == "1"

/// One call into the string-processing library, such as `split(separator: "two")`, links all of its Unicode
/// tables and costs every start 0.1 ms. The lean build refuses it.
let lean: [SwiftSetting] =
  isStatic
  ? [
    .unsafeFlags([
      "-Xfrontend", "-disable-implicit-string-processing-module-import",
      // For the linker to put together what runs together, and to leave out what never runs.
      "-Xfrontend", "-function-sections",
      // Generic types are asked for by their accessors. By their mangled names, which is shorter, each start would
      // read those names: a sixth of all its instructions.
      "-Xfrontend", "-disable-concrete-type-metadata-mangled-name-accessors",
      // 128 bytes for each conformance, in which little is kept, would spread over pages what is.
      "-Xfrontend", "-disable-preallocated-instantiation-caches",
    ])
  ] : []

let strict: [SwiftSetting] =
  [
    .swiftLanguageMode(.v6), .strictMemorySafety(),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
  ] + lean

/// `ISOLATED_SYMBOLS=1` keeps the symbols, for profilers.
let keepsSymbols = ProcessInfo.processInfo.environment["ISOLATED_SYMBOLS"] == "1"
let linking: [LinkerSetting] =
  isStatic
  ? [
    .unsafeFlags(
      [
        "-static-executable", "-use-ld=lld", "-Xclang-linker", "-static-pie",
        "-Xlinker", "--pack-dyn-relocs=relr", "-Xlinker", "--gc-sections",
      ] + (keepsSymbols ? [] : ["-Xlinker", "-s"]))
  ] : []

let package = Package(
  name: "isolated",
  products: [
    .library(name: "Isolate", targets: ["Isolate"]),
    .library(name: "IsolateClient", targets: ["IsolateClient"]),
    .executable(name: "isolated", targets: ["isolated"]),
  ],
  targets: [
    .target(
      name: "CSeccomp",
      cSettings: [
        .define("_GNU_SOURCE"), .enableWarning("all"), .enableWarning("extra"),
        .enableWarning("switch-enum"), .enableWarning("shadow"), .treatAllWarnings(as: .error),
      ] + (isStatic ? [.define("ISOLATED_STATIC")] : []),
      linkerSettings: [.linkedLibrary("seccomp"), .linkedLibrary("cap")]),
    .target(name: "Isolate", dependencies: ["CSeccomp"], swiftSettings: strict),
    // What an app links to ask its broker: nothing of the other targets.
    .target(name: "IsolateClient", swiftSettings: strict),
    .executableTarget(
      name: "client-c", path: "Tests/Clients/C",
      cSettings: [
        .define("_GNU_SOURCE"), .enableWarning("all"), .enableWarning("extra"),
        .enableWarning("shadow"), .treatAllWarnings(as: .error),
      ],
      linkerSettings: [
        .unsafeFlags(["-nostartfiles", "-static-stdlib", "-Xlinker", "--as-needed"])
      ]),
    .executableTarget(
      name: "client-swift", dependencies: ["IsolateClient"], path: "Tests/Clients/Swift",
      swiftSettings: strict),
    .executableTarget(
      name: "isolated", dependencies: ["Isolate"], swiftSettings: strict, linkerSettings: linking),
    .executableTarget(
      name: "TemplateBench", dependencies: ["Isolate"], path: "Benchmarks/TemplateBench",
      swiftSettings: strict, linkerSettings: linking),
    .executableTarget(
      name: "LogBench", dependencies: ["Isolate"], path: "Benchmarks/logs", exclude: ["run"],
      swiftSettings: strict, linkerSettings: linking),
    .executableTarget(
      name: "SupervisorBench", dependencies: ["Isolate"], path: "Benchmarks/supervisor",
      swiftSettings: strict, linkerSettings: linking),
    .target(
      name: "FilterProbe", path: "Tests/FilterProbe",
      cSettings: [.define("_GNU_SOURCE"), .treatAllWarnings(as: .error)]),
    .executableTarget(
      name: "victim", path: "Tests/Victim",
      cSettings: [
        .define("_GNU_SOURCE"), .enableWarning("all"), .enableWarning("extra"),
        .enableWarning("shadow"), .treatAllWarnings(as: .error),
      ],
      // Plain C: it must run where there is no Swift library.
      linkerSettings: [
        .unsafeFlags(["-nostartfiles", "-static-stdlib", "-Xlinker", "--as-needed"])
      ]),
    .testTarget(
      name: "IsolateTests",
      dependencies: ["Isolate", "CSeccomp", "FilterProbe", "victim", "client-c", "client-swift"],
      path: "Tests/IsolateTests", swiftSettings: strict),
  ]
)
