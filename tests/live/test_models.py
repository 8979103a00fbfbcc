"""Models compared with the migrated database: where both agree, and each way to differ."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from revgate.findings import ERROR, WARNING, Finding
from revgate.rules import all_rules

if TYPE_CHECKING:
    from collections.abc import Callable

    from revgate.roundtrip.observed import RoundTrip

    ProjectMaker = Callable[..., Any]

ROWS = False


RULES = ("missing-table", "model-drift", "unmapped-table")
MODELS = """
from sqlalchemy import (
    CheckConstraint, Column, Enum, ForeignKey, Integer, MetaData, Numeric, String, Text, text,
)
from sqlalchemy.orm import declarative_base

Base = declarative_base()


class User(Base):
    __tablename__ = "users"

    id = Column(Integer, primary_key=True)
    email = Column(String(50), nullable=False, unique=True, index=True)
    age = Column(Integer, CheckConstraint("age BETWEEN 0 AND 150"), server_default=text("18"))
    mood = Column(Enum("low", "high", name="mood"))


class Post(Base):
    __tablename__ = "posts"

    id = Column(Integer, primary_key=True)
    user_id = Column(Integer, ForeignKey("users.id"))
    title = Column(Text)
"""
SAME = """
def upgrade():
    op.create_table(
        "users",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("email", sa.String(50), nullable=False, unique=True, index=True),
        sa.Column("age", sa.Integer, server_default="18"),
        sa.Column("mood", sa.Enum("low", "high", name="mood")),
        sa.CheckConstraint("age >= 0 AND age <= 150", name="named_by_hand"),
    )
    op.create_table(
        "posts",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("user_id", sa.Integer, sa.ForeignKey("users.id")),
        sa.Column("title", sa.Text),
    )


def downgrade():
    op.drop_table("posts")
    op.drop_table("users")
    op.execute("DROP TYPE mood")
