"""Random histories, folders, settings, edits and merges: nothing is green that should not be.

The oracle for heads is Alembic on the tree that git really merges. The rest is by definition: each
revision that `main` has is there after the merge, with the same parents and the same effect.

`REVGATE_MODEL_MERGES` says how many merges are tried; the default fits into a run of all tests.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import warnings
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

from alembic.config import Config
from alembic.script import ScriptDirectory
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from tests.revisions import revision

from revgate.checking import merge as merge_checks
from revgate.checking.selection import Request
from revgate.errors import RevgateError

MERGES = int(os.environ.get("REVGATE_MODEL_MERGES", "60"))
COUNTS: Counter[str] = Counter()
FOLDERS = ("migrations/versions", "migrations/versions/sub", "v2", "db/versions")

# What one side does, each step with two numbers to choose by.
STEPS = (
    *("add", "add", "add_on_top"),
    *("edit", "comment", "remove", "reparent", "insert", "rename_file", "to_other_folder"),
    *("locations", "recursive", "move", "script_location", "new_ini_place", "drop_ini"),
    *("settings", "allow"),
)
SIDE = st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 9), st.integers(0, 9)), max_size=4)
SETTINGS = (
    "",
    '[tool.revgate]\nignore = ["branching-merge", "edited-revision", "multiple-heads"]\n',
    '[tool.revgate]\nseverity = { branching-merge = "warning", removed-revision = "warning" }\n',
    '[tool.revgate]\nlinear = false\nbranches = ["expand"]\n',
    '[tool.revgate]\nfile-name = "any"\n',
)


class Known(NamedTuple):
    """What the model knows of one revision."""

    path: str
    parents: tuple[str, ...]
    effect: str


class Side:
    """The files of one side, changed step by step."""

    def __init__(self, files: dict[str, str], mark: str) -> None:
        self.files = dict(files)
        self.mark = mark
        self.made = 0

    def revisions(self) -> dict[str, Known]:
        found = {}
        for path, text in self.files.items():
            if path.endswith(".py") and "revision = " in text:
                key = text.split('\nrevision = "')[1].split('"')[0]
                down = text.split("\ndown_revision = ")[1].split("  #")[0].split("\n")[0].strip('"')
                effect = text.split('sa.Column("')[1].split('"')[0]
                found[key] = Known(path, () if down == "None" else (down,), effect)
        return found

    def take(self, step: str, one: int, two: int) -> None:
        known = self.revisions()
        keys = sorted(known)
        getattr(self, step)(known, keys, one, two)

    def _write(self, key: str, down: str | None, folder: str, effect: str = "id") -> None:
        self.files[f"{folder}/{key}_{self.mark}.py"] = revision(key, down, column=effect)

    def _new(self) -> str:
        self.made += 1
        return f"2025{'02' if self.mark == 'a' else '03'}{self.made:02}000000"

    def _folders(self, known: dict[str, Known]) -> list[str]:
        return sorted({each.path.rpartition("/")[0] for each in known.values()}) or [FOLDERS[0]]

    def _heads(self, known: dict[str, Known]) -> list[str]:
        parents = {parent for each in known.values() for parent in each.parents}
        return sorted(key for key in known if key not in parents)

    def add(self, known: Any, keys: list[str], one: int, two: int) -> None:
        folders = self._folders(known)
        down = keys[one % len(keys)] if keys else None
        self._write(self._new(), down, folders[two % len(folders)])

    def add_on_top(self, known: Any, keys: list[str], one: int, two: int) -> None:
        folders, heads = self._folders(known), self._heads(known)
        down = heads[one % len(heads)] if heads else None
        self._write(self._new(), down, folders[two % len(folders)])

    def edit(self, known: Any, keys: list[str], one: int, two: int) -> None:
        self._replace(known, keys, one, 'sa.Column("', f'sa.Column("{self.mark}{two}_')

    def comment(self, known: Any, keys: list[str], one: int, two: int) -> None:
        self._replace(known, keys, one, '"""Add table', f'# {self.mark}{two}\n"""Add table')

    def allow(self, known: Any, keys: list[str], one: int, two: int) -> None:
        rules = "edited-revision, branching-merge, reparented-revision, multiple-heads"
        reason = f"  # revgate: allow[{rules}] on purpose\nbranch_labels"
        self._replace(known, keys, one, "\nbranch_labels", reason)

    def _replace(self, known: Any, keys: list[str], one: int, old: str, new: str) -> None:
        if keys:
            path = known[keys[one % len(keys)]].path
            self.files[path] = self.files[path].replace(old, new, 1)

    def remove(self, known: Any, keys: list[str], one: int, two: int) -> None:
        if len(keys) > 1:
            del self.files[known[keys[one % len(keys)]].path]

    def reparent(self, known: Any, keys: list[str], one: int, two: int) -> None:
        if len(keys) > 1:
            key = keys[one % len(keys)]
            parent = keys[two % len(keys)]
            down = f'"{parent}"' if parent < key else "None"
            path, text = known[key].path, self.files[known[key].path]
            before = text.split("\ndown_revision = ")[1].split("\n")[0]
            self.files[path] = text.replace(f"= {before}\nb", f"= {down}\nb", 1)

    def insert(self, known: Any, keys: list[str], one: int, two: int) -> None:
        followers = [key for key in keys if known[key].parents]
        if followers:
            key, fresh = followers[one % len(followers)], self._new()
            (down,) = known[key].parents
            path = known[key].path
            self._write(fresh, down, path.rpartition("/")[0])
            old, new = (f'down_revision = "{each}"' for each in (down, fresh))
            self.files[path] = self.files[path].replace(old, new)

    def rename_file(self, known: Any, keys: list[str], one: int, two: int) -> None:
        if keys:
            path = known[keys[one % len(keys)]].path
            self.files[path.removesuffix(".py") + f"_{two}.py"] = self.files.pop(path)

    def to_other_folder(self, known: Any, keys: list[str], one: int, two: int) -> None:
        if keys:
            path = known[keys[one % len(keys)]].path
            name = path.rpartition("/")[2]
            self.files[f"{FOLDERS[two % len(FOLDERS)]}/{name}"] = self.files.pop(path)

    def _ini(self) -> str | None:
        return next((path for path in self.files if path.endswith("alembic.ini")), None)

    def _configure(self, *lines: str) -> None:
        if path := self._ini():
            kept = [each for each in self.files[path].splitlines() if "script_location" in each]
            self.files[path] = "\n".join(["[alembic]", *kept, *lines, ""])

    def locations(self, known: Any, keys: list[str], one: int, two: int) -> None:
        which = [FOLDERS[0], FOLDERS[2], FOLDERS[3]][: 1 + one % 3]
        up = "../" if "conf/" in (self._ini() or "") else ""
        here = [f"%(here)s/{up}{each}" for each in which]
        self._configure("path_separator = space", f"version_locations = {' '.join(here)}")

    def recursive(self, known: Any, keys: list[str], one: int, two: int) -> None:
        self._configure("recursive_version_locations = true" if one % 2 else "")

    def move(self, known: Any, keys: list[str], one: int, two: int) -> None:
        self._moved("migrations/", "db/")
        self.script_location(known, keys, 1, two)

    def _moved(self, old: str, new: str) -> None:
        for path in [each for each in self.files if each.startswith(old)]:
            self.files[new + path.removeprefix(old)] = self.files.pop(path)

    def script_location(self, known: Any, keys: list[str], one: int, two: int) -> None:
        if path := self._ini():
            up = "../" if "conf/" in path else ""
            place = "db" if one % 2 else "migrations"
            self.files[f"{place}/env.py"] = "pass\n"
            self.files[path] = f"[alembic]\nscript_location = %(here)s/{up}{place}\n"

    def new_ini_place(self, known: Any, keys: list[str], one: int, two: int) -> None:
        if (path := self._ini()) == "alembic.ini":
            text = self.files.pop(path).replace("%(here)s/", "%(here)s/../")
            self.files["conf/alembic.ini"] = text

    def drop_ini(self, known: Any, keys: list[str], one: int, two: int) -> None:
        if one < 3 and (path := self._ini()):
            self.files[f"{path}.old"] = self.files.pop(path)

    def settings(self, known: Any, keys: list[str], one: int, two: int) -> None:
        self.files["pyproject.toml"] = SETTINGS[one % len(SETTINGS)]


