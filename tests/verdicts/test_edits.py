"""What counts as an edit of a published revision; Alembic's offline SQL decides.

Each pair of texts is the body of one revision, before and after. Where `alembic upgrade --sql`
writes the same for both, revgate must report nothing; where it writes something else, it must
report `edited-revision`.
"""

from __future__ import annotations

import io
import itertools
from typing import TYPE_CHECKING, NamedTuple

import pytest
from alembic import command
from alembic.config import Config
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.verdicts.conftest import R2, Files, M, Said, Verdicts, at, ini

from revgate.history.fingerprint import fingerprint

if TYPE_CHECKING:
    import random
    from pathlib import Path

HEAD = """\
import sqlalchemy as sa
from alembic import op
from sqlalchemy import String as Kind

revision = "a"
down_revision = None

SIZE = 10


def named(table):
    return sa.Column("name", Kind(SIZE), nullable=False)


def upgrade():
    op.create_table("t", sa.Column("id", sa.Integer), named("t"))
    op.create_index("ix_t_name", "t", ["name"])


def downgrade():
    op.drop_index("ix_t_name", "t")
    op.drop_table("t")
"""
ENVIRONMENT = """\
from alembic import context

context.configure(dialect_name="postgresql", literal_binds=True)
with context.begin_transaction():
    context.run_migrations()
"""


class Oracle:
    """Alembic, for one revision at a time."""

    def __init__(self, root: Path) -> None:
        self._folder = root
        self._numbers = itertools.count()
        (root / "helpers_a.py").write_text("SIZE = 30\n")
        (root / "helpers_b.py").write_text("SIZE = 40\n")

    def sql(self, text: str) -> str:
        """Return the SQL of `upgrade()` and of `downgrade()`."""
        place = self._folder / str(next(self._numbers))
        (place / "versions").mkdir(parents=True)
        (place / "env.py").write_text(ENVIRONMENT)
        (place / "versions" / "a.py").write_text(text)
        out = io.StringIO()
        config = Config(output_buffer=out)
        config.set_main_option("script_location", str(place))
        config.set_main_option("path_separator", "os")
        config.set_main_option("prepend_sys_path", str(self._folder))
        command.upgrade(config, "base:a", sql=True)
        command.downgrade(config, "a:base", sql=True)
        return out.getvalue()


@pytest.fixture(scope="module")
def oracle(tmp_path_factory: pytest.TempPathFactory) -> Oracle:
    return Oracle(tmp_path_factory.mktemp("oracle"))


class Edit(NamedTuple):
    """One replacement in the text above."""

    old: str
    new: str

    def of(self, text: str) -> str:
        assert self.old in text
        return text.replace(self.old, self.new, 1)


