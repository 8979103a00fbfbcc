"""`revgate init` from end to end: inspect the repository, propose files, and write them.

All files are computed before the first one is written. Existing settings are kept.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from revgate import settings as settings_
from revgate.errors import UsageError
from revgate.git import find_root
from revgate.history.source import WorkTree
from revgate.repair.diff import diff
from revgate.repair.edits import FileEdit
from revgate.repair.write import write
from revgate.setup import hooks, hosts, listing, proposal, toml
from revgate.text import count, plural

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from revgate.findings import Finding
    from revgate.setup.proposal import Judgement, Proposal

_SHOWN = 10


class SetupOptions(NamedTuple):
    """The options of `revgate init`."""

    ci: str = "auto"
    """`github`, `gitlab`, `none`; or `auto`, which looks at the repository."""


class Outcome(NamedTuple):
    """What was found, and what would be written."""

    root: str
    lines: tuple[str, ...]
    changes: tuple[FileEdit, ...] = ()
    problems: tuple[str, ...] = ()
    """Errors that no setting exempts; `revgate check` reports them."""
    next: tuple[str, ...] = ()
    """The next steps for the user."""

    @property
    def diff(self) -> str:
        """The changes, as `git apply` understands them."""
        return diff(self.changes)


def propose(start: str, options: SetupOptions) -> Outcome:
    """Inspect a repository and compute the files that set it up.

    Args:
        start: A folder of the repository.
        options: What to do.

    Raises:
        UsageError: It is not a git repository, or a file cannot be edited automatically.
        CannotJudgeError: It has no environment.
    """
    root, is_repository = find_root(start)
    if not is_repository:
        raise UsageError(f"{root} is not a git repository: run `git init` there first")
    source = WorkTree(root, is_repository=True)
    there = settings_.load(root)
    if there.path is None or _are_of_round_trip(root, there.path):
        found, judgement = proposal.propose(source)
    else:
        found, judgement = None, proposal.judged_if_any(source, there)
    seen = (*_seen(judgement), *_said(found, judgement, there.path))
    if judgement.broken:
        return Outcome(root, seen, problems=tuple(_broken(judgement)))
    parts = [_settings(root, found, there.path), _hooks(root), *_pipelines(root, options)]
    changes = tuple(part for part in parts if isinstance(part, FileEdit))
    lines = (*seen, *(part for part in parts if isinstance(part, str)))
    done = tuple(_next(start, root, changes, is_new=judgement is proposal.NOTHING))
    return Outcome(root, lines, changes, tuple(_left(judgement)), done)


_OF_ROUND_TRIP = frozenset(
    {"env", "extensions", "network", "prepare", "roles", "schemas", "superuser"}
)


def _are_of_round_trip(root: str, path: str) -> bool:
    """Whether settings say nothing about the history, only how env.py runs."""
    keys = settings_.keys_in(_bytes(root, path), path)
    return bool(keys) and keys <= _OF_ROUND_TRIP


def apply(outcome: Outcome) -> None:
    """Write all files, or none.

    Raises:
        UsageError: A file cannot be written, or has changed since.
    """
    write(outcome.root, outcome.changes)


# The files. Each function returns an edit, or says why there is none.


def _settings(root: str, found: Proposal | None, path: str | None) -> FileEdit | str:
    if found is None:
        return "settings: left unchanged"
    if path is not None:
        data = _bytes(root, path) or b""
        return _changed(path, data, toml.insert(data, found, path))
    name = "pyproject.toml"
    before = _bytes(root, name)
    if before is None:
        name = "revgate.toml"
        return _new(name, toml.written(found, in_tool=False))
    return _changed(name, before, toml.append(before, toml.written(found, in_tool=True), name))


def _hooks(root: str) -> FileEdit | str:
    name = hooks.config(root)
    before = _bytes(root, name)
    if before is None:
        return _new(name, listing.append(hooks.fresh(), "repos", hooks.entry()))
    if hooks.is_used(before.decode("utf-8", "replace")):
        return f"{name}: already has the hook"
    if name == hooks.PREK:
        return _changed(name, before, toml.append(before, hooks.table(), name))
    return _changed(name, before, _listed(name, before, "repos", hooks.entry()))


def _pipelines(root: str, options: SetupOptions) -> Iterator[FileEdit | str]:
    chosen = {"auto": hosts.hosts(root), "none": ()}.get(options.ci, (options.ci,))
    if not chosen and options.ci == "auto":
        yield "CI: neither GitHub nor GitLab found; run `revgate check --against auto` in yours"
    if "github" in chosen:
        yield _workflow(root)
    if "gitlab" in chosen:
        yield _pipeline(root)


def _workflow(root: str) -> FileEdit | str:
    if there := hosts.runs_on_github(root):
        return f"{there}: already runs revgate"
    if _bytes(root, hosts.WORKFLOW) is not None:
        return f"{hosts.WORKFLOW}: exists, left unchanged"
    return _new(hosts.WORKFLOW, hosts.workflow())


def _pipeline(root: str) -> FileEdit | str:
    if there := hosts.runs_on_gitlab(root):
        return f"{there}: already runs revgate"
    name = hosts.PIPELINE
    before = _bytes(root, name)
    if before is None:
        return _new(name, listing.append("", "include", hosts.include()))
    return _changed(name, before, _listed(name, before, "include", hosts.include()))


def _listed(name: str, before: bytes, key: str, entry: str) -> bytes:
    try:
        return listing.append(before.decode("utf-8"), key, entry).encode()
    except (listing.NotEditedError, UnicodeDecodeError) as error:
        why = error if isinstance(error, listing.NotEditedError) else "it is not UTF-8"
        raise UsageError(
            f"{name} cannot be edited automatically: {why}; nothing was changed\n"
            f"add this to its `{key}` by hand, then run this again:\n{entry}"
        ) from None


def _bytes(root: str, name: str) -> bytes | None:
    try:
        with open(os.path.join(root, name), "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UsageError(f"{name} cannot be read: {error.strerror}") from None


def _new(name: str, text: str) -> FileEdit:
    return FileEdit(name, b"", name, text.encode(), is_new=True)


def _changed(name: str, before: bytes, after: bytes) -> FileEdit:
    return FileEdit(name, before, name, after)


# Output.


def _seen(judgement: Judgement) -> Iterator[str]:
    if judgement is proposal.NOTHING:
        yield "no revision yet"
    for each in judgement.result.environments:
        heads = ", ".join(each.heads) or "none"
        heads = f"{plural(len(each.heads), 'head')} {heads}"
        yield f"{each.environment.name}: {count(each.revisions, 'revision')}, {heads}"


def _said(found: Proposal | None, judgement: Judgement, path: str | None) -> Iterator[str]:
    if found is None:
        yield f"settings: those of {path}"
        return
    yield from (f"left out: {each}" for each in found.left_out)
    for history in judgement.histories:
        name, scope = history.environment.name, history.scope
        yield f"{name}: file names: {scope.file_name}"
        if scope.baseline is not None and scope.baseline in history.graph.by_id:
            old = [each.rule for each in found.exempted if each.environment == name]
            rules = ", ".join(f"{old.count(rule)} {rule}" for rule in sorted({*old}))
            why = f"existing revisions have {rules}, so " if rules else ""
            yield f"{name}: {why}the baseline is {scope.baseline}"


def _broken(judgement: Judgement) -> Iterator[str]:
    yield from _listing(judgement.broken)
    rules = {each.rule for each in judgement.broken}
    yield "the chain is broken, and a baseline cannot exempt that: nothing was written"
    if "multiple-heads" in rules:
        forked = (each for each in judgement.histories if each.rival_heads)
        commands = dict.fromkeys(f"`{each.merge_command()}`" for each in forked)
        yield (
            "put one branch after the other with `revgate rebase --onto REF`; or, if both have been"
            f" applied somewhere, join them with {' or '.join(commands)}"
        )
    yield "then run `revgate init` again; `revgate check` shows details"


def _left(judgement: Judgement) -> Iterator[str]:
    """Describe the errors that remain, and the settings that would exempt some of them."""
    yield from _listing(judgement.left)
    old = {each.environment for each in judgement.left if proposal.is_exemptable(each)}
    for history in judgement.histories:
        if history.environment.name in old:
            yield (
                f'{history.environment.name}: `baseline = "{history.main_head}"` in the'
                " settings exempts existing revisions from rules on names and downgrades"
            )
    if any(not proposal.is_exemptable(each) for each in judgement.left):
        yield "a baseline cannot exempt that: fix it, `revgate check` shows how"


def _listing(findings: Sequence[Finding]) -> Iterator[str]:
    shown = findings[:_SHOWN]
    yield from (f"{each.path}:{each.line}: {each.rule}: {each.message}" for each in shown)
    if len(findings) > len(shown):
        yield f"and {len(findings) - len(shown)} more"


def _next(start: str, root: str, changes: tuple[FileEdit, ...], *, is_new: bool) -> Iterator[str]:
    names = [each.path for each in changes]
    if not names:
        return
    if is_new:
        yield "first: revgate new MESSAGE: hook and check end with 3 until there is a revision"
    top = "" if os.path.samefile(start, root) else ":/"
    yield f"next: git add -- {' '.join(top + name for name in names)} && git commit"
    if hooks.CONFIG in names or hooks.PREK in names:
        tool = "prek" if hooks.PREK in names else "pre-commit"
        types = " ".join(f"-t {stage}" for stage in hooks.STAGES)
        yield f"for the hooks: {tool} install {types}"
