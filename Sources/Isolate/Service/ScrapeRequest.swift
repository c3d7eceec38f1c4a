/// What somebody asks who collects metrics: the head of an HTTP/1 request (RFC 9112). Its first line decides; the rest is passed over.
package enum ScrapeRequest {
  /// Of the head, in bytes.
  package static let longest = 4096
  /// What can be had.
  package static let path = "/metrics"

  package enum Reading: Hashable, Sendable {
    /// It is not all there.
    case more
    case metrics
    case refused(Refusal)
  }

  package enum Refusal: Hashable, Sendable, CaseIterable {
    case malformed, notFound, notAllowed, tooLong

    var status: String {
      switch self {
      case .malformed: "400 Bad Request"
      case .notFound: "404 Not Found"
      case .notAllowed: "405 Method Not Allowed"
      case .tooLong: "431 Request Header Fields Too Large"
      }
    }

    var words: String {
      switch self {
      case .malformed: "this is no request of HTTP/1\n"
      case .notFound: "there is only \(ScrapeRequest.path)\n"
      case .notAllowed: "metrics can only be read: GET\n"
      case .tooLong: "a request has at most \(ScrapeRequest.longest) bytes\n"
      }
    }
  }

  /// What these bytes, all that have come, make of it.
  package static func read(_ bytes: [UInt8]) -> Reading {
    guard let end = endOfHead(bytes) else {
      return bytes.count > longest ? .refused(.tooLong) : .more
    }
    if end > longest { return .refused(.tooLong) }
    let line = bytes.prefix { $0 != 0x0A && $0 != 0x0D }
    let words = line.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
    guard words.count == 3, isVersion(words[2]), !words[0].isEmpty,
      words[0].allSatisfy({ (0x41...0x5A).contains($0) }), words[1].first == UInt8(ascii: "/")
    else { return .refused(.malformed) }
    let target = words[1].prefix { $0 != UInt8(ascii: "?") }
    guard target.elementsEqual(path.utf8) else { return .refused(.notFound) }
    return words[0].elementsEqual("GET".utf8) ? .metrics : .refused(.notAllowed)
  }

  /// Behind the empty line. A line may end without a carriage return (RFC 9112, 2.2).
  private static func endOfHead(_ bytes: [UInt8]) -> Int? {
    var isEmpty = false
    for (index, byte) in bytes.enumerated() {
      if byte == 0x0A {
        if isEmpty { return index + 1 }
        isEmpty = true
      } else if byte != 0x0D {
        isEmpty = false
      }
    }
    return nil
  }

  private static func isVersion(_ word: ArraySlice<UInt8>) -> Bool {
    let (start, digit) = (word.dropLast(), word.last ?? 0)
    return start.elementsEqual("HTTP/1.".utf8) && (0x30...0x39).contains(digit)
  }

  /// The text format of Prometheus, version 0.0.4.
  package static func answer(metrics text: String) -> [UInt8] {
    answer("200 OK", "text/plain; version=0.0.4; charset=utf-8", "", text)
  }

  package static func answer(_ refusal: Refusal) -> [UInt8] {
    let more = refusal == .notAllowed ? "Allow: GET\r\n" : ""
    return answer(refusal.status, "text/plain; charset=utf-8", more, refusal.words)
  }

  private static func answer(
    _ status: String, _ type: String, _ more: String, _ body: String
  ) -> [UInt8] {
    let head =
      "HTTP/1.1 \(status)\r\nContent-Type: \(type)\r\nContent-Length: \(body.utf8.count)\r\n"
      + "\(more)Connection: close\r\n\r\n"
    return Array(head.utf8) + Array(body.utf8)
  }
}
