"""What the JSON report promises, by its own schema."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from tests.reports.conftest import lock_of

from revgate.cli import main
from revgate.reports import render
from revgate.roundtrip.observed import Rows

if TYPE_CHECKING:
    from pathlib import Path

SCHEMA = json.loads((files("revgate.reports") / "report.schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def validate(text: str) -> Any:
    document = json.loads(text)
    VALIDATOR.validate(document)
    return document


def test_the_schema_is_one() -> None:
    assert VALIDATOR.META_SCHEMA["$schema"] == SCHEMA["$schema"]
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_a_check(repository: Path, run: Any) -> None:
    document = validate(run("check", "--format", "json")[1])
    assert document["roundtrip"] is None
    assert document["summary"]["errors"] == 2
    assert any(each["related"] for each in document["findings"])


@pytest.mark.parametrize("command", ["roundtrip", "gate"])
def test_a_round_trip(
    command: str, project: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made = project(
        'def upgrade():\n    op.create_table("a", sa.Column("id", sa.Integer, primary_key=True))\n'
        'def downgrade():\n    op.drop_table("a")\n',
        'def upgrade():\n    op.add_column("a", sa.Column("b", sa.Enum("x", name="kind")))\n'
        'def downgrade():\n    op.drop_column("a", "b")\n',
    )
    (made.root / ".git").rmdir()
    monkeypatch.chdir(made.root)
    main([command, "--database-url", made.server_url, "--format", "json", "--no-cache"])
    document = validate(capsys.readouterr().out)
    assert document["command"] == command
    assert [each["revision"] for each in document["roundtrip"]["revisions"]] == ["r1", "r2"]


def test_a_revision_may_have_more_keys(make: Any, trip_of: Any) -> None:
    statements = (lock_of("public.a", "AccessExclusiveLock", 3),)
    more = {"statements": statements, "rows": Rows(2, 3)}
    document = validate(render(make(roundtrips=trip_of(r0=more)).result, "json"))
    (revision,) = document["roundtrip"]["revisions"]
    assert revision["rows"] == {"tables": 2, "of": 3, "unfilled": [], "lost": []}
    assert [each["line"] for each in revision["locks"]] == [3]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda document: document.pop("notes"),
        lambda document: document.update(more=1),
        lambda document: document["summary"].update(errors=-1),
        lambda document: document["findings"][0].update(line=0),
        lambda document: document["findings"][0].update(severity="fatal"),
        lambda document: document["roundtrip"]["server"].update(kind="remote"),
        lambda document: document["roundtrip"]["revisions"][0].pop("locks"),
    ],
)
def test_what_breaks_the_contract_is_refused(make: Any, trip_of: Any, spoil: Any) -> None:
    document = json.loads(render(make([make.finding()], roundtrips=trip_of(r0={})).result, "json"))
    VALIDATOR.validate(document)
    spoil(document)
    assert not VALIDATOR.is_valid(document)
