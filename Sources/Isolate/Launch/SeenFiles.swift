/// What a plan saw of the host's files, to find out whether it would be made the same now.
///
/// What a file holds and how large it is does not matter to a plan; which one it is, whose, and with which mode does.
package final class SeenFiles {
  private enum Seen: Equatable {
    case nothing
    case file(device: UInt64, inode: UInt64, number: UInt64, mode: UInt32, uid: UInt32, gid: UInt32)
    case error(Int32)
  }

  private var statuses: [(path: String, follows: Bool, seen: Seen)] = []
  private var links: [(path: String, target: String?)] = []

  package init() {}

  /// Looks files up as `sources` does, and remembers what it saw.
  package func recording(_ sources: PlanSources) -> PlanSources {
    PlanSources(
      status: { (path, follows) throws(SystemError) in
        do throws(SystemError) {
          let status = try sources.status(path, follows)
          self.statuses.append((path, follows, Self.seen(status)))
          return status
        } catch {
          self.statuses.append((path, follows, .error(error.number)))
          throw error
        }
      },
      linkTarget: { path in
        let target = sources.linkTarget(path)
        self.links.append((path, target))
        return target
      })
  }

  /// Whether everything is there as it was.
  package func hold(_ sources: PlanSources = .host) -> Bool {
    for one in statuses {
      let now: Seen
      do throws(SystemError) {
        now = Self.seen(try sources.status(one.path, one.follows))
      } catch {
        now = .error(error.number)
      }
      if now != one.seen { return false }
    }
    return links.allSatisfy { sources.linkTarget($0.path) == $0.target }
  }

  /// Leaves out what another one looks at again, too.
  package func remove(what other: SeenFiles) {
    let paths = Set(other.statuses.map(\.path))
    statuses = statuses.filter { one in
      !paths.contains(one.path)
        || !other.statuses.contains {
          $0.path == one.path && $0.follows == one.follows && $0.seen == one.seen
        }
    }
    let linked = Set(other.links.map(\.path))
    links = links.filter { one in
      !linked.contains(one.path)
        || !other.links.contains { $0.path == one.path && $0.target == one.target }
    }
  }

  /// How many files it looks at again.
  package var count: Int { statuses.count + links.count }

  private static func seen(_ status: FileStatus?) -> Seen {
    guard let status else { return .nothing }
    return .file(
      device: status.device, inode: status.inode, number: status.deviceNumber, mode: status.mode,
      uid: status.uid, gid: status.gid)
  }
}
