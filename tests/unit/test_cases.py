"""Every case file is reported exactly where it says, and nowhere else.

A case is one revision file, or a folder of them, below `tests/cases/<rule>/`. `# expect: rule`
stands on the line that must be reported; `# expect@4: rule` stands anywhere, for lines inside a
docstring, and `# expect@HEAD:1: rule` for another file. A folder `root` within a case holds what
else lies in the repository.

A case with the folders `start`, `ours` and `theirs` is a merge: both branches begin with `start`,
and `ours` is judged against `theirs`; a file REMOVED lists what a branch takes away.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from revgate import settings
from revgate.checking import history as history_checks
from revgate.checking import merge as merge_checks
from revgate.checking.selection import Choice, Request
from revgate.history.source import WorkTree
from revgate.rules import all_rules

if TYPE_CHECKING:
    from revgate.result import Result

CASES = Path(__file__).parent.parent / "cases"
EXPECTED = re.compile(
    r"# expect(?:@(?:(?P<path>\w+):)?(?P<line>\d+))?: (?P<rules>[a-z\-, ]+)$", re.MULTILINE
)


def cases() -> list[Path]:
    return sorted(
        case
        for rule in CASES.iterdir()
        for case in rule.iterdir()
        if case.suffix == ".py" or (case.is_dir() and case.name != "__pycache__")
    )


def is_merge(case: Path) -> bool:
    return (case / "ours").is_dir()


def files_of(case: Path) -> list[Path]:
    if not case.is_dir():
        return [case]
    if not is_merge(case):
        return sorted(path for path in case.iterdir() if path.is_file())
    # Of a file that several folders have, the last is what stands in the merge.
    last = {
        path.name: path for side in ("start", "theirs", "ours") for path in (case / side).iterdir()
    }
    return [path for path in last.values() if path.suffix in (".py", ".toml")]


def expectations(case: Path) -> Counter[tuple[str, int, str]]:
    found: Counter[tuple[str, int, str]] = Counter()
    for file in files_of(case):
        for number, line in enumerate(file.read_text().splitlines(), 1):
            if match := EXPECTED.search(line):
                for rule in match["rules"].split(","):
                    found[
                        match["path"] or file.name, int(match["line"] or number), rule.strip()
                    ] += 1
    return found


def found_in(result: Result) -> Counter[tuple[str, int, str]]:
    return Counter(
        (finding.path.removeprefix("migrations/versions/"), finding.line, finding.rule)
        for finding in result.findings
    )


def fires(case: Path, rule: str) -> bool:
    return any(expected == rule for _, _, expected in expectations(case))


def name_of(case: Path) -> str:
    return f"{case.parent.name}/{case.stem}"


@pytest.fixture
def versions(tmp_path: Path) -> Path:
    (tmp_path / "alembic.ini").write_text("[alembic]\nscript_location = migrations\n")
    folder = tmp_path / "migrations" / "versions"
    folder.mkdir(parents=True)
    return folder


@pytest.mark.parametrize("case", [case for case in cases() if not is_merge(case)], ids=name_of)
def test_history(case: Path, tmp_path: Path, versions: Path) -> None:
    for file in files_of(case):
        target = tmp_path if file.name == "revgate.toml" else versions
        shutil.copy(file, target / file.name)
    if (case / "root").is_dir():
        shutil.copytree(case / "root", tmp_path, dirs_exist_ok=True)
    source = WorkTree(str(tmp_path), is_repository=False)
    loaded = settings.load(str(tmp_path))
    result, _ = history_checks.check(source, loaded, Choice(loaded), cached=False)
    assert found_in(result) == expectations(case)


@pytest.mark.parametrize("case", [case for case in cases() if is_merge(case)], ids=name_of)
def test_merge(case: Path, tmp_path: Path, versions: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    git(tmp_path, "init", "--quiet", "--initial-branch=start")
    commit(tmp_path, case / "start", versions)
    for side in ("theirs", "ours"):
        git(tmp_path, "switch", "--quiet", "--create", side, "start")
        commit(tmp_path, case / side, versions)
    for ours in ("ours", None):  # the commit, and the index, which is the same here
        checked = merge_checks.check(
            str(tmp_path), Request(), ours=ours, against="theirs", cached=False
        )
        assert found_in(checked.result) == expectations(case)


def commit(root: Path, side: Path, versions: Path) -> None:
    for file in side.iterdir():
        if file.name == "REMOVED":
            for name in file.read_text().splitlines():
                (versions / name).unlink()
        else:
            target = root if file.name == "revgate.toml" else versions
            shutil.copy(file, target / file.name)
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", side.name)


def git(folder: Path, *words: str) -> None:
    identity = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    subprocess.run(["git", *identity, *words], cwd=folder, check=True, capture_output=True)


STATIC = [rule.name for rule in all_rules().values() if not rule.is_live]


@pytest.mark.parametrize("rule", STATIC)
def test_every_rule_has_a_case_that_fires_and_one_that_stays_silent(rule: str) -> None:
    folder = CASES / rule
    assert folder.is_dir(), f"tests/cases/{rule}/ is missing"
    own = [case for case in cases() if case.parent == folder]
    assert [case for case in own if fires(case, rule)]
    assert [case for case in own if not fires(case, rule)]


def test_every_folder_of_cases_is_a_rule() -> None:
    assert {folder.name for folder in CASES.iterdir()} <= {*all_rules()}
