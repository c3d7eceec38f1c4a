/// One value of a TOML document with the place it was written at.
package struct TOMLNode: Sendable {
  package var value: TOMLValue
  /// Line and column of the value's first character, counted from 1.
  package var position: Position
  /// How many characters the value takes on its first line; for caret lines.
  package var length: Int

  package init(_ value: TOMLValue, at position: Position, length: Int = 1) {
    self.value = value
    self.position = position
    self.length = length
  }
}

/// The types of TOML 1.0.
package enum TOMLValue: Sendable {
  case string(String)
  case integer(Int64)
  case float(Double)
  case boolean(Bool)
  /// Offset date-time, local date-time, local date or local time: as written, normalised to RFC 3339.
  case dateTime(TOMLDateTime)
  case array([TOMLNode])
  case table(TOMLTable)

  /// The type in words, for messages: "a string", "an integer".
  package var typeInWords: String {
    switch self {
    case .string: "a string"
    case .integer: "an integer"
    case .float: "a float"
    case .boolean: "a boolean"
    case .dateTime: "a date or time"
    case .array: "an array"
    case .table: "a table"
    }
  }
}

/// A date or time, checked against the calendar and kept as normalised text.
package struct TOMLDateTime: Hashable, Sendable {
  package enum Kind: String, Sendable {
    case offsetDateTime = "datetime"
    case localDateTime = "datetime-local"
    case localDate = "date-local"
    case localTime = "time-local"
  }
  package var kind: Kind
  package var text: String

  package init(kind: Kind, text: String) {
    self.kind = kind
    self.text = text
  }
}

/// A key as it was written.
package struct TOMLKey: Sendable {
  package var name: String
  package var position: Position
  package var length: Int

  package init(_ name: String, at position: Position, length: Int = 1) {
    self.name = name
    self.position = position
    self.length = length
  }
}

/// A table: its entries in the order they were written.
package struct TOMLTable: Sendable {
  package struct Entry: Sendable {
    package var key: TOMLKey
    package var node: TOMLNode

    package init(key: TOMLKey, node: TOMLNode) {
      self.key = key
      self.node = node
    }
  }
  package var entries: [Entry]

  package init(_ entries: [Entry] = []) { self.entries = entries }

  package subscript(_ name: String) -> TOMLNode? {
    entries.first { $0.key.name == name }?.node
  }
}