class Repository:
    """A repository on disk that takes whole trees."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *words: str, accept: tuple[int, ...] = (0,)) -> str:
        identity = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
        done = subprocess.run(
            ["git", *identity, *words], cwd=self.root, capture_output=True, text=True, check=False
        )
        assert done.returncode in accept, done.stderr
        return done.stdout

    def commit(self, files: dict[str, str]) -> None:
        self.git("rm", "-r", "--quiet", "--force", "--ignore-unmatch", ".")
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "side")


class Truth(NamedTuple):
    """What Alembic says of a tree."""

    heads: tuple[str, ...]
    revisions: dict[str, tuple[tuple[str, ...], str]]
    """Parents and effect of each, by id."""


def alembic(root: Path) -> Truth | None:
    """Return what Alembic loads from a tree; None if it loads nothing or fails."""
    for config in ("alembic.ini", "conf/alembic.ini"):
        if (root / config).is_file():
            break
    else:
        return Truth((), {})
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            script = ScriptDirectory.from_config(Config(str(root / config)))
            found = list(script.walk_revisions("base", "heads"))
            heads = tuple(sorted(script.get_heads()))
    except Exception:  # noqa: BLE001 - whatever stops Alembic
        return None
    if any("is present more than once" in str(each.message) for each in caught):
        return None
    return Truth(
        heads,
        {
            each.revision: (
                tuple(sorted(_ids(each.down_revision))),
                Path(each.path).read_text().split('sa.Column("')[1].split('"')[0],
            )
            for each in found
        },
    )


def _ids(written: Any) -> tuple[str, ...]:
    return (written,) if isinstance(written, str) else tuple(written or ())


def expected(before: Truth, after: Truth | None) -> set[str]:
    """Return the kinds of defect that a merge has."""
    if after is None:
        return {"broken"}
    found = {"heads"} if len(after.heads) > 1 else set()
    for key, (parents, effect) in before.revisions.items():
        if key not in after.revisions:
            found.add("removed")
        elif after.revisions[key][0] != parents:
            found.add("reparented")
        elif after.revisions[key][1] != effect:
            found.add("edited")
    inserted = {
        parent
        for key in before.revisions
        if key in after.revisions
        for parent in after.revisions[key][0]
        if parent not in before.revisions
    }
    return found | ({"inserted"} if inserted else set())


RULES = {
    "heads": {"branching-merge", "multiple-heads"},
    "removed": {"removed-revision"},
    "reparented": {"reparented-revision", "removed-revision"},
    "edited": {"edited-revision"},
    "inserted": {"late-insertion", "reparented-revision", "removed-revision"},
}
ON_HISTORY = {
    *("branching-merge", "multiple-heads", "multiple-bases", "missing-parent", "revision-cycle"),
    *("duplicate-revision", "unreadable-revision", "edited-revision", "removed-revision"),
    *("reparented-revision", "late-insertion"),
}


@hypothesis_settings(
    max_examples=MERGES,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(st.integers(1, 4), st.integers(0, len(SETTINGS) - 1), SIDE, SIDE)
def judge_one_merge(length: int, ruled: int, theirs: Any, ours: Any) -> None:
    start = Side({"alembic.ini": "[alembic]\nscript_location = %(here)s/migrations\n"}, "r")
    start.files["migrations/env.py"] = "pass\n"
    start.files["pyproject.toml"] = SETTINGS[0 if ruled < 4 else 4]
    keys = [f"202501{day:02}000000" for day in range(1, length + 1)]
    for key, down in zip(keys, [None, *keys], strict=False):
        start._write(key, down, FOLDERS[0])
    sides = []
    for steps, mark in ((theirs, "a"), (ours, "b")):
        side = Side(start.files, mark)
        for step in steps:
            side.take(*step)
        sides.append(side)
    with tempfile.TemporaryDirectory() as folder:
        repository = Repository(Path(folder))
        repository.commit(start.files)
        repository.git("branch", "b")
        repository.commit(sides[0].files)
        before = alembic(repository.root)
        if before is None or len(before.heads) != 1:
            COUNTS["main itself is broken"] += 1
            return  # what it would be judged by is not sound
        repository.git("switch", "--quiet", "b")
        repository.commit(sides[1].files)
        verdict = _verdict(repository)
        repository.git("switch", "--quiet", "main")
        repository.git("merge", "--quiet", "--no-edit", "b", accept=(0, 1))
        after = alembic(repository.root)
        conflicts = repository.git("ls-files", "--unmerged")
        unread = after is not None and not _on_disk(repository.root) <= after.revisions.keys()
    if "alembic.ini" in conflicts:
        COUNTS["a configuration in conflict"] += 1
        return  # the branch's counts until it is resolved; Alembic cannot read it
    _compare(expected(before, after), verdict, conflicts=bool(conflicts), unread=unread)


def _on_disk(root: Path) -> set[str]:
    """Return the ids of all revision files, whether or not Alembic loads them."""
    texts = [path.read_text() for path in root.rglob("*.py")]
    return {
        text.split('\nrevision = "')[1].split('"')[0] for text in texts if "revision = " in text
    }


def _verdict(repository: Repository) -> set[str] | str:
    try:
        checked = merge_checks.check(
            str(repository.root), Request(), ours="b", against="main", cached=False
        )
    except RevgateError as error:
        return str(error)
    errors = [each for each in checked.result.findings if each.severity == "error"]
    return {each.rule for each in errors} & ON_HISTORY


def _compare(kinds: set[str], verdict: set[str] | str, *, conflicts: bool, unread: bool) -> None:
    COUNTS["merges"] += 1
    COUNTS["conflicts"] += conflicts
    if isinstance(verdict, str):
        # Not green, whatever it is; Alembic alone passes over a location that is missing.
        COUNTS["not judged"] += 1
        # Where Alembic does not read a part of the history, there is nothing to judge.
        left_out = unread and "Alembic does not read" in verdict
        assert kinds or conflicts or left_out or "is missing in" in verdict, verdict
        return
    COUNTS["defective" if kinds else "clean"] += 1
    assert bool(kinds) <= bool(verdict), (kinds, verdict)
    if conflicts or "broken" in kinds:
        return  # which defect is reported first can differ
    assert bool(verdict) <= bool(kinds), (kinds, verdict)
    if not verdict & {"unreadable-revision", "duplicate-revision", "missing-parent"}:
        for kind in kinds:
            assert verdict & RULES[kind], (kind, kinds, verdict)


def test_a_verdict_is_what_the_merge_is(monkeypatch: Any) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    COUNTS.clear()
    judge_one_merge()
    print(dict(COUNTS))
    assert COUNTS["merges"] >= MERGES // 3
    assert COUNTS["defective"]
    assert COUNTS["clean"]
