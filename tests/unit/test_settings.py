"""What the settings say, what they cannot say, and that the JSON Schema agrees."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import settings as bounds
from hypothesis import strategies as st

from revgate import settings, settings_keys
from revgate.checking import history as history_checks
from revgate.checking.selection import Choice, unknown_rules
from revgate.errors import UsageError
from revgate.history.source import WorkTree
from revgate.rules import SettingsChange, all_rules
from revgate.settings import EnvironmentSetting, Scope, Settings

if TYPE_CHECKING:
    from pathlib import Path

# It has no type hints of its own.
jsonschema: Any = import_module("jsonschema")
VALIDATOR = jsonschema.Draft202012Validator(settings.schema())

WHOLE = """
expect-tables = 63
baseline = "efaa6e584823"
file-name = "(?P<stamp>[0-9]{8})_(?P<slug>[a-z_]+)"
linear = false
branches = ["expand", "contract"]
published = ["main", "release/*"]
version-locations = ["migrations/versions"]
head-file = "./migrations/HEAD"
schema-file = "schema.sql"
prepare = "before.sql"
ignore = ["future-timestamp"]
enable = ["schema", "file-name"]
severity = { "stale-docstring" = "error", "file-name" = "warning" }
allow-published = { "efaa6e584823" = "its downgrade was wrong" }
allow-squash = "efaa6e584823"
network = true
roles = ["readonly_app"]
schemas = ["app"]
extensions = ["citext"]
ignore-objects = ["monitoring.*"]
superuser = false
table-sizes = "data/../table-sizes.json"
large-table = 5
[[environment]]
name = "billing"
config = "services/billing/alembic.ini"
[[environment]]
name = "main"
config = "alembic.ini"
section = "other"
expect-tables = 3
linear = true
[env]
SECRET_KEY = "not-a-secret"
"""
SCOPE = Scope(
    expect_tables=63,
    baseline="efaa6e584823",
    file_name="(?P<stamp>[0-9]{8})_(?P<slug>[a-z_]+)",
    linear=False,
    branches=("expand", "contract"),
    published=("main", "release/*"),
    version_locations=("migrations/versions",),
    head_file="migrations/HEAD",
    schema_file="schema.sql",
    prepare="before.sql",
)
EXPECTED = Settings(
    path="revgate.toml",
    scope=SCOPE,
    ignore=("future-timestamp",),
    enable=("schema", "file-name"),
    severity=(("stale-docstring", "error"), ("file-name", "warning")),
    allow_published=(("efaa6e584823", "its downgrade was wrong"),),
    allow_squash="efaa6e584823",
    environments=(
        EnvironmentSetting("billing", "services/billing/alembic.ini", scope=SCOPE),
        EnvironmentSetting(
            "main", "alembic.ini", "other", SCOPE._replace(expect_tables=3, linear=True)
        ),
    ),
    env=(("SECRET_KEY", "not-a-secret"),),
    network=True,
    roles=("readonly_app",),
    schemas=("app",),
    extensions=("citext",),
    ignore_objects=("monitoring.*",),
    superuser=False,
    table_sizes="table-sizes.json",
    large_table=5,
)


def load(root: Path, text: str | bytes, name: str = "revgate.toml") -> Settings:
    (root / name).write_bytes(text.encode() if isinstance(text, str) else text)
    return settings.load(str(root), unknown_rules)


def in_pyproject(text: str) -> str:
    lines = text.replace("[[", "[[tool.revgate.").replace("[env]", "[tool.revgate.env]")
    return f"[project]\nname = 'x'\n[tool.revgate]\n{lines}"


def test_every_key(tmp_path: Path) -> None:
    assert load(tmp_path, WHOLE) == EXPECTED
    assert {*settings_keys.KEYS} == {*settings.parse_toml(WHOLE.encode(), "")}
    assert VALIDATOR.is_valid(settings.parse_toml(WHOLE.encode(), ""))


def test_every_key_in_pyproject(tmp_path: Path) -> None:
    found = load(tmp_path, in_pyproject(WHOLE), "pyproject.toml")
    assert found == EXPECTED._replace(path="pyproject.toml")


def test_none_at_all(tmp_path: Path) -> None:
    assert settings.load(str(tmp_path)) == Settings()
    assert load(tmp_path, "[tool.revgateway]\nx = 1\n", "pyproject.toml") == Settings()
    assert load(tmp_path, "tool = 1 # revgate\n", "pyproject.toml") == Settings()
    assert load(tmp_path, b"\xff no TOML", "pyproject.toml") == Settings()


def test_revgate_toml_next_to_a_pyproject_without_settings(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[project.optional-dependencies]\nx = ['revgate']")
    assert load(tmp_path, "linear = false").scope.linear is False


def test_settings_in_both_files(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.revgate]\nlinear = false")
    with pytest.raises(UsageError, match=r"both revgate\.toml and pyproject\.toml have settings"):
        load(tmp_path, "linear = false")


def test_a_byte_order_mark(tmp_path: Path) -> None:
    assert load(tmp_path, b"\xef\xbb\xbflinear = false").scope.linear is False


def test_another_file(tmp_path: Path) -> None:
    (tmp_path / "other.toml").write_text("linear = false")
    assert settings.load_file(str(tmp_path), "other.toml").path == "other.toml"
    (tmp_path / "pyproject.toml").write_text("[project]")
    with pytest.raises(UsageError, match=r"pyproject\.toml has no settings"):
        settings.load_file(str(tmp_path), "pyproject.toml")
    with pytest.raises(UsageError, match=r"gone\.toml has no settings"):
        settings.load_file(str(tmp_path), "gone.toml")


WRONG = {
    "linaer = true": "unknown setting `linaer`; did you mean 'linear'?",
    "expect_tables = 1": "unknown setting `expect_tables`; did you mean 'expect-tables'?",
    "zzzzzz = 1": "unknown setting `zzzzzz`\n",
    "expect-tables = '63'": "`expect-tables` is '63', expected a whole number",
    "expect-tables = true": "`expect-tables` is True, expected a whole number",
    "expect-tables = 1.0": "`expect-tables` is 1.0, expected a whole number",
    "table-sizes = '../t.json'": "`table-sizes` is '../t.json', expected a file in the repository",
    "large-table = -1": "`large-table` is -1, expected at least 0",
    "expect-tables = -1": "`expect-tables` is -1, expected at least 0",
    "baseline = 5": "`baseline` is 5, expected a string",
    "baseline = ''": "`baseline` is empty",
    "file-name = []": "`file-name` is an array, expected a string",
    "file-name = '('": "`file-name` is not a valid regular",
    "file-name = '(?u)(?P<slug>a)'": "valid regular expression: ASCII and UNICODE",
    "file-name = 'timestmp'": "expected 'timestamp', 'any', or a regular expression with (?P<st",
    "allow-published = { x = '' }": "`allow-published.x` is empty",
    "linear = 1": "`linear` is 1, expected true or false",
    "linear = 'yes'": "`linear` is 'yes', expected true or false",
    "branches = 'expand'": "`branches` is 'expand', expected an array",
    "branches = ['a', 1]": "`branches[1]` is 1, expected a string",
    "ignore = ['future-timestmp']": "unknown rule 'future-timestmp'; did you mean 'future-time",
    "ignore = 1": "`ignore` is 1, expected an array",
    "enable = ['shema']": "unknown rule or group 'shema'; did you mean 'schema'?",
    "enable = ['file-nme']": "unknown rule or group 'file-nme'; did you mean 'file-name'?",
    "enable = 'schema'": "`enable` is 'schema', expected an array",
    "severity = { file-nam = 'error' }": "unknown rule 'file-nam'; did you mean 'file-name'?",
    "severity = { file-name = 'off' }": "`severity.file-name` is 'off', expected 'error' or 'warn",
    "severity = { file-name = ['error'] }": "`severity.file-name` is an array, expected 'error'",
    "severity = 'error'": "`severity` is 'error', expected a table",
    "env = { A = 1 }": "`env.A` is 1, expected a string",
    "env = ['A=1']": "`env` is an array, expected a table",
    "environment = { name = 'a' }": "`environment` is a table, expected an array",
    "environment = ['a']": "`environment[0]` is 'a', expected a table",
    "[[environment]]\nname = 'a'": "`environment[0]` has no `config`",
    "[[environment]]\nconfig = 'a'": "`environment[0]` has no `name`",
    "[[environment]]\nname = ''\nconfig = 'a'": "`environment[0].name` is empty",
    "[[environment]]\nname='a'\nconfg='a'": "`environment[0].confg`; did you mean 'config'?",
    "[[environment]]\nname='a'\nconfig='a'\nignore=[]": "unknown setting `environment[0].ignore`",
    "[[environment]]\nname='a'\nconfig='a'\nfile-name='('": "`file-name` is not a valid regular",
    "[[environment]]\nname='a'\nconfig='x'\n[[environment]]\nname='a'\nconfig='y'": "two environ",
    "expect-tables = 2025-01-01": "`expect-tables` is datetime.date(2025, 1, 1), expected a whole",
    "linear": "is not valid TOML",
    "linear = true\nlinear = true": "is not valid TOML",
    f"expect-tables = {'9' * 5000}": "is not valid TOML: Exceeds the limit",
    f"ignore = {'[' * 100_000}": "is not valid TOML: it is nested too deeply",
    f"ignore{'.a' * 5_000} = 1": "`ignore` is a table, expected an array",
    f"baseline{'.a' * 5_000} = 1": "`baseline` is a table, expected a string",
    f"{'x' * 100_000} = 1": "unknown setting `xxx",
}


@pytest.mark.parametrize("text", WRONG, ids=lambda text: ascii(text)[:50])
def test_what_cannot_be_meant(text: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        load(tmp_path, text)
    said = str(caught.value)
    assert WRONG[text] in said
    assert said.startswith("revgate.toml")
    assert caught.value.exit_code == 2
    if WRONG[text].startswith(("is not valid", "unknown rule")):
        return
    with pytest.raises(UsageError) as caught:
        settings.from_table(settings.parse_toml(text.encode(), ""), "elsewhere.toml")
    assert WRONG[text] in str(caught.value)


def test_everything_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        load(tmp_path, "linaer = 1\nexpect-tables = ''\nbranches = [1, 2]\n[env]\nA = 1\n")
    assert str(caught.value).count("revgate.toml: ") == 5
    with pytest.raises(UsageError) as caught:
        load(tmp_path, "ignore = ['a', 'b']\nfile-name = '('\n[severity]\nc = 'error'\n")
    assert str(caught.value).count("revgate.toml: ") == 4
    assert "`revgate rules`" in str(caught.value)


def test_a_table_that_is_not_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"`tool\.revgate` in pyproject\.toml is not a table"):
        load(tmp_path, "[tool]\nrevgate = 1\n", "pyproject.toml")


def test_a_folder_in_place_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "revgate.toml").mkdir()
    with pytest.raises(UsageError, match=r"revgate\.toml cannot be read: not a regular file"):
        settings.load(str(tmp_path))


@pytest.mark.parametrize(
    ("baseline", "message"),
    [("20250101000001", "did you mean '20250101000000'"), ("x", "'x' does not exist$")],
)
def test_a_baseline_that_is_not_a_revision(baseline: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "alembic.ini").write_text("[alembic]\nscript_location = m\n")
    (tmp_path / "m" / "versions").mkdir(parents=True)
    text = "revision = '20250101000000'\ndown_revision = None\n"
    (tmp_path / "m" / "versions" / "20250101000000_a.py").write_text(text)
    loaded = load(tmp_path, f"baseline = '{baseline}'\n")
    source = WorkTree(str(tmp_path), is_repository=False)
    with pytest.raises(UsageError, match=message):
        history_checks.check(source, loaded, Choice(loaded), cached=False)


def test_a_pattern_that_python_warns_of_is_taken(tmp_path: Path) -> None:
    assert load(tmp_path, "file-name = '(?P<slug>[[a-z]+)'").scope.file_name


# The schema.


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(settings.schema())
    described = settings.schema()["properties"]
    assert all(value["description"] for value in described.values())
    assert {*described["environment"]["items"]["properties"]} == {*settings_keys.ENVIRONMENT_KEYS}


SCALARS = (
    st.none().map(lambda _: "")
    | st.booleans()
    | st.integers(-2, 100)
    | st.sampled_from(["error", "warning", "any", "timestamp", "x"])
    # 1.0 is an integer for JSON Schema, and is none for TOML.
    | st.floats(allow_nan=False).filter(lambda number: not number.is_integer())
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["A", *settings_keys.ENVIRONMENT_KEYS]), inner, max_size=3
        )
    ),
    max_leaves=6,
)
# Mostly right, so that what is right is tried too.
RIGHT: dict[str, st.SearchStrategy[Any]] = {
    "expect-tables": st.integers(0, 9),
    "baseline": st.just("a"),
    "file-name": st.sampled_from(["any", "timestamp"]),
    "linear": st.booleans(),
    "branches": st.lists(st.just("a"), max_size=2),
    "published": st.lists(st.just("a"), max_size=2),
    "head-file": st.just("a"),
    "schema-file": st.just("a"),
    "prepare": st.just("a"),
    "version-locations": st.lists(st.just("a"), max_size=2),
    "name": st.just("a"),
    "config": st.just("a"),
    "section": st.just("a"),
}
ENVIRONMENT = st.fixed_dictionaries(
    {"name": RIGHT["name"], "config": RIGHT["config"]},
    optional={key: RIGHT[key] | VALUES for key in ("section", *settings_keys.SCOPE_KEYS)},
)
TABLES = st.fixed_dictionaries(
    {},
    optional={
        **{key: RIGHT[key] | RIGHT[key] | VALUES for key in settings_keys.SCOPE_KEYS},
        "environment": st.lists(ENVIRONMENT, max_size=2) | VALUES,
        "env": st.dictionaries(st.just("A"), st.just("b")) | VALUES,
        "ignore": st.just(["file-name"]) | VALUES,
        "enable": st.just(["file-name"]) | VALUES,
        "severity": st.just({"file-name": "error"}) | VALUES,
        "lineer": st.just(1),
    },
)
# What only revgate can know, since no schema does: which rules there are, which patterns are
# usable, which names are taken twice.
BEYOND = ("unknown rule", "is not a valid regular", "expected 'timestamp'", "two environments")


@bounds(deadline=None, max_examples=400)
@given(TABLES)
def test_our_verdict_is_that_of_the_schema(table: dict[str, Any]) -> None:
    try:
        settings.from_table(table, "x")
    except UsageError as error:
        problems = [line for line in str(error).splitlines() if line.startswith("x: ")]
    else:
        problems = []
    typed = [each for each in problems if not any(words in each for words in BEYOND)]
    assert VALIDATOR.is_valid(table) is (not typed), (typed, table)


LOWERED = {
    # What is proved against the models of the target branch is an error, unless it is set.
    'severity = { "breaks-running-code" = "warning" }': ("", "only a warning"),
    'severity = { "table-rewrite" = "warning" }': (
        'severity = { "table-rewrite" = "error" }',
        "only a warning",
    ),
    'severity = { "multiple-heads" = "warning" }': ("", "only a warning"),
    "linear = true": ('severity = { "future-timestamp" = "error" }', "only a warning"),
    "linear = true # ": (
        'severity = { "breaks-running-code" = "error" }',
        "only a warning unless the models of the target branch prove it",
    ),
    "large-table = 100": ('table-sizes = "sizes.json"', "would no longer be an error"),
}


@pytest.mark.parametrize("after", LOWERED)
def test_what_would_be_milder_is_reported(after: str, tmp_path: Path) -> None:
    before, message = LOWERED[after]
    was, is_ = load(tmp_path, before), load(tmp_path, after)
    found = relaxed(was, is_)
    assert len(found) == 1
    assert found[0].endswith(message)
    assert relaxed(is_, is_) == []


SAME = (
    ("", 'severity = { "table-rewrite" = "warning" }'),
    ("", 'severity = { "breaks-running-code" = "error" }'),
    ('severity = { "breaks-running-code" = "warning" }', ""),
    ('severity = { "multiple-heads" = "error" }', ""),
    ('severity = { "table-rewrite" = "warning" }', 'table-sizes = "sizes.json"'),
)


@pytest.mark.parametrize(("before", "after"), SAME)
def test_a_severity_that_is_as_high_is_not_reported(
    before: str, after: str, tmp_path: Path
) -> None:
    assert relaxed(load(tmp_path, before), load(tmp_path, after)) == []


def relaxed(before: Settings, after: Settings) -> list[str]:
    change = SettingsChange(before, after, "revgate.toml", "", ())
    return [each.message for each in all_rules()["relaxed-settings"].check(change)]
