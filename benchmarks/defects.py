"""Shows what each tool reports for histories with one defect: `python -m benchmarks.defects`.

Each tool is called the way its documentation says. A history without any defect goes first: a tool
that rejects that one proves nothing.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
if __name__ == "__main__":
    sys.path[:0] = [str(ROOT), str(ROOT / "checks")]

PAGE = ROOT / "benchmarks" / "DEFECTS.md"
IDS = ("20250101000000", "20250102000000", "20250103000000")
REVISION = """\
import sqlalchemy as sa
from alembic import op

revision = {id!r}
down_revision = {parent!r}


def upgrade():
    op.create_table("t{number}", sa.Column("id", sa.Integer, primary_key=True))
    {up}


def downgrade():
    {down}
    op.drop_table("t{number}")
"""
ENVIRONMENT = """\
import os

import sqlalchemy as sa
from alembic import context

metadata = sa.MetaData()
for number in range(3):
    sa.Table(f"t{number}", metadata, sa.Column("id", sa.Integer, primary_key=True))
engine = context.config.attributes.get("connection")
if engine is None:
    engine = sa.create_engine(os.environ["DATABASE_URL"], poolclass=sa.pool.NullPool)
with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=metadata)
    with context.begin_transaction():
        context.run_migrations()
"""
CONFTEST = """\
import os

import pytest
from sqlalchemy import create_engine, text


@pytest.fixture
def alembic_engine():
    engine = create_engine(os.environ["DATABASE_URL"])
    with engine.begin() as connection:  # each test needs an empty database
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    return engine
"""
TESTS = """\
from pytest_alembic.tests import *
from pytest_alembic.tests.experimental import test_downgrade_leaves_no_trace
"""


class Defect(NamedTuple):
    """A defect in the last of three revisions."""

    name: str
    id: str = IDS[2]
    parent: str = IDS[1]
    up: str = "pass"
    down: str = "pass"
    first_parent: str | None = None


DEFECTS = (
    Defect("nothing is wrong"),
    Defect("two heads", parent=IDS[0]),
    Defect("an id twice", id=IDS[1], parent=IDS[0]),
    Defect("a missing parent", parent="20241231000000"),
    Defect("a cycle", first_parent=IDS[2]),
    Defect("a downgrade that fails", down='op.drop_table("never_made")'),
    Defect("a downgrade that does nothing", down="return"),
    Defect(
        "a downgrade that leaves an enum",
        up="sa.Enum('a', name='kind').create(op.get_bind())",
    ),
    Defect(
        "… a function, which `CREATE OR REPLACE` does not mind",
        up="op.execute('CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS $$SELECT 1$$')",
    ),
    Defect(
        "… a sequence, which `IF NOT EXISTS` does not mind",
        up="op.execute('CREATE SEQUENCE IF NOT EXISTS s')",
    ),
    Defect("… a grant", up="op.execute('GRANT SELECT ON t0 TO PUBLIC')"),
    Defect("an upgrade that fails", up='op.drop_column("t0", "never_made")'),
    Defect("a column that no model has", up='op.add_column("t0", sa.Column("x", sa.Integer))'),
    Defect(
        "an upgrade that rewrites a table",
        up="op.execute('ALTER TABLE t0 SET UNLOGGED; ALTER TABLE t0 SET LOGGED')",
    ),
)
TOOLS = {
    "`alembic heads`": "{bin}/alembic heads",
    "`alembic upgrade`, `check`": "{bin}/alembic upgrade head && {bin}/alembic check",
    "pylembic": "{bin}/pylembic validate migrations --detect-branches",
    "pytest-alembic": "{bin}/python -m pytest -q -p no:cacheprovider",
    "`revgate check`": "{revgate} check --no-cache --color never",
    "`revgate gate`": "{revgate} gate --no-cache --color never",
}
LINTERS = {
    "alembic-guard": "{bin}/alembic-guard migrations/versions",
    "lockcheck": "{bin}/lockcheck migrations/versions",
    "zdm": "{bin}/zdm migrations/versions --ignore R019",  # a downgrade that drops a table
    "oneport-migrate": "{bin}/oneport-migrate check --all --no-llm migrations/versions",
    "migsafe": "{bin}/migsafe lint migrations/versions",
    "alembic-linear": "{bin}/alembic-linear update && {bin}/alembic-linear check",
}
"""Those for Alembic's revisions, which read the text; the last one only compares heads."""
PACKAGES = (
    *("alembic-guard", "lockcheck", "zdm", "oneport-migrate", "migsafe"),
    "alembic-linear-migrations",
)


