/// What the kernel's text files say of cgroups. Pure, so that every form of them can be tested.
package enum CgroupText {
  /// One mounted hierarchy, of /proc/self/mountinfo (proc(5)).
  package struct Mount: Hashable, Sendable {
    /// "cgroup2" or "cgroup".
    package var type: String
    /// Which of the hierarchy's directories is mounted.
    package var root: String
    package var point: String
    /// For v1 the controllers are among them.
    package var options: [String]

    package init(type: String, root: String, point: String, options: [String]) {
      self.type = type
      self.root = root
      self.point = point
      self.options = options
    }
  }

  /// The cgroup mounts, in the order of the file.
  package static func mounts(_ mountinfo: String) -> [Mount] {
    mountinfo.split(separator: "\n").compactMap { line in
      let fields = line.split(separator: " ")
      guard let dash = fields.firstIndex(of: "-"), dash >= 6, fields.count >= dash + 4 else {
        return nil
      }
      let type = fields[dash + 1]
      guard type == "cgroup2" || type == "cgroup" else { return nil }
      return Mount(
        type: String(type), root: unescaped(fields[3]), point: unescaped(fields[4]),
        options: fields[dash + 3].split(separator: ",").map(String.init))
    }
  }

  /// The directory of a process, of /proc/self/cgroup (cgroups(7)).
  ///
  /// - Parameter controller: of v1; nil for v2.
  package static func own(_ text: String, controller: String?) -> String? {
    for line in text.split(separator: "\n") {
      let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard parts.count == 3 else { continue }
      let names = parts[1].split(separator: ",").map(String.init)
      let fits = controller.map(names.contains) ?? (parts[0] == "0" && names.isEmpty)
      if fits { return String(parts[2]) }
    }
    return nil
  }

  /// Where a process's own directory is to be found; nil when the mount does not show it.
  package static func directory(_ own: String, in mount: Mount) -> String? {
    // "/.." is what lies outside our cgroup namespace (cgroup_namespaces(7)).
    if own.hasPrefix("/..") { return nil }
    if mount.root == "/" { return own == "/" ? mount.point : mount.point + own }
    if own == mount.root { return mount.point }
    guard own.hasPrefix(mount.root + "/") else { return nil }
    return mount.point + own.dropFirst(mount.root.utf8.count)
  }

  /// The words of cgroup.controllers or cgroup.subtree_control.
  package static func words(_ text: String) -> [String] {
    text.split { $0 == " " || $0 == "\n" }.map(String.init)
  }

  /// The number after a key: of memory.events, pids.events, cpu.stat.
  package static func count(_ key: String, in text: String) -> UInt64? {
    for line in text.split(separator: "\n") {
      let words = line.split(separator: " ")
      if words.count == 2, words[0] == key { return UInt64(words[1]) }
    }
    return nil
  }

  /// Whether io.cost is on for any disk: of io.cost.qos, "8:0 enable=1 ctrl=auto ...".
  package static func hasCost(_ text: String) -> Bool { words(text).contains("enable=1") }

  /// Whether a disk's scheduler is BFQ: of queue/scheduler, "none mq-deadline [bfq]".
  package static func hasBFQ(_ line: String) -> Bool { words(line).contains("[bfq]") }

  /// The name of an app's cgroup.
  package static func name(app: String, pid: Int32) -> String {
    "\(prefix)\(PathWords.plain(app))-\(pid)"
  }

  /// What the names of apps' cgroups begin with.
  package static let prefix = "isolated-"

  /// The process that made the cgroup of this name; nil: not a name of ours.
  package static func maker(of name: String) -> Int32? {
    guard name.hasPrefix(prefix), let dash = name.utf8.lastIndex(of: UInt8(ascii: "-")) else {
      return nil
    }
    /* The same app's second one has a number after the process: "isolated-web-12.2". */
    let number = name[name.utf8.index(after: dash)...].prefix { $0 != "." }
    return Int32(number).flatMap { $0 > 0 ? $0 : nil }
  }

  /// Space, tab, newline and backslash are written as octal numbers in mountinfo.
  private static func unescaped(_ field: Substring) -> String {
    guard field.utf8.contains(UInt8(ascii: "\\")) else { return String(field) }
    let bytes = Array(field.utf8)
    var result: [UInt8] = []
    var index = 0
    while index < bytes.count {
      if bytes[index] == UInt8(ascii: "\\"), index + 3 < bytes.count,
        let number = UInt8(
          String(decoding: bytes[(index + 1)...(index + 3)], as: UTF8.self), radix: 8)
      {
        result.append(number)
        index += 4
      } else {
        result.append(bytes[index])
        index += 1
      }
    }
    return String(decoding: result, as: UTF8.self)
  }
}
