/// Who the app is, inside and outside.
package struct Identity: Hashable, Sendable {
  /// The app's own id and group, inside, where no profile says otherwise: the first of an ordinary user.
  package static let usualID: UInt32 = 1000

  /// The name and group in the synthesised /etc/passwd and /etc/group.
  package var user: String
  package var group: String
  /// The ids inside the app's user namespace.
  package var uid: UInt32
  package var gid: UInt32
  /// The ids these are on the host. As an ordinary user: the caller's own. As root: an unprivileged id that
  /// belongs to this app alone, in 0x7000_0000 ..< 0x7fff_0000 (above every range that distributions hand out).
  package var hostUID: UInt32
  package var hostGID: UInt32
  /// The home directory's path, inside and in the environment.
  package var home: String
  package var shell: String
  package var hostname: String
  /// A zone name as in /usr/share/zoneinfo, or nil: the host's.
  package var timezone: String?
  package var umask: UInt32

  package init(
    user: String, group: String, uid: UInt32, gid: UInt32, hostUID: UInt32, hostGID: UInt32,
    home: String, shell: String, hostname: String, timezone: String?, umask: UInt32
  ) {
    self.user = user
    self.group = group
    self.uid = uid
    self.gid = gid
    self.hostUID = hostUID
    self.hostGID = hostGID
    self.home = home
    self.shell = shell
    self.hostname = hostname
    self.timezone = timezone
    self.umask = umask
  }
}

/// How the namespaces are made. User, mount, pid, ipc, uts and cgroup namespaces are always made, unless
/// user namespaces are not to be had and the profile does not require them.
package struct Namespaces: Hashable, Sendable {
  package enum Order: String, Hashable, Sendable {
    /// An ordinary user: the user namespace comes first, for it gives the right to make the others.
    case userFirst
    /// Real root: everything is built first, then the process becomes an unprivileged id and makes the user
    /// namespace last. The other namespaces belong to the host's user namespace, out of the app's reach.
    case userLast
    /// No user namespace is to be had: Landlock, the filter and rlimits alone. Announced.
    case without
  }
  package var order: Order
  package var time: Bool

  package init(order: Order, time: Bool) {
    self.order = order
    self.time = time
  }
}