def write(folder: Path, defect: Defect) -> Path:
    """Write a project with a defect; return the file that has it."""
    versions = folder / "migrations" / "versions"
    versions.mkdir(parents=True)
    subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True)
    (folder / "alembic.ini").write_text("[alembic]\nscript_location = migrations\n")
    (folder / "zero-downtime-migrations.toml").write_text(
        'alembic-version-locations = ["migrations/versions"]\n'
    )
    (folder / "migrations" / "env.py").write_text(ENVIRONMENT)
    (folder / "conftest.py").write_text(CONFTEST)
    (folder / "test_migrations.py").write_text(TESTS)
    chain = [
        (IDS[0], defect.first_parent, "pass", "pass"),
        (IDS[1], IDS[0], "pass", "pass"),
        (defect.id, defect.parent, defect.up, defect.down),
    ]
    for number, (key, parent, up, down) in enumerate(chain):
        text = REVISION.format(id=key, parent=parent, number=number, up=up, down=down)
        (versions / f"{IDS[number]}_t{number}.py").write_text(text)
    return versions / f"{IDS[2]}_t2.py"


def answer(command: str, folder: Path, culprit: Path, url: str) -> str:
    """Run a tool; return what it did, as the text of a cell."""
    env = {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], "DATABASE_URL": url}
    done = subprocess.run(
        ["/bin/bash", "-c", command], cwd=folder, env=env, capture_output=True, text=True
    )
    said = done.stdout + done.stderr
    names = culprit.name in said
    if "Traceback (most recent call last)" in said:
        return "traceback, names the file" if names else "traceback"
    if done.returncode == 0 and ("validation failed" in said or said.count("(head)") > 1):
        return "reports it, exits with 0"
    if done.returncode == 0:
        warned = "warning" in said.lower() and names
        return "a warning" if warned else "passes"
    return "**names the file**" if names else "fails"


def table(binaries: Path, tools: dict[str, str]) -> list[str]:
    """Try each tool on each defect."""
    from revgate.postgres.server import throwaway

    revgate = f"{sys.executable} {ROOT}/hooks/revgate"
    lines = [f"| | {' | '.join(tools)} |", "| --- |" + " --- |" * len(tools)]
    with throwaway(None) as server, tempfile.TemporaryDirectory() as name:
        for number, defect in enumerate(DEFECTS):
            cells = []
            for at, command in enumerate(tools.values()):
                folder = Path(name) / f"{number}-{at}"
                culprit = write(folder, defect)
                database = server.create_database()
                words = command.format(bin=binaries, revgate=revgate)
                cells.append(answer(words, folder, culprit, database.url("postgresql+psycopg2")))
                server.drop_database(database)
            lines.append(f"| {defect.name} | {' | '.join(cells)} |")
            print(lines[-1], flush=True)
    return lines


def versions(binaries: Path) -> str:
    """Return the versions of the tools."""
    names = ("alembic", "pylembic", "pytest-alembic", *PACKAGES)
    program = (
        f"from importlib.metadata import version\nfor name in {names}: print(name, version(name))"
    )
    command = [str(binaries / "python"), "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return f"Tried: {', '.join(done.stdout.split(chr(10))[:-1])}."


def main() -> int:
    """Try each tool on each defect, and write the table."""
    if len(sys.argv) != 2:
        print(
            "usage: python -m benchmarks.defects FOLDER, the bin/ of an environment with alembic,"
            f" pylembic, pytest-alembic, psycopg2-binary, {', '.join(PACKAGES)}",
            file=sys.stderr,
        )
        return 2
    binaries = Path(sys.argv[1]).absolute()
    lines = [*table(binaries, TOOLS), "", *table(binaries, LINTERS)]
    marked = ["<!-- defects -->", *lines, "", versions(binaries), "<!-- end -->"]
    PAGE.write_text("\n".join(["# What each tool reports for one defect", "", *marked, ""]))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
