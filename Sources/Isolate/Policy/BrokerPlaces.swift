/// Where a broker finds on its own file system what its app's grants are of.
///
/// Each grant has places of its own: two grants of one directory, one of them to be changed, are two mounts, and what is
/// opened through the read-only one cannot be opened anew for writing (/proc/self/fd of whoever gets it).
package struct BrokerPlaces: Hashable, Sendable {
  /// Without namespaces there is one file system, the host's, and Landlock alone says what of it.
  private let hasView: Bool

  package init(_ order: Namespaces.Order) { hasView = order != .without }

  /// What is only read of `path`: a directory or file of `files`, the file of a secret. A read-only mount.
  package func reading(_ grant: Int, _ path: String) -> String {
    hasView ? "/grants/\(grant)/read" : path
  }

  /// What is changed of `path`; only there if the grant has a right to change something.
  package func writing(_ grant: Int, _ path: String) -> String {
    hasView ? "/grants/\(grant)/write" : path
  }

  /// The socket that target number `target` of a `connect` names.
  package func socket(_ grant: Int, _ target: Int, _ path: String) -> String {
    hasView ? "/grants/\(grant)/\(target)" : path
  }

  /// The directory in which target number `target` of a `listen` makes its socket.
  package func socketDirectory(_ grant: Int, _ target: Int, _ path: String) -> String {
    let parent = PathWords.parent(path)
    return hasView ? "/grants/\(grant)/\(target)" : parent.isEmpty ? "/" : String(parent)
  }

  package func device(_ grant: Int, _ path: String) -> String {
    hasView ? "/dev/grant-\(grant)" : path
  }
}
