/// Which sockets the processes of one app have, and those that serve it.
struct SocketSight {
  /// A descriptor of one of them.
  struct Place: Hashable {
    var thread: Int32
    var number: Int32
  }

  /// By inode; one of those who have it.
  var places: [UInt64: Place] = [:]
  /// Every table was seen: what is not in `places` is open nowhere, or on its way.
  var isWhole = true

  /// Looks.
  ///
  /// - Parameters:
  ///   - inits: the processes beneath these, the app's first: if it has none, /proc does not show them.
  ///   - withThreads: in the tables of threads as well, which are almost always their process's.
  static func look(beneath inits: [Int32], withThreads: Bool) -> SocketSight {
    var sight = SocketSight()
    var number = 0
    for (place, root) in inits.enumerated() {
      let tree = ProcessTree(beneath: root, limit: DescriptorTables.maximumProcesses)
      if tree.isCut || place == 0 && tree.pids.isEmpty { sight.isWhole = false }
      for pid in tree.pids {
        let threads =
          withThreads ? FileSystem.names(in: "/proc/\(pid)/task")?.compactMap { Int32($0) } : nil
        for thread in threads ?? [pid] { sight.add(pid, thread, &number) }
      }
    }
    if number > DescriptorTables.maximumDescriptors { sight.isWhole = false }
    return sight
  }

  private mutating func add(_ pid: Int32, _ thread: Int32, _ number: inout Int) {
    let path = "/proc/\(pid)/task/\(thread)/fd"
    guard let names = FileSystem.names(in: path) else {
      if DescriptorTables.exists(path) { isWhole = false }
      return
    }
    for name in names {
      number += 1
      if number > DescriptorTables.maximumDescriptors { return }
      guard let own = Int32(name), let link = FileSystem.linkTarget("\(path)/\(name)"),
        link.hasPrefix("socket:["), let inode = UInt64(link.dropFirst(8).dropLast())
      else { continue }
      places[inode] = Place(thread: thread, number: own)
    }
  }

  /// Whether any of these sockets holds descriptors that were sent and not received (fdinfo's scm_fds, Linux 5.6): what is in
  /// nobody's table may be there.
  ///
  /// - Parameter doors: those by which only the broker sends, by inode: what the app once had does not come that way.
  func hasDescriptorsOnTheirWay(besides doors: Set<UInt64>) -> Bool {
    places.contains { inode, place in
      if doors.contains(inode) { return false }
      let info = TextFile.read("/proc/\(place.thread)/fdinfo/\(place.number)", limit: 4096) ?? ""
      return info.split(separator: "\n").contains {
        $0.hasPrefix("scm_fds:") && $0.dropFirst(8).contains { ("1"..."9").contains($0) }
      }
    }
  }
}
