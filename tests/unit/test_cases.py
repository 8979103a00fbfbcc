"""Every case file is reported exactly where it says, and nowhere else.

A case is one revision file, or a folder of them, below `tests/cases/<rule>/`. `# expect: rule`
stands on the line that must be reported; `# expect@4: rule` stands anywhere, for lines inside a
docstring. A folder `root` within a case holds what else lies in the repository.
"""

import re
import shutil
from collections import Counter
from pathlib import Path

import pytest

from revgate import judge, settings
from revgate.choice import Choice
from revgate.history.source import WorkTree
from revgate.rules import LIVE, all_rules

CASES = Path(__file__).parent.parent / "cases"
EXPECTED = re.compile(r"# expect(?:@(?P<line>\d+))?: (?P<rules>[a-z\-, ]+)$", re.MULTILINE)


def cases() -> list[Path]:
    return sorted(
        case
        for rule in CASES.iterdir()
        for case in rule.iterdir()
        if case.is_dir() or case.suffix == ".py"
    )


def files_of(case: Path) -> list[Path]:
    return sorted(path for path in case.iterdir() if path.is_file()) if case.is_dir() else [case]


def expectations(case: Path) -> Counter[tuple[str, int, str]]:
    found: Counter[tuple[str, int, str]] = Counter()
    for file in files_of(case):
        for number, line in enumerate(file.read_text().splitlines(), 1):
            if match := EXPECTED.search(line):
                for rule in match["rules"].split(","):
                    found[file.name, int(match["line"] or number), rule.strip()] += 1
    return found


def fires(case: Path, rule: str) -> bool:
    return any(expected == rule for _, _, expected in expectations(case))


@pytest.mark.parametrize("case", cases(), ids=lambda case: f"{case.parent.name}/{case.stem}")
def test_case(case: Path, tmp_path: Path) -> None:
    versions = tmp_path / "migrations" / "versions"
    versions.mkdir(parents=True)
    (tmp_path / "alembic.ini").write_text("[alembic]\nscript_location = migrations\n")
    for file in files_of(case):
        target = tmp_path if file.name == "revgate.toml" else versions
        shutil.copy(file, target / file.name)
    if (case / "root").is_dir():
        shutil.copytree(case / "root", tmp_path, dirs_exist_ok=True)
    source = WorkTree(str(tmp_path), is_repository=False)
    loaded = settings.load(str(tmp_path))
    result, _ = judge.check(source, loaded, Choice(loaded), cached=False)
    found = Counter(
        (finding.path.removeprefix("migrations/versions/"), finding.line, finding.rule)
        for finding in result.findings
    )
    assert found == expectations(case)


STATIC = [rule.name for rule in all_rules().values() if rule.group is not LIVE]


@pytest.mark.parametrize("rule", STATIC)
def test_every_rule_has_a_case_that_fires_and_one_that_stays_silent(rule: str) -> None:
    folder = CASES / rule
    assert folder.is_dir(), f"tests/cases/{rule}/ is missing"
    own = [case for case in cases() if case.parent == folder]
    assert [case for case in own if fires(case, rule)]
    assert [case for case in own if not fires(case, rule)]


def test_every_folder_of_cases_is_a_rule() -> None:
    assert {folder.name for folder in CASES.iterdir()} <= {*all_rules()}
