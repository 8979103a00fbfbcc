"""Projects as users set them up: Alembic's own templates, Flask, sections, settings, schemas."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from revgate import environments, settings
from revgate.cli import commands
from revgate.errors import CannotJudgeError
from revgate.history.source import WorkTree

if TYPE_CHECKING:
    from pathlib import Path

    from revgate.postgres.server import Server

Interpreter = Callable[[str], str]
ProjectMaker = Callable[..., Any]
ROWS = False

REVISION = """
revision = "20240101000000"
down_revision = None

import sqlalchemy as sa
from alembic import op


def upgrade():
    op.create_table("users", sa.Column("id", sa.Integer, primary_key=True))


def downgrade():
    op.drop_table("users")
"""
TABLE = """
def upgrade():
    op.execute("CREATE TABLE t (a int)")


def downgrade():
    op.execute("DROP TABLE t")
"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: Server) -> Path:
    """Return an empty repository, and be in it."""
    root = tmp_path / "project"
    root.mkdir()
    subprocess.run(["git", "init", "-q", "."], cwd=root, check=True)
    monkeypatch.chdir(root)
    monkeypatch.setenv("REVGATE_DATABASE_URL", server.address.url())
    return root


def _write(folder: Path) -> None:
    (folder / "versions" / "20240101000000_users.py").write_text(REVISION)


def _passes(capsys: pytest.CaptureFixture[str], *words: str) -> list[int]:
    code = commands.main(["roundtrip", "--format", "json", *words])
    said = capsys.readouterr()
    assert said.out, said.err
    told = json.loads(said.out)
    assert (code, told["findings"]) == (0, [])
    return [each["tables"] for each in told["roundtrip"]["passes"]]


