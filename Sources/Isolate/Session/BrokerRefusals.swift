extension BrokerKeeper {
  /// What its brokers have refused so far and is still known, at most so many kinds, the newest first. Of a book that a broker has
  /// written: shown, and nothing is decided by it.
  func refusals(_ most: Int) -> ControlRefusals {
    var refusals = ControlRefusals(hasGrants: true)
    guard let reader, reader.isValid else { return refusals }
    for index in policy.grants.indices {
      let metrics = reader.metrics(grant: index)
      refusals.counted &+= metrics.total &- metrics[.kernel]
    }
    let now = Poller.bootMicroseconds()
    func age(_ time: BrokerTime) -> Int64 {
      let (age, isTooLong) = now.subtractingReportingOverflow(time.microseconds)
      return isTooLong ? 0 : max(0, age / 1000)
    }
    refusals.list = RefusalTally.newest(reader.records(), most: most).map { one in
      let index = one.record.grant.map { Int($0) } ?? -1
      return ControlRefusal(
        RefusedRequest(one.record),
        grant: policy.grants.indices.contains(index) ? policy.grants[index] : nil,
        times: one.times, ageMilliseconds: age(one.record.time),
        firstMilliseconds: age(one.firstTime))
    }
    return refusals
  }
}

extension RefusedRequest {
  fileprivate init(_ record: DecisionRecord) {
    self.init(
      record.opcode, record.detail, error: SystemError.name(Int32(clamping: record.status)),
      rights: record.rights, subject: RawText.decode(record.subject.bytes),
      isCut: record.subject.total > record.subject.count,
      transport: WireTransport(rawValue: record.transport), port: record.port)
  }
}
