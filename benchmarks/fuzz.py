"""Fuzzes the parser: `make fuzz`.

Takes the case files and a template, cuts, joins and damages them, and asks of each result that it
is read without an exception, quickly, and by both readers alike. Prints its figures.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import time
from pathlib import Path

from revgate.history.parse import parse
from revgate.history.revision import Script
from revgate.history.scan import scan

ROOT = Path(__file__).resolve().parent.parent
PIECES = (
    b"revision = 'a'\n", b"down_revision = None\n", b"down_revision = ('b', 'c')\n", b'"""', b"'''",
    b"# revgate: allow[x] y\n", b"\\\n", b"\r\n", b"\r", b"\0", b"\xef\xbb\xbf", b"\xff\xfe",
    b"# -*- coding: latin-1 -*-\n", b"# -*- coding: utf-16 -*-\n", b"(" * 300, b"-" * 5000,
    b"[" * 100 + b"]" * 100, b"def upgrade():\n", b"    pass\n", b"\t",
    b"match x:\n case revision:\n", b"\x0c",
    b"revision: str\n", b"f'{x!r:{y}}'", b"op.execute('CREATE TYPE t')\n", b"if x:\n", b"lambda: ",
    b"op.create_table('t', sa.Column('a', sa.Enum('x', name='y'), server_default='now()'))\n",
    "strange = 'ünïcödé'\n".encode(), b"async ", b"yield\n", b"return\n", b"global revision\n",
)  # fmt: skip


def damaged(seeds: list[bytes], chance: random.Random) -> bytes:
    """Return a seed with a part removed, inserted or repeated."""
    data = chance.choice(seeds)
    for _ in range(chance.randint(1, 8)):
        at, to = sorted((chance.randint(0, len(data)), chance.randint(0, len(data))))
        match chance.randint(0, 4):
            case 0:
                data = data[:at] + data[to:]
            case 1:
                data = data[:at] + chance.choice(PIECES) + data[at:]
            case 2:
                data = data[:at] + data[at:to] * 2 + data[to:]
            case 3:
                data = data[:at] + chance.randbytes(chance.randint(1, 8)) + data[at:]
            case _:
                other = chance.choice(seeds)
                data = data[:at] + other[chance.randint(0, len(other)) :]
    return data[:200_000]


def examine(data: bytes) -> bool:
    """Scan and parse bytes; return whether they were a revision.

    Raises:
        AssertionError: The two readers disagree.
    """
    parsed = parse("versions/x.py", data)
    scanned = scan("versions/x.py", data)
    if isinstance(parsed, Script) and scanned is not None:
        expected = (parsed.revision._replace(imports=()), parsed.header)
        assert scanned == expected, (scanned, expected)  # noqa: S101 - what this program is for
    return isinstance(parsed, Script)


def main() -> int:
    """Fuzz, and print a summary; exit with 1 and the input if one fails."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seconds", type=float, default=300)
    arguments.add_argument("--seed", type=int, default=None)
    chosen = arguments.parse_args()
    seed = chosen.seed if chosen.seed is not None else int.from_bytes(os.urandom(4), "big")
    chance = random.Random(seed)  # noqa: S311 - not for secrets
    files = sorted((ROOT / "tests" / "cases").rglob("*.py"))
    seeds = [path.read_bytes() for path in files] + [b"".join(PIECES[:4])]
    begun = time.monotonic()
    count = revisions = 0
    slowest = 0.0
    while time.monotonic() - begun < chosen.seconds:
        data = damaged(seeds, chance)
        started = time.perf_counter()
        try:
            revisions += examine(data)
        except Exception as error:  # noqa: BLE001 - any exception is a defect
            print(f"seed {seed}, input {count}: {type(error).__name__}: {error}\n{data!r}")
            return 1
        slowest = max(slowest, time.perf_counter() - started)
        count += 1
    print(
        f"seed {seed}: {count:,} inputs in {chosen.seconds:.0f} s, {revisions:,} of them revisions,"
        f" none raised, the slowest took {slowest * 1000:.0f} ms",
        file=sys.stdout,
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
