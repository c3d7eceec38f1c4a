/// Placeholder; the filter branch brings the real one.
package struct SyscallPolicy: Hashable, Sendable {
  package init() {}
}
