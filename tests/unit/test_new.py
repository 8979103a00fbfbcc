"""`revgate new` writes a revision that every naming rule accepts, and evaluates nothing."""

from __future__ import annotations

import re
import shutil
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
from revgate.history.read import read
from revgate.history.source import WorkTree
from revgate.repair.new import TEMPLATE, open_history, write_new
from revgate.setup.form import derive

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
