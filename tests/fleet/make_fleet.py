#!/usr/bin/env python3
"""Makes a fleet out of a folder of transcripts: copies whose ids are their own, so that nothing of
them counts twice, and resumed copies: the beginning of a session once more, under another session's
id and in another folder, which only the ids of its calls tie to the first.

    make_fleet.py SOURCE FLEET --copies 3 --resumed 100
"""
import argparse
import re
from pathlib import Path

ID = re.compile(rb'("[A-Za-z_]*(?:[iI]d|ID|[uU]uid)"\s*:\s*")([^"\\]+)')
SESSION = re.compile(rb'("(?:sessionId|session_id)"\s*:\s*")([^"\\]+)')


def turned(digits):
    """A change of ids that keeps different ones different, and their length."""
    table = bytes.maketrans(b"0123456789", b"0123456789"[digits:] + b"0123456789"[:digits])
    return lambda found: found[1] + found[2].translate(table)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path)
    parser.add_argument("fleet", type=Path)
    parser.add_argument("--copies", type=int, default=3, choices=range(1, 11))
    parser.add_argument("--resumed", type=int, default=100)
    asked = parser.parse_args()
    files = sorted(path for path in asked.source.rglob("*") if path.is_file())
    long_ones = []
    for copy in range(asked.copies):
        for path in files:
            target = asked.fleet / f"copy-{copy}" / path.relative_to(asked.source)
            target.parent.mkdir(parents=True, exist_ok=True)
            data = ID.sub(turned(copy), path.read_bytes()) if copy else path.read_bytes()
            target.write_bytes(data)
            if path.suffix == ".jsonl" and data.count(b"\n") >= 5 and SESSION.search(data):
                long_ones.append(target)
    count = min(asked.resumed, len(long_ones))
    for at in range(count):
        path = long_ones[at * len(long_ones) // count]
        lines = path.read_bytes().splitlines(keepends=True)
        begun = b"".join(lines[:max(3, len(lines) * 6 // 10)])
        target = asked.fleet / f"resumed-{at % 7}" / f"{at:03d}-{path.name}"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(SESSION.sub(turned(5), begun))
    size = sum(path.stat().st_size for path in asked.fleet.rglob("*") if path.is_file())
    print(f"fleet of {len(files) * asked.copies} files in {asked.copies} copies, "
          f"{count} resumed ones, {size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
