"""The commands of the page on development and production run in its order, on a small application.

They run in this process where they can. `BELOW` is the first of its two revisions.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from alembic.config import main as alembic
from tests.verdicts.test_advice import TEMPLATE

from revgate.cli import main
from revgate.postgres.connect import connect
from revgate.postgres.programs import find_local

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from revgate.postgres.server import Server

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINE = re.compile(r"^\$ (.*?)(?:\s+# .*)?$", re.MULTILINE)
BELOW = "20251114120000"
DATABASES = ("support", "support_restored")
BODY = """
def upgrade():
    op.create_table("{0}", sa.Column("id", sa.Integer, primary_key=True))


def downgrade():
    op.drop_table("{0}")
"""
ENV = """
import os
from dotenv import load_dotenv
from alembic import context
from sqlalchemy import MetaData, create_engine, pool

load_dotenv(".env", override=True)
if context.is_offline_mode():
    context.configure(dialect_name="postgresql")
    with context.begin_transaction():
        context.run_migrations()
else:
    engine = create_engine(os.environ["DATABASE_URL"], poolclass=pool.NullPool)
    with engine.connect() as connection:
        context.configure(connection=connection, target_metadata=MetaData())
        with context.begin_transaction():
            context.run_migrations()
"""


def documented() -> list[str]:
    text = (ROOT / "docs" / "pages" / "workflow.md").read_text("utf-8")
    lines = [line for block in BLOCK.findall(text) for line in LINE.findall(block)]
    inline = re.findall(r"`(alembic (?:upgrade|downgrade) [+-]1)`", text)
    return [
        *lines[: (at := lines.index("revgate upgrade --backup staging.dump"))],
        *inline,
        *lines[at:],
    ]


class Workplace:
    """An application, and the server whose databases it uses."""

    def __init__(self, root: Path, server: Server) -> None:
        self.root = root
        self.judged: set[tuple[str, ...]] = set()
        """What the doctor was asked, and the revision of the database."""
        self.address = server.address
        local = find_local()
        assert local
        self._env = {
            "PATH": os.pathsep.join((local, os.environ["PATH"])),
            "PGHOST": self.address.host,
            "PGPORT": str(self.address.port),
            "PGUSER": self.address.user,
            "PGPASSWORD": self.address.password,
        }

    def url(self, database: str) -> str:
        return self.address._replace(database=database).url("postgresql")

    def run(self, command: str, code: int = 0) -> str:
        program, *words = shlex.split(command)
        said = io.StringIO()
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            if program == "revgate":
                ended = main(words)
            elif program == "alembic":
                alembic(words)
                ended = 0
            else:
                ended = subprocess.run([program, *words], env=self._env, check=False).returncode
        assert ended == code, f"{command}\n{said.getvalue()}"
        return said.getvalue()

    def stamp(self) -> list[str]:
        connection = connect(self.address._replace(database="support"))
        with contextlib.closing(connection), connection.cursor() as cursor:
            cursor.execute("SELECT version_num FROM alembic_version")
            return [name for (name,) in cursor.fetchall()]


@pytest.fixture
def workplace(
    project: Callable[..., Any], server: Server, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Workplace]:
    made = project(BODY.format("accounts"), BODY.format("posts"), env=ENV)
    for name in ("r1", "r2"):
        path = made.root / "migrations" / "versions" / f"{name}.py"
        path.write_text(path.read_text().replace("'r1'", f"'{BELOW}'"))
    (made.root / "migrations" / "script.py.mako").write_text(TEMPLATE.read_text())
    (made.root / ".env.example").write_text("DATABASE_URL=change-me\n")
    (made.root / ".git").rmdir()
    subprocess.run(["git", "init", "--quiet", made.root], check=True)
    monkeypatch.chdir(made.root)
    monkeypatch.setenv("DATABASE_URL", "unset")  # load_dotenv changes it, and this restores it
    monkeypatch.delenv("DATABASE_URL")
    monkeypatch.setenv("REVGATE_DATABASE_URL", made.server_url)
    monkeypatch.setenv("REVGATE_CACHE_DIR", str(made.root / "cache"))
    yield Workplace(made.root, server)
    for name in DATABASES:
        server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def plain(place: Workplace, command: str) -> None:
    place.run(command)


def sets_the_address(place: Workplace, command: str) -> None:
    place.run(command)
    path = place.root / ".env"
    url = place.address._replace(database="support").url("postgresql+psycopg2")
    path.write_text(re.sub("(?m)^DATABASE_URL=.*", f"DATABASE_URL={url}", path.read_text()))


def judges(place: Workplace, command: str) -> None:
    """Only a database below the head fails a test, and that is the one."""
    command = command.replace(
        "postgresql://localhost/support_restored", shlex.quote(place.url(DATABASES[1]))
    )
    state = (command, *place.stamp())
    if state in place.judged:
        return  # the same question
    place.judged.add(state)
    if BELOW not in state and "restored" not in command:
        assert "All tests passed!" in place.run(command)
    else:
        assert f"the database is at `{BELOW}`" in place.run(command, code=1)


def upgrades(place: Workplace, command: str) -> None:
    place.run(f"alembic downgrade {BELOW}")
    place.run(f"{command} --yes support")  # it asks in a terminal
    assert place.stamp() != [BELOW]


def writes(place: Workplace, command: str) -> None:
    place.run(f"alembic downgrade {BELOW}")
    place.run(command)
    assert "UPDATE alembic_version" in (place.root / "upgrade.sql").read_text()


def resets(place: Workplace, command: str) -> None:
    place.run(f"{command} --yes support")
    place.run("alembic upgrade head")  # of an empty database


RUNS: dict[str, Callable[[Workplace, str], None] | str] = {
    "createdb support": plain,
    "cp .env.example .env": sets_the_address,
    "alembic upgrade head": plain,
    "revgate doctor": judges,
    "alembic downgrade -1": plain,
    "alembic upgrade +1": plain,
    'alembic revision --autogenerate -m "add user preferences"': plain,
    'revgate new "add user preferences"': plain,
    "revgate gate": "tests/live and `make gate` have it",
    "revgate upgrade --backup staging.dump": "the same as for production",
    "python -m pytest": "tests of the user's own",
    "revgate upgrade --sql upgrade.sql": writes,
    "revgate upgrade --backup before.dump": upgrades,
    f"alembic downgrade {BELOW}": plain,
    "createdb support_restored": plain,
    "pg_restore --exit-on-error --dbname support_restored before.dump": plain,
    "revgate doctor --database-url postgresql://localhost/support_restored": judges,
    "revgate doctor --reset": resets,
}


def test_each_documented_command_is_in_the_table() -> None:
    assert {*documented()} == {*RUNS}


def test_the_documented_commands_in_their_order(workplace: Workplace) -> None:
    for command in documented():
        run = RUNS[command]
        if not isinstance(run, str):
            run(workplace, command)
