import Testing

/// What holds for the tables together.
@Suite("The containment tables")
struct ContainmentTests {
  static let tables: [(name: String, rows: [AttackRow], root: Int, ordinary: Int)] = [
    ("calls", SyscallContainmentTests.attacks, 9, 9),
    ("files", FileContainmentTests.all, 64, 54),
    ("descriptors", DescriptorContainmentTests.attacks, 20, 20),
    ("identity", IdentityContainmentTests.attacks, 15, 7),
    ("processes", ProcessContainmentTests.all, 51, 51),
    ("the fallback", AloneContainmentTests.all, 0, 57),
    ("network", NetworkContainmentTests.attacks, 18, 18),
  ]

  @Test("every row that this caller can try is tried, and the others are known")
  func counts() {
    for table in Self.tables {
      let enabled = table.rows.filter(\.isEnabled).count
      #expect(
        enabled == (Privileges.isRoot ? table.root : table.ordinary),
        "rows about \(table.name) that are tried")
    }
  }

  @Test("no two rows make the same promise") func names() {
    let promises = Self.tables.flatMap { $0.rows.map(\.promise) }
    for promise in promises {
      #expect(promises.filter { $0 == promise }.count == 1, "\(promise)")
    }
  }
}
