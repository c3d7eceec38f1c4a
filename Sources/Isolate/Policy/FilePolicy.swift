/// What the app sees of the file system: nothing, and then these rules.
package struct FilePolicy: Sendable {
  /// Sorted by target: a rule on a deeper path comes after, and so wins; of two rules on one path the later written won.
  package var rules: [FileRule]
  /// A fresh /proc of the app's own processes.
  package var proc: Bool
  /// /dev with null, zero, full, random, urandom, tty, its own devpts and shm.
  package var dev: Bool
  /// /sys, read-only.
  package var sys: Bool
  /// Device nodes of the host, bound into /dev: absolute paths.
  package var devices: [FileRule]
  /// Files and links made in the view: /etc/passwd and its like.
  package var synthesised: [SynthesisedFile]

  package init(
    rules: [FileRule], proc: Bool, dev: Bool, sys: Bool, devices: [FileRule],
    synthesised: [SynthesisedFile]
  ) {
    self.rules = rules
    self.proc = proc
    self.dev = dev
    self.sys = sys
    self.devices = devices
    self.synthesised = synthesised
  }
}

package struct FileRule: Hashable, Sendable {
  package typealias Kind = FileRuleKind

  package var kind: Kind
  /// The host path: absolute, without `.`, `..`, `//` or a trailing slash, variables expanded.
  package var source: String
  /// Where the app sees it; the same rules. Equal to `source` unless the profile said `to`.
  package var target: String
  /// A source that does not exist is no error.
  package var isOptional: Bool
  /// Programs may be run from it. Always true for read rules; for the others what the profile said.
  package var allowsExecute: Bool
  /// As root: files of the source's owner appear as the app's own (idmapped mount), so that the app may use them as
  /// the owner would. Without: they keep their owner, whom the app is not.
  package var mapsOwner: Bool
  /// For private: the most that can be stored, in bytes, and how many files. For overlay: of the thrown-away layer.
  package var sizeBytes: UInt64
  package var inodes: UInt64
  /// For private: the mode of its directory.
  package var mode: UInt32
  /// For overlay: the host directory that keeps the writes; nil throws them away.
  package var upper: String?
  package var position: Position

  package init(
    kind: Kind, source: String, target: String, isOptional: Bool, allowsExecute: Bool,
    mapsOwner: Bool, sizeBytes: UInt64, inodes: UInt64, mode: UInt32, upper: String?,
    position: Position
  ) {
    self.kind = kind
    self.source = source
    self.target = target
    self.isOptional = isOptional
    self.allowsExecute = allowsExecute
    self.mapsOwner = mapsOwner
    self.sizeBytes = sizeBytes
    self.inodes = inodes
    self.mode = mode
    self.upper = upper
    self.position = position
  }

  /// One that we make ourselves, and that shows what is there: without a size, an upper layer or a mode of its own.
  package init(
    showing source: String, at target: String, as kind: Kind = .read, isOptional: Bool = false,
    allowsExecute: Bool, mapsOwner: Bool = false, position: Position = .ofBuiltIn
  ) {
    self.init(
      kind: kind, source: source, target: target, isOptional: isOptional,
      allowsExecute: allowsExecute, mapsOwner: mapsOwner, sizeBytes: 0, inodes: 0, mode: 0o755,
      upper: nil, position: position)
  }
}

package struct SynthesisedFile: Hashable, Sendable {
  package enum Content: Hashable, Sendable {
    case text(String)
    /// A symbolic link to this path.
    case link(String)
  }
  /// Absolute, inside the view.
  package var path: String
  package var content: Content
  package var mode: UInt32

  package init(path: String, content: Content, mode: UInt32 = 0o444) {
    self.path = path
    self.content = content
    self.mode = mode
  }
}

extension Policy {
  /// Where a file system cannot map owners, files keep theirs: the app may do less with them than the profile meant, never more.
  ///
  /// - Parameter cannotMap: whether the file system at a path says so.
  /// - Returns: what a person should know of it, a sentence a rule.
  package mutating func keepOwners(where cannotMap: (String) -> Bool) -> [String] {
    guard namespaces.order == .userLast else { return [] }
    var told: [String] = []
    for index in files.rules.indices {
      let rule = files.rules[index]
      guard rule.mapsOwner, [.read, .write, .overlay].contains(rule.kind), cannotMap(rule.source)
      else { continue }
      files.rules[index].mapsOwner = false
      told.append(
        "\(rule.position): the file system of \(rule.source) cannot map owners: the app may do there what"
          + " the files' modes allow others (owner = \"keep\")")
    }
    return told
  }
}
