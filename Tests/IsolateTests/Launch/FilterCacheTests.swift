import Dispatch
import Foundation
import Isolate
import Testing

@Suite("The filter cache")
struct FilterCacheTests {
  /// A directory of its own for one test, gone afterwards.
  final class Folder {
    let path = NSTemporaryDirectory() + "filter-cache-\(UUID().uuidString)"
    var cache: String { path + "/a/filters" }
    deinit {
      do {
        try FileManager.default.removeItem(atPath: path)
      } catch {
        Issue.record("\(path) could not be removed: \(error)")
      }
    }

    func names() throws -> [String] {
      try FileManager.default.contentsOfDirectory(atPath: cache).sorted()
    }

    /// The one file in it, after one was stored.
    func entry() throws -> String { cache + "/" + (try #require(try names().first)) }
  }

  let folder = Folder()
  let expected: [UInt8]

  init() throws {
    expected = try SyscallFilter.compile(SyscallPolicy())
    #expect(try cached() == expected)
    #expect(try folder.names().count == 1)
  }

  func cached() throws -> [UInt8] {
    try SyscallFilter.cached(SyscallPolicy(), directory: folder.cache)
  }

  func bytes(_ path: String) throws -> [UInt8] {
    Array(try Data(contentsOf: URL(fileURLWithPath: path)))
  }

  func write(_ bytes: [UInt8], _ path: String) throws {
    try Data(bytes).write(to: URL(fileURLWithPath: path))
  }

  @Test("gives back what was compiled, and reads it from the file") func hit() throws {
    let before = try FileManager.default.attributesOfItem(atPath: folder.entry())
    #expect(try cached() == expected)
    let after = try FileManager.default.attributesOfItem(atPath: folder.entry())
    #expect(before[.systemFileNumber] as? Int == after[.systemFileNumber] as? Int)
    #expect(before[.posixPermissions] as? Int == 0o600)
  }

  @Test("keeps one file for each policy") func severalPolicies() throws {
    var other = SyscallPolicy()
    other.refusal = .kill
    let program = try SyscallFilter.cached(other, directory: folder.cache)
    #expect(program != expected)
    #expect(try SyscallFilter.cached(other, directory: folder.cache) == program)
    #expect(try cached() == expected)
    #expect(try folder.names().count == 2)
  }

  @Test("replaces a file with any byte changed") func tampered() throws {
    let path = try folder.entry()
    let good = try bytes(path)
    var positions = Array(stride(from: 0, to: good.count, by: 97))
    positions += Array(0..<32) + [good.count - 1]
    for position in positions {
      var bad = good
      bad[position] ^= 1
      try write(bad, path)
      try #require(try cached() == expected, "byte \(position)")
      try #require(try bytes(path) == good)
    }
  }

  @Test("replaces a file cut short or grown", arguments: [0, 1, 23, 24, 100, 1000, -1, -8])
  func wrongLength(length: Int) throws {
    let path = try folder.entry()
    let good = try bytes(path)
    let bad = length < 0 ? good + [UInt8](repeating: 0, count: -length) : Array(good[..<length])
    try write(bad, path)
    #expect(try cached() == expected)
    #expect(try bytes(path) == good)
  }

  @Test("replaces a whole, valid file of another policy: a colliding name is harmless")
  func collision() throws {
    let path = try folder.entry()
    let good = try bytes(path)
    let otherFolder = Folder()
    var other = SyscallPolicy()
    other.refusal = .error(13)
    #expect(other.canonicalText.count == SyscallPolicy().canonicalText.count)
    _ = try SyscallFilter.cached(other, directory: otherFolder.cache)
    try write(try bytes(try otherFolder.entry()), path)
    #expect(try cached() == expected)
    #expect(try bytes(path) == good)
  }

  @Test(
    "replaces a file that others may write, a link, a fifo and an endless file",
    arguments: ["mode", "link", "fifo", "large"])
  func notTrusted(what: String) throws {
    let path = try folder.entry()
    let good = try bytes(path)
    switch what {
    case "mode": #expect(unsafe chmod(path, 0o622) == 0)
    case "link":
      #expect(unsafe rename(path, folder.path + "/elsewhere") == 0)
      #expect(unsafe symlink(folder.path + "/elsewhere", path) == 0)
    case "fifo":
      #expect(unsafe unlink(path) == 0)
      #expect(unsafe mkfifo(path, 0o600) == 0)
    default: #expect(unsafe truncate(path, 1 << 30) == 0)
    }
    #expect(try cached() == expected)
    let attributes = try FileManager.default.attributesOfItem(atPath: path)
    #expect(attributes[.type] as? FileAttributeType == .typeRegular)
    #expect(attributes[.posixPermissions] as? Int == 0o600)
    #expect(try bytes(path) == good)
  }

  @Test(
    "does without a directory that others may write, a link to one, and one that cannot be made")
  func uselessDirectories() throws {
    #expect(unsafe chmod(folder.cache, 0o777) == 0)
    try write([1, 2, 3], try folder.entry())
    #expect(try cached() == expected)
    #expect(try bytes(try folder.entry()) == [1, 2, 3])
    #expect(unsafe chmod(folder.cache, 0o700) == 0)
    let link = folder.path + "/link"
    #expect(unsafe symlink(folder.cache, link) == 0)
    for directory in [link, "/proc/none/such", folder.path + "/file/below", "", "/dev/null"] {
      try write([], folder.path + "/file")
      #expect(try SyscallFilter.cached(SyscallPolicy(), directory: directory) == expected)
    }
    #expect(try bytes(try folder.entry()) == [1, 2, 3])
    #expect(try SyscallFilter.cached(SyscallPolicy(), directory: nil) == expected)
  }

  @Test("takes over what a killed writer left, and leaves a writer at work alone")
  func leftovers() throws {
    let path = try folder.entry()
    let good = try bytes(path)
    #expect(unsafe unlink(path) == 0)
    try write([1, 2, 3], path + ".new")
    #expect(unsafe chmod(path + ".new", 0o600) == 0)
    let writer = unsafe open(path + ".new", O_RDWR)
    #expect(flock(writer, LOCK_EX) == 0)
    #expect(try cached() == expected)
    #expect(try bytes(path + ".new") == [1, 2, 3])
    #expect(close(writer) == 0)
    #expect(try cached() == expected)
    #expect(try bytes(path) == good)
    #expect(try folder.names().count == 1)
  }

  @Test("serves many at once while its files come and go") func concurrent() throws {
    let path = try folder.entry()
    let cache = folder.cache
    let expected = expected
    DispatchQueue.concurrentPerform(iterations: 64) { index in
      if index % 3 == 0 { _ = unsafe unlink(path) }
      if index % 7 == 0 { _ = unsafe truncate(path, 100) }
      do {
        let program = try SyscallFilter.cached(SyscallPolicy(), directory: cache)
        #expect(program == expected)
      } catch {
        Issue.record("\(error)")
      }
    }
    #expect(try cached() == expected)
    #expect(try folder.names() == [String(path.dropFirst(cache.count + 1))])
  }

  /// As many files as named, each used a minute after the one before, the first a year ago.
  private func fill(_ count: Int) throws -> [String] {
    let start = Int(Date().timeIntervalSince1970) - 365 * 86400
    return try (0..<count).map { number in
      let digits = String(number, radix: 16)
      let name = String(repeating: "0", count: 32 - digits.count) + digits + ".bpf"
      try write([1, 2, 3], folder.cache + "/" + name)
      let time = timespec(tv_sec: start + number * 60, tv_nsec: 0)
      var times = [time, time]
      #expect(unsafe utimensat(AT_FDCWD, folder.cache + "/" + name, &times, 0) == 0)
      return name
    }
  }

  private func storeAnother(_ error: Int32) throws {
    var other = SyscallPolicy()
    other.refusal = .error(error)
    _ = try SyscallFilter.cached(other, directory: folder.cache)
  }

  @Test("keeps no more than 64 files: those used last, and never the one it has just written")
  func bounded() throws {
    let own = try folder.names()
    let old = try fill(100)
    /* An old file that is used again. */
    let now = timespec(tv_sec: Int(Date().timeIntervalSince1970), tv_nsec: 0)
    var times = [now, timespec(tv_sec: 1, tv_nsec: 0)]
    #expect(unsafe utimensat(AT_FDCWD, folder.cache + "/" + old[3], &times, 0) == 0)
    try write([], folder.cache + "/notes")
    try write([], folder.cache + "/" + old[0] + ".new")
    let writer = unsafe open(folder.cache + "/" + old[1] + ".new", O_RDWR | O_CREAT, 0o600)
    #expect(flock(writer, LOCK_EX) == 0)
    /* A hit looks at nothing. */
    #expect(try cached() == expected)
    #expect(try folder.names().count == 1 + 100 + 3)
    try storeAnother(13)
    let left = Set(try folder.names())
    #expect(left.filter { $0.hasSuffix(".bpf") }.count == FilterCache.maximumFiles)
    #expect(left.isSuperset(of: own + [old[3]] + old.suffix(61)))
    #expect(left.contains("notes"))
    #expect(!left.contains(old[0] + ".new"))
    #expect(left.contains(old[1] + ".new"))
    #expect(close(writer) == 0)
    #expect(try cached() == expected)
  }

  @Test("is bounded by writers at the same moment too, and all get their filters")
  func boundedConcurrently() throws {
    _ = try fill(200)
    let cache = folder.cache
    DispatchQueue.concurrentPerform(iterations: 32) { index in
      do {
        var other = SyscallPolicy()
        other.refusal = .error(Int32(1 + index % 16))
        let program = try SyscallFilter.cached(other, directory: cache)
        #expect(try program == SyscallFilter.compile(other))
      } catch {
        Issue.record("\(error)")
      }
    }
    #expect(try folder.names().count <= FilterCache.maximumFiles)
    #expect(try cached() == expected)
  }

  @Test(
    "trusts only what the caller alone can write",
    arguments: [
      (1000, 0o600, true), (1000, 0o644, true), (1000, 0o700, true), (0, 0o600, false),
      (1001, 0o600, false), (1000, 0o620, false), (1000, 0o602, false), (1000, 0o777, false),
    ] as [(UInt32, UInt32, Bool)])
  func trust(owner: UInt32, mode: UInt32, isTrusted: Bool) {
    #expect(FilterCache.isTrusted(owner: owner, mode: mode, user: 1000) == isTrusted)
  }
}
