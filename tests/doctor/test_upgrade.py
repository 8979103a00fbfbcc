"""The careful step on a real server: refused where it must be, backed up, waited for, verified."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from revgate.cli import main
from revgate.postgres.connect import connect, parse_address
from revgate.postgres.programs import find_local

if TYPE_CHECKING:
    from collections.abc import Iterator

Application = Any
"""The class of the fixture, which stands in conftest.py."""


def run(application: Application, *words: str) -> tuple[int, str, str]:
    name = parse_address(application.url).database
    arguments = ["upgrade", "--database-url", application.url, *words]
    if "--yes" not in words:
        arguments += ["--yes", name]
    code = main(arguments)
    said = application.capsys.readouterr()
    return code, said.out, said.err


def stamp(application: Application) -> list[Any]:
    rows = application.sql("SELECT version_num FROM alembic_version")
    return [name for (name,) in rows]


def programs() -> str:
    folder = find_local()
    assert folder
    return folder


# What is not upgraded.


def test_without_a_yes_nothing_happens(application: Application) -> None:
    application.alembic("upgrade", "r1")
    for words, said in (((), "pass `--yes"), (("--yes", "prod"), "not 'prod'")):
        arguments = ["upgrade", "--database-url", application.url, *words]
        assert main(arguments) == 2
        assert said in application.capsys.readouterr().err
    assert stamp(application) == ["r1"]
    assert not list(application.root.glob("*.dump"))


def test_a_database_that_is_not_where_its_stamp_says(application: Application) -> None:
    application.alembic("upgrade", "r1")
    application.alembic("stamp", "r2")
    code, out, err = run(application)

    assert code == 3
    assert "alembic stamp r1" in out
    assert "not upgraded" in err
    assert stamp(application) == ["r2"]


def test_only_what_makes_the_upgrade_fail_is_refused(
    application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    application.alembic("upgrade", "r2")
    # In the way of `r3`, which adds the column.
    application.sql("ALTER TABLE posts ADD title int")
    code, out, err = run(application, "--no-backup")
    assert (code, stamp(application)) == (3, ["r2"])
    assert "posts.title" in out
    assert "not upgraded: on a copy of this database's schema, `r3`, line 6, fails" in err

    # An index by hand, and a table that an upgrade leaves alone.
    application.sql("ALTER TABLE posts DROP title; CREATE INDEX by_hand ON users (mood)")
    application.sql("ALTER TABLE users ADD nickname text; CREATE TABLE notes (id int)")
    with monkeypatch.context() as patched:
        break_programs(application, patched)
        code, _, err = run(application, "--no-backup")
    assert (code, stamp(application)) == (3, ["r2"])
    assert "the schema could not be copied to a throwaway database: pg_dump: disk full" in err
    assert "or pass `--despite-differences`" in err
    code, out, _ = run(application, "--no-backup")
    assert "✓ the upgrade succeeds on a copy of this database's schema" in out
    assert stamp(application) == ["r3"]
    assert code == 1  # the column is still there
    application.sql("ALTER TABLE users DROP nickname")
    assert application.examine()["passed"]


LEFTOVER = """
from alembic import op
revision = "r4"
down_revision = "r3"


def upgrade():
    op.execute("CREATE OR REPLACE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1'")


def downgrade():
    op.execute("SELECT 1")
