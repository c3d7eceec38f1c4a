"""Answers calls as a driver of isolated(1), in a process of its own. Standard library only, Python 3.9 and later.

    import isolated_driver

    def answer(payload, descriptors):
        return b"an answer"                 # or (bytes, [descriptor, ...])

    isolated_driver.serve(answer)

An OSError with an errno is what the app gets; any other exception is EINVAL, told on standard error. docs/drivers.md says how a
profile declares a driver, and docs/protocol.md which messages these are.
"""
import array
import errno
import os
import socket
import struct
import sys
import traceback

MESSAGE, DESCRIPTORS = 4096, 16
# So much of a payload fits into an answer, whatever rule the broker adds.
PAYLOAD = 3816
CANCEL, CALL, REPLY = 2, 112, 0x8000


def _receive(door):
    """One request: opcode, id, payload, descriptors; None when the broker has closed its end."""
    data, control, _, _ = door.recvmsg(MESSAGE, socket.CMSG_SPACE(4 * DESCRIPTORS), socket.MSG_CMSG_CLOEXEC)
    if not data:
        return None
    descriptors = array.array("i")
    for level, kind, numbers in control:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            descriptors.frombytes(numbers[:len(numbers) - len(numbers) % 4])
    opcode, _, number = struct.unpack_from("<HHI", data)
    return opcode, number, data[20:], list(descriptors)


def _send(door, opcode, number, status, payload=None, descriptors=()):
    # Detail, a zero byte, no grant, no rule: those are the broker's to say.
    body = struct.pack("<BBHH", 0, 0, 0xFFFF, 0)
    if payload is not None:
        body += struct.pack("<H", len(payload)) + payload
    header = struct.pack("<HHIII", opcode | REPLY, 0, number, 16 + len(body), status)
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))] if descriptors else []
    door.sendmsg([header + body], rights)


def _answer(handler, payload, descriptors):
    """Status, payload, descriptors."""
    try:
        answer = handler(payload, descriptors)
        answer, given = answer if isinstance(answer, tuple) else (answer, [])
        if len(answer) > PAYLOAD or len(given) > DESCRIPTORS:
            for descriptor in given:
                os.close(descriptor)
            return errno.EMSGSIZE, None, []
        return 0, bytes(answer), given
    except OSError as error:
        return error.errno or errno.EIO, None, []
    except Exception:
        traceback.print_exc(file=sys.stderr)
        return errno.EINVAL, None, []


def serve(handler):
    """Answers one call after the other, until the broker closes its end. The handler gets a payload and a list of descriptors,
    which are closed after it, as are those that it returns once they are sent."""
    door = socket.socket(fileno=int(os.environ["ISOLATED_DRIVER_FD"]))
    while (request := _receive(door)) is not None:
        opcode, number, payload, descriptors = request
        given = []
        try:
            if opcode == CALL:
                status, answer, given = _answer(handler, payload, descriptors)
                try:
                    _send(door, opcode, number, status, answer, given)
                except (BrokenPipeError, ConnectionResetError):
                    return
                except OSError as error:
                    # What cannot be passed (it is closed; too many are on their way) costs this call, not the driver.
                    if not given:
                        raise
                    _send(door, opcode, number, error.errno or errno.EIO)
            else:
                # One call at a time: what is to be cancelled is done already.
                _send(door, opcode, number, errno.ENOENT)
        except (BrokenPipeError, ConnectionResetError):
            return
        finally:
            for descriptor in descriptors + given:
                try:
                    os.close(descriptor)
                except OSError:
                    pass
