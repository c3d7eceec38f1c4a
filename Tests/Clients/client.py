"""Does what its arguments say, one command each, through isolated.py, and prints plain lines. C/client.c and Swift/Main.swift
print the same lines for the same commands: docs/protocol.md, "Clients"."""
import fcntl
import os
import stat
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "clients", "python"))
sys.dont_write_bytecode = True
import isolated  # noqa: E402

FLAGS = {"read": 1, "write": 2, "create": 4, "exclusive": 8, "truncate": 16, "append": 32, "directory": 64}


def flags(words):
    return sum(FLAGS[word] for word in words.split(","))


def text(word):
    return "" if word == "-" else word


def say(line):
    os.write(1, os.fsencode(line + "\n"))


def opened():
    count = 0
    for number in range(256):
        try:
            fcntl.fcntl(number, fcntl.F_GETFD)
            count += 1
        except OSError:
            pass
    return count


def content(descriptor, size=64):
    data = os.fsdecode(os.read(descriptor, size)).split("\n")[0]
    os.close(descriptor)
    return data


def run_open(broker, grant, path, words):
    wanted = flags(words)
    descriptor = broker.open_descriptor(grant, text(path), wanted)
    if stat.S_ISDIR(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        say("open: directory")
    elif wanted & isolated.WRITE:
        say(f"open: wrote {os.write(descriptor, b'written' + bytes([10]))}")
        os.close(descriptor)
    else:
        say(f"open: {content(descriptor)}")


def run(broker, words):
    name, rest = words[0], words[1:]
    if name == "grants":
        for grant in broker.grants.values():
            say(f"grants: {grant.name} kind {grant.kind} rights {grant.rights}")
    elif name == "open":
        run_open(broker, *rest)
    elif name == "both":
        bodies = [b"".join([bytes([1, 0, 0, 0, 128, 1, 0, 0]), bytes([len(word), 0]), os.fsencode(word)]) for word in rest[1:3]]
        first, second = [broker.begin(16, rest[0], body) for body in bodies]
        say("both: " + content(broker.finish(second, "I", 1)[1]))
        say("both: " + content(broker.finish(first, "I", 1)[1]))
    elif name == "stat":
        s = broker.stat(rest[0], text(rest[1]))
        say(f"stat: size {s.size} mode {s.mode:o} owner {s.uid} {s.gid} time {s.mtime} {s.mtime_ns} inode {s.inode}")
    elif name == "type":
        s = broker.stat(rest[0], text(rest[1]))
        say(f"type: size {s.size} mode {s.mode:o}")
    elif name == "list":
        for entry in sorted(broker.list(rest[0], text(rest[1])), key=lambda entry: os.fsencode(entry.name)):
            say(f"list: {entry.type} {entry.name}")
        say("list: end")
    elif name == "remove":
        broker.remove(rest[0], text(rest[1]), len(rest) > 2)
        say("remove: done")
    elif name == "rename":
        broker.rename(rest[0], text(rest[1]), text(rest[2]), len(rest) > 3)
        say("rename: done")
    elif name == "mkdir":
        broker.make_directory(rest[0], text(rest[1]))
        say("mkdir: done")
    elif name == "connect":
        with broker.connect(rest[0], text(rest[2]), int(rest[3]), rest[1]) as peer:
            peer.sendall(os.fsencode(rest[4] + "\n"))
            say("connect: " + os.fsdecode(peer.recv(64)).split("\n")[0])
    elif name == "listen":
        with broker.listen(rest[0], text(rest[2]), int(rest[3]), rest[1], 5) as door:
            door.listen(5)
            say("listen: listening")
    elif name == "resolve":
        for address in broker.resolve(rest[0], rest[1]):
            say(f"resolve: {address}")
    elif name == "secret":
        say("secret: " + os.fsdecode(broker.secret(rest[0])).split("\n")[0])
    elif name == "device":
        descriptor = broker.device(rest[0], flags(rest[1]))
        say("device: " + os.read(descriptor, 4).hex())
        os.close(descriptor)
    elif name == "start":
        say("start: " + broker.start_app(rest[0], rest[1], rest[2:]))
    elif name == "signal":
        broker.signal_app(rest[0], rest[1], int(rest[2]))
        say("signal: done")
    elif name == "status":
        app = broker.app_status(rest[0], rest[1])
        say(f"status: state {app.state} exit {app.exit} restarts {app.restarts}")
    elif name == "clock":
        broker.set_clock(rest[0], int(rest[1]), int(rest[2]))
        say("clock: done")
    elif name == "call":
        answer, kept = broker.call(rest[0], os.fsencode(text(rest[1])), [0] * int(rest[2]))
        say(f"call: {os.fsdecode(answer)}, {len(kept)} descriptors")
        for descriptor in kept:
            os.close(descriptor)
    elif name == "notify":
        broker.notify("\n".join(rest))
        say("notify: done")
    elif name == "handles":
        for h in broker.handles():
            age = h.age_ms if "ages" in rest else 0
            say(f"handles: {h.handle} grant {h.grant} kind {h.kind} state {h.state} age {age} rights {h.rights}")
        say("handles: end")
    elif name == "close":
        broker.close_handle(int(rest[0]))
        say("close: done")
    elif name == "door":
        os.close(broker.door())
        say("door: open")
    elif name == "cancel":
        broker.cancel(int(rest[0]))
        say("cancel: done")
    elif name == "deadline":
        broker.deadline_ms, broker.patience_ms = int(rest[0]), int(rest[1])
    else:
        say(f"{name}: no such command")


def guarded(name, action):
    try:
        action()
        return True
    except isolated.BrokerError as error:
        detail = "-" if error.detail is None else error.detail
        said = str(error).split("] ", 1)[1].removeprefix(os.strerror(error.errno))
        rule = f" (rule {error.rule})" if error.rule else ""
        reason = said.removeprefix(": ").removesuffix(rule)
        say(f"{name}: error {error.errno} detail {detail} rule {error.rule or '-'}{reason and ' = ' + reason}")
        return False


def main():
    before = opened()
    brokers = []
    if guarded("hello", lambda: brokers.append(isolated.connect())):
        with brokers[0] as broker:
            for words in sys.argv[1:]:
                words = words.split(" ")
                guarded(words[0], lambda: run(broker, words))
    left = opened() - before
    if left:
        say(f"descriptors left: {left}")


main()