"""


def test_a_leftover_of_a_downgrade_does_not_stop_an_upgrade(application: Application) -> None:
    (application.root / "migrations" / "versions" / "r4.py").write_text(LEFTOVER)
    application.alembic("upgrade", "r4")
    application.alembic("downgrade", "r2")
    code, out, err = run(application, "--no-backup")
    assert code == 0, (out, err)
    assert "⚠ does not stop the upgrade: `downgrade-residue` in pending revisions" in out
    assert stamp(application) == ["r4"]


def test_what_fails_on_a_throwaway_is_not_tried(application: Application) -> None:
    application.alembic("upgrade", "r2")
    path = application.root / "migrations/versions/r3.py"
    path.write_text(path.read_text().replace('add_column("posts"', 'add_column("post"'))
    code, out, _ = run(application)

    assert code == 1  # there are findings; 3 is for what could not be checked
    assert "upgrade-fails" in out
    assert "not upgraded: the pending revisions fail on a throwaway database" in out
    assert stamp(application) == ["r2"]


def test_a_backup_that_is_there_is_not_overwritten(application: Application) -> None:
    application.alembic("upgrade", "r2")
    kept = application.root / "kept.dump"
    kept.write_text("precious")

    assert run(application, "--backup", str(kept))[0] == 2
    assert kept.read_text() == "precious"
    assert stamp(application) == ["r2"]


def break_programs(application: Application, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a `pg_dump` and a `pg_restore` on PATH that fail."""
    broken = application.root / "bin"
    broken.mkdir()
    for name in ("pg_dump", "pg_restore"):
        script = f"#!/bin/sh\ncase $1 in --version) exec {programs()}/{name} --version;; esac\n"
        (broken / name).write_text(script + "echo 'disk full' >&2; exit 1\n")
        (broken / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{broken}:{os.environ['PATH']}")


def test_no_backup_no_upgrade(application: Application, monkeypatch: pytest.MonkeyPatch) -> None:
    application.alembic("upgrade", "r2")
    break_programs(application, monkeypatch)
    code, _, err = run(application)

    assert code == 3
    assert "disk full" in err
    assert stamp(application) == ["r2"]
    assert not list(application.root.glob("*.dump"))


def test_the_backup_and_the_name_are_checked_before_the_rehearsal(
    application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    from revgate.checking import gate

    def rehearse(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(gate, "observe", rehearse)
    application.alembic("upgrade", "r2")
    kept = application.root / "kept.dump"
    kept.write_text("precious")
    (application.root / "link.dump").symlink_to("/nowhere")
    for path, said in (
        (kept, "already exists"),
        (application.root / "link.dump", "already exists"),
        (application.root / "no" / "folder.dump", "does not exist"),
    ):
        code, _, err = run(application, "--backup", str(path))
        assert (code, said in err) == (2, True), err
    assert run(application, "--yes", "prod")[0] == 2
    assert main(["upgrade", "--database-url", application.url]) == 2


# Interruptions.

SLEEPS = """
from alembic import op
revision = "r4"
down_revision = "r3"


def upgrade():
    if op.get_bind().exec_driver_sql("SELECT 1 FROM users WHERE id = 777").scalar():
        op.execute("SELECT pg_sleep(600)")  # only in the real database, not in the rehearsal


def downgrade():
    pass
"""
_SLEEPING = (
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE datname = current_database() AND query LIKE '%%pg_sleep(600)%%' AND state = 'active'"
    " AND pid <> pg_backend_pid()"
)


@pytest.fixture
def upgrading(application: Application) -> Iterator[subprocess.Popen[str]]:
    """Return an upgrade in a process of its own, in the middle of a statement of ten minutes."""
    (application.root / "migrations" / "versions" / "r4.py").write_text(SLEEPS)
    application.alembic("upgrade", "r3")
    application.sql("INSERT INTO users VALUES (777, 'low')")
    hook = Path(__file__).parents[2] / "hooks" / "revgate"
    words = ["upgrade", "--database-url", application.url, "--backup", "before.dump"]
    process = subprocess.Popen(
        [sys.executable, str(hook), *words, "--yes", parse_address(application.url).database],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    until = time.monotonic() + 90
    while application.sql(_SLEEPING) != [(1,)]:
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < until
        time.sleep(0.1)
    yield process
    process.kill()
    process.wait()
    if process.stdout:
        process.stdout.close()


def _ends(application: Application) -> bool:
    until = time.monotonic() + 15
    while application.sql(_SLEEPING) != [(0,)] and time.monotonic() < until:
        time.sleep(0.1)
    return bool(application.sql(_SLEEPING) == [(0,)])


def test_ctrl_c_cancels_the_statement(
    default_signals: None, application: Application, upgrading: subprocess.Popen[str]
) -> None:
    upgrading.send_signal(signal.SIGINT)
    said, _ = upgrading.communicate(timeout=30)
    assert upgrading.returncode == 130
    assert "was interrupted" in said
    assert f"the backup from before it is {application.root}/before.dump" in said
    assert _ends(application)
    assert stamp(application) == ["r3"]
    assert "interrupted" not in str(application.examine()["notes"]), "it was reported"


def test_the_next_command_tells_of_an_upgrade_that_was_killed(
    application: Application, upgrading: subprocess.Popen[str]
) -> None:
    upgrading.kill()
    upgrading.communicate()
    assert _ends(application)
    notes = str(application.examine()["notes"])
    assert "an upgrade from r3 to r4 began at" in notes
    assert f"{application.root}/before.dump" in notes
    assert "revgate upgrade" in notes

    application.sql("DELETE FROM users")
    code, out, err = run(application, "--no-backup")
    assert code == 0, err
    assert "an upgrade from r3 to r4 began at" in out
    assert stamp(application) == ["r4"]
    assert "began at" not in str(application.examine()["notes"])


# What is upgraded.


def test_an_upgrade_is_shown_backed_up_done_and_verified(application: Application) -> None:
    application.alembic("upgrade", "r2")
    application.sql("INSERT INTO users VALUES (1, 'low')")
    kept = application.root / "before.dump"
    code, out, _ = run(application, "--backup", str(kept))

    assert code == 0, out
    assert "AccessExclusiveLock on public.posts: blocks reads and writes" in out
    assert "✓ All tests passed!" in out
    assert "alembic downgrade r2" in out
    assert stamp(application) == ["r3"]
    assert kept.stat().st_mode & 0o777 == 0o600
    assert "secret" not in out


def test_the_backup_has_what_was_there(application: Application) -> None:
    application.alembic("upgrade", "r2")
    application.sql("INSERT INTO users VALUES (1, 'low')")
    kept = application.root / "before.dump"
    assert run(application, "--backup", str(kept))[0] == 0

    address = parse_address(application.url)
    other = address._replace(database=f"{address.database}_restored")
    admin = connect(address)
    with admin.cursor() as cursor:
        cursor.execute(f'CREATE DATABASE "{other.database}"')
    try:
        restore = [
            f"{programs()}/pg_restore",
            "--exit-on-error",
            "--dbname",
            other.url(),
            str(kept),
        ]
        subprocess.run(restore, check=True)
        restored = connect(other)
        with restored.cursor() as cursor:
            cursor.execute("SELECT mood, version_num FROM users, alembic_version")
            assert cursor.fetchall() == [("low", "r2")]
        restored.close()
    finally:
        with admin.cursor() as cursor:
            cursor.execute(f'DROP DATABASE "{other.database}"')
        admin.close()


def test_an_empty_database_goes_all_the_way(application: Application) -> None:
    code, out, _ = run(application)

    assert code == 0, out
    assert stamp(application) == ["r3"]
    assert "alembic downgrade base" in out
    assert len(list(application.root.glob("*.dump"))) == 1


def test_at_the_head_nothing_is_done(application: Application) -> None:
    application.alembic("upgrade", "head")
    code, out, _ = run(application)

    assert code == 0
    assert "✓ All tests passed!" in out
    assert not list(application.root.glob("*.dump"))


def test_where_env_py_would_go_does_not_matter(application: Application) -> None:
    ini = application.root / "alembic.ini"
    ini.write_text(ini.read_text().replace(application.url, "postgresql://u@192.0.2.1/production"))

    assert run(application)[0] == 0
    assert stamp(application) == ["r3"]


# Locks.


class Holder:
    """A transaction that reads a table, and so keeps it from being altered."""

    def __init__(self, url: str) -> None:
        self.connection = connect(parse_address(url))
        self.connection.autocommit = False
        with self.connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM posts")

    def end(self) -> None:
        self.connection.rollback()
        self.connection.close()

    def end_once_waited_for(self, application: Application) -> None:
        """End when an attempt has been seen to wait, and has had the time to give up."""
        waits = (
            "SELECT 1 FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        for _ in range(600):
            if application.sql(waits):
                break
            time.sleep(0.05)
        time.sleep(1.0)
        self.end()


def test_a_lock_is_waited_for_in_bounded_attempts(application: Application) -> None:
    application.alembic("upgrade", "r2")
    holder = Holder(application.url)
    patience = ("--lock-timeout", "0.2", "--attempts", "60", "--pause", "0.1", "--no-backup")
    ending = threading.Thread(target=holder.end_once_waited_for, args=(application,))
    ending.start()
    code, out, _ = run(application, *patience)
    ending.join()

    assert code == 0, out
    assert stamp(application) == ["r3"]
    assert "attempt 1 of 60: lock timeout at `r3`" in out
    assert "SELECT count(*) FROM posts" in out


def test_a_lock_that_never_comes_leaves_everything_as_it_was(application: Application) -> None:
    application.alembic("upgrade", "r1")
    application.alembic("upgrade", "r2")
    holder = Holder(application.url)
    patience = ("--lock-timeout", "0.2", "--attempts", "2", "--pause", "0", "--no-backup")
    code, out, _ = run(application, *patience)
    holder.end()

    assert code == 1
    assert out.count("lock timeout at `r3`") == 2
    assert "Another session holds the lock" in out
    assert stamp(application) == ["r2"]
    assert application.examine()["state"] == "behind"


def test_others_are_not_kept_waiting_behind_it(application: Application) -> None:
    application.alembic("upgrade", "r2")
    holder = Holder(application.url)
    waited: list[float] = []
    ended = threading.Event()

    def read() -> None:
        connection = connect(parse_address(application.url))
        while not ended.is_set():
            begun = time.monotonic()
            with connection.cursor() as cursor:
                cursor.execute("SELECT count(*) FROM posts")
            waited.append(time.monotonic() - begun)
            time.sleep(0.01)
        connection.close()

    reader = threading.Thread(target=read)
    reader.start()
    run(application, "--lock-timeout", "0.3", "--attempts", "2", "--pause", "0.1", "--no-backup")
    ended.set()
    reader.join()
    holder.end()

    assert waited
    assert max(waited) > 0.1  # it did stand in the queue
    assert max(waited) < 5.0  # and not for as long as the transaction before it


# The script.


def offline(application: Application) -> None:
    """Give env.py an offline mode, as Alembic's template has it."""
    env = application.root / "migrations" / "env.py"
    text = env.read_text()
    body = text[text.index("connectable =") :]
    head = text[: text.index("connectable =")]
    indented = "".join(f"    {line}\n" for line in body.splitlines())
    env.write_text(
        f"{head}if context.is_offline_mode():\n"
        "    context.configure(dialect_name='postgresql', literal_binds=True)\n"
        "    with context.begin_transaction():\n        context.run_migrations()\n"
        f"else:\n{indented}"
    )


def test_a_script_does_what_the_upgrade_does(application: Application) -> None:
    offline(application)
    application.alembic("upgrade", "r1")
    script = application.root / "upgrade.sql"
    code, out, _ = run(application, "--sql", str(script))

    assert code == 0
    assert "r1 to r3" in out
    assert stamp(application) == ["r1"]
    psql = [
        f"{programs()}/psql",
        "-q",
        "-d",
        parse_address(application.url).url(),
        "-f",
        str(script),
    ]
    subprocess.run(psql, check=True)
    assert application.examine()["passed"]


def test_a_script_needs_no_database(
    application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    offline(application)
    monkeypatch.delenv("REVGATE_DATABASE_URL")
    for words, begins in (((), "-- base to r3"), (("--from", "r2"), "-- r2 to r3")):
        path = application.root / f"{begins[3:5]}.sql"
        assert main(["upgrade", "--sql", str(path), *words]) == 0
        text = path.read_text()
        assert text.startswith(begins)
        assert "lock_timeout" in text
        assert ("CREATE TABLE users" in text) == (not words)


def test_an_env_py_without_offline_mode_reaches_nothing(application: Application) -> None:
    path = application.root / "upgrade.sql"
    assert main(["upgrade", "--sql", str(path)]) == 3
    assert not path.exists()
    assert "is_offline_mode" in application.capsys.readouterr().err or path


def test_the_programs_are_there() -> None:
    assert shutil.which("pg_dump") or Path(programs(), "pg_dump").exists()