"""
COMPARE = "target_metadata=Base.metadata"


def change(up: str) -> str:
    return f"def upgrade():\n    op.execute({up!r})\n\n\ndef downgrade():\n    pass\n"


def env(sync_env: str, configure: str = COMPARE) -> str:
    head = "import sys\nsys.path.insert(0, '.')\nfrom shop import *\n"
    return head + sync_env.replace(
        "configure(connection=connection", f"configure(connection=connection, {configure}"
    )


def run(
    project: ProjectMaker, env_text: str, *bodies: str, models: str = MODELS, **options: object
) -> RoundTrip:
    made = project(*(bodies or (SAME,)), env=env_text)
    (made.root / "shop.py").write_text(textwrap.dedent(models))
    observed: RoundTrip = made.run(**options)
    return observed


def ask(observed: RoundTrip) -> list[Finding]:
    assert observed.models, observed.notes
    return [
        finding._replace(rule=name)
        for name in RULES
        for finding in all_rules()[name].check(observed)
    ]


def test_silent_where_both_have_the_same(project: ProjectMaker, sync_env: str) -> None:
    observed = run(project, env(sync_env))

    assert ask(observed) == []
    assert observed.models
    assert observed.models.tables == 2


def test_silent_through_an_asynchronous_driver(project: ProjectMaker, async_env: str) -> None:
    made = project(SAME, env=env(async_env), url="postgresql+asyncpg://u@192.0.2.1/x")
    (made.root / "shop.py").write_text(MODELS)

    assert ask(made.run()) == []


def test_silent_on_what_is_not_the_models(project: ProjectMaker, sync_env: str) -> None:
    more = change(
        "CREATE TABLE log (id int, at date) PARTITION BY RANGE (at);"
        "CREATE TABLE log_1 PARTITION OF log FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');"
        "CREATE VIEW seen AS SELECT id FROM users;"
        "ALTER TABLE users ALTER email SET STORAGE EXTERNAL;"
        "CREATE TABLE legacy (id int)"
    )
    models = MODELS + (
        "\n\nclass Log(Base):\n    __tablename__ = 'log'\n"
        "    id = Column(Integer)\n    at = Column(sa.Date)\n"
        "    __mapper_args__ = {'primary_key': [id]}\n"
    )
    keeps = "include_object=lambda o, name, *rest: name != 'legacy', target_metadata=Base.metadata"
    observed = run(
        project, env(sync_env, keeps), SAME, more, models="import sqlalchemy as sa\n" + models
    )

    assert ask(observed) == []


def test_silent_on_two_metadata(project: ProjectMaker, sync_env: str) -> None:
    models = MODELS.replace("class Post(Base)", "Other = declarative_base()\n\n\nclass Post(Other)")
    models = models.replace('ForeignKey("users.id")', "ForeignKey(User.id)")
    both = "target_metadata=[Base.metadata, Other.metadata]"

    assert ask(run(project, env(sync_env, both), models=models)) == []


def test_missing_metadata_is_a_note(project: ProjectMaker, sync_env: str) -> None:
    observed = run(project, env(sync_env, "compare_type=True"))

    assert observed.models is None
    assert any("target_metadata" in note for note in observed.notes)


def test_metadata_without_tables_is_one_note(project: ProjectMaker, sync_env: str) -> None:
    models = "from sqlalchemy.orm import declarative_base\nBase = declarative_base()\n"
    observed = run(project, env(sync_env), models=models)

    assert observed.models is None
    (note,) = (each for each in observed.notes if "target_metadata" in each)
    assert "has no table" in note


@pytest.mark.parametrize(
    ("more", "rules"), [("", []), ("    body = Column(Text)\n", ["model-drift"])]
)
def test_silent_where_alembic_is_wrong(
    project: ProjectMaker, sync_env: str, more: str, rules: list[str]
) -> None:
    """Alembic would replace this index, and misses the tables: PostgreSQL refutes both."""
    models = MODELS.replace(
        "Base = declarative_base()",
        "Base = declarative_base(metadata=MetaData(schema='public'))",
    )
    models = models.replace('ForeignKey("users.id")', 'ForeignKey("public.users.id")')
    models = (
        models.replace(", index=True", "")
        + more
        + (
            "\n    __table_args__ = (sa.Index('ix_title', 'title',"
            " postgresql_ops={'title': 'text_pattern_ops'}),)\n"
        )
    )
    bodies = (
        SAME.replace(", index=True", ""),
        change("CREATE INDEX ix_title ON posts (title text_pattern_ops)"),
    )
    observed = run(project, env(sync_env), *bodies, models="import sqlalchemy as sa\n" + models)

    assert [each.rule for each in ask(observed)] == rules


JSON = (
    "\n\nclass Settings(Base):\n    __tablename__ = 'settings'\n"
    "    id = Column(Integer, primary_key=True)\n"
    "    data = Column(sa.JSON, server_default='{}')\n"
)


def test_what_alembic_cannot_compare_hides_nothing(project: ProjectMaker, sync_env: str) -> None:
    """PostgreSQL has no equality for json, by which Alembic compares defaults."""
    table = change("CREATE TABLE settings (id serial PRIMARY KEY, data json DEFAULT '{}')")
    models = "import sqlalchemy as sa\n" + MODELS.replace("class Post", INVOICE) + JSON
    compared = env(sync_env, f"compare_server_default=True, {COMPARE}")
    observed = run(project, compared, SAME, table, models=models)

    assert [each.rule for each in ask(observed)] == ["missing-table"]
    assert any("only the catalogs were compared" in note for note in observed.notes)


def test_a_comparison_that_raises_is_a_finding(project: ProjectMaker, sync_env: str) -> None:
    """What can be compared without it, is."""
    models = MODELS.replace("class Post", INVOICE)
    models = models.replace("    title =", "    body = Column(Text)\n    title =")
    raises = f"include_name=lambda *_: 1 / 0, include_schemas=True, {COMPARE}"
    findings = ask(run(project, env(sync_env, raises), models=models))

    missing, failed, drift = findings
    assert (missing.rule, missing.path) == ("missing-table", "shop.py")
    assert (failed.rule, failed.path) == ("model-drift", "migrations/env.py")
    assert "ZeroDivisionError" in failed.message
    assert "column `body` of `posts`" in drift.message


def test_models_that_raise_are_a_finding(project: ProjectMaker, sync_env: str) -> None:
    raises = f"include_object=lambda *_: 1 / 0, {COMPARE}"
    observed = run(project, env(sync_env, raises))
    (finding,) = ask(observed)

    assert finding.severity is ERROR
    assert "ZeroDivisionError" in finding.message
    assert [each.name for each in observed.passes][-1] == "production"


PLUGIN = """
from alembic.autogenerate import comparators, renderers
from alembic.operations import MigrateOperation


