/// Who waits for whom, by name.
package enum DependencyGraph {
  /// The first circle that can be reached from these names: each waits for the next, the last for the first. Nil: none.
  ///
  /// - Parameter edges: whom an app waits for. Asked once for each name.
  package static func cycle(
    from names: [String], edges: (String) -> [String]
  ) -> [String]? {
    /* Walked without recursion: a chain may be as long as there are apps. */
    var done: Set<String> = []
    for start in names where !done.contains(start) {
      var path: [(name: String, rest: [String])] = [(start, edges(start))]
      var places: [String: Int] = [start: 0]
      while let top = path.last {
        guard let next = top.rest.last else {
          path.removeLast()
          places[top.name] = nil
          done.insert(top.name)
          continue
        }
        path[path.count - 1].rest.removeLast()
        if let place = places[next] { return path[place...].map(\.name) }
        guard !done.contains(next) else { continue }
        places[next] = path.count
        path.append((next, edges(next)))
      }
    }
    return nil
  }
}