HARMLESS = {
    "op.f": Edit('create_index("ix_t_name"', 'create_index(op.f("ix_t_name")'),
    "op.f in the downgrade": Edit('drop_index("ix_t_name"', 'drop_index(op.f("ix_t_name")'),
    "annotated constant": Edit("SIZE = 10", "SIZE: int = 10"),
    "annotation alone": Edit("SIZE = 10", "SIZE: int\nSIZE = 10"),
    "trailing pass": Edit('    op.drop_table("t")\n', '    op.drop_table("t")\n    pass\n'),
    "trailing return": Edit('    op.drop_table("t")\n', '    op.drop_table("t")\n    return\n'),
    "return before pass": Edit(
        '    op.drop_table("t")\n', '    op.drop_table("t")\n    return\n    pass\n'
    ),
    "unused helper": Edit(
        "def upgrade", "def other():\n    return op.execute('x')\n\n\ndef upgrade"
    ),
    "unused constant": Edit("SIZE = 10", "OTHER = {1: sa.Integer}\nSIZE = 10"),
    "unused class": Edit("SIZE = 10", "class Thing:\n    a = 1\n\n\nSIZE = 10"),
    "unused logger": Edit("SIZE = 10", "import logging\nlog = logging.getLogger('x')\nSIZE = 10"),
    "type as a call": Edit("sa.Integer)", "sa.Integer())"),
    "type from elsewhere": Edit("sa.Integer)", "sa.types.Integer)"),
    "another alias": Edit(
        "import sqlalchemy as sa\n", "import sqlalchemy\nimport sqlalchemy as sa\n"
    ),
    "comment": Edit("def upgrade", "# a comment\ndef upgrade"),
    "docstring": Edit("def upgrade():\n", 'def upgrade():\n    """Make `t`."""\n'),
    "annotated function": Edit("def upgrade():", "def upgrade() -> None:"),
    "import for typing": Edit(
        "SIZE = 10", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import x\nSIZE = 10"
    ),
    "string in two parts": Edit('["name"]', '["na" "me"]'),
    "strings that are added": Edit('["name"]', '["na" + "me"]'),
    "definition further down": Edit(
        "SIZE = 10\n\n\n", "def size():\n    return SIZE\n\n\nSIZE = 10\n\n\n"
    ),
}
# Each of these needs two edits that belong together, or stays as it is in the text.
HARMLESS_TEXTS = {
    "import under another name": HEAD.replace("as Kind", "as Text").replace("Kind(", "Text("),
    "import without a name": HEAD.replace("as sa", "as db").replace("sa.", "db."),
    "imports in another order": HEAD.replace(
        "import sqlalchemy as sa\nfrom alembic import op\n",
        "from alembic import op\nimport sqlalchemy as sa\n",
    ),
    "import in the function": HEAD.replace("from alembic import op\n", "")
    .replace("def upgrade():\n", "def upgrade():\n    from alembic import op\n\n")
    .replace("def downgrade():\n", "def downgrade():\n    from alembic import op\n\n"),
}
HARMFUL = {
    "import of another type": Edit("String as Kind", "CHAR as Kind"),
    "import of a type without a size": Edit("String as Kind", "Numeric as Kind"),
    "constant": Edit("SIZE = 10", "SIZE = 11"),
    "constant given again": Edit("SIZE = 10", "SIZE = 10\nSIZE = 12"),
    "constant given again in a function": Edit("def upgrade", "SIZE += 1\n\n\ndef upgrade"),
    "constant from a module": Edit("SIZE = 10", "from helpers_a import SIZE"),
    "everything of a module": Edit("SIZE = 10", "SIZE = 10\nfrom helpers_a import *"),
    "type": Edit("sa.Integer)", "sa.BigInteger)"),
    "nullable": Edit("nullable=False", "nullable=True"),
    "index is unique": Edit('["name"])', '["name"], unique=True)'),
    "name of the index": Edit('create_index("ix_t_name"', 'create_index("ix_t"'),
    "operation in the downgrade": Edit('    op.drop_table("t")\n', "    pass\n"),
    "operation at the top": Edit(
        '    op.drop_table("t")\n', '    op.drop_table("t")\n    op.execute("SELECT 1")\n'
    ),
    "return before the end": Edit(
        '    op.drop_index("ix_t_name", "t")\n', '    op.drop_index("ix_t_name", "t")\n    return\n'
    ),
    "helper redefined": Edit(
        "def upgrade", "def named(table):\n    return sa.Column('n', sa.Text)\n\n\ndef upgrade"
    ),
    "helper replaced through globals": Edit(
        "def upgrade", "globals()['SIZE'] = 99\n\n\ndef upgrade"
    ),
    "helper decorated": Edit(
        "def named",
        "def other(f):\n    return lambda t: sa.Column('o', sa.Text)\n\n\n@other\ndef named",
    ),
}


@pytest.mark.parametrize("name", HARMLESS)
def test_an_edit_without_effect_does_not_count(name: str, oracle: Oracle) -> None:
    text = HARMLESS[name].of(HEAD)
    assert oracle.sql(text) == oracle.sql(HEAD)
    assert fingerprint(text.encode()) == fingerprint(HEAD.encode())


@pytest.mark.parametrize("name", HARMLESS_TEXTS)
def test_another_way_to_import_is_not_an_edit(name: str, oracle: Oracle) -> None:
    text = HARMLESS_TEXTS[name]
    assert text != HEAD
    assert oracle.sql(text) == oracle.sql(HEAD)
    assert fingerprint(text.encode()) == fingerprint(HEAD.encode())


@pytest.mark.parametrize("name", HARMFUL)
def test_an_edit_with_an_effect_is_one(name: str, oracle: Oracle) -> None:
    text = HARMFUL[name].of(HEAD)
    assert oracle.sql(text) != oracle.sql(HEAD)
    assert fingerprint(text.encode()) != fingerprint(HEAD.encode())


EDITS = st.tuples(
    st.lists(st.sampled_from(sorted(HARMLESS)), unique=True, max_size=6),
    st.lists(st.sampled_from(sorted(HARMFUL)), unique=True, max_size=2),
    st.randoms(use_true_random=False),
)


@given(EDITS)
@settings(max_examples=60, deadline=None)
def test_any_number_of_edits(
    oracle: Oracle, chosen: tuple[list[str], list[str], random.Random]
) -> None:
    harmless, harmful, order = chosen
    edits = [*(HARMLESS[each] for each in harmless), *(HARMFUL[each] for each in harmful)]
    order.shuffle(edits)
    text = HEAD
    for edit in edits:
        text = edit.of(text) if edit.old in text else text
    same = fingerprint(text.encode()) == fingerprint(HEAD.encode())
    assert same is (oracle.sql(text) == oracle.sql(HEAD)), text