class CreateFunctionOp(MigrateOperation):
    name = "total"

    def reverse(self):
        return CreateFunctionOp()


@renderers.dispatch_for(CreateFunctionOp)
def render(context, operation):
    return "op.create_function('total')"


@comparators.dispatch_for("schema")
def compare(context, operations, schemas):
    operations.ops.append(CreateFunctionOp())
"""


def test_what_a_plugin_finds_is_reported(project: ProjectMaker, sync_env: str) -> None:
    (finding,) = ask(
        run(project, env(sync_env).replace("import sys\n", PLUGIN + "import sys\n", 1))
    )

    assert finding.rule == "model-drift"
    assert "`op.create_function('total')`" in finding.message
    assert "op.create_function('total')" in finding.help


def test_a_table_is_one_finding(project: ProjectMaker, sync_env: str) -> None:
    """Where only lengths and defaults differ, it is a warning."""
    models = MODELS.replace("String(50)", "String(80)").replace('text("18")', 'text("21")')
    models = models.replace("title = Column(Text", "title = Column(Integer")
    posts, users = ask(run(project, env(sync_env), models=models))

    assert posts.severity is ERROR
    assert users.severity is WARNING
    assert "`users` differs in 2 places" in users.message
    lines = [models.splitlines()[each.line - 1] for each in users.related]
    assert any("age =" in line for line in lines)


class Drift(NamedTuple):
    """A change of the models or of the database, and the expected finding."""

    models: tuple[str, str]
    """What is replaced in the models, and by what."""
    more: str
    """Another revision."""
    rule: str
    message: str
    help: str
    line: str
    """What the line that is marked has; empty where it is in a revision."""


NOTHING = ("", "")
INVOICE = """class Invoice(Base):
    __tablename__ = 'invoices'
    id = Column(Integer, primary_key=True)


