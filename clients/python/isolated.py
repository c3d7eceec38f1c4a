"""Asks the broker of isolated(1) for files, connections, secrets and the like. Standard library only, Python 3.9 and later.

    with isolated.connect() as broker:
        with broker.open("photos", "a.jpg", "rb") as file: ...
        web = broker.connect("web", "example.org", 443)     # a socket
        key = broker.secret("key")                          # bytes

A refusal is an OSError of the usual kind (FileNotFoundError, PermissionError...) that is a BrokerError too: its `detail`
says why (docs/protocol.md; None: the broker had no say), its `rule` which line of which profile decided; its text has both.
One Broker may be used by one thread at a time. Several requests at once: `begin` them, then `finish` each, in any order.
"""
import array
import collections
import errno
import os
import select
import socket
import struct
import time

MESSAGE, DESCRIPTORS = 4096, 16
READ, WRITE, CREATE, EXCLUSIVE, TRUNCATE, APPEND, DIRECTORY = 1, 2, 4, 8, 16, 32, 64
TRANSPORTS = {"tcp": 1, "udp": 2, "unix": 3}
# By detail.
REASONS = ("|no such grant|the grant lacks a right|outside the grant|too many requests in a short time|the grant is used up|"
           "the grant's time is over|the grant was revoked|an operator said no|no operator answered|too many requests wait|"
           "the deadline passed|cancelled|the broker died with it|the driver failed|it means nothing|not to be had here").split("|")

Grant = collections.namedtuple("Grant", "index name kind rights")
Handle = collections.namedtuple("Handle", "handle grant kind state age_ms rights")
Stat = collections.namedtuple("Stat", "size mode uid gid mtime mtime_ns inode")
Entry = collections.namedtuple("Entry", "type name")
App = collections.namedtuple("App", "state exit restarts")
_Waiting = collections.namedtuple("_Waiting", "opcode grant until replies")


class BrokerError(OSError):
    """What went wrong: errno, detail, rule and grant (the name, or None)."""

    detail = rule = grant = None


_classes = {OSError: BrokerError}


def _error(number, detail=None, rule=None, grant=None):
    usual = type(OSError(number, ""))
    if usual not in _classes:
        _classes[usual] = type("Broker" + usual.__name__, (BrokerError, usual), {"__module__": __name__})
    why = f": {REASONS[detail]}" if 0 < (detail or 0) < len(REASONS) else ""
    error = _classes[usual](number, os.strerror(number) + why + (f" (rule {rule})" if rule else ""))
    error.detail, error.rule, error.grant = detail, rule, grant
    return error


def _text(value):
    data = value if isinstance(value, bytes) else os.fsencode(value)
    if len(data) > MESSAGE:
        raise _error(errno.EMSGSIZE)
    return struct.pack("<H", len(data)) + data


class _Reply:
    """One reply, being read."""

    def __init__(self, data, descriptors):
        self.data, self.place, self.descriptors = data, 0, descriptors

    def take(self, layout):
        values = struct.unpack_from("<" + layout, self.data, self.place)
        self.place += struct.calcsize("<" + layout)
        return values if len(values) > 1 else values[0]

    def text(self):
        size = self.take("H")
        if size > len(self.data) - self.place:
            raise struct.error("too short")
        self.place += size
        return self.data[self.place - size:self.place]

    def rest(self, read):
        return [read() for _ in range(self.take("H"))]

    def hello(self):
        return self.take("HHHHH")[4], self.rest(lambda: (os.fsdecode(self.text()), *self.take("BI")))

    def files(self):
        return self.take("Q"), self.rest(lambda: Entry(self.take("B"), os.fsdecode(self.text())))

    def handles(self):
        return self.rest(lambda: Handle(*self.take("IHBBQI")))

    def addresses(self):
        return [socket.inet_ntop(socket.AF_INET if len(a) == 4 else socket.AF_INET6, a) for a in self.rest(self.text)]

    def close(self):
        for descriptor in self.descriptors:
            os.close(descriptor)
        self.descriptors = []