# Through files that the revision imports or opens.

SQL = 'op.execute((Path(__file__).parents[1] / "sql" / "seed.sql").read_text())'
USES = {
    "a name of a module": ("from helpers.sizes import SIZE as WIDTH", "op.execute(str(WIDTH))"),
    "an alias of a module": ("import helpers.sizes as s", "op.execute(str(s.SIZE))"),
    "everything of a module": ("from helpers.sizes import *", "op.execute(str(SIZE))"),
    "a module of a package": ("from helpers import sizes", "op.execute(str(sizes.SIZE))"),
    "a name that a package passes on": (
        "from helpers import SIZE as WIDTH",
        "op.execute(str(WIDTH))",
    ),
    "a name that a module imports": ("from helpers.uses import make", "op.execute(make())"),
    "a module by its name": (
        "from importlib import import_module",
        'op.execute(str(import_module("helpers.sizes").SIZE))',
    ),
    "a file": ("from pathlib import Path", SQL),
    "a file, opened": ("import os", 'op.execute(open("migrations/sql/seed.sql").read())'),
}
FILES = {
    "helpers/__init__.py": "from .sizes import SIZE\n",
    "helpers/sizes.py": "BASE = 5\nSIZE = BASE * 2\nOTHER = 1\n",
    "helpers/uses.py": "from helpers.sizes import SIZE\n\n\ndef make():\n    return str(SIZE)\n",
    "migrations/sql/seed.sql": "INSERT INTO t VALUES (1);\n",
}


def using(uses: tuple[str, str]) -> str:
    """Return a revision that uses another file."""
    statement, call = uses
    return (
        HEAD.replace("from alembic import op\n", f"from alembic import op\n{statement}\n")
        .replace('    op.create_index("ix_t_name", "t", ["name"])\n', f"    {call}\n")
        .replace('revision = "a"', f'revision = "{M}"')
        .replace("down_revision = None", f'down_revision = "{R2}"')
    )


def edits_of(repo: Verdicts, uses: tuple[str, str], change: Files) -> Said:
    """Publish a revision that uses a file, and check a change that adds nothing else."""
    repo.on_main({**FILES, at(M): using(uses)})
    repo.change(change)
    said = repo.against()
    assert "edited-revision" not in said.rules() or said.rules() == {"edited-revision"}
    return said


@pytest.mark.parametrize("name", USES)
def test_a_file_that_a_published_revision_uses_was_changed(name: str, repo: Verdicts) -> None:
    said = edits_of(
        repo,
        USES[name],
        {
            "helpers/sizes.py": FILES["helpers/sizes.py"].replace("5", "6"),
            "migrations/sql/seed.sql": "INSERT INTO t VALUES (2);\n",
        },
    )
    assert said.rules() == {"edited-revision"}, said.text


def test_a_module_in_a_folder_of_prepend_sys_path_was_changed(repo: Verdicts) -> None:
    statement, call = USES["a name of a module"]
    files = {f"lib/python/{name}": text for name, text in FILES.items()}
    repo.on_main({**ini("migrations", "prepend_sys_path = lib/python"), **files})
    repo.on_main({at(M): using((statement, call))})
    path = "lib/python/helpers/sizes.py"
    repo.change({path: FILES["helpers/sizes.py"].replace("5", "6")})
    assert repo.against().rules() == {"edited-revision"}


@pytest.mark.parametrize("name", [each for each in USES if "file" not in each])
def test_what_it_does_not_use_may_change(name: str, repo: Verdicts) -> None:
    text = FILES["helpers/sizes.py"].replace("OTHER = 1", "# More.\nOTHER: int = 2")
    if name in ("everything of a module", "a module by its name"):
        text = FILES["helpers/sizes.py"] + "# A comment.\n"
    said = edits_of(repo, USES[name], {"helpers/sizes.py": text, "migrations/sql/x.sql": "x"})
    assert said.rules() == set(), said.text


@pytest.mark.parametrize(
    "uses",
    [
        ("import os", 'op.execute(open(f"{os.getcwd()}/{revision}seed.sql").read())'),
        ("import importlib", "importlib.import_module('hel' + revision)"),
    ],
)
def test_a_computed_name_is_noted(uses: tuple[str, str], repo: Verdicts) -> None:
    change: Files = {"migrations/sql/1seed.sql": "x", "helpers/sizes.py": "SIZE = 1\n"}
    said = edits_of(repo, uses, change)
    assert said.rules() == set()
    assert "by a computed name" in said.text