class Post"""
DRIFTS = (
    Drift(
        ("class Post", INVOICE),
        "", "missing-table", "the models have the table `invoices`, and no revision creates it",
        'op.create_table("invoices"', "class Invoice",
    ),
    Drift(
        NOTHING, "CREATE TABLE old (id int)", "unmapped-table", "no model maps the table `old`",
        "drop it in a revision", "",
    ),
    Drift(
        ("    title =", "    body = Column(Text)\n    title ="), "", "model-drift",
        "the models have column `body` of `posts`, and no revision creates it",
        "op.add_column('posts'", "body =",
    ),
    Drift(
        NOTHING, "ALTER TABLE posts ADD extra int", "model-drift",
        "column `extra` of `posts` is in the database, and the models do not have it",
        "op.drop_column('posts', 'extra')", "",
    ),
    Drift(
        ("String(50)", "String(80)"), "", "model-drift",
        "column `users.email` is `character varying(50) NOT NULL` in the database and"
        " `character varying(80) NOT NULL` in the models",
        "op.alter_column('users', 'email'", "email =",
    ),
    Drift(
        ("title = Column(Text", "title = Column(Text, nullable=False"), "", "model-drift",
        "column `posts.title` is `text` in the database and `text NOT NULL` in the models",
        "nullable=False", "title =",
    ),
    Drift(
        NOTHING, "ALTER TABLE users ALTER age SET DEFAULT 21", "model-drift",
        "column `users.age` is `integer DEFAULT 21` in the database and `integer DEFAULT 18` in"
        " the models", "fix the models", "age =",
    ),
    Drift(
        NOTHING, "ALTER TYPE mood ADD VALUE 'wild'", "model-drift",
        "enum `mood` has 'low', 'high', 'wild' in the database and 'low', 'high' in the models",
        "fix the models", "mood =",
    ),
    Drift(
        ("BETWEEN 0 AND 150", "BETWEEN 0 AND 120"), "", "model-drift", "age <= 120",
        "fix the models", "class User",
    ),
    Drift(
        NOTHING, "CREATE INDEX ix_title ON posts (title)", "model-drift",
        "index `ix_title` of `posts` is in the database", "op.drop_index(", "",
    ),
    Drift(
        ('ForeignKey("users.id")', 'ForeignKey("users.id", ondelete="CASCADE")'), "", "model-drift",
        "foreign key", "ondelete='CASCADE'", "class Post",
    ),
)  # fmt: skip


@pytest.mark.parametrize("drift", DRIFTS, ids=lambda drift: drift.message[:50])
def test_each_difference_is_reported_once_at_its_place(
    project: ProjectMaker, sync_env: str, drift: Drift
) -> None:
    models = MODELS.replace(*drift.models) if drift.models[0] else MODELS
    bodies = (SAME, change(drift.more)) if drift.more else (SAME,)
    findings = ask(run(project, env(sync_env), *bodies, models=models))
    told = [
        each
        for each in findings
        if any(drift.message in said for said in (each.message, *(r.message for r in each.related)))
    ]

    assert len(told) == 1, findings
    assert {each.rule for each in findings} == {drift.rule}
    assert drift.help.replace('"', "'") in told[0].help.replace('"', "'")
    if drift.line:
        assert told[0].path == "shop.py"
        assert drift.line in models.splitlines()[told[0].line - 1]
    else:
        assert told[0].path == "migrations/versions/r2.py"
        assert told[0].revision == "r2"


def test_errors_are_errors() -> None:
    severities = [all_rules()[name].severity for name in RULES]
    assert [each is ERROR for each in severities] == [True, True, False]


@pytest.mark.parametrize("name", ["oldest", "sqlalchemy2.0"])
def test_the_agents_own_versions_compare_too(
    project: ProjectMaker, sync_env: str, interpreter: Any, name: str
) -> None:
    models = MODELS.replace("String(50)", "String(80)")
    findings = ask(run(project, env(sync_env), models=models, python=interpreter(name)))

    assert [each.rule for each in findings] == ["model-drift"]
    assert "character varying(80)" in findings[0].message


def test_another_schema_is_named(project: ProjectMaker, sync_env: str) -> None:
    models = MODELS.replace(
        '__tablename__ = "posts"', '__tablename__ = "posts"\n    __table_args__ = {"schema": "App"}'
    ).replace("    title = Column(Text)\n", "")
    body = SAME.replace("sa.Text),", 'sa.Text), schema="App",').replace(
        "def upgrade():", "def upgrade():\n    op.execute('CREATE SCHEMA \"App\"')"
    )
    body = body.replace('op.drop_table("posts")', 'op.drop_table("posts", schema="App")')
    configure = f"include_schemas=True, {COMPARE}"
    (finding,) = ask(run(project, env(sync_env, configure), body, models=models))

    assert "column `title` of `App.posts`" in finding.message


def test_what_the_settings_leave_out_is_not_compared(project: ProjectMaker, sync_env: str) -> None:
    models = MODELS.replace('"high"', '"medium"').replace("title = Column(Text", "t = Column(Text")
    models += "\n\nclass Invoice(Base):\n    __tablename__ = 'invoices'\n"
    models += "    id = Column(Integer, primary_key=True)\n"
    more = "def upgrade():\n    op.create_table('old', sa.Column('a', sa.Integer))\n\n\n"
    more += "def downgrade():\n    op.drop_table('old')\n"
    made = project(SAME, more, env=env(sync_env))
    (made.root / "shop.py").write_text(models)
    assert {each.rule for each in ask(made.run())} == {*RULES}
    patterns = ("old", "table invoices", "pos*", "type mood")
    assert ask(made.run(ignore_objects=patterns)) == []
