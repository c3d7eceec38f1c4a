import Isolate

@main
struct Main {
  static func main() {}
}
