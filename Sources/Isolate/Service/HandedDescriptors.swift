/// Descriptors on their way to an app, which gets them from number 3 on: duplicates above those numbers, so that placing one does
/// not overwrite another. They are ours until this ends, after the launch.
package final class HandedDescriptors {
  private var held: [HeldDescriptor] = []

  /// - Parameter descriptors: in the order of LISTEN_FDS; they stay their owners'.
  package init(_ descriptors: [Int32]) throws(SystemError) {
    let floor = ServiceEnvironment.firstDescriptor + Int32(descriptors.count)
    for number in descriptors {
      held.append(HeldDescriptor(try Descriptor.duplicate(number, floor: floor)))
    }
  }

  /// The number here, and the number in the app.
  package var placed: [(source: Int32, number: Int32)] {
    held.enumerated().map { place, one in
      (one.descriptor.raw, ServiceEnvironment.firstDescriptor + Int32(place))
    }
  }
}
