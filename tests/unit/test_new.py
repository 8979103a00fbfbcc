"""`revgate new` writes a revision that every naming rule accepts, and evaluates nothing."""

from __future__ import annotations

import re
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import alembic
import pytest

from revgate import environments, settings
from revgate.checking import history as history_checks
from revgate.checking.file_rules import judge_file
from revgate.checking.selection import Choice
from revgate.errors import CannotJudgeError, UsageError
from revgate.history.habit import derive
from revgate.history.read import read
from revgate.history.source import WorkTree
from revgate.repair.new import TEMPLATE, open_history, write_new

if TYPE_CHECKING:
    from revgate.history.history import History

NOW = datetime(2025, 11, 18, 12, 0, 0, tzinfo=UTC)
REVISION = """\
revision = "{id}"
down_revision = {parent!r}


def upgrade():
    op.create_table("x")


def downgrade():
    op.drop_table("x")
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "migrations" / "versions").mkdir(parents=True)
    (tmp_path / "alembic.ini").write_text("[alembic]\nscript_location = migrations\n")
    add(tmp_path, "20250101000000", None)
    return tmp_path


def add(root: Path, key: str, parent: str | None) -> None:
    path = root / "migrations" / "versions" / f"{key}_x.py"
    path.write_text(REVISION.format(id=key, parent=parent))


def history(root: Path) -> History:
    source = WorkTree(str(root), is_repository=False)
    (environment,) = environments.find(source, settings.load(str(root)))
    return read(source, environment, judge_file, cached=False).history


def findings(root: Path) -> list[str]:
    source = WorkTree(str(root), is_repository=False)
    loaded = settings.load(str(root))
    result, _ = history_checks.check(source, loaded, Choice(loaded), cached=False)
    return [finding.rule for finding in result.findings]


def test_name_id_parent_and_header_agree(root: Path) -> None:
    path, by_template = write_new(str(root), history(root), "Add user preferences!", NOW)
    assert path == "migrations/versions/20251118120000_add_user_preferences.py"
    assert not by_template  # there is none
    assert findings(root) == []
    made = history(root).graph.by_id["20251118120000"]
    assert made.parents == ("20250101000000",)


def test_a_head_of_the_future_is_followed_a_second_later(root: Path) -> None:
    add(root, "20251231235959", "20250101000000")
    path, _ = write_new(str(root), history(root), "more", NOW)
    assert path.endswith("/20260101000000_more.py")
    assert "timestamp-order" not in findings(root)


def test_a_head_without_a_timestamp(root: Path) -> None:
    add(root, "ae1027a6acf4", "20250101000000")
    path, _ = write_new(str(root), history(root), "more", NOW)
    assert path.endswith("/20251118120000_more.py")


def test_the_template_of_the_project_is_filled_in(root: Path) -> None:
    (root / "migrations" / "script.py.mako").write_text(
        '## not for the file\n"""${message}\n\nRevision ID: ${up_revision}\n'
        'Revises: ${down_revision | comma,n}\nCreate Date: ${create_date}\n"""\n'
        'import house\n${imports if imports else ""}\n'
        "revision = ${repr(up_revision)}\ndown_revision = ${repr(down_revision)}\n\n\n"
        'def upgrade():\n    ${upgrades if upgrades else "pass"}\n\n\n'
        'def downgrade():\n    ${downgrades if downgrades else "pass"}\n'
    )
    path, by_template = write_new(str(root), history(root), 'say "hi" """', NOW)
    assert by_template
    assert "import house\n" in (root / path).read_text()
    assert "not for the file" not in (root / path).read_text()
    assert findings(root) == []


