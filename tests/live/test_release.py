"""With a target branch, its models say what the running code names, and what can come first."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.live.test_scaled import git

from revgate.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pytest

    ProjectMaker = Callable[..., Any]

HEAD = """
from sqlalchemy import Column, Integer, MetaData, Table, Text

metadata = MetaData()
"""
USERS = 'Table("users", metadata, Column("id", Integer, primary_key=True), {columns})\n'
EMAIL, NICK, PLAN = (f'Column("{name}", Text)' for name in ("email", "nick", "plan"))
GROUND = """
def upgrade():
    op.execute("CREATE TABLE users (id serial PRIMARY KEY, email text, nick text, old text)")
    op.execute("CREATE TABLE legacy (id serial PRIMARY KEY)")


def downgrade():
    op.execute("DROP TABLE users, legacy")
"""


def revision(number: int, up: Sequence[str], down: Sequence[str]) -> str:
    lines = [
        f"revision = 'r{number}'",
        f"down_revision = 'r{number - 1}'",
        "from alembic import op",
    ]
    for name, statements in (("upgrade", up), ("downgrade", down)):
        lines += [f"def {name}():", *(f"    op.execute({each!r})" for each in statements)]
    return "\n".join(lines) + "\n"


def models(*columns: str) -> str:
    return HEAD + USERS.format(columns=", ".join(columns))


def run(url: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, Any]]:
    arguments = ["roundtrip", "--against", "main", "--database-url", url, "--format", "json"]
    code = main([*arguments, "--config", "alembic.ini"])
    return code, json.loads(capsys.readouterr().out)


def test_models_of_the_target_branch_say_what_must_not_go(
    project: ProjectMaker,
    sync_env: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    env = "import os, sys\nsys.path.insert(0, os.getcwd())\nfrom shop import metadata\n"
    env += sync_env.replace("(connection=connection", "(connection=connection,"
                            " target_metadata=metadata")  # fmt: skip
    made = project(GROUND, env=env)
    folder, versions = made.root, made.root / "migrations" / "versions"
    (folder / ".git").rmdir()
    monkeypatch.chdir(folder)
    (folder / "shop.py").write_text(models(EMAIL, NICK))
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "start")
    git(folder, "checkout", "-qb", "change")
    unmapped = ["ALTER TABLE users DROP old", "DROP TABLE legacy"]
    back = ["ALTER TABLE users ADD old text", "CREATE TABLE legacy (id serial PRIMARY KEY)"]

    # What no model maps can go, and the new code needs the migration.
    (versions / "r2.py").write_text(
        revision(2, [*unmapped, "ALTER TABLE users ADD plan text"],
                 [*back, "ALTER TABLE users DROP plan"])
    )  # fmt: skip
    (folder / "shop.py").write_text(models(EMAIL, NICK, PLAN))
    _, document = run(made.server_url, capsys)
    found = [each for each in document["findings"] if each["rule"] == "breaks-running-code"]
    assert found == []
    assert document["roundtrip"]["deploy_order"] == "migrate first"

    # What a model maps must not.
    (versions / "r2.py").write_text(
        revision(2, ["ALTER TABLE users DROP nick"], ["ALTER TABLE users ADD nick text"])
    )
    (folder / "shop.py").write_text(models(EMAIL))
    code, document = run(made.server_url, capsys)
    found = [each for each in document["findings"] if each["rule"] == "breaks-running-code"]
    assert [(each["severity"], each["revision"]) for each in found] == [("error", "r2")]
    assert "the target branch's code, which still uses `users.nick`" in found[0]["message"]
    assert (code, document["roundtrip"]["deploy_order"]) == (1, "code first")

    # Without its models, that is only a warning, and a note says why.
    git(folder, "stash", "-q", "-u")
    git(folder, "checkout", "-q", "main")
    (folder / "shop.py").write_text("import no_such_package\n")
    git(folder, "commit", "-qam", "broken")
    git(folder, "checkout", "-q", "change")
    git(folder, "stash", "pop", "-q")
    _, document = run(made.server_url, capsys)
    found = [each for each in document["findings"] if each["rule"] == "breaks-running-code"]
    assert [(each["severity"], each["revision"]) for each in found] == [("warning", "r2")]
    assert document["roundtrip"]["deploy_order"] is None
    assert any("models of the target branch could not be read" in n for n in document["notes"])
