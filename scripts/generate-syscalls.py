#!/usr/bin/env python3
"""Writes the table of system call groups that is built in, from config/syscalls.

    scripts/generate-syscalls.py           write Sources/Isolate/Policy/SyscallGroupTable.swift
    scripts/generate-syscalls.py --check   change nothing; exit 1 when that file is not up to date

Nothing parses config/syscalls at run time. The table carries a fingerprint of everything that
decides what a filter's bytes are, so a filter cached by an older build is never used.
"""

import errno
import pathlib
import re
import sys
import textwrap
import tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent
OUTPUT = ROOT / "Sources/Isolate/Policy/SyscallGroupTable.swift"
NUMBERS = ROOT / "Sources/CSeccomp/syscall_numbers.h"
# What the fingerprint covers besides config/syscalls; SyscallTableTests has the same list.
SOURCES = [
    "Sources/CSeccomp/syscall_numbers.h",
    "Sources/CSeccomp/include/filter.h",
    "Sources/CSeccomp/filter.c",
    "Sources/Isolate/Policy/SyscallCatalog.swift",
    "Sources/Isolate/Policy/SyscallPolicy.swift",
    "Sources/Isolate/Policy/SyscallRules.swift",
    "Sources/Isolate/Launch/SyscallFilter.swift",
]
SETS = {"default": "d", "strict": "s"}


def fail(message):
    sys.exit(f"generate-syscalls: {message}")


def fingerprint(paths):
    """FNV-1a, 64 bits, over the files' bytes one after the other."""
    value = 0xCBF29CE484222325
    for path in paths:
        for byte in path.read_bytes():
            value = ((value ^ byte) * 0x100000001B3) % (1 << 64)
    return value


def call_text(path, name, entry):
    """One call as the table has it: `name`, or `name=errno` where an answer is written."""
    why, answer = entry, None
    if isinstance(entry, dict):
        if set(entry) - {"why", "answer"}:
            fail(f"{path.name}: {name}: only why and answer are known")
        why, answer = entry.get("why"), entry.get("answer")
    if not isinstance(why, str) or not why.strip():
        fail(f"{path.name}: {name} does not say why it is there")
    if answer is None:
        return name
    if not hasattr(errno, answer):
        fail(f"{path.name}: {name}: {answer} is no error name")
    return f"{name}={getattr(errno, answer)}"


def read_groups(paths):
    """The table's text, and a check that every known call is in exactly one group."""
    known = set(re.findall(r"^SYSCALL\((\w+),", NUMBERS.read_text(), re.MULTILINE))
    seen, lines = {}, []
    for path in paths:
        data = tomllib.loads(path.read_text())
        if set(data) != {"description", "sets", "calls"}:
            fail(f"{path.name}: wants description, sets and [calls]")
        letters = "".join(SETS[name] for name in data["sets"]) or "-"
        calls = []
        for name, entry in data["calls"].items():
            if name in seen:
                fail(f"{path.name}: {name} is in {seen[name]} already")
            if name not in known:
                fail(f"{path.name}: {name} is no system call of {NUMBERS.name}")
            seen[name] = path.name
            calls.append(call_text(path, name, entry))
        lines.append(f"@{path.stem} {letters} {data['description']}")
        lines += textwrap.wrap(" ".join(calls), 94)
    if known - set(seen):
        fail(f"in no group: {' '.join(sorted(known - set(seen)))}")
    return lines


def main():
    paths = sorted((ROOT / "config/syscalls").glob("*.toml"))
    lines = read_groups(paths)
    value = fingerprint(paths + [ROOT / source for source in SOURCES])
    groups = [f"{value >> shift & 0xFFFF:04x}" for shift in (48, 32, 16, 0)]
    text = "\n".join(
        [
            "// Written by scripts/generate-syscalls.py from config/syscalls. Change those and run it.",
            "",
            "/// The groups of system calls, as text that is only read when a filter is compiled or a",
            "/// profile names a call.",
            "enum SyscallGroupTable {",
            "  /// FNV-1a of config/syscalls and of the code that turns it into a filter.",
            f"  static let fingerprint: UInt64 = 0x{'_'.join(groups)}",
            "",
            "  /// A group is a line `@name sets description` (d: in the default set, s: in the strict one)",
            "  /// and lines of calls; `=number` after a call is the error it gets when refused.",
            '  static let text = """',
        ]
        + [f"    {line}" for line in lines]
        + ['    """', "}", ""]
    )
    if sys.argv[1:] == ["--check"]:
        if not OUTPUT.exists() or OUTPUT.read_text() != text:
            fail(f"{OUTPUT.relative_to(ROOT)} is not up to date; run scripts/generate-syscalls.py")
    elif sys.argv[1:]:
        fail("the only option is --check")
    else:
        OUTPUT.write_text(text)


main()
