"""The sizes of an existing database's tables, and what they make of findings."""

from __future__ import annotations

import json
import re
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from revgate.checking import weight
from revgate.cli import main
from revgate.errors import UsageError
from revgate.findings import ERROR, WARNING, Finding
from revgate.postgres.sizes import TableSize, dump, parse
from revgate.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

Application = Any
"""The class of the fixture, which stands in conftest.py."""

REVISION = """
revision = "r4"
down_revision = "r3"
import sqlalchemy as sa
from alembic import op


def upgrade():
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("posts", sa.Column("subtitle", sa.Text))
    op.execute("UPDATE posts SET subtitle = title")
    op.alter_column("users", "id", type_=sa.BigInteger())


def downgrade():
    op.alter_column("users", "id", type_=sa.Integer())
    op.drop_column("posts", "subtitle")
"""


def test_sizes_are_written_rounded_and_sorted(application: Application) -> None:
    application.alembic("upgrade", "head")
    for statement in (
        "INSERT INTO users (id) SELECT generate_series(1, 12345)",
        "INSERT INTO posts (id) SELECT generate_series(1, 1289)",
        'CREATE TABLE "Log" (day date, id int) PARTITION BY RANGE (day)',
        "CREATE TABLE log_1 PARTITION OF \"Log\" FOR VALUES FROM ('2025-01-01') TO ('2026-01-01')",
        'CREATE TABLE log_2 PARTITION OF "Log" DEFAULT',
        "INSERT INTO \"Log\" SELECT '2025-01-01', generate_series(1, 300)",
        "CREATE TABLE fresh (id int)",
        "CREATE TABLE bare (id int) PARTITION BY LIST (id)",
        "ANALYZE users; ANALYZE posts; ANALYZE log_1; ANALYZE log_2; ANALYZE alembic_version",
    ):
        application.sql(statement)

    code, out, err = application.run("--sizes", "sizes.json")
    assert (code, err) == (0, "")
    assert out == (
        "✓ wrote the sizes of 8 tables to sizes.json\n"
        "⚠ never analyzed, so the number of rows is not known: `fresh`\n"
        "  Run next: ANALYZE in the database, then this command again\n"
    )
    text = (application.root / "sizes.json").read_text()
    tables = json.loads(text)["tables"]
    assert [*tables] == sorted(tables)
    rows = {name: each["rows"] for name, each in tables.items()}
    assert rows == {
        'public."Log"': 300, "public.bare": 0, "public.alembic_version": 1, "public.fresh": None,
        "public.log_1": 300, "public.log_2": 0, "public.posts": 1300, "public.users": 12000,
    }  # fmt: skip
    assert tables["public.fresh"]["bytes"] == 0
    assert 400_000 < tables["public.users"]["bytes"] < 1_200_000
    assert tables['public."Log"']["bytes"] > 0
    assert application.run("--sizes", "again.json")[0] == 0
    assert (application.root / "again.json").read_text() == text
    assert parse(text.encode(), "sizes.json")["public.posts"].rows == 1300


def test_a_database_without_tables_has_no_sizes(application: Application) -> None:
    code, out, err = application.run("--sizes", "sizes.json")
    assert (code, out) == (3, "")
    assert "has no tables" in err
    application.sql("CREATE TABLE t (id int)")
    assert application.run("--sizes", "no/folder")[0] == 2


def test_the_file_decides_about_findings(
    application: Application, capsys: pytest.CaptureFixture[str]
) -> None:
    (application.root / "migrations" / "versions" / "r4.py").write_text(REVISION)
    (application.root / "revgate.toml").write_text('file-name = "any"\ntable-sizes = "s.json"\n')
    sizes = {"public.users": LARGE, "public.posts": TableSize(None, 99_000_000)}
    (application.root / "s.json").write_text(dump(sizes))

    assert main(["roundtrip", "--no-rows", "--format", "json"]) == 1
    told = json.loads(capsys.readouterr().out)
    found = [
        each for each in told["findings"] if each["rule"] in ("blocking-lock", "table-rewrite")
    ]
    assert [(each["rule"], each["severity"]) for each in found] == [("table-rewrite", "error")]
    assert found[0]["help"].endswith(
        "`users` has about 7,000,000 rows and 3.4 GB, by s.json: to read or write all of it takes"
        " about 34 seconds at 100 MB/s"
    )
    assert [each for each in told["notes"] if re.match("not shown: .* less than 100 MB", each)]


