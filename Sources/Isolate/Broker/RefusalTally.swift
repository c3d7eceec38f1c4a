/// Requests that were refused in one way: the same of the same grant, about the same thing, with the same answer.
package struct TalliedRefusal: Hashable, Sendable {
  /// The last of them.
  package var record: DecisionRecord
  package var times: UInt64
  /// When the first of them ended.
  package var firstTime: BrokerTime
}

/// What of a book's records was refused, for `isolated why`. Pure; bounded by the ring.
package enum RefusalTally {
  /// So many are kept of an instance that has ended, and told at most.
  package static let most = 32

  /// The refusals, the newest first, each kind once with how often.
  ///
  /// - Parameter records: in their order.
  package static func newest(
    _ records: [(sequence: UInt64, record: DecisionRecord)], most: Int = most
  ) -> [TalliedRefusal] {
    var found: [TalliedRefusal] = []
    var places: [Key: Int] = [:]
    for (_, record) in records.reversed() where isRefusal(record) {
      let key = Key(record)
      if let place = places[key] {
        found[place].times += 1
        found[place].firstTime = min(found[place].firstTime, record.time)
      } else if found.count < most {
        places[key] = found.count
        found.append(TalliedRefusal(record: record, times: 1, firstTime: record.time))
      }
    }
    return found
  }

  /// Something was asked for and not given. What the app itself took back was not refused, nor what names nothing that there is.
  private static func isRefusal(_ record: DecisionRecord) -> Bool {
    guard record.status != 0, record.detail != .cancelled else { return false }
    switch record.opcode {
    case .hello, .cancel, .notify, .handleList, .handleClose: return false
    case .doorOpen, .fileOpen, .fileStat, .fileList, .fileRemove, .fileRename, .fileMakeDirectory,
      .netConnect, .netListen, .netResolve, .secretRead, .deviceOpen, .appStart, .appSignal,
      .appStatus, .clockSet, .driverCall:
      return true
    }
  }

  private struct Key: Hashable {
    let opcode: Opcode
    let grant: UInt16?
    let status: UInt32
    let detail: ReplyDetail
    let rights: GrantRights
    let transport: UInt8
    let port: UInt16
    let subject: RecordSubject

    init(_ record: DecisionRecord) {
      opcode = record.opcode
      grant = record.grant
      status = record.status
      detail = record.detail
      rights = record.rights
      transport = record.transport
      port = record.port
      subject = record.subject
    }
  }
}
