/// A device node of a grant, named by an O_PATH descriptor that is held from the broker's start.
///
/// A device is opened for writing even on a read-only mount (mount(2) speaks of files). That a descriptor for reading is not
/// opened again for writing is up to the node's owner and mode, as the app has other ids, and to Landlock, by which the
/// app may open no device that its rules do not show. Where neither holds, grant both directions or none.
package struct DeviceNode: ~Copyable {
  private let node: Descriptor
  package let number: UInt64

  /// - Parameter number: st_rdev when the policy was made.
  /// - Throws: ENODEV when there lies no device, or another one.
  package init(node: consuming Descriptor, number: UInt64) throws(SystemError) {
    let place = try Place.of(node)
    guard place.isDevice, place.deviceNumber == number else {
      throw SystemError(call: "fstat", number: Errno.noDevice)
    }
    self.node = node
    self.number = number
  }

  /// Opens it for reading, writing or both; does not wait for a line or a medium.
  ///
  /// - Throws: EINVAL for any other flag; ENODEV when the node opens another device than it names (/dev/ptmx and the like
  ///   keep their number); what open(2) says.
  package borrowing func open(_ opening: FileOpening) throws(SystemError) -> Descriptor {
    try RootedCalls.open(device: node, opening, number: number)
  }
}
