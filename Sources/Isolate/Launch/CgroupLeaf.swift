internal import CSeccomp
internal import Glibc

/// Where the supervisor moves itself, so that its own cgroup may hand out controllers.
///
/// cgroups(7): a cgroup that enables controllers for its children may hold no process itself. So we make a child named
/// `supervisor`, move ourselves there, enable the controllers, and undo all that in the end.
struct Leaf: Sendable {
  let parent: String
  /// The controllers to enable; not empty.
  let controllers: [String]
  /// False for the root, which may hold processes all the same.
  let moves: Bool

  var path: String { parent + "/supervisor" }
  var enabling: String { controllers.map { "+\($0)" }.joined(separator: " ") }
  var disabling: String { controllers.map { "-\($0)" }.joined(separator: " ") }

  /// What must be done before children of `parent` can have these controllers; nil if nothing.
  ///
  /// - Throws: EBUSY when other processes are in the way.
  static func plan(_ parent: String, controllers: [String]) throws(SystemError) -> Leaf? {
    let enabled = CgroupText.words(TextFile.read(parent + "/cgroup.subtree_control") ?? "")
    let missing = controllers.filter { !enabled.contains($0) }
    if missing.isEmpty { return nil }
    let isRoot = !CgroupFile.exists(parent + "/cgroup.type")
    if !isRoot, !CgroupProbe.isAlone(parent) {
      throw SystemError(call: "write", number: EBUSY, subject: parent + "/cgroup.subtree_control")
    }
    return Leaf(parent: parent, controllers: missing, moves: !isRoot)
  }

  /// Makes the leaf, empty still. One left behind by a supervisor that was killed here serves as well.
  func make() throws(SystemError) {
    if moves, !CgroupFile.exists(path) { try CgroupFile.makeDirectory(path) }
  }

  func enter() throws(SystemError) {
    if moves { try CgroupFile.write("0", to: path + "/cgroup.procs") }
    try CgroupFile.write(enabling, to: parent + "/cgroup.subtree_control")
  }

  /// Back to where we were; then the leaf is empty once the janitor has ended.
  func leave() throws(SystemError) {
    guard moves else { return }
    try CgroupFile.write(disabling, to: parent + "/cgroup.subtree_control")
    try CgroupFile.write("0", to: parent + "/cgroup.procs")
  }
}

/// The process that removes the cgroup when we are killed.
enum Janitor {
  static func start(directories: [String], leaf: Leaf?) throws(SystemError) -> Standby {
    let mover = leaf.flatMap { $0.moves ? $0 : nil }
    let texts = directories.prefix(Int(JANITOR_DIRECTORIES)).map { Optional($0) }
    var strings: [UnsafeMutablePointer<CChar>?] = unsafe []
    func copy(_ text: String?) -> UnsafePointer<CChar>? {
      guard let text, let copied = unsafe strdup(text) else { return nil }
      unsafe strings.append(copied)
      return unsafe UnsafePointer(copied)
    }
    defer { unsafe strings.forEach { unsafe free($0) } }
    var work = unsafe janitor_work()
    unsafe work.directories.0 = copy(texts.first ?? nil)
    unsafe work.directories.1 = copy(texts.count > 1 ? texts[1] : nil)
    unsafe work.directories.2 = copy(texts.count > 2 ? texts[2] : nil)
    unsafe work.leaf = copy(mover?.path)
    unsafe work.parent = copy(mover?.parent)
    unsafe work.disable = copy(mover?.disabling)
    let birthplace = try mover.map { (mover) throws(SystemError) in
      HeldDescriptor(try CgroupFile.openDirectory(mover.path))
    }
    return try Standby { reading, writing, pidfd in
      unsafe janitor_start(
        &work, reading, writing, birthplace?.descriptor.raw ?? -1, &pidfd)
    }
  }
}
