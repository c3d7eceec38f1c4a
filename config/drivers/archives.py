"""A driver that looks into archives which nobody trusts: zip, and tar with gzip, bzip2 or xz.

An app sends a descriptor of the archive and one line:

    list             what is in it: lines of "SIZE NAME", in a sealed memory file
    read NAME        one file of it, in a sealed memory file

What parses hostile bytes is this process, which has nothing but the archive: no network, no file of anybody's, 256 MiB of
memory, ten seconds. If it is taken over, it can lie about the archive; if it crashes, the app gets EIO for that call.
"""
import errno
import fcntl
import lzma
import os
import stat
import struct
import sys
import tarfile
import zipfile
import zlib

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "python"))
sys.dont_write_bytecode = True
import isolated_driver  # noqa: E402

MEMBERS = 10_000
CONTENT = 32 << 20
SEALS = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL


def fail(number):
    raise OSError(number, os.strerror(number))


def members(file):
    """Name, size and a function that opens it, of every regular file."""
    if zipfile.is_zipfile(file):
        archive = zipfile.ZipFile(file)
        for count, info in enumerate(archive.infolist()):
            if count >= MEMBERS:
                fail(errno.E2BIG)
            if not info.is_dir():
                yield info.filename, info.file_size, lambda info=info: archive.open(info)
        return
    file.seek(0)
    with tarfile.open(fileobj=file, mode="r:*") as archive:
        for count, info in enumerate(archive):
            if count >= MEMBERS:
                fail(errno.E2BIG)
            if info.isreg():
                yield info.name, info.size, lambda info=info: archive.extractfile(info)


def sealed(pieces):
    """A memory file of these bytes that nobody can change any more."""
    memory = os.memfd_create("archive", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    total = 0
    # The pieces come out of the archive: it can break off anywhere.
    try:
        for piece in pieces:
            total += len(piece)
            if total > CONTENT:
                fail(errno.EFBIG)
            while piece:
                piece = piece[os.write(memory, piece):]
        fcntl.fcntl(memory, fcntl.F_ADD_SEALS, SEALS)
        # A place in the file of its own, at the beginning.
        return os.open(f"/proc/self/fd/{memory}", os.O_RDONLY | os.O_CLOEXEC)
    finally:
        os.close(memory)


def content(file, name):
    for own, _, opened in members(file):
        if own == name:
            with opened() as source:
                # What the archive says about its size may be a lie: counted is what comes.
                yield from iter(lambda: source.read(65536), b"")
            return
    fail(errno.ENOENT)


def lines(file):
    for name, size, _ in members(file):
        # One name is one line.
        yield f"{size} {name!r}\n".encode()


def answer(payload, descriptors):
    if len(descriptors) != 1 or not stat.S_ISREG(os.fstat(descriptors[0]).st_mode):
        fail(errno.EINVAL)
    word, _, name = payload.decode().partition(" ")
    with open(os.dup(descriptors[0]), "rb") as file:
        try:
            if word == "list":
                return b"", [sealed(lines(file))]
            if word == "read":
                return b"", [sealed(content(file, name))]
        except (zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, struct.error, EOFError, ValueError,
                LookupError, ArithmeticError, NotImplementedError, RuntimeError):
            fail(errno.EBADMSG)
    fail(errno.EINVAL)


isolated_driver.serve(answer)
