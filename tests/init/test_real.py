"""Real histories of 69 environments: init finds settings for each one without a fork."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import pytest
from tests.unit.test_histories import HISTORIES, build

from revgate.settings import from_table
from revgate.setup.proposal import judged, propose
from revgate.setup.toml import written

if TYPE_CHECKING:
    from pathlib import Path

FORKED = {"rero/rero-ils__alembic"}


@pytest.mark.parametrize("name", HISTORIES)
def test_todays_history_passes(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    source = build(tmp_path / "root", HISTORIES[name])
    proposal, judgement = propose(source)
    if name in FORKED:
        assert {each.rule for each in judgement.broken} == {"multiple-heads"}
        return
    settings = from_table(tomllib.loads(written(proposal, in_tool=False)), "revgate.toml")
    assert settings._replace(path=None) == proposal.settings()._replace(path=None)
    assert judged(source, settings).result.errors == 0


def test_most_have_a_form_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    forms = {
        name: {each.scope.file_name for each in propose(build(tmp_path / name, facts))[1].histories}
        for name, facts in HISTORIES.items()
    }
    without = [name for name, found in forms.items() if found == {"any"}]
    assert len(without) <= 14, without
