/// What the book says, for operators. A broker that was taken over may have written anything into it: numbers and names are shown,
/// nothing is decided by them.
extension BrokerKeeper {
  /// Every grant of the policy, in its order.
  ///
  /// - Parameter now: milliseconds on the monotonic clock.
  package func grants(at now: Int64) -> [GrantStatus] {
    policy.grants.enumerated().map { index, grant in
      var status = GrantStatus(
        index: index, grant: grant, isRevoked: revoked.contains(UInt16(index)), used: 0,
        refused: 0, countLeft: grant.count, leaseLeftMilliseconds: nil,
        latencies: Array(repeating: 0, count: GrantMetrics.buckets))
      if let lease = grant.leaseMilliseconds {
        let end = bootStart.adding(milliseconds: lease)
        status.leaseLeftMilliseconds = Int64(clamping: end.microseconds(since: bootNow) / 1000)
      }
      guard let reader, reader.isValid else { return status }
      let metrics = reader.metrics(grant: index)
      status.used = metrics[.kernel]
      status.refused = metrics.total &- metrics[.kernel]
      for bucket in 0..<GrantMetrics.buckets {
        status.latencies[bucket] = metrics.latency(bucket: bucket)
      }
      if case .state(let state) = reader.state(grant: index) {
        status.isRevoked = status.isRevoked || state.isRevoked
        status.countLeft = grant.count.map { $0 - min($0, state.used) }
      }
      return status
    }
  }

  /// Every descriptor that was handed to the app, oldest first.
  package func handles(at now: Int64) -> [HandleStatus] {
    guard let reader, reader.isValid else { return [] }
    let entries = reader.handles.filter { Int($0.grant) < policy.grants.count }
    return entries.sorted { $0.time < $1.time }.map { entry in
      HandleStatus(
        handle: entry.handle, grant: Int(entry.grant), opcode: nil, state: state(entry),
        ageMilliseconds: Int64(clamping: bootNow.microseconds(since: entry.time) / 1000),
        rights: entry.rights.rawValue, device: entry.facts.device, inode: entry.facts.inode,
        subject: [])
    }
  }

  private func state(_ entry: LedgerEntry) -> HandleStatus.State {
    switch entry.state {
    case .cutting, .cut, .closing: return .cut
    case .outstanding: return .beyondRecall
    case .open:
      /* What the broker has not got round to. */
      guard revoked.contains(entry.grant) else { return .held }
      return entry.facts.isSocket ? .cut : .beyondRecall
    }
  }

  /// The requests that are still known, the oldest first.
  ///
  /// - Parameter sequence: only those after it; 0: all.
  package func records(
    after sequence: UInt64
  ) -> [(sequence: UInt64, record: DecisionRecord)] {
    guard let reader, reader.isValid else { return [] }
    return reader.records(after: sequence)
  }

  private var bootNow: BrokerTime { BrokerTime(microseconds: Poller.bootMicroseconds()) }
}