def _error(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert commands.main(["roundtrip", *words]) == 3
    return capsys.readouterr().err


# -- Alembic's templates -------------------------------------------------------------------------


@pytest.mark.parametrize("template", ["generic", "async", "pyproject", "pyproject_async"])
def test_a_template_runs_as_it_is(
    root: Path, capsys: pytest.CaptureFixture[str], template: str
) -> None:
    if template.startswith("pyproject"):
        (root / "pyproject.toml").write_text("[project]\nname = 'x'\nversion = '1'\n")
    init = [sys.executable, "-m", "alembic", "init", "-t", template, "migrations"]
    subprocess.run(init, cwd=root, check=True, capture_output=True)
    driver = "asyncpg" if "async" in template else "psycopg2"
    ini = root / "alembic.ini"
    ini.write_text(ini.read_text().replace("driver://", f"postgresql+{driver}://"))
    _write(root / "migrations")
    assert _passes(capsys) == [1, 0, 1, 1]


def test_pyproject_alone_is_enough(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (root / "pyproject.toml").write_text(
        "[tool.alembic]\nscript_location = '%(here)s/db'\nprepend_sys_path = ['.']\n"
    )
    (root / "db" / "versions").mkdir(parents=True)
    (root / "shop.py").write_text("URL = 'postgresql+psycopg2://u:p@192.0.2.1/shop'\n")
    (root / "db" / "env.py").write_text(
        "from alembic import context\nfrom sqlalchemy import create_engine\nfrom shop import URL\n"
        "assert not context.is_offline_mode()\n"
        "with create_engine(URL).connect() as connection:\n"
        "    context.configure(connection=connection)\n"
        "    with context.begin_transaction():\n        context.run_migrations()\n"
    )
    _write(root / "db")
    assert _passes(capsys) == [1, 0, 1, 1]


def test_every_section_is_run_with_its_own_options(
    root: Path, capsys: pytest.CaptureFixture[str], sync_env: str
) -> None:
    (root / "alembic.ini").write_text(
        "".join(
            f"[{name}]\nscript_location = {name}\nmine = {name}\n"
            f"sqlalchemy.url = postgresql+psycopg2://u:p@192.0.2.1/{name}\n"
            for name in ("shop", "stock")
        )
    )
    for name in ("shop", "stock"):
        (root / name / "versions").mkdir(parents=True)
        check = (
            "from alembic import context as c\n"
            f"assert c.config.config_ini_section == {name!r} == c.config.get_main_option('mine')\n"
        )
        (root / name / "env.py").write_text(check + sync_env)
        _write(root / name)
    assert _passes(capsys) == [1, 0, 1, 1] * 2


# -- settings of an application ------------------------------------------------------------------


def test_settings_that_are_missing_are_named_and_can_be_set(
    root: Path,
    capsys: pytest.CaptureFixture[str],
    interpreter: Interpreter,
    sync_env: str,
) -> None:
    (root / "alembic.ini").write_text(
        "[alembic]\nscript_location = migrations\nprepend_sys_path = .\n"
    )
    (root / "migrations" / "versions").mkdir(parents=True)
    _write(root / "migrations")
    (root / "settings.py").write_text(
        "from pydantic import PostgresDsn\nfrom pydantic_settings import BaseSettings\n"
        "class Settings(BaseSettings):\n    secret_key: str\n    shop_dsn: PostgresDsn\n"
        "settings = Settings()\n"
    )
    env = (
        "from alembic import context as c\nfrom settings import settings\n"
        "c.config.set_main_option('sqlalchemy.url', str(settings.shop_dsn).replace('%', '%%'))\n"
    )
    (root / "migrations" / "env.py").write_text(env + sync_env)
    python = interpreter("flask")

    said = _error(capsys, "--python", python)
    assert "settings.py:6, called from migrations/env.py:2, raised ValidationError" in said
    expected = 'revgate.toml:\n         [env]\n         SECRET_KEY = "..."\n'
    assert expected + '         SHOP_DSN = "..."\n' in said

    (root / "pyproject.toml").write_text("")
    (root / ".env.example").write_text("APP_SECRET_KEY='not a secret'\n")
    code = (root / "settings.py").read_text()
    fields = "    model_config = {'env_prefix': 'APP_'}\n"
    fields += "    token: str = __import__('os').getenv('APP_TOKEN')\n    secret_key"
    (root / "settings.py").write_text(code.replace("    secret_key", fields))
    said = _error(capsys, "--python", python)
    expected = "pyproject.toml:\n         [tool.revgate.env]\n"
    expected += '         APP_TOKEN = "..."\n'
    expected += '         APP_SECRET_KEY = "not a secret"\n         APP_SHOP_DSN = "..."\n'
    assert expected in said

    (root / "settings.py").write_text(code)
    (root / "pyproject.toml").write_text(
        "[tool.revgate.env]\nSECRET_KEY = 'none'\n"
        "SHOP_DSN = 'postgresql+psycopg2://u:p@192.0.2.1:5432/shop'\n"
    )
    assert _passes(capsys, "--python", python) == [1, 0, 1, 1]


# -- Flask-Migrate -------------------------------------------------------------------------------

APPLICATION = """
import os
from flask import Flask
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy

db = SQLAlchemy()


class User(db.Model):
    __tablename__ = "users"
    id = db.Column(db.Integer, primary_key=True)


def create_app():
    app = Flask(__name__)
    app.config["SQLALCHEMY_DATABASE_URI"] = os.environ["SHOP_URL"]
    db.init_app(app)
    Migrate(app, db, compare_type=True)
    return app
"""
CREATE_ALL = "    with app.app_context():\n        db.create_all()\n    return"
SHOP = "postgresql+psycopg2://u:p@192.0.2.1/shop"


@pytest.fixture
def flask(root: Path, interpreter: Interpreter, monkeypatch: pytest.MonkeyPatch) -> str:
    """Make it a project as `flask db init` does; return its Python."""
    python = interpreter("flask")
    (root / "app.py").write_text(APPLICATION)
    subprocess.run(
        [python, "-m", "flask", "db", "init"],
        cwd=root,
        env={**os.environ, "SHOP_URL": SHOP},
        check=True,
        capture_output=True,
    )
    _write(root / "migrations")
    return python


def test_flask_migrate_runs_in_the_context_of_its_application(
    root: Path, flask: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_URL", SHOP)
    assert _passes(capsys, "--python", flask) == [1, 0, 1, 1]

    (root / "app.py").rename(root / "shop.py")
    assert 'FLASK_APP = "package:create_app"' in _error(capsys, "--python", flask)
    (root / "manage.py").write_text("from shop import create_app\n\napp = create_app()\n")
    assert 'FLASK_APP = "manage.py"' in _error(capsys, "--python", flask)
    (root / "Procfile").write_text("web: FLASK_APP=shop:create_app flask run\n")
    assert 'FLASK_APP = "shop:create_app"' in _error(capsys, "--python", flask)
    (root / ".flaskenv").write_text("FLASK_APP=shop:create_app\n")
    assert _passes(capsys, "--python", flask) == [1, 0, 1, 1]


def test_an_application_that_migrates_by_itself(
    root: Path, flask: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_URL", SHOP)
    app = (root / "app.py").read_text()
    call = "    with app.app_context():\n        flask_migrate.upgrade()\n    return app"
    (root / "app.py").write_text(f"import flask_migrate\n{app}".replace("    return app", call))
    assert _passes(capsys, "--python", flask) == [1, 0, 1, 1]
    reads = call.replace(
        "    return", "        db.session.execute(db.text('TABLE users'))\n    return"
    )
    (root / "app.py").write_text(f"import flask_migrate\n{app}".replace("    return app", reads))
    said = _error(capsys, "--python", flask)
    assert "the application upgrades its database when it is loaded, which the round trip" in said
    assert "and then reads tables: put both behind a setting" in said

    (root / "app.py").write_text(app.replace("    return", CREATE_ALL))
    said = _error(capsys, "--python", flask)
    assert 'cannot run: relation "users" already exists\n' in said
    assert "before the first revision ran, `users`: migrations/env.py, or what it imports" in said


def test_a_variable_that_an_application_needs_is_named(
    root: Path, flask: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (root / "pyproject.toml").write_text("")
    said = _error(capsys, "--python", flask)
    assert "app.py:17, called from migrations/env.py, raised KeyError: 'SHOP_URL'" in said
    assert '[tool.revgate.env]\n         SHOP_URL = "..."' in said

    app = (root / "app.py").read_text()
    for code in (
        app.replace("    app = Flask", "    import gone\n    app = Flask"),
        f"import gone\n{app}",
    ):
        (root / "app.py").write_text(code)
        said = _error(capsys, "--python", flask)
        assert "raised ModuleNotFoundError: No module named 'gone'" in said
        assert "-m pip install gone`" in said
        assert "FLASK_APP" not in said


# -- schemas and what belongs to a server --------------------------------------------------------


def test_what_was_read_and_not_found_is_named(
    root: Path, capsys: pytest.CaptureFixture[str], sync_env: str
) -> None:
    (root / "alembic.ini").write_text("[alembic]\nscript_location = migrations\n")
    (root / "migrations" / "versions").mkdir(parents=True)
    (root / "revgate.toml").write_text("file-name = 'any'\n")
    (root / ".env.example").write_text("SHOP_NAME = ${SHOP_NAME:-corner}\n")
    _write(root / "migrations")
    (root / "cause.py").write_text("import os\ny = os.getenv('SHOP_NAME')\ny + 'x'\n")
    (root / "backend/lib/shop_backend").mkdir(parents=True)
    (root / "backend/lib/shop_backend/__init__.py").touch()
    causes: dict[str, tuple[str, ...]] = {
        "int(os.getenv('SHOP_NAME'))": ("raised TypeError", 'SHOP_NAME = "corner"'),
        "context.get_x_argument(as_dictionary=True)['tenant']": ("KeyError", "-x tenant=VALUE"),
        "x = context.get_x_argument(as_dictionary=True).get('shop'); x.lower()": (
            "raised AttributeError",
            "-x shop=VALUE",
        ),
        "context.script.get_revision('gone')": (
            "raised CommandError",
            "run `alembic upgrade head` in the repository root",
        ),
        "import gone": ("raised ModuleNotFoundError", "-m pip install gone`, or", "`--python`"),
        "try: import gone\nexcept ImportError as e: raise ValueError('x') from e": (
            "install gone`",
        ),
        "import dotenv.gone": ("-m pip install python-dotenv`",),
        "import shop_backend": ("`backend/lib` has the module `shop_backend`: write `prepend_sys",),
        "raise ImportError('first pip install shop[async]')": (
            "python -m pip install shop[async]`",
        ),
        "os.getenv('OTHER'); y = 1\nos.getenv('SHOP_NAME').lower()": ("SHOP_NAME = ",),
        "os.getenv('CI'); os.getenv('OTHER'); import json\njson.loads('{')": (
            "run `alembic upgrade head` in the repository root with this Python",
        ),
        "os.getenv('OTHER')\nimport cause": ("SHOP_NAME = ",),
        "if not os.getenv('SHOP_NAME'): raise RuntimeError('x')": ("SHOP_NAME = ",),
        "create_engine(os.environ.get('SHOP_NAME', 'sqlite://')).connect()": (
            "a sqlite database was refused",
            "those that name PostgreSQL belong in revgate.toml:\n         [env]\n         SHOP",
        ),
    }
    for code, expected in causes.items():
        more = "from sqlalchemy import create_engine\n"
        if "sqlite" not in code:
            more += "os.environ.get('OPTIONAL', 'x'); 'SEEN' in os.environ\n"
        env = f"import os\nfrom alembic import context\n{more}{code}\n"
        (root / "migrations" / "env.py").write_text(env + sync_env)
        said = _error(capsys)
        for words in expected:
            assert words in said
        assert ("[env]" in said) == ("SHOP_NAME" in said)
        assert "OPTIONAL" not in said
        assert "SEEN" not in said
        assert "OTHER =" not in said
        assert "CI =" not in said


def test_a_missing_schema_of_the_version_table_is_explained(
    project: ProjectMaker, sync_env: str
) -> None:
    env = sync_env.replace("connection=connection", "connection=connection,"
                           " version_table='v', version_table_schema='meta'")  # fmt: skip
    with pytest.raises(CannotJudgeError) as caught:
        project(TABLE, env=env).run()
    assert 'schemas = ["meta"]' in str(caught.value)


def test_a_version_table_is_distinguished_from_one_in_another_schema(
    project: ProjectMaker, sync_env: str
) -> None:
    env = sync_env.replace(
        "    context.configure(connection=connection)",
        "    connection.exec_driver_sql('CREATE SCHEMA IF NOT EXISTS meta')\n"
        "    connection.commit()\n"
        "    context.configure(connection=connection, version_table='t',"
        " version_table_schema='meta', transaction_per_migration=True, include_schemas=True)",
    )
    observed = project(TABLE, env=env).run()
    assert observed.failures == observed.after_downgrade == ()
    assert [each.tables for each in observed.passes] == [1, 0, 1, 1]


def test_several_schemas_are_all_compared(project: ProjectMaker) -> None:
    body = """
def upgrade():
    for schema in ("one", "two"):
        op.execute(f"CREATE SCHEMA {schema}")
        op.create_table("t", sa.Column("a", sa.Integer), schema=schema)


def downgrade():
    op.drop_table("t", schema="one")
    op.execute("DROP SCHEMA one")
"""
    observed = project(body).run()
    assert [each.change.name for each in observed.after_downgrade] == ["two"]
    assert [each.tables for each in observed.passes][:2] == [2, 1]


def test_offline_branches_are_not_taken(project: ProjectMaker, sync_env: str) -> None:
    env = (
        "from alembic import context as c\n"
        "if c.is_offline_mode():\n    raise SystemExit('offline')\n" + sync_env
    )
    body = TABLE.replace(
        '    op.execute("CREATE',
        '    assert not op.get_context().as_sql\n    op.execute("CREATE',
    )
    assert project(body, env=env).run().failures == ()


def test_a_library_that_the_server_must_preload_is_explained(project: ProjectMaker) -> None:
    body = """
def upgrade():
    op.execute("CREATE EXTENSION pg_stat_statements")
    op.execute("CREATE TABLE t AS SELECT * FROM pg_stat_statements")


def downgrade():
    pass
"""
    with pytest.raises(CannotJudgeError) as caught:
        project(body).run()
    assert "r1.py:7 uses `pg_stat_statements`" in str(caught.value)
    assert "shared_preload_libraries = 'pg_stat_statements'" in str(caught.value)


def test_folders_of_the_settings_are_migrated(project: ProjectMaker) -> None:
    made = project(TABLE, "def upgrade():\n    pass\n\n\ndef downgrade():\n    pass\n")
    below = made.root / "code, and more: sub" / "2026"
    below.mkdir(parents=True)
    (made.root / "migrations" / "versions" / "r2.py").rename(below / "r2.py")
    folders = ("migrations/versions", "code, and more: sub/2026")
    quoted = ", ".join(f'"{each}"' for each in folders)
    (made.root / "revgate.toml").write_text(f"version-locations = [{quoted}]\nfile-name = 'any'\n")
    (environment,) = environments.find(
        WorkTree(str(made.root), is_repository=False), settings.load(str(made.root))
    )
    assert environment.version_locations == folders
    observed = made._replace(environment=environment).run()
    assert observed.failures == observed.after_downgrade == ()
    assert [each.tables for each in observed.passes] == [1, 0, 1, 1]
