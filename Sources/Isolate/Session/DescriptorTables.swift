/// The descriptor tables of an app's processes, seen from outside.
enum DescriptorTables {
  static let maximumProcesses = 1024
  static let maximumDescriptors = 16_384

  struct Seen {
    var descriptors: [SeenDescriptor] = []
    /// Processes whose table we may not see.
    var hidden: [Int32] = []
    /// There are more than we look at.
    var isCut = false
  }

  /// Everything beneath the sandbox's init, init itself not counted: its descriptors are ours.
  static func look(beneath initPid: Int32) -> Seen {
    let tree = ProcessTree(beneath: initPid, limit: maximumProcesses)
    var seen = Seen(isCut: tree.isCut)
    for pid in tree.pids.sorted() {
      guard let names = FileSystem.names(in: "/proc/\(pid)/fd") else {
        if exists("/proc/\(pid)/fd") { seen.hidden.append(pid) }
        continue
      }
      for number in names.compactMap({ Int32($0) }).sorted() {
        if seen.descriptors.count == maximumDescriptors {
          seen.isCut = true
          return seen
        }
        if let one = descriptor(pid, number) { seen.descriptors.append(one) }
      }
    }
    return seen
  }

  static func exists(_ path: String) -> Bool {
    do throws(SystemError) {
      return try FileStatus.of(path) != nil
    } catch {
      return true
    }
  }

  /// Nil: it has been closed meanwhile.
  private static func descriptor(_ pid: Int32, _ number: Int32) -> SeenDescriptor? {
    let path = "/proc/\(pid)/fd/\(number)"
    guard let link = FileSystem.linkTarget(path) else { return nil }
    let place = identity(path)
    return SeenDescriptor(
      pid: pid, number: number, link: link, device: place.device, inode: place.inode)
  }

  private static func identity(_ path: String) -> (device: UInt64, inode: UInt64) {
    do throws(SystemError) {
      guard let status = try FileStatus.of(path) else { return (0, 0) }
      return (status.device, status.inode)
    } catch {
      return (0, 0)
    }
  }

  /// What the supervisor has open under these numbers: what it gave on.
  static func inherited(_ numbers: [Int32], of supervisor: Int32) -> HandleTable.Inherited {
    var inherited: HandleTable.Inherited = [:]
    for number in numbers { inherited[number] = identity("/proc/\(supervisor)/fd/\(number)") }
    return inherited
  }
}