@pytest.mark.parametrize(
    "template",
    [
        "${__import__('os').mkdir('evaluated')}",
        "<% import os; os.mkdir('evaluated') %>",
        "% for x in range(3):\nx\n% endfor\n",
        "<%! open('evaluated', 'w') %>",
    ],
)
def test_a_template_is_not_evaluated(
    root: Path, template: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(root)
    (root / "migrations" / "script.py.mako").write_text(template)
    _, by_template = write_new(str(root), history(root), "more", NOW)
    assert not by_template
    assert not (root / "evaluated").exists()
    assert findings(root) == []


def test_two_heads_are_not_added_to(root: Path) -> None:
    add(root, "20250102000000", "20250101000000")
    add(root, "20250103000000", "20250101000000")
    with pytest.raises(UsageError, match="2 heads, 20250102000000, 20250103000000"):
        write_new(str(root), history(root), "more", NOW)


@pytest.mark.parametrize("message", ["", "!?", "___"])
def test_a_message_without_words(root: Path, message: str) -> None:
    with pytest.raises(UsageError, match="has no words"):
        write_new(str(root), history(root), message, NOW)


@pytest.mark.parametrize(
    ("head", "parent_name", "name", "key"),
    [
        ("ae1027a6acf4", "2025_01_31_1200-ae1027a6acf4_x", "2025_11_18_1200-{key}_more", None),
        ("ae1027a6acf4", "20250131-x", "20251118-more", None),
        ("2025_01_31", "2025_01_31_x", "2025_11_18_more", "2025_11_18"),
        ("202501311200", "202501311200_x", "202511181200_more", "202511181200"),
        ("0007", "0007_x", "0008_more", "0008"),
        ("ae1027a6acf4", "0007_x", "0008_more", None),
        ("ae1027a6acf4", "ae1027a6acf4.x", "{key}.more", None),
    ],
)
def test_a_proposed_pattern_is_filled(
    root: Path, head: str, parent_name: str, name: str, key: str | None
) -> None:
    file = root / "migrations" / "versions" / f"{parent_name}.py"
    file.write_text(REVISION.format(id=head, parent="20250101000000"))
    form = derive(history(root).graph.by_id[head])
    (root / "revgate.toml").write_text(f"file-name = '{form}'\nbaseline = '20250101000000'\n")
    path, _ = write_new(str(root), history(root), "more", NOW)
    (made,) = history(root).graph.heads
    assert path == f"migrations/versions/{name.format(key=made)}.py"
    assert made == key if key else re.fullmatch("[0-9a-f]{12}", made)
    assert findings(root) == []


@pytest.mark.parametrize("form", [r"(?P<stamp>\d{4})(?P<slug>(a|b)+)", r"x?_(?P<slug>\w+)"])
def test_names_of_another_form_are_left_to_alembic(root: Path, form: str) -> None:
    (root / "revgate.toml").write_text(f"file-name = '{form}'\n")
    with pytest.raises(UsageError, match="alembic revision -m"):
        write_new(str(root), history(root), "more", NOW)


@pytest.mark.parametrize("folder", [True, False])
def test_the_first_revision_is_written(root: Path, folder: bool) -> None:
    versions = root / "migrations" / "versions"
    shutil.rmtree(versions)
    if folder:
        versions.mkdir()
    source = WorkTree(str(root), is_repository=False)
    (environment,) = environments.find(source, settings.load(str(root)))
    with (root / "alembic.ini").open("a") as file:
        file.write("databases = users, orders\n")
    mako = Path(alembic.__file__).parent / "templates" / "multidb" / "script.py.mako"
    shutil.copy(mako, root / "migrations")
    path, by_template = write_new(str(root), open_history(source, environment), "first", NOW)
    assert by_template
    for name in ("users", "orders"):
        assert f"def upgrade_{name}()" in (root / path).read_text()
    assert history(root).graph.heads == ("20251118120000",)
    assert findings(root) == []


FLASK = """<%!
import re

%>\"\"\"${message}

Revision ID: ${up_revision}
Revises: ${down_revision | comma,n}
Create Date: ${create_date}

\"\"\"
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade(engine_name):
    globals()["upgrade_%s" % engine_name]()


def downgrade(engine_name):
    globals()["downgrade_%s" % engine_name]()

<%
    from flask import current_app
    bind_names = []
    if current_app.config.get('SQLALCHEMY_BINDS') is not None:
        bind_names = list(current_app.config['SQLALCHEMY_BINDS'].keys())
    db_names = [''] + bind_names
%>

## generate an "upgrade_<xyz>() / downgrade_<xyz>()" function

% for db_name in db_names:

def upgrade_${db_name}():
    ${context.get("%s_upgrades" % db_name, "pass")}


def downgrade_${db_name}():
    ${context.get("%s_downgrades" % db_name, "pass")}

% endfor
"""
BINDS = {
    "of a class": "class Config:\n    SQLALCHEMY_BINDS = {'users': 'x', 'orders': f'{y}'}\n",
    "annotated": "SQLALCHEMY_BINDS: dict[str, str] = {'users': 'x', 'orders': y()}\n",
    "of the application": "app.config['SQLALCHEMY_BINDS'] = {'users': {'url': 'x'}, 'orders': y}\n",
    "of an attribute": "config.SQLALCHEMY_BINDS = {'users': 'x', 'orders': 'y'}\n",
    "by keyword": "app.config.update(A=1, SQLALCHEMY_BINDS={'users': 'x', 'orders': 'y'})\n",
    "in a mapping": "app.config.from_mapping({'SQLALCHEMY_BINDS': {'users': 1, 'orders': 2}})\n",
    "by default": "app.config.setdefault('SQLALCHEMY_BINDS', {'users': 1, 'orders': 2})\n",
    "twice": "class A:\n    SQLALCHEMY_BINDS = {'users': 1, 'orders': 2}\n\n"
    "class B:\n    SQLALCHEMY_BINDS = {'orders': 3, 'users': 4}\n",
    "read elsewhere": "SQLALCHEMY_BINDS = {'users': 1, 'orders': 2}\n"
    "x = c['SQLALCHEMY_BINDS']['users']\n",
}
UNKNOWN_BINDS = {
    "nowhere": "x = 1\n",
    "computed": "SQLALCHEMY_BINDS = {name: url(name) for name in NAMES}\n",
    "computed key": "SQLALCHEMY_BINDS = {'users': 1, NAME: 2}\n",
    "spread": "SQLALCHEMY_BINDS = {'users': 1, **MORE}\n",
    "none": "SQLALCHEMY_BINDS = None\n",
    "two sets": "SQLALCHEMY_BINDS = {'users': 1}\nc['SQLALCHEMY_BINDS'] = {'orders': 2}\n",
    "added to": "c['SQLALCHEMY_BINDS'] = {'users': 1}\nc['SQLALCHEMY_BINDS']['orders'] = 2\n",
    "updated": "c['SQLALCHEMY_BINDS'] = {'users': 1}\nc['SQLALCHEMY_BINDS'].update(orders=2)\n",
    "merged": "SQLALCHEMY_BINDS = {'users': 1}\nSQLALCHEMY_BINDS |= MORE\n",
    "not Python": "SQLALCHEMY_BINDS = {'users': 1}\n)\n",
    "no function": "SQLALCHEMY_BINDS = {'users-of-old': 1}\n",
    "hostile": "SQLALCHEMY_BINDS = {'x():\\n    evil()\\ndef y': 1}\n",
}


def flask(root: Path, code: str) -> History:
    """Make a project of Flask-Migrate with several databases and no revision."""
    shutil.rmtree(root / "migrations" / "versions")
    (root / "migrations" / "script.py.mako").write_text(FLASK)
    (root / "app.py").write_text(code)
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    source = WorkTree(str(root), is_repository=True)
    (environment,) = environments.find(source, settings.load(str(root)))
    return open_history(source, environment)


@pytest.mark.parametrize("case", BINDS)
def test_the_databases_of_flask_are_those_of_its_configuration(root: Path, case: str) -> None:
    path, by_template = write_new(str(root), flask(root, BINDS[case]), "first", NOW)
    assert by_template
    functions = re.findall(r"^def (\w+)\(\):\n    pass$", (root / path).read_text(), re.MULTILINE)
    assert sorted(functions) == sorted(
        f"{word}grade_{name}" for word in ("up", "down") for name in ("", "users", "orders")
    )
    again, by_template = write_new(str(root), history(root), "second", NOW)
    assert by_template
    assert functions == re.findall(r"^def (\w+)\(\):", (root / again).read_text(), re.MULTILINE)
    assert findings(root) == []


@pytest.mark.parametrize("case", UNKNOWN_BINDS)
def test_databases_that_code_computes_are_left_to_flask(root: Path, case: str) -> None:
    made = flask(root, UNKNOWN_BINDS[case])
    with pytest.raises(UsageError, match=r"could not be found out: use `flask db revision -m"):
        write_new(str(root), made, "first", NOW)
    assert not (root / "migrations" / "versions").exists()


@pytest.mark.parametrize(
    ("listed", "names"),
    [
        ("db_names = ['users', 'orders']", ["users", "orders"]),
        ("db_names = ('2024', '')", ["2024", ""]),
        ("db_names = find()", None),
        ("other = ['users']", None),
        ("db_names = ['a b']", None),
    ],
)
def test_a_template_may_list_its_databases(
    root: Path, listed: str, names: list[str] | None
) -> None:
    text = FLASK.replace("    db_names = [''] + bind_names", f"    {listed}")
    text = text.replace("SQLALCHEMY_BINDS", "BINDS")
    (root / "migrations" / "script.py.mako").write_text(text)
    shutil.rmtree(root / "migrations" / "versions")
    source = WorkTree(str(root), is_repository=False)
    (environment,) = environments.find(source, settings.load(str(root)))
    made = open_history(source, environment)
    if names is None:
        with pytest.raises(UsageError, match="could not be found out"):
            write_new(str(root), made, "first", NOW)
        return
    path, _ = write_new(str(root), made, "first", NOW)
    assert re.findall(r"^def upgrade_(\w*)\(", (root / path).read_text(), re.MULTILINE) == names


def test_databases_that_are_not_listed_are_left_to_alembic(root: Path) -> None:
    mako = Path(alembic.__file__).parent / "templates" / "multidb" / "script.py.mako"
    shutil.copy(mako, root / "migrations")
    with pytest.raises(UsageError, match="for each database"):
        write_new(str(root), history(root), "more", NOW)


def test_an_absent_folder_of_the_options_stops_it(root: Path) -> None:
    with (root / "alembic.ini").open("a") as file:
        file.write("version_locations = elsewhere\n")
    source = WorkTree(str(root), is_repository=False)
    (environment,) = environments.find(source, settings.load(str(root)))
    with pytest.raises(CannotJudgeError):
        open_history(source, environment)


@pytest.mark.parametrize(
    "message",
    ["price in ${usd}", "<% x", "a\n% for x in y", "## x", "a\n## b", 'ends with "', "back\\slash"],
)
@pytest.mark.parametrize("own", [True, False])
def test_a_message_is_not_a_template(root: Path, message: str, own: bool) -> None:
    if own:
        (root / "migrations" / "script.py.mako").write_text(TEMPLATE)
    path, by_template = write_new(str(root), history(root), message, NOW)
    assert by_template is own
    assert (root / path).stat().st_size > 100
    assert findings(root) == []


def test_nothing_is_written_that_is_not_python(root: Path) -> None:
    before = sorted(root.rglob("*"))
    with pytest.raises(UsageError, match="no valid revision"):
        write_new(str(root), history(root), "a\0b", NOW)
    assert sorted(root.rglob("*")) == before


def test_random_ids_are_followed_by_a_random_id(root: Path) -> None:
    (root / "revgate.toml").write_text('file-name = "any"\n')
    add(root, "ae1027a6acf4", "20250101000000")
    path, _ = write_new(str(root), history(root), "more", NOW)
    (made,) = history(root).graph.heads
    assert re.fullmatch("[0-9a-f]{12}", made)
    assert path == f"migrations/versions/{made}_more.py"


def test_folders_of_the_file_template_are_made(root: Path) -> None:
    with (root / "alembic.ini").open("a") as file:
        file.write("recursive_version_locations = true\n")
        file.write("file_template = %%(year)d/%%(month).2d/%%(rev)s_%%(slug)s\n")
    path, _ = write_new(str(root), history(root), "more", NOW)
    assert path == "migrations/versions/2025/11/20251118120000_more.py"
    assert history(root).graph.heads == ("20251118120000",)
    path, _ = write_new(str(root), history(root), "again", NOW)
    assert path == "migrations/versions/2025/11/20251118120001_again.py"


def test_the_functions_of_several_databases_are_written(root: Path) -> None:
    loop = """
def upgrade(engine_name):
    globals()["upgrade_%s" % engine_name]()


def downgrade(engine_name):
    globals()["downgrade_%s" % engine_name]()

<%
    db_names = config.get_main_option("databases")
%>
% for db_name in re.split(r',\\s*', db_names):

def upgrade_${db_name}():
    ${context.get("%s_upgrades" % db_name, "pass")}


def downgrade_${db_name}():
    ${context.get("%s_downgrades" % db_name, "pass")}

% endfor
"""
    top = TEMPLATE[: TEMPLATE.index("\ndef upgrade")]
    (root / "migrations" / "script.py.mako").write_text(f"<%!\nimport re\n\n%>{top}{loop}")
    key = "20250102000000"
    add(root, key, "20250101000000")
    (file,) = (root / "migrations" / "versions").glob(f"{key}*")
    functions = loop[: loop.index("<%")] + "".join(
        f"\n\ndef {name}():\n    pass\n"
        for name in ("upgrade_", "downgrade_", "upgrade_users", "downgrade_users")
    )
    text = file.read_text()
    file.write_text(text[: text.index("\ndef upgrade")] + functions)
    path, by_template = write_new(str(root), history(root), "more", NOW)
    assert by_template
    assert "def upgrade_users():\n    pass\n" in (root / path).read_text()
    assert "def downgrade_():\n    pass\n" in (root / path).read_text()
    assert findings(root) == []