LARGE = TableSize(7_000_000, 3_400_000_000)
WEIGHED = {
    ("", 0): None,
    ("public.unknown", 0): None,
    ("public.t", 99_999_999): None,
    ("public.t", 100_000_000): ("100 MB", "1 second"),
    ("public.t", 90_000_000_000): ("90 GB", "15 minutes"),
    ("public.t", 3_000_000_000_000): ("3 TB", "8 hours"),
}


@pytest.mark.parametrize("case", WEIGHED, ids=str)
def test_only_the_size_of_a_known_table_counts(case: tuple[str, int]) -> None:
    table, size = case
    scale = weight.Scale("s.json", {"public.t": TableSize(None, size)}, 100)
    warning = Finding("it blocks", "do it", "r1.py", severity=WARNING, table=table)
    kept, note = scale.weigh([warning])

    if WEIGHED[case]:
        shown, time = WEIGHED[case] or ("", "")
        told = f"`t` has {shown}, by s.json: to read or write all of it takes about {time} at"
        weighed = warning._replace(severity=ERROR, help=f"do it\n{told} 100 MB/s")
        assert (kept, note) == ([weighed], "")
    elif table == "public.t":
        assert kept == []
        assert note == "not shown: 1 finding about tables of less than 100 MB, by s.json"
    else:
        assert (kept, note) == ([warning], "")


BROKEN = {
    "": "is not valid JSON",
    "[" * 100_000: "is not valid JSON",
    "\xff": "is not valid JSON",
    "[]": "has no sizes of tables",
    "{}": "has no sizes of tables",
    '{"schema": 2, "tables": {}}': "has no sizes of tables",
    '{"schema": 1, "tables": []}': "has no sizes of tables",
    '{"schema": 1, "tables": {"t": 1}}': "the size of 't' is not",
    '{"schema": 1, "tables": {"t": {"rows": 1}}}': "the size of 't' is not",
    '{"schema": 1, "tables": {"t": {"rows": 1, "bytes": NaN}}}': "the size of 't' is not",
    '{"schema": 1, "tables": {"t": {"rows": true, "bytes": 1}}}': "the size of 't' is not",
    '{"schema": 1, "tables": {"t": {"rows": 1, "bytes": -1}}}': "the size of 't' is not",
    '{"schema": 1, "tables": {"t": {"rows": 1, "bytes": 1e400}}}': "the size of 't' is not",
    f'{{"schema": 1, "tables": {{"t": {{"rows": 1, "bytes": {"9" * 4000}}}}}}}': "the size of",
    f'{{"schema": 1, "tables": {{"t": {{"rows": 1, "bytes": {"9" * 5000}}}}}}}': "not valid JSON",
}


@pytest.mark.parametrize("text", BROKEN, ids=lambda text: ascii(text)[:60])
def test_a_file_that_is_broken_is_an_error_of_the_settings(text: str, tmp_path: Path) -> None:
    (tmp_path / "s.json").write_text(text, "latin-1")
    with pytest.raises(UsageError) as caught:
        weight.load(str(tmp_path), Settings(table_sizes="s.json"))
    assert str(caught.value).startswith("s.json")
    assert BROKEN[text] in str(caught.value)


def test_a_file_that_is_missing_is_an_error_of_the_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    in_a_project(tmp_path, monkeypatch)
    for folder in (False, True):
        if folder:
            (tmp_path / "s.json").mkdir()
        assert main(["gate"]) == 2
        said = capsys.readouterr().err
        assert "`table-sizes`: s.json cannot be read" in said
        assert "revgate doctor --sizes s.json" in said
    assert main(["check"]) == 0


def in_a_project(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Write a project with one revision whose settings name a file of sizes, and be in it."""
    versions = root / "migrations" / "versions"
    versions.mkdir(parents=True)
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    (root / "alembic.ini").write_text("[alembic]\nscript_location = migrations\n")
    (root / "revgate.toml").write_text(
        'table-sizes = "s.json"\nfile-name = "any"\nignore = ["revision-id"]\n'
    )
    (versions / "r1.py").write_text(
        'revision = "r1"\ndown_revision = None\ndef upgrade(): pass\ndef downgrade(): pass\n'
    )
    monkeypatch.chdir(root)
