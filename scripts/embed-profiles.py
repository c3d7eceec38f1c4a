#!/usr/bin/env python3
"""Embeds config/profiles and config/apps into the executable.

Writes Sources/Isolate/Profile/BuiltInProfiles.swift. With --check it only says whether the file is up to date.
"""
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
TARGET = ROOT / "Sources/Isolate/Profile/BuiltInProfiles.swift"


def generate() -> str:
    files = []
    for folder in ("profiles", "apps"):
        files += sorted((ROOT / "config" / folder).glob("*.toml"))
    lines = [
        "// Made by scripts/embed-profiles.py from config/profiles and config/apps; do not edit.",
        "// swift-format-ignore-file",
        "",
        "/// The shipped profiles, for machines where nothing is installed. Nothing is read until one is asked for.",
        "package enum BuiltInProfiles {",
        "  /// The names of all shipped profiles.",
        "  package static var names: [String] {",
        "    [",
    ]
    lines += [f'      "{file.stem}",' for file in files]
    lines += [
        "    ]",
        "  }",
        "",
        "  /// The text of a shipped profile, and the file name that its positions carry.",
        "  package static func named(_ name: String) -> (file: String, text: String)? {",
        "    switch name {",
    ]
    for file in files:
        label = f"built-in/{file.parent.name}/{file.name}"
        name = file.stem.replace("-", "_") + ("App" if file.parent.name == "apps" else "Base")
        lines.append(f'    case "{file.stem}": ("{label}", {name})')
    lines += ["    default: nil", "    }", "  }"]
    for file in files:
        text = file.read_text(encoding="utf-8")
        if '"""#' in text:
            sys.exit(f"{file}: contains the end of a Swift literal")
        name = file.stem.replace("-", "_") + ("App" if file.parent.name == "apps" else "Base")
        lines += ["", f"  private static var {name}: String {{", '    #"""']
        lines += [("    " + line) if line else "" for line in text.split("\n")]
        lines += ['    """#', "  }"]
    return "\n".join(lines + ["}", ""])


def main() -> None:
    text = generate()
    if sys.argv[1:] == ["--check"]:
        if not TARGET.exists() or TARGET.read_text(encoding="utf-8") != text:
            sys.exit("BuiltInProfiles.swift is out of date: run scripts/embed-profiles.py")
        return
    TARGET.write_text(text, encoding="utf-8")


main()
