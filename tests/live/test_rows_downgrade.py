"""Downgrades on populated tables: which cope with rows, which fail on them, which lose them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from revgate.roundtrip.observed import DOWNGRADE
from revgate.rules import all_rules

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from revgate.findings import Finding
    from revgate.roundtrip.observed import RoundTrip

    ProjectMaker = Callable[..., Any]

COMPARES_SNAPSHOTS = True

RULES = ("downgrade-fails-on-rows", "fails-on-rows", "rows-lost")


def revision(up: Sequence[str], down: Sequence[str]) -> str:
    """Write a revision; each line is SQL, or Python if it begins with `op.` or `#`."""
    text = ""
    for name, statements in (("upgrade", up), ("downgrade", down)):
        text += f"def {name}():\n"
        for each in statements or ["pass"]:
            plain = each.startswith(("op.", "raise", "if ", "with ", "    ", "pass"))
            text += f"    {each}\n" if plain else f"    op.execute({each!r})\n"
        text += "\n\n"
    return text


GROUND = revision(
    (
        "CREATE TYPE mood AS ENUM ('good', 'bad')",
        (
            "CREATE TABLE users (id serial PRIMARY KEY, email varchar(20) NOT NULL, age smallint,"
            " mood mood NOT NULL, fax text NOT NULL, code text UNIQUE,"
            " status text NOT NULL CHECK (status IN ('open', 'paid')))"
        ),
        "CREATE TABLE kinds (id int PRIMARY KEY, name text NOT NULL)",
        "INSERT INTO kinds VALUES (1, 'one'), (2, 'two')",
        (
            "CREATE TABLE posts (id int PRIMARY KEY, user_id int NOT NULL REFERENCES users,"
            " title text)"
        ),
    ),
    ("DROP TABLE posts, users, kinds", "DROP TYPE mood"),
)


def ask(observed: RoundTrip) -> list[Finding]:
    found = [
        each._replace(rule=name) for name in RULES for each in all_rules()[name].check(observed)
    ]
    return sorted(found, key=lambda each: int(each.path[:-3].rpartition("r")[2]))


def reported(observed: RoundTrip) -> list[tuple[str | None, str]]:
    return [(each.revision, each.rule) for each in ask(observed)]


COPES = (
    # A table and columns of its own, with rows by then.
    revision(
        ("CREATE TABLE tags (id serial PRIMARY KEY, user_id int REFERENCES users)",
         "ALTER TABLE users ADD plan text"),
        ("ALTER TABLE users DROP plan", "DROP TABLE tags"),
    ),
    revision(
        ("ALTER TABLE users DROP fax",),
        ("ALTER TABLE users ADD fax text NOT NULL DEFAULT ''",
         "ALTER TABLE users ALTER fax DROP DEFAULT"),
    ),
    revision(
        ("ALTER TABLE users ALTER email DROP NOT NULL",),
        ("UPDATE users SET email = '' WHERE email IS NULL",
         "ALTER TABLE users ALTER email SET NOT NULL"),
    ),
    revision(
        ("ALTER TABLE users DROP CONSTRAINT users_code_key",),
        ("UPDATE users SET code = id::text",
         "ALTER TABLE users ADD CONSTRAINT users_code_key UNIQUE (code)"),
    ),
    revision(
        ("ALTER TABLE users ALTER email TYPE varchar(80)",),
        ("ALTER TABLE users ALTER email TYPE varchar(20) USING left(email, 20)",),
    ),
    # It refuses on purpose: in Python, and in a block.
    revision(
        ("CREATE TABLE secrets (id int)",),
        ("if op.get_bind().exec_driver_sql('SELECT count(*) FROM users').scalar():",
         "    raise RuntimeError('users would lose their secrets')", "DROP TABLE secrets"),
    ),
    revision(
        ("CREATE TABLE others (id int)",),
        ("DO $$ BEGIN IF EXISTS (SELECT FROM users) THEN RAISE 'no'; END IF; END $$",
         "DROP TABLE others"),
    ),
    # Its own rows, in a table of others.
    revision(
        ("INSERT INTO users (email, mood, status) VALUES ('root', 'good', 'open')",
         "INSERT INTO kinds VALUES (3, 'three')"),
        ("DELETE FROM users WHERE email = 'root'", "DELETE FROM kinds WHERE id = 3"),
    ),
    # Rows that go to another table and come back.
    revision(
        ("CREATE TABLE articles (id int PRIMARY KEY, user_id int, title text)",
         "INSERT INTO articles SELECT * FROM posts", "DROP TABLE posts"),
        (("CREATE TABLE posts (id int PRIMARY KEY, user_id int NOT NULL REFERENCES users,"
         " title text)"),
         "INSERT INTO posts SELECT * FROM articles", "DROP TABLE articles"),
    ),
    # What it commits cannot be taken back; its upgrade leads back.
    revision(
        ("with op.get_context().autocommit_block():",
         "    op.execute('CREATE INDEX CONCURRENTLY i ON users (age)')"),
        ("with op.get_context().autocommit_block():",
         "    op.execute('DROP INDEX CONCURRENTLY i')"),
    ),
    revision(("SELECT 1",), ()),
)  # fmt: skip


def test_downgrades_that_cope_with_rows_are_silent(project: ProjectMaker) -> None:
    observed = project(GROUND, *COPES).run()

    assert not observed.failures
    assert ask(observed) == []
    assert [each for each in observed.notes if "rows" in each] == []


FAILS = (
    ("r2", 'column "fax" of relation "users" contains null values', "`server_default`",
     revision(("ALTER TABLE users DROP fax",), ("ALTER TABLE users ADD fax text NOT NULL",))),
    ("r3", 'column "email" of relation "users" contains null values', "`UPDATE`",
     revision(("op.alter_column('users', 'email', nullable=True)",),
              ("op.alter_column('users', 'email', nullable=False)",))),
    ("r4", 'could not create unique index "users_code_key"', "remove duplicates",
     revision(("ALTER TABLE users DROP CONSTRAINT users_code_key",),
              ("ALTER TABLE users ADD CONSTRAINT users_code_key UNIQUE (code)",))),
    ("r5", "value too long for type character varying(20)", "shorten longer texts",
     revision(("ALTER TABLE users ALTER email TYPE varchar(90)",),
              ("ALTER TABLE users ALTER email TYPE varchar(20)",))),
    ("r6", "smallint out of range", "too large",
     revision(("ALTER TABLE users ALTER age TYPE int",),
              ("ALTER TABLE users ALTER age TYPE smallint",))),
    ("r7", 'invalid input value for enum mood_old: "soso"', "does not have",
     revision(("ALTER TYPE mood ADD VALUE 'soso'",),
              ("CREATE TYPE mood_old AS ENUM ('good', 'bad')",
               "ALTER TABLE users ALTER mood TYPE mood_old USING mood::text::mood_old",
               "DROP TYPE mood", "ALTER TYPE mood_old RENAME TO mood"))),
    ("r8", 'check constraint "users_status_check" of relation "users" is violated', "satisfy the",
     revision(("ALTER TABLE users DROP CONSTRAINT users_status_check",
               ("ALTER TABLE users ADD CONSTRAINT users_status_check"
               " CHECK (status IN ('open', 'paid', 'void'))")),
              ("ALTER TABLE users DROP CONSTRAINT users_status_check",
               ("ALTER TABLE users ADD CONSTRAINT users_status_check"
               " CHECK (status IN ('open', 'paid'))")))),
    ("r9", "violates foreign key constraint", "satisfy the foreign key",
     revision(("ALTER TABLE posts DROP CONSTRAINT posts_user_id_fkey",),
              (("ALTER TABLE posts ADD CONSTRAINT posts_user_id_fkey"
               " FOREIGN KEY (user_id) REFERENCES users"),))),
    # Values that its own upgrade made equal.
    ("r10", 'could not create unique index "posts_title_key"', "remove duplicates",
     revision(("UPDATE posts SET title = 'same'",),
              ("ALTER TABLE posts ADD CONSTRAINT posts_title_key UNIQUE (title)",
               "ALTER TABLE posts DROP CONSTRAINT posts_title_key"))),
)  # fmt: skip


def test_downgrades_that_fail_on_rows(project: ProjectMaker) -> None:
    loses = revision((), ("SELECT 1", "DELETE FROM posts WHERE id > 0"))
    empties = revision(("CREATE TABLE own (id int)",), ("DROP TABLE own", "TRUNCATE posts, users"))
    recreates = revision(
        ("ALTER TABLE posts RENAME TO old", "CREATE TABLE posts (LIKE old)",
         "INSERT INTO posts SELECT * FROM old", "DROP TABLE old"),
        ("DROP TABLE posts", ("CREATE TABLE posts (id int PRIMARY KEY, user_id int NOT NULL,"
         " title text)")),
    )  # fmt: skip

    observed = project(GROUND, *(each[-1] for each in FAILS), loses, empties, recreates).run()

    found = {each.revision: each for each in ask(observed)}
    assert reported(observed) == [
        *((id_, "downgrade-fails-on-rows") for id_, *_ in FAILS),
        ("r11", "rows-lost"), ("r12", "rows-lost"), ("r12", "rows-lost"), ("r13", "rows-lost"),
    ]  # fmt: skip
    for id_, message, help_, _ in FAILS:
        assert "works on empty tables and fails on tables that have rows: " in found[id_].message
        assert message in found[id_].message
        assert help_ in found[id_].help
    assert (found["r2"].line, found["r3"].line) == (10, 10)
    assert found["r11"].message == (
        "`downgrade()` of `r11` deletes rows of `posts` (3 of 3 test rows lost)"
    )
    assert found["r11"].line == 11
    assert found["r13"].message == (
        "`downgrade()` of `r13` drops `posts` and its rows (3 of 3 test rows lost)"
    )


def test_what_fails_on_empty_tables_or_on_purpose_is_reported_once(project: ProjectMaker) -> None:
    observed = project(
        GROUND,
        revision(("SELECT 1",), ("SELECT 1 / 0",)),
        revision(("ALTER TABLE users DROP fax",), ("raise NotImplementedError",)),
        revision(("ALTER TABLE users ADD phone text",), ("ALTER TABLE users DROP phone",)),
        # Its second upgrade meets what the first one copied.
        revision(("INSERT INTO kinds SELECT id, email FROM users",), ()),
        # It fails after it has committed, so that the rest goes on in another database.
        revision(
            ("ALTER TABLE users ADD a text", "UPDATE users SET a = 'b'"),
            ("with op.get_context().autocommit_block():", "    op.execute('SELECT 1')",
             "ALTER TABLE users ADD UNIQUE (a)", "ALTER TABLE users DROP a"),
        ),
        revision(("ALTER TABLE users ALTER email DROP NOT NULL",),
                 ("ALTER TABLE users ALTER email SET NOT NULL",)),
    ).run()  # fmt: skip

    assert [each.step.revision.id for each in observed.failures if each.during == DOWNGRADE] == [
        "r3", "r2",
    ]  # fmt: skip
    assert reported(observed) == [
        ("r5", "fails-on-rows"),
        ("r6", "downgrade-fails-on-rows"),
        ("r7", "downgrade-fails-on-rows"),
    ]