class Broker:
    """The app's socket to its broker. `deadline_ms` is of requests from now on, 0: 30 seconds; `patience_ms` is how much
    longer to wait for a broker that says nothing. `grants` are the app's, by name."""

    def __init__(self, descriptor, deadline_ms=0, patience_ms=5000):
        self.deadline_ms, self.patience_ms = deadline_ms, patience_ms
        # A duplicate: the descriptor itself stays for the next connect, and for programs that this one starts.
        self._socket = _door(descriptor)
        self._broken, self._waiting, self.grants = None, {}, {}
        self._next = time.monotonic_ns() & 0xFFFFFFF
        total = 1
        while len(self.grants) < total:
            before = len(self.grants)
            for total, found in self._finish(self.begin(1, None, struct.pack("<HHH", 1, 1, before)), _Reply.hello):
                for name, *grant in found:
                    self.grants[name] = Grant(len(self.grants), name, *grant)
            if len(self.grants) == before and total > before:
                self._break(errno.EPROTO)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Lets go of the socket and of replies that nobody took."""
        for number in list(self._waiting):
            self._forget(number)
        self._socket.close()
        self._broken = self._broken or errno.EBADF

    def _break(self, number):
        self._broken = number
        raise _error(number)

    def _forget(self, number):
        for reply in self._waiting.pop(number).replies:
            reply.close()

    def _wait(self, event, until):
        left = until - time.monotonic()
        if left <= 0:
            raise _error(errno.ETIMEDOUT)
        poll = select.poll()
        poll.register(self._socket, event)
        poll.poll(max(1, left * 1000))

    def begin(self, opcode, grant, body=b"", descriptors=()):
        """Sends a request and returns its id. Body: what docs/protocol.md lists behind the grant, which may be None."""
        if self._broken:
            raise _error(self._broken)
        if grant is not None:
            if grant not in self.grants:
                raise _error(errno.EACCES, 1, None, grant)
            body = struct.pack("<H", self.grants[grant].index) + body
        if len(body) > MESSAGE - 16 or len(descriptors) > DESCRIPTORS:
            raise _error(errno.EMSGSIZE, None, None, grant)
        self._next = self._next % 0xFFFFFFFF + 1
        message = struct.pack("<HHIII", opcode, 0, self._next, 16 + len(body), self.deadline_ms) + body
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))] if descriptors else []
        until = time.monotonic() + ((self.deadline_ms or 30000) + self.patience_ms) / 1000
        while True:
            try:
                self._socket.sendmsg([message], rights, socket.MSG_NOSIGNAL | socket.MSG_DONTWAIT)
                break
            except BlockingIOError:
                self._wait(select.POLLOUT, until)
            except (BrokenPipeError, ConnectionResetError):
                self._break(errno.ECONNRESET)
        self._waiting[self._next] = _Waiting(opcode, grant, until, collections.deque())
        return self._next

    def _receive(self, until):
        """Receives one message and gives it to whoever waits; a reply to a request that was given up is dropped."""
        try:
            data, control, flags, _ = self._socket.recvmsg(
                MESSAGE, socket.CMSG_SPACE(4 * DESCRIPTORS), socket.MSG_CMSG_CLOEXEC | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return self._wait(select.POLLIN, until)
        except ConnectionResetError:
            data, control = b"", []
        if not data:
            self._break(errno.ECONNRESET)
        descriptors = array.array("i")
        for level, kind, numbers in control:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                descriptors.frombytes(numbers[:len(numbers) - len(numbers) % 4])
        reply, waiting = _Reply(data, list(descriptors)), None
        try:
            opcode, reply.more, number, size, reply.status = reply.take("HHIII")
            waiting = self._waiting.get(number)
            reply.detail, reply.rule = reply.take("BBH")[0], os.fsdecode(reply.text())
            if size != len(data) or number == 0 or flags & (socket.MSG_TRUNC | socket.MSG_CTRUNC):
                raise struct.error
            if reply.more > 1 or reply.status > 4095 or len(reply.rule) > 256 or waiting and opcode != waiting.opcode | 0x8000:
                raise struct.error
        except struct.error:
            reply.close()
            self._break(errno.EPROTO)
        if waiting:
            waiting.replies.append(reply)
        else:
            reply.close()

    def _finish(self, number, read, wanted=0):
        """What `read` makes of each reply to a request, with `wanted` descriptors (None: any number)."""
        waiting, results, reply = self._waiting[number], [], None
        try:
            while reply is None or reply.more:
                while not waiting.replies:
                    if self._broken:
                        raise _error(self._broken)
                    self._receive(waiting.until)
                reply = waiting.replies.popleft()
                try:
                    if reply.status == 0:
                        results.append(read(reply))
                    wanted = 0 if reply.status else wanted
                    if reply.place != len(reply.data) or wanted not in (None, len(reply.descriptors)):
                        raise struct.error
                    if wanted != 0:
                        results, reply.descriptors = [results + reply.descriptors], []
                except (struct.error, ValueError):
                    self._break(errno.EPROTO)
                finally:
                    reply.close()
                if reply.status:
                    raise _error(reply.status, reply.detail, reply.rule, waiting.grant)
            return results
        finally:
            self._forget(number)

    def finish(self, number, layout="", descriptors=0):
        """Waits for the reply to a request: its fields, by struct's letters and "t" for a text; then its descriptors, which
        must be so many (None: any number). Raises what the reply says."""
        def read(reply):
            return [reply.text() if letter == "t" else reply.take(letter) for letter in layout]
        found = self._finish(number, read, descriptors)[0]
        return found if descriptors == 0 else found[0] + found[1:]

    def _one(self, *request):
        """The descriptor that a request returns."""
        return self.finish(self.begin(*request), "I", 1)[1]

    def open_descriptor(self, grant, path="", flags=READ, mode=0o600):
        """A file beneath a grant, or with the path "" the granted file itself, as a descriptor."""
        return self._one(16, grant, struct.pack("<II", flags, mode) + _text(path))

    def open(self, grant, path="", mode="r", permissions=0o600, **options):
        """The same as a file object; mode and options as of the built-in open."""
        flags = {"r": READ, "w": WRITE | CREATE | TRUNCATE, "a": WRITE | CREATE | APPEND, "x": WRITE | CREATE | EXCLUSIVE}
        letters = set(mode) & set(flags)
        if len(letters) != 1:
            raise ValueError(f"invalid mode: {mode!r}")
        wanted = flags[letters.pop()] | (READ | WRITE if "+" in mode else 0)
        return open(self.open_descriptor(grant, path, wanted, permissions), mode.replace("x", "w"), **options)

    def stat(self, grant, path=""):
        return Stat(*self.finish(self.begin(17, grant, _text(path)), "QIIIqIQ"))

    def list(self, grant, path=""):
        """Every Entry of a directory; type: 0 unknown, 1 file, 2 directory, 3 link, 4 FIFO, 5 socket, 6 and 7 devices."""
        entries, cursor = [], 0
        while True:
            for cursor, found in self._finish(self.begin(18, grant, _text(path) + struct.pack("<Q", cursor)), _Reply.files):
                entries += found
            if cursor == 0:
                return entries

    def remove(self, grant, path, is_directory=False):
        self.finish(self.begin(19, grant, struct.pack("<I", is_directory) + _text(path)))

    def rename(self, grant, source, target, keeps_existing=False):
        self.finish(self.begin(20, grant, struct.pack("<I", keeps_existing) + _text(source) + _text(target)))

    def make_directory(self, grant, path, mode=0o700):
        self.finish(self.begin(21, grant, struct.pack("<I", mode) + _text(path)))

    def connect(self, grant, host, port=0, transport="tcp"):
        """A connected socket; host: a name, an address, or for unix a path."""
        body = struct.pack("<BBH", TRANSPORTS[transport], 0, port) + _text(host)
        return socket.socket(fileno=self._one(32, grant, body))

    def listen(self, grant, host="", port=0, transport="tcp", backlog=0):
        """A listening socket (udp: a bound one)."""
        body = struct.pack("<BBHH", TRANSPORTS[transport], 0, port, backlog) + _text(host)
        return socket.socket(fileno=self.finish(self.begin(33, grant, body), "IH", 1)[2])

    def resolve(self, grant, name):
        """The addresses of a name, as strings."""
        return self._finish(self.begin(34, grant, _text(name)), _Reply.addresses)[0]

    def secret(self, grant):
        """The secret's bytes."""
        with open(self._one(48, grant), "rb") as file:
            return file.read()

    def device(self, grant, flags=READ):
        """A device, as a descriptor."""
        return self._one(64, grant, struct.pack("<I", flags))

    def start_app(self, grant, name, arguments=()):
        """Starts an app and returns its instance's name."""
        body = _text(name) + struct.pack("<H", len(arguments)) + b"".join(map(_text, arguments))
        return os.fsdecode(self.finish(self.begin(80, grant, body), "t")[0])

    def signal_app(self, grant, instance, number):
        self.finish(self.begin(81, grant, _text(instance) + struct.pack("<I", number)))

    def app_status(self, grant, instance):
        return App(*self.finish(self.begin(82, grant, _text(instance)), "BiI"))

    def set_clock(self, grant, seconds, nanoseconds=0):
        self.finish(self.begin(96, grant, struct.pack("<qI", seconds, nanoseconds)))

    def call(self, grant, payload=b"", descriptors=()):
        """Asks a driver: the answer's bytes and its descriptors."""
        answer, *kept = self.finish(self.begin(112, grant, _text(payload), descriptors), "t", None)
        return answer, kept

    def notify(self, lines):
        """Lines as of sd_notify(3): "READY=1"."""
        self.finish(self.begin(3, None, _text(lines)))

    def handles(self):
        """What was handed out, as Handles."""
        return sum(self._finish(self.begin(4, None, struct.pack("<I", 0)), _Reply.handles), [])

    def close_handle(self, handle):
        """Has the broker forget a descriptor, and cut it if it is a socket."""
        self.finish(self.begin(5, None, struct.pack("<I", handle)))

    def door(self):
        """Another socket to the broker, as a descriptor: for a thread of its own Broker, for another program in its
        ISOLATED_BROKER_FD."""
        return self.finish(self.begin(6, None), "", 1)[0]

    def cancel(self, number):
        """A request that was begun; it still has to be finished."""
        self.finish(self.begin(2, None, struct.pack("<I", number)))


def _door(descriptor):
    copy = None
    try:
        copy = os.dup(descriptor)
        door = socket.socket(fileno=copy)
        copy = None
        if door.type != socket.SOCK_SEQPACKET:
            door.close()
            raise OSError
        return door
    except (OSError, OverflowError):
        raise _error(errno.ENOTCONN) from None
    finally:
        if copy is not None:
            os.close(copy)


def connect(**options):
    """The app's broker; options as of Broker. ENOTCONN: this program runs without one, or has no grants."""
    number = os.environ.get("ISOLATED_BROKER_FD", "")
    return Broker(int(number) if number.isdecimal() else -1, **options)
