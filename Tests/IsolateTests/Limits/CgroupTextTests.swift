import Isolate
import Testing

@Suite("Cgroup files as text")
struct CgroupTextTests {
  static let unified = """
    22 28 0:20 / /sys rw,nosuid shared:7 - sysfs sysfs rw
    29 22 0:26 / /sys/fs/cgroup rw,nosuid,nodev shared:9 - cgroup2 cgroup2 rw,nsdelegate
    """
  static let hybrid = """
    31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
    32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct
    35 31 0:32 /docker/4f /sys/fs/cgroup/memory rw,relatime shared:1 master:2 - cgroup cgroup rw,memory
    40 31 0:37 / /mnt/a\\040b\\134c rw,relatime - cgroup2 none rw
    """

  @Test("finds the mounts of both kinds, with or without optional fields") func mounts() {
    #expect(
      CgroupText.mounts(Self.unified) == [
        .init(type: "cgroup2", root: "/", point: "/sys/fs/cgroup", options: ["rw", "nsdelegate"])
      ])
    let found = CgroupText.mounts(Self.hybrid)
    #expect(found.map(\.type) == ["cgroup", "cgroup", "cgroup2"])
    #expect(found[0].options == ["rw", "cpu", "cpuacct"])
    #expect(found[1].root == "/docker/4f")
    #expect(found[2].point == "/mnt/a b\\c")
  }

  @Test(
    "passes over lines that are none",
    arguments: ["", "\n", "1 2 3", "1 2 0:3 / /a rw - cgroup2", "- - - - - - - - -", "a b c d e f"])
  func oddLines(text: String) {
    #expect(CgroupText.mounts(text).isEmpty)
  }

  @Test("finds a process's own directory in each hierarchy") func own() {
    let text = "4:memory:/a/b\n2:cpu,cpuacct:/c\n1:name=systemd:/s:x\n0::/user.slice\n"
    #expect(CgroupText.own(text, controller: nil) == "/user.slice")
    #expect(CgroupText.own(text, controller: "memory") == "/a/b")
    #expect(CgroupText.own(text, controller: "cpuacct") == "/c")
    #expect(CgroupText.own(text, controller: "name=systemd") == "/s:x")
    #expect(CgroupText.own(text, controller: "pids") == nil)
    #expect(CgroupText.own("4:memory:/a", controller: nil) == nil)
    #expect(CgroupText.own("broken", controller: nil) == nil)
  }

  @Test("joins the own directory to the mount that shows it") func directory() {
    let whole = CgroupText.Mount(type: "cgroup2", root: "/", point: "/cg", options: [])
    #expect(CgroupText.directory("/", in: whole) == "/cg")
    #expect(CgroupText.directory("/a/b", in: whole) == "/cg/a/b")
    #expect(CgroupText.directory("/../x", in: whole) == nil)
    let part = CgroupText.Mount(type: "cgroup", root: "/docker/4f", point: "/cg", options: [])
    #expect(CgroupText.directory("/docker/4f", in: part) == "/cg")
    #expect(CgroupText.directory("/docker/4f/app", in: part) == "/cg/app")
    #expect(CgroupText.directory("/docker/4fx", in: part) == nil)
    #expect(CgroupText.directory("/", in: part) == nil)
  }

  @Test("reads counts and words") func counts() {
    let events = "low 0\nhigh 0\nmax 12\noom 3\noom_kill 2\noom_group_kill 1\n"
    #expect(CgroupText.count("oom_kill", in: events) == 2)
    #expect(CgroupText.count("oom", in: events) == 3)
    #expect(CgroupText.count("gone", in: events) == nil)
    #expect(CgroupText.count("max", in: "max many") == nil)
    #expect(CgroupText.words("cpu memory pids\n") == ["cpu", "memory", "pids"])
    #expect(CgroupText.words("\n") == [])
  }

  @Test("names an app's directory with nothing that means something in a path") func names() {
    #expect(CgroupText.name(app: "nginx", pid: 7) == "isolated-nginx-7")
    #expect(CgroupText.name(app: "../a b\u{E9}", pid: 7) == "isolated-___a_b__-7")
    let long = CgroupText.name(app: String(repeating: "x", count: 500), pid: 7)
    #expect(long.utf8.count == "isolated--7".utf8.count + 64)
  }
}

@Suite("A process's files as text")
struct ProcessTextTests {
  @Test("reads memory, threads and sizes of a status") func status() {
    let status = ProcessText.status(
      """
      Name:\tRssAnon: 7
      VmSize:\t  204800 kB
      VmData:\t    1024 kB
      RssAnon:\t     400 kB
      RssFile:\t    9000 kB
      RssShmem:\t      20 kB
      VmSwap:\t       3 kB
      Threads:\t5
      """)
    #expect(status.anonymousKiB == 400)
    #expect(status.sharedKiB == 20)
    #expect(status.swapKiB == 3)
    #expect(status.dataKiB == 1024)
    #expect(status.addressSpaceKiB == 204_800)
    #expect(status.threads == 5)
    #expect(ProcessText.status("") == ProcessText.Status())
  }

  @Test("reads a divided share, and knows when there is none") func rollup() {
    let text =
      "00400000-7ff [rollup]\nPss: 90 kB\nPss_Anon: 40 kB\nPss_Shmem: 8 kB\nSwapPss: 2 kB\n"
    let rollup = ProcessText.rollup(text)
    #expect(rollup?.anonymousKiB == 40)
    #expect(rollup?.sharedKiB == 8)
    #expect(rollup?.swapKiB == 2)
    #expect(ProcessText.rollup("Pss: 90 kB\n") == nil)
  }

  @Test("adds up clock ticks, whatever the program is called") func ticks() {
    let rest = " S 1 1 1 0 -1 4194560 100 200 0 0 11 22 33 44 20 0 1 0 500"
    #expect(ProcessText.ticks("9 (sh)" + rest) == 110)
    #expect(ProcessText.ticks("9 (a) b) 7 (" + ")" + rest) == 110)
    #expect(ProcessText.ticks("9 (sh) S 1") == nil)
    #expect(ProcessText.ticks("") == nil)
  }

  @Test("reads the children") func children() {
    #expect(ProcessText.pids("12 13 4000 \n") == [12, 13, 4000])
    #expect(ProcessText.pids("") == [])
  }

  @Test("a cgroup's name tells who made it; others' names tell nothing") func maker() {
    #expect(CgroupText.maker(of: CgroupText.name(app: "a-b", pid: 12)) == 12)
    #expect(CgroupText.maker(of: "isolated-web-12.2") == 12)
    for other in ["web-12", "isolated-web-x", "isolated-web-0", "isolated-"] {
      #expect(CgroupText.maker(of: other) == nil, "\(other)")
    }
  }

  @Test("what gives disks out by weights") func weighers() {
    #expect(CgroupText.hasCost("8:0 enable=0 ctrl=auto\n259:0 enable=1 ctrl=user rpct=0.00\n"))
    #expect(!CgroupText.hasCost("8:0 enable=0 ctrl=auto rpct=1.00\n"))
    #expect(!CgroupText.hasCost(""))
    #expect(CgroupText.hasBFQ("none mq-deadline [bfq]"))
    #expect(!CgroupText.hasBFQ("none [mq-deadline] bfq") && !CgroupText.hasBFQ("none"))
  }
}
