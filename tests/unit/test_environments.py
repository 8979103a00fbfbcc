"""Environments lie where the installed Alembic looks for them."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
import warnings
from collections.abc import Callable, Mapping
from configparser import Error
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from hypothesis import given, settings
from hypothesis import strategies as st

from revgate import environments
from revgate.checking import history as history_checks
from revgate.checking.file_rules import judge_file
from revgate.environments import Environment
from revgate.errors import CannotJudgeError, RevgateError, UsageError
from revgate.history.read import read as read_history
from revgate.history.read import revision_files
from revgate.history.source import WorkTree
from revgate.settings import EnvironmentSetting, Scope, Settings, from_table, with_config

Write = Callable[[Mapping[str, str | bytes]], Path]
Located = tuple[str, list[str], bool]
DEFAULT = Settings()


def find(root: Path, name: str | None = None, settings: Settings = DEFAULT) -> list[Environment]:
    return environments.find(WorkTree(str(root), is_repository=False), settings, name)


def only(root: Path, settings: Settings = DEFAULT) -> Environment:
    (found,) = find(root, settings=settings)
    return found


def located(environment: Environment) -> Located:
    locations = list(environment.version_locations)
    return environment.script_location, locations, environment.recursive


def oracle(root: Path, section: str = "alembic", config: str = "alembic.ini") -> Located:
    """Ask Alembic, run in the folder of the configuration."""
    ini = root / config
    folder = ini.parent
    before, path = os.getcwd(), [*sys.path]
    os.chdir(folder)
    sys.path_importer_cache.clear()  # it knows `.` as the folder of an earlier test
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            read = Config(
                str(ini) if ini.exists() else None,
                toml_file=str(folder / "pyproject.toml"),
                ini_section=section,
            )
            script = ScriptDirectory.from_config(read)
            where = [script.dir, *map(str, script._version_locations)]
    finally:
        os.chdir(before)
        sys.path[:] = path
    first, *others = [os.path.relpath(os.path.join(folder, each), root) for each in where]
    return first, list(dict.fromkeys(others)), script.recursive_version_locations


def test_the_plain_case(write: Write) -> None:
    root = write({"alembic.ini": "[alembic]\nscript_location = migrations\n", "migrations/": ""})
    assert only(root) == Environment(
        name="migrations",
        config="alembic.ini",
        script_location="migrations",
        version_locations=("migrations/versions",),
    )


def ini(*lines: str) -> str:
    return "\n".join(["[alembic]", "script_location = migrations", *lines, ""])


def toml(*lines: str) -> str:
    return "\n".join(["[tool.alembic]", *lines, ""])


CASES: dict[str, dict[str, str]] = {
    "here": {"alembic.ini": "[alembic]\nscript_location = %(here)s/migrations\n"},
    "here alone, with a dot": {
        "alembic.ini": "[alembic]\nscript_location=./migrations/../migrations"
    },
    "here in capitals": {"alembic.ini": "[alembic]\nSCRIPT_LOCATION = %(HERE)s/migrations\n"},
    "own option": {"alembic.ini": "[alembic]\nscript_location = %(place)s\nplace = migrations\n"},
    "option of DEFAULT": {
        "alembic.ini": "[DEFAULT]\nplace = migrations\n[alembic]\nscript_location = %(place)s\n"
    },
    "all in DEFAULT": {
        "alembic.ini": "[DEFAULT]\nscript_location = migrations\n[alembic]\n[loggers]\nkeys=a\n"
    },
    "here redefined": {
        "alembic.ini": "[alembic]\nhere = elsewhere\nscript_location = %(here)s/migrations\n",
        "elsewhere/migrations/": "",
    },
    "percent": {"alembic.ini": "[alembic]\nscript_location = a%%b\n", "a%b/": ""},
    "unresolvable elsewhere": {"alembic.ini": ini("sqlalchemy.url = %(DB_URL)s")},
    "colon for equals": {"alembic.ini": "[alembic]\nscript_location: migrations\n"},
    "comment lines": {"alembic.ini": "# one\n; two\n[alembic]\n#x\nscript_location = migrations\n"},
    "legacy spaces": {"alembic.ini": ini("version_locations = a b  c")},
    "legacy commas": {"alembic.ini": ini("version_locations = a,b, c,  d")},
    "legacy keeps a newline": {"alembic.ini": ini("version_locations = a", "  b")},
    "space": {"alembic.ini": ini("version_locations = a b,c", "path_separator = space")},
    "newline": {
        "alembic.ini": ini("version_locations =", "  a", "  b c", "path_separator = newline")
    },
    "os": {"alembic.ini": ini(f"version_locations = a{os.pathsep}b", "path_separator = os")},
    "colon": {"alembic.ini": ini("version_locations = a : b", "path_separator = :")},
    "semicolon": {"alembic.ini": ini("version_locations = a;b;", "path_separator = ;")},
    "old separator": {"alembic.ini": ini("version_locations = a;b", "version_path_separator = ;")},
    "new separator before old": {
        "alembic.ini": ini(
            "version_locations = a;b c", "version_path_separator = space", "path_separator = ;"
        )
    },
    "separator by reference": {
        "alembic.ini": ini("version_locations = a;b", "path_separator = %(x)s", "x = ;")
    },
    "separator that is not needed": {"alembic.ini": ini("path_separator = os  # comment")},
    "here in locations": {
        "alembic.ini": ini("version_locations = %(here)s/a %(here)s/migrations/versions")
    },
    "location twice": {"alembic.ini": ini("version_locations = a a")},
    "empty locations": {"alembic.ini": ini("version_locations =")},
    "recursive": {"alembic.ini": ini("recursive_version_locations = true")},
    "recursive is True": {"alembic.ini": ini("recursive_version_locations = True")},
    "recursive is 1": {"alembic.ini": ini("recursive_version_locations = 1")},
    "toml alone": {"pyproject.toml": toml('script_location = "migrations"')},
    "toml with here": {"pyproject.toml": toml('script_location = "%(here)s/migrations"')},
    "toml locations": {
        "pyproject.toml": toml(
            'script_location = "migrations"',
            'version_locations = ["a", "%(here)s/b c"]',
            "recursive_version_locations = true",
        )
    },
    "toml with no locations": {
        "pyproject.toml": toml('script_location = "migrations"', "version_locations = []")
    },
    "toml with dotted keys": {"pyproject.toml": 'tool.alembic.script_location = "migrations"\n'},
    "both, the ini first": {
        "alembic.ini": ini(),
        "pyproject.toml": toml('script_location = "other"', 'version_locations = ["a"]'),
        "other/": "",
    },
    "both, the location in the toml": {
        "alembic.ini": "[alembic]\nrecursive_version_locations = true\n",
        "pyproject.toml": toml('script_location = "migrations"'),
    },
    "both, and the separator of the toml does not count": {
        "alembic.ini": ini("version_locations = a b"),
        "pyproject.toml": toml('path_separator = ";"'),
    },
    "both, the ini without a section": {
        "alembic.ini": "[loggers]\nkeys = root\n",
        "pyproject.toml": toml('script_location = "migrations"', 'version_locations = ["a"]'),
    },
}


@pytest.mark.parametrize("case", CASES)
def test_locations_are_those_of_alembic(case: str, write: Write) -> None:
    root = write({"migrations/": "", **CASES[case]})
    assert located(only(root)) == oracle(root)


@pytest.mark.parametrize("folder", ["services/billing", "a b", "ünï"])
@pytest.mark.parametrize(
    "text", ["script_location = migrations", "script_location = %(here)s/migrations"]
)
def test_a_configuration_below_the_root(folder: str, text: str, write: Write) -> None:
    config = f"{folder}/alembic.ini"
    root = write({config: f"[alembic]\n{text}\n", f"{folder}/migrations/": ""})
    assert only(root).script_location == f"{folder}/migrations"
    assert located(only(root)) == oracle(root, config=config)


PACKAGES = {
    "next to the file": ("package_a:migrations", "", "package_a/migrations"),
    "in a package of a package": ("package_b.inner:migrations", "", "package_b/inner/migrations"),
    "two folders down": ("package_c:db:migrations", "", "package_c/db/migrations"),
    "by prepend_sys_path": (
        "package_d:migrations",
        "prepend_sys_path = . lib",
        "lib/package_d/migrations",
    ),
    "by prepend_sys_path, legacy colon": (
        "package_e:migrations",
        "prepend_sys_path = .:lib",
        "lib/package_e/migrations",
    ),
    "by prepend_sys_path, with a separator": (
        "package_f:migrations",
        "prepend_sys_path = .;my lib\npath_separator = ;",
        "my lib/package_f/migrations",
    ),
}


@pytest.mark.parametrize("case", PACKAGES)
def test_a_package_is_found_where_python_finds_it(case: str, write: Write) -> None:
    location, more, place = PACKAGES[case]
    package = place[: place.index("package_") + len("package_x")]
    root = write(
        {
            "alembic.ini": f"[alembic]\nscript_location = {location}\n"
            f"{more or 'prepend_sys_path = .'}\n",
            f"{place}/": "",
            f"{package}/__init__.py": "",
            f"{package}/inner/__init__.py": "",
        }
    )
    assert only(root).script_location == place
    assert located(only(root)) == oracle(root)


def test_a_package_in_src_is_found_and_never_imported(write: Write) -> None:
    root = write(
        {
            "backend/alembic.ini": "[alembic]\nscript_location = application:migrations\n",
            "backend/src/application/__init__.py": "raise SystemExit('imported')\n",
            "backend/src/application/migrations/": "",
        }
    )
    assert only(root).script_location == "backend/src/application/migrations"
    assert "application" not in sys.modules


def test_a_location_relative_to_a_folder_above(write: Write) -> None:
    """`alembic -c app/alembic.ini` is run in the folder above."""
    root = write(
        {
            "backend/app/alembic.ini": "[alembic]\nscript_location = app/alembic\n"
            "version_locations = app/alembic/versions\n",
            "backend/app/alembic/versions/": "",
        }
    )
    assert located(only(root)) == (
        "backend/app/alembic",
        ["backend/app/alembic/versions"],
        False,
    )


def test_alembic_runs_where_its_locations_exist(write: Write) -> None:
    text = "[alembic]\nscript_location = src/db/migrations\nversion_locations = src/db/more\n"
    root = write(
        {
            "api/src/db/migrations/alembic.ini": text,
            "api/src/db/migrations/env.py": "",
            "api/src/db/more/x.py": "",
            "other/more/y.py": "",
        }
    )
    found = only(root)
    assert found.folder == "api"
    assert located(found) == ("api/src/db/migrations", ["api/src/db/more"], False)
    here = "[alembic]\nscript_location = %(here)s\nversion_locations = db/more\n"
    (root / "api/src/db/migrations/alembic.ini").write_text(here)
    found = only(root)
    assert found.folder == "api/src"
    assert located(found) == ("api/src/db/migrations", ["api/src/db/more"], False)


def test_a_path_of_a_container_is_found_in_the_repository(write: Write) -> None:
    text = "[alembic]\nscript_location = /usr/src/app/migrations\n"
    root = write({"migrations/alembic.ini": text, "migrations/versions/x.py": ""})
    found = only(root)
    assert (found.folder, found.script_location) == ("", "migrations")
    assert found.version_locations == ("migrations/versions",)


def test_migrations_without_a_configuration_are_found_or_named(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = write(
        {
            "app/migrations/env.py": "",
            "app/migrations/script.py.mako": "",
            "app/migrations/versions/x.py": "",
            "tools/env.py": "",
            "tools/versions/y.py": "",
        }
    )
    subprocess.run(["git", "init", "--quiet", str(root)], check=True)
    work = WorkTree(str(root), is_repository=True)
    (found,) = environments.find(work, DEFAULT)
    assert (found.name, found.config) == ("app/migrations", "app/migrations/env.py")
    assert (found.folder, found.is_in_code) == ("", True)
    assert located(found) == ("app/migrations", ["app/migrations/versions"], False)
    named = settings_from('[[environment]]\nname = "main"\nconfig = "tools/env.py"')
    (found,) = environments.find(work, named)
    assert (found.name, found.version_locations) == ("main", ("tools/versions",))
    with pytest.raises(UsageError, match="there is no file gone"):
        environments.find(work, settings_from('[[environment]]\nname="x"\nconfig="gone/env.py"'))
    # A file that may be the configuration is asked about first.
    (root / "alembic.ini.example").write_text("")
    with pytest.raises(CannotJudgeError, match="copy it to"):
        environments.find(WorkTree(str(root), is_repository=True), DEFAULT)


def settings_from(text: str) -> Settings:
    return from_table(tomllib.loads(text), "revgate.toml")


def test_an_absolute_location_inside_the_repository(write: Write, tmp_path: Path) -> None:
    root = write({"migrations/": ""})
    write({"alembic.ini": f"[alembic]\nscript_location = {root}/migrations\n"})
    assert located(only(root)) == oracle(root)
    (tmp_path / "link").symlink_to(root)
    write({"alembic.ini": f"[alembic]\nscript_location = {tmp_path}/link/migrations\n"})
    assert only(root).script_location == "migrations"


def test_an_absolute_location_elsewhere(write: Write) -> None:
    root = write({"alembic.ini": "[alembic]\nscript_location = /no/such/app/migrations\n"})
    with pytest.raises(
        CannotJudgeError, match=r"alembic\.ini: the folder .*no/such/app/migrations"
    ):
        find(root)


def test_separators_of_windows(write: Write) -> None:
    root = write(
        {
            "alembic.ini": "[alembic]\nscript_location = %(here)s\\app\\migrations\n",
            "app/migrations/": "",
        }
    )
    assert only(root).script_location == "app/migrations"


def test_flask_migrate_names_the_location_at_run_time(write: Write) -> None:
    root = write({"migrations/alembic.ini": "[alembic]\n[loggers]\n", "migrations/env.py": ""})
    assert located(only(root)) == ("migrations", ["migrations/versions"], False)
    root = write({"alembic.ini": "[alembic]\n", "env.py": ""})
    assert [each.script_location for each in find(root)] == [".", "migrations"]
    assert find(root)[0].version_locations == ("versions",)


# Several of them.


def test_other_sections_are_environments_of_their_own(write: Write) -> None:
    text = "[alembic]\n[main]\nscript_location = a\n[log]\nscript_location = b\n[loggers]\nk=1\n"
    root = write({"alembic.ini": text, "a/": "", "b/": ""})
    found = find(root)
    assert [(each.section, each.name) for each in found] == [("main", "a"), ("log", "b")]
    for each in found:
        assert located(each) == oracle(root, each.section)


def test_sections_that_share_a_script_location_have_names_of_their_own(write: Write) -> None:
    text = (
        "[DEFAULT]\nscript_location = a\n"
        "[one]\nversion_locations = a/one\n[two]\nversion_locations = a/two\n[loggers]\nkeys = x\n"
    )
    root = write({"alembic.ini": text, "a/one/": "", "a/two/": ""})
    found = find(root)
    assert [each.name for each in found] == ["alembic.ini:one", "alembic.ini:two"]
    assert [each.version_locations for each in found] == [("a/one",), ("a/two",)]
    assert find(root, "alembic.ini:two") == [found[1]]


def test_the_same_environment_from_two_files_is_judged_once(write: Write) -> None:
    root = write(
        {
            "alembic.ini": "[alembic]\nscript_location = app/migrations\n",
            "app/alembic.ini": "[alembic]\nscript_location = migrations\n",
            "app/migrations/": "",
        }
    )
    assert [each.config for each in find(root)] == ["alembic.ini"]


TWO = {
    "alembic.ini": ini(),
    "migrations/": "",
    "services/billing/alembic.ini": ini(),
    "services/billing/migrations/": "",
}


def test_environments_are_found_by_themselves(write: Write) -> None:
    assert [each.name for each in find(write(TWO))] == ["migrations", "services/billing/migrations"]


def test_one_is_asked_for_by_name(write: Write) -> None:
    root = write(TWO)
    assert [each.config for each in find(root, "migrations")] == ["alembic.ini"]
    with pytest.raises(UsageError, match=r"no environment 'migration'; did you mean 'migrations'"):
        find(root, "migration")


BROKEN = {
    "a missing folder": ("[alembic]\nscript_location = gone\n", "the folder fixtures/gone is"),
    "no section": ("[loggers]\nkeys = a\n", "has no script_location"),
    "no location": ("[alembic]\nsqlalchemy.url = x\n", "has no script_location"),
    "nothing": ("", "has no script_location"),
    "no ini": ("script_location = x\n", "cannot be read: line 1 is unreadable"),
    "a reference to nothing": (
        "[alembic]\nscript_location = %(place)s/x\n",
        r"line 2 is unreadable .* script_location refers to %\(place\)s, which is not set in the",
    ),
    "a reference to itself": ("[alembic]\nscript_location = %(script_location)s\n", "to itself"),
    "a comment behind a separator": (
        ini("version_locations = a", "version_path_separator = os  # as Alembic's template has it"),
        "version_path_separator is .os  # as .* put a comment on a separate line",
    ),
    "an empty separator": (ini("version_locations = a", "path_separator ="), "is ''"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_one_is_not_passed_over(case: str, write: Write) -> None:
    text, message = BROKEN[case]
    root = write({**TWO, "fixtures/alembic.ini": text, "fixtures/migrations/": ""})
    with pytest.raises(CannotJudgeError, match=message) as caught:
        find(root)
    assert str(caught.value).startswith("fixtures/alembic.ini")
    assert "[[tool.revgate.environment]]" in str(caught.value)
    assert [each.name for each in find(root, "migrations")] == ["migrations"]
    named = (EnvironmentSetting("main", "alembic.ini"),)
    assert [each.name for each in find(root, settings=Settings(environments=named))] == ["main"]


def test_every_broken_one_is_named_at_once(write: Write) -> None:
    root = write({"a/alembic.ini": "x", "b/alembic.ini": "[alembic]\nscript_location = gone\n"})
    with pytest.raises(CannotJudgeError, match=r"a/alembic\.ini cannot.*\n*b/alembic\.ini: the"):
        find(root)


def test_nothing_at_all(write: Write) -> None:
    with pytest.raises(CannotJudgeError, match="no Alembic environment in the work tree"):
        find(write({"pyproject.toml": "[tool.other]\nx = 'alembic script_location'\n"}))


# Those that the settings name.


def configured(*settings: EnvironmentSetting) -> Settings:
    return Settings(environments=settings)


def test_settings_name_what_counts(write: Write) -> None:
    root = write({**TWO, "other.ini": "[alembic]\n[deep]\nscript_location = %(here)s/deep\n"})
    write({"deep/": ""})
    scope = Scope(expect_tables=3)
    found = find(
        root,
        settings=configured(
            EnvironmentSetting("one", "./services/billing/alembic.ini", scope=scope),
            EnvironmentSetting("two", "other.ini", "deep"),
        ),
    )
    assert [(each.name, each.config) for each in found] == [
        ("one", "services/billing/alembic.ini"),
        ("two", "other.ini"),
    ]
    assert [each.scope for each in found] == [scope, Scope()]
    assert found[1].script_location == "deep"


def deep(count: int) -> bytes:
    """Write an ini whose time zone refers to a value by way of others."""
    references = [f"a{n} = %(a{n + 1})s" for n in range(1, count)]
    return ini("timezone = %(a1)s", *references, f"a{count} = utc").encode()


INIS = {
    "plain": (ini("version_locations = a").encode(), None),
    "comment in UTF-8": ("# café\n".encode() + ini().encode(), None),
    "Windows lines": (ini("x = y").replace("\n", "\r\n").encode(), None),
    "old lines": (ini("x = y").replace("\n", "\r").encode(), None),
    "DEFAULT twice": (b"[DEFAULT]\na = 1\n" + ini().encode() + b"[DEFAULT]\nb = 1\n", None),
    "option of DEFAULT again": (b"[DEFAULT]\nx = 1\n" + ini("x = 2").encode(), None),
    "indented line": (ini("x = 1", "  x = 2").encode(), None),
    "byte order mark": (b"\xef\xbb\xbf" + ini().encode(), 1),
    "comment in Latin-1": (ini("x = 1", "# caf\xe9").encode("latin-1"), 4),
    "repeated option": (ini("x = 1", "x = 2").encode(), 4),
    "repeated option in capitals": (ini("x = 1", "X = 2").encode(), 4),
    "repeated section": (ini("x = 1").encode() + b"[alembic]\ny = 1\n", 4),
    "repeated section of a logger": (ini().encode() + b"[loggers]\n[loggers]\n", 4),
    "markers of a conflict": (ini("<<<<<<< HEAD").encode(), 3),
    "% in a location": (ini("version_locations = a%b").encode(), 3),
    "% in the script location": (b"[alembic]\nscript_location = migrations%\n", 2),
    "% at the end": (ini("x = 1", "prepend_sys_path = .%").encode(), 4),
    "% in a file template": (ini("file_template = %(rev)s_%(slug)s").encode(), 3),
    "% in a time zone": (ini("", "TimeZone: a%b").encode(), 4),
    "% in an encoding": (ini("output_encoding = %u").encode(), 3),
    "% in a flag": (ini("sourceless = %").encode(), 3),
    "% in the other flag": (ini("# x", "recursive_version_locations = 5%").encode(), 4),
    "% in a length": (ini("truncate_slug_length = 4%").encode(), 3),
    "% in DEFAULT": (b"[DEFAULT]\ntimezone = 5%\n" + ini().encode(), 2),
    "% in DEFAULT, not used": (b"[DEFAULT]\ntimezone = 5%\n" + ini("timezone = z").encode(), None),
    "% on a later line": (ini("version_locations =", "  # 5%", "", "  a", "  b%").encode(), 7),
    "% in a hook": (ini().encode() + b"[post_write_hooks]\nhooks = a\na.x = 5%\n", 5),
    "% in an unused hook": (ini().encode() + b"[post_write_hooks]\n\nx = 5%\n", 5),
    "% in DEFAULT with hooks": (b"[DEFAULT]\nx = 5%\n" + ini().encode() + b"[post_write_hooks]", 2),
    "% in DEFAULT without hooks": (b"[DEFAULT]\nx = 5%\n" + ini().encode(), None),
    "% doubled": (ini("file_template = %%(rev)s", "timezone = a%%b").encode(), None),
    "% before a doubled one": (ini("timezone = %%%").encode(), 3),
    "% in what env.py reads": (ini("sqlalchemy.url = p%40", "x = 50%").encode(), None),
    "% for the revision command": (ini("revision_environment = 5%").encode(), None),
    "% in a logger": (ini().encode() + b"[formatter_x]\nformat = %(levelname)s %\n", None),
    "% in a separator of nothing": (ini("path_separator = %").encode(), None),
    "% in a separator": (ini("version_locations = a", "path_separator = %").encode(), 4),
    "% in a separator of paths": (ini("prepend_sys_path = .", "path_separator = %").encode(), 4),
    "% in an old separator": (ini("version_locations=a", "version_path_separator=%").encode(), 4),
    "% in an old separator of paths": (
        ini("prepend_sys_path = a", "version_path_separator = %").encode(),
        None,
    ),
    "% behind a reference": (ini("x = 5%", "y = %(x)s", "timezone = %(Y)s").encode(), 3),
    "reference to nothing": (ini("timezone = %(nope)s").encode(), 3),
    "reference without a type": (ini("timezone = %(here)").encode(), 3),
    "reference of another type": (ini("timezone = %(here)d").encode(), 3),
    "reference without a name": (ini("timezone = %()s").encode(), 3),
    "reference to a logger": (ini("timezone = %(keys)s").encode() + b"[loggers]\nkeys = a\n", 3),
    "reference to DEFAULT": (b"[DEFAULT]\nz = utc\n" + ini("timezone = %(z)s").encode(), None),
    "reference to itself": (ini("timezone = %(timezone)s").encode(), 3),
    "references that form a cycle": (ini("timezone = %(a)s", "a = %(b)s", "b = %(a)s").encode(), 3),
    "references that form a cycle, not read": (ini("a = %(b)s", "b = %(a)s").encode(), None),
    "reference to here": (ini("version_locations = %(here)s/a").encode(), None),
    "reference with a type behind": (ini("timezone = %(here)stuff").encode(), None),
    "ten references deep": (deep(10), None),
    "eleven references deep": (deep(11), 3),
    "length in words": (ini("x = 1", "truncate_slug_length = forty").encode(), 4),
    "length and a comment": (ini("truncate_slug_length = 40  # long").encode(), 3),
    "length with a space": (ini("truncate_slug_length =  40 ").encode(), None),
    "other section": (ini().encode() + b"[other]\ntimezone = 5%\n", None),
}


@pytest.mark.parametrize("case", INIS)
def test_what_alembic_cannot_load_is_unreadable(case: str, write: Write) -> None:
    data, line = INIS[case]
    root = write({"alembic.ini": data, "migrations/": "", "a/": ""})
    if line is None:
        assert located(only(root)) == oracle(root)
        return
    with pytest.raises((Error, ValueError)):
        oracle(root)
    setting = configured(EnvironmentSetting("x", "alembic.ini"))
    message = rf"alembic\.ini cannot be read: line {line} is unreadable"
    with pytest.raises(UsageError, match=message):
        find(root, settings=setting)
    with pytest.raises(CannotJudgeError, match=message):
        find(root)


TOMLS = {
    "% in a time zone": ('timezone = "5%"', False),
    "% in a file template": ('file_template = "%(rev)s"', False),
    "% in a list": ('version_locations = ["a%"]', False),
    "% in a hook": ('post_write_hooks = [{name = "x", a = "5% b"}]', False),
    "% doubled": ('file_template = "%%(rev)s"', True),
    "% in what env.py reads": ('x = "5%"', True),
    "% in the length of a slug": ('truncate_slug_length = "4%"', False),
    "the folder": ('version_locations = ["%(here)s/a"]', True),
    "the folder in quotes": ('timezone = "%(here)r"', True),
    "the folder as a number": ('timezone = "%(here)d"', False),
    "a very wide folder": ('timezone = "%(here)99999999999999999999s"', False),
}


@pytest.mark.parametrize("case", TOMLS)
def test_what_alembic_cannot_format_is_unreadable(case: str, write: Write) -> None:
    line, sound = TOMLS[case]
    root = write({"pyproject.toml": toml('script_location = "m"', line), "m/": "", "a/": ""})
    if sound:
        assert located(only(root)) == oracle(root)
        return
    with pytest.raises((KeyError, TypeError, ValueError)):
        oracle(root)
    with pytest.raises(CannotJudgeError, match=r"pyproject\.toml cannot be read: .* unreadable"):
        find(root)


def test_an_ini_in_a_folder_with_a_percent_sign(write: Write) -> None:
    files = {"alembic.ini": ini(), "migrations/": ""}
    root = write({f"a%2Fb/{name}": text for name, text in files.items()}) / "a%2Fb"
    assert located(only(root)) == oracle(root)
    hooks = "[post_write_hooks]\n"
    for text in (ini("version_locations = %(here)s/x"), ini("timezone = %(here)s"), ini() + hooks):
        (root / "alembic.ini").write_text(text)
        with pytest.raises(Error):
            oracle(root)
        with pytest.raises(CannotJudgeError, match="uses the path of its folder, which has a `%`"):
            find(root)


_PIECE = st.sampled_from(["%", "%%", "%(", ")s", "%(here)s", "%(a)s", "%(B)s", "(", "x", "\n  "])
_VALUE = st.lists(_PIECE, max_size=5).map("".join)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.sampled_from(["timezone", "a", "b", "here"]), _VALUE))
def test_whatever_stands_in_an_ini(values: dict[str, str]) -> None:
    with TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "migrations").mkdir()
        (root / "alembic.ini").write_text(ini(*(f"{name} = {values[name]}" for name in values)))
        try:
            oracle(root)
        except Error:
            with pytest.raises(CannotJudgeError, match=r"line [0-9]+ is unreadable"):
                find(root)
        else:
            assert find(root)


def test_a_folder_that_does_not_exist_is_skipped(write: Write) -> None:
    root = write({"alembic.ini": ini("version_locations = gone a"), "migrations/": ""})
    write({"a/1.py": "revision = '1'\ndown_revision = None\n\ndef upgrade(): pass\n"})
    source, environment = WorkTree(str(root), is_repository=False), only(root)
    assert located(environment) == oracle(root)
    assert revision_files(source, environment) == ["a/1.py"]
    read = read_history(source, environment, judge_file, cached=False)
    assert list(history_checks.notes(read)) == [
        "alembic.ini: the folder gone does not exist, so Alembic skips it"
    ]
    nowhere = environment._replace(version_locations=("gone", "lost"))
    with pytest.raises(CannotJudgeError, match="the folder gone is missing"):
        revision_files(source, nowhere)


@pytest.mark.parametrize(
    ("name", "parent", "joined"),
    [
        *[("2", "'1'", True), ("2", "None", False), ("0", "None", True)],
        ("2", "None\ndepends_on = '1'", True),
    ],
)
def test_revisions_in_a_subfolder(name: str, parent: str, joined: bool, write: Write) -> None:
    top = "0" if name == "0" else None
    text = "revision = {!r}\ndown_revision = {}\n\ndef upgrade(): pass\n"
    root = write({"alembic.ini": ini(), "migrations/versions/1.py": text.format("1", repr(top))})
    write({f"migrations/versions/2026/{name}.py": text.format(name, parent)})
    write({"migrations/versions/helpers/tools.py": "NAME = 'x'\n"})
    source = WorkTree(str(root), is_repository=False)
    read = read_history(source, only(root), judge_file, cached=False)
    if joined:
        with pytest.raises(CannotJudgeError, match="version-locations"):
            list(history_checks.notes(read))
    else:
        (note,) = history_checks.notes(read)
        assert f"does not read migrations/versions/2026/{name}.py, in a subfolder" in note
    folders = ("migrations/versions", "migrations/versions/2026")
    named = only(root, Settings(scope=Scope(version_locations=folders)))
    read = read_history(source, named, judge_file, cached=False)
    assert sorted(read.history.graph.by_id) == sorted(["1", name])
    assert not list(history_checks.notes(read))


def test_settings_may_name_a_pyproject(write: Write) -> None:
    root = write({"x/pyproject.toml": toml('script_location = "m"'), "x/m/": ""})
    (found,) = find(root, settings=configured(EnvironmentSetting("x", "x/pyproject.toml")))
    assert (found.config, found.script_location) == ("x/pyproject.toml", "x/m")


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        (EnvironmentSetting("x", "gone.ini"), "gone.ini cannot be read: No such file"),
        (EnvironmentSetting("x", "migrations"), "migrations cannot be read"),
        (EnvironmentSetting("x", "a\0b"), "cannot be read"),
        (EnvironmentSetting("x", "alembic.ini", "other"), r"has no section \[other\]"),
        (EnvironmentSetting("x", "broken.ini"), "broken.ini cannot be read"),
    ],
)
def test_settings_that_name_what_is_not_there(
    setting: EnvironmentSetting, message: str, write: Write
) -> None:
    root = write({**TWO, "broken.ini": "x"})
    with pytest.raises(UsageError, match=message):
        find(root, settings=configured(setting))


def test_the_config_option(write: Write) -> None:
    root = write({**TWO, "two.ini": "[one]\nscript_location = a\n[two]\nscript_location = b\n"})
    write({"a/": "", "b/": ""})
    named = configured(EnvironmentSetting("billing", "./services/billing/alembic.ini"))
    assert only(root, with_config(Settings(), "alembic.ini")).name == "migrations"
    assert only(root, with_config(named, "services/billing/alembic.ini")).name == "billing"
    both = find(root, settings=with_config(named, "two.ini"))
    assert [each.name for each in both] == ["a", "b"]


# Written with bad intentions.

HOSTILE: dict[str, dict[str, bytes]] = {
    "huge": {"alembic.ini": b"[alembic]\n" + b"x = y\n" * 300_000},
    "long line": {"alembic.ini": b"[alembic]\nscript_location = " + b"x" * 900_000},
    "long path": {"alembic.ini": b"[alembic]\nscript_location = " + b"x" * 4000},
    "null bytes": {"alembic.ini": b"[alembic]\nscript_location = a\0b\nversion_locations = \0"},
    "null byte in a version location": {"alembic.ini": ini("version_locations = \0").encode()},
    "laughs": {
        "alembic.ini": b"[alembic]\nscript_location = %(a0)s\n"
        + b"".join(b"a%d = %s\n" % (n, b"%%(a%d)s" % (n + 1) * 50) for n in range(9))
        + b"a9 = x\n"
    },
    "number": {"pyproject.toml": b"[tool.alembic]\nscript_location = 5\n"},
    "tool is a number": {"pyproject.toml": b"tool = 1 # alembic script_location\n"},
    "tool is an array": {"pyproject.toml": b"[[tool]]\nalembic.script_location = 'x'\n"},
    "alembic is a number": {"pyproject.toml": b"[tool]\nalembic = 1 # script_location\n"},
    "location is a table": {
        "pyproject.toml": b"[tool.alembic]\nscript_location" + b".a" * 5000 + b" = 1\n"
    },
    "locations are text": {
        "pyproject.toml": toml('script_location = "m"', 'version_locations = "m"').encode()
    },
    "locations are numbers": {
        "pyproject.toml": toml('script_location = "m"', "version_locations = [1]").encode()
    },
    "recursive is text": {
        "pyproject.toml": toml(
            'script_location = "m"', 'recursive_version_locations = "true"'
        ).encode()
    },
    "nested": {
        "pyproject.toml": b"[tool.alembic]\nscript_location = " + b"[" * 100_000 + b"]" * 100_000
    },
    "digits": {"pyproject.toml": b"[tool.alembic]\nscript_location = " + b"9" * 5000},
    "no utf-8": {"pyproject.toml": b"[tool.alembic]\nscript_location = '\xff'"},
    "a name of surrogates": {"alembic.ini": b"[alembic]\nscript_location = \xed\xa0\x80\n"},
    "a lone bracket": {"alembic.ini": b"[alembic\nscript_location = m"},
    "continuation first": {"alembic.ini": b"  x\n[alembic]\nscript_location = m"},
    "an option without a value": {"alembic.ini": b"[alembic]\nscript_location\n"},
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_configurations_end_in_a_sentence(case: str, write: Write) -> None:
    root = write({"m/": "", **HOSTILE[case]})
    with pytest.raises(RevgateError) as caught:
        find(root)
    assert len(str(caught.value)) < 10_000


INI_LINES = st.sampled_from(
    [
        *("[alembic]", "[DEFAULT]", "[x]", "[]", "script_location = m", "script_location = %(a)s"),
        *("a = %(b)s", "b = %(a)s%(a)s", "a = m", "version_locations = m n", "path_separator = ;"),
        *("version_locations = %(here)s;m", " continued", "\0", "\ufeff", "%", "= =", "é", "m:n:"),
        *("prepend_sys_path = :;%(zz)s", "script_location = m:n", "recursive_version_locations"),
    ]
)


@settings(deadline=None, max_examples=150)
@given(st.lists(INI_LINES | st.text(max_size=8), max_size=8), st.binary(max_size=20))
def test_any_ini_is_an_environment_or_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str], more: bytes
) -> None:
    root = tmp_path_factory.getbasetemp() / "any_ini"
    (root / "m").mkdir(parents=True, exist_ok=True)
    text = "\n".join(lines).encode("utf-8", "surrogatepass")
    (root / "alembic.ini").write_bytes(text + more)
    with suppress(RevgateError):  # anything else fails the test
        assert all(each.script_location for each in find(root))


PART = st.text("abc._-", min_size=1, max_size=3).filter(lambda part: part.strip(".") != "")
GLUE = st.sampled_from([" ", ",", ", ", ";", "  ", " ;", "\n  "])


@settings(deadline=None, max_examples=150)
@given(
    st.lists(st.tuples(PART, GLUE), min_size=1, max_size=5),
    st.sampled_from([None, "space", "newline", ";"]),
    st.sampled_from(["path_separator", "version_path_separator"]),
)
def test_any_list_of_locations_is_split_as_alembic_splits_it(
    tmp_path_factory: pytest.TempPathFactory,
    parts: list[tuple[str, str]],
    separator: str | None,
    option: str,
) -> None:
    root = tmp_path_factory.getbasetemp() / "any_list"
    (root / "migrations").mkdir(parents=True, exist_ok=True)
    lines = ["version_locations = " + "".join(part + glue for part, glue in parts) + "z"]
    lines += [f"{option} = {separator}"] if separator else []
    (root / "alembic.ini").write_text(ini(*lines))
    script, locations, recursive = oracle(root)
    # An empty part is, for Alembic, the folder in which it is run.
    expected = (script, [each for each in locations if each != "."], recursive)
    assert located(only(root)) == expected


# What lies in the folder.


REVISION = "revision = {0!r}\ndown_revision = None\ndef upgrade(): pass\n"


@pytest.mark.parametrize("recursive", [False, True])
def test_bystanders_are_left_alone_as_alembic_leaves_them(write: Write, *, recursive: bool) -> None:
    others = ["README", "Makefile.am", ".keep", "HEAD", "script.py.mako", "z.pyc", "q.py.orig"]
    others += ["__init__.py", "__init__x.py", ".#lock.py", "__pycache__/c.py"]
    loaded = ["a.py", ".hidden.py", "with space.py", "_.py", "deep/d.py", "deep/er/__main__.py"]
    versions = "migrations/versions"
    root = write(
        {
            "alembic.ini": ini(f"recursive_version_locations = {'true' if recursive else 'false'}"),
            **{f"{versions}/{name}": "raise SystemExit" for name in others},
            **{f"{versions}/deep/{name}": "raise SystemExit" for name in others},
            **{f"{versions}/{name}": REVISION.format(name) for name in loaded},
            f"{versions}/folder.py/": "",
        }
    )
    (root / versions / "link_to_folder.py").symlink_to(root / versions / "deep")
    (root / versions / "linked.py").symlink_to(root / "linked_from.py")
    write({"linked_from.py": REVISION.format("linked")})
    script = ScriptDirectory(str(root / "migrations"), recursive_version_locations=recursive)
    expected = {str(revision.revision) for revision in script.walk_revisions()}
    found = revision_files(WorkTree(str(root), is_repository=False), only(root))
    names = {path.removeprefix(f"{versions}/") for path in found}
    assert names == {"linked.py" if name == "linked" else name for name in expected}
    assert ("deep/d.py" in names) is recursive


def test_locations_that_overlap_do_not_make_twins(write: Write) -> None:
    lines = ["version_locations = v v/deep", "recursive_version_locations = true"]
    root = write({"alembic.ini": ini(*lines), "migrations/": ""})
    write({"v/a.py": REVISION.format("a"), "v/deep/b.py": REVISION.format("b")})
    found = revision_files(WorkTree(str(root), is_repository=False), only(root))
    assert found == ["v/a.py", "v/deep/b.py"]
