/// The file with an app's kept answers: read anew whenever it is asked, as other sessions of the app write it too.
struct KeptAnswers {
  let place: ControlPlace
  let app: String

  private var fileName: String { ControlPlace.ownName(app) }

  /// A file that cannot be read, or that others could have written, answers nothing.
  func read() throws(SystemError) -> AnswerBook {
    guard let path = place.answers, try FileStatus.of(path, followingLinks: false) != nil else {
      return AnswerBook()
    }
    let directory = try PrivateDirectory(
      existing: path, isPrivate: true, ownedBy: LocalSocket.user)
    guard let bytes = try directory.contents(fileName, limit: AnswerBook.limit) else {
      return AnswerBook()
    }
    return AnswerBook(bytes)
  }

  /// Changes the file as a whole; when two do at once, the later one wins.
  func change(_ body: (inout AnswerBook) -> Void) throws(SystemError) {
    let directory = try place.keptAnswers()
    var book = AnswerBook(try directory.contents(fileName, limit: AnswerBook.limit) ?? [])
    body(&book)
    if book.entries.isEmpty {
      directory.remove(fileName)
    } else {
      try directory.replace(fileName, with: book.bytes)
    }
  }
}
