"""`revgate rebase` from end to end: moves new revisions after the head of the base.

All edits in all environments are computed and parsed again before the first file is written.
"""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING, NamedTuple

from revgate import environments
from revgate.checking.released import need_branches, released
from revgate.errors import UsageError
from revgate.history.graph import Graph
from revgate.history.head_file import write_command
from revgate.history.history import History
from revgate.history.parse import parse
from revgate.history.revision import Script
from revgate.history.source import WorkTree
from revgate.repair.diff import diff
from revgate.repair.edits import FileEdit, Step, change
from revgate.repair.head_file import head_edit
from revgate.repair.line import behind, in_order, restamped
from revgate.repair.onto import Onto, choose
from revgate.repair.sides import Sides, is_there, open_sides
from revgate.repair.write import write
from revgate.target_branch import git_merge_command
from revgate.text import count

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from revgate.environments import Environment
    from revgate.history.revision import Revision
    from revgate.settings import Settings


class RebaseOptions(NamedTuple):
    """The options of `revgate rebase`."""

    onto: str | None = None
    environment: str | None = None
    restamp: bool = False
    dry_run: bool = False


class Outcome(NamedTuple):
    """What was done, or would be done with `--dry-run`."""

    lines: tuple[str, ...]
    """For the user. Names from the repository are not escaped."""
    diff: str = ""
    """Only of a dry run."""


class Plan(NamedTuple):
    """One environment."""

    sides: Sides
    steps: list[Step]
    changes: list[FileEdit]
    heads: Sequence[str]
    """Those of the history afterwards."""
    head_edit: FileEdit | None
    """That of the head file."""


def rebase(root: str, settings: Settings, options: RebaseOptions, now: datetime) -> Outcome:
    """Re-point the new revisions of the work tree after the head of a base.

    Args:
        root: The repository root, an absolute path.
        settings: The settings of the repository.
        options: What to do.
        now: The time in UTC, for new timestamps.

    Raises:
        UsageError: A published revision was changed on the branch, a file cannot be edited to the
            letter, or the base has several heads. Nothing is changed in these cases.
        CannotJudgeError: The base, or a history, cannot be read.
    """
    onto = choose(root, options.onto)
    work = WorkTree(root, is_repository=True)
    found = environments.find(work, settings, options.environment)
    plans = [
        _plan(open_sides(work, each, onto, settings), now if options.restamp else None)
        for each in found
        if len(found) == 1 or is_there(onto.tree, each, settings)
    ]
    changes = [each for plan in plans for each in (*plan.changes, plan.head_edit) if each]
    paths = [each.path for each in changes]
    if len({*paths}) < len(paths):
        raise UsageError("two environments share a revision: choose one with --environment")
    lines = (*_said(onto, plans, named=len(found) > 1), *_left_out(onto, found, plans))
    if options.dry_run:
        return Outcome(lines, diff(changes))
    write(root, changes)
    return Outcome((*lines, *_next(root, onto, plans)))


def plan_of(sides: Sides) -> Plan:
    """Return what moves the new revisions of one environment behind the head of the base."""
    return _plan(sides, None)


def _plan(sides: Sides, now: datetime | None) -> Plan:
    """Plan the moves; with a time, the revisions get new timestamps too."""
    ordered = in_order(sides.new())
    steps = _steps(sides, ordered, now)
    _keep_released(sides, steps)
    ids = {step.revision.id: step.id for step in steps if step.created}
    changes = [
        change(step, sides.data(step.revision), ids)
        for step in steps
        if step.is_new_parent or step.created
    ]
    heads = _heads_in_one_line(sides, steps, changes)
    path = sides.here.scope.head_file if steps else None
    return Plan(sides, steps, changes, heads, head_edit(sides.root, path, heads))


def _steps(sides: Sides, ordered: Sequence[Revision], now: datetime | None) -> list[Step]:
    """Put each line of new revisions after its head."""
    lines = sides.lines(ordered)
    if now is None:
        return [step for head, line in lines for step in behind(head, line)]
    _need_timestamps(sides)
    by_id = {**sides.here.graph.by_id, **sides.onto.graph.by_id}
    ids, paths = {*by_id}, {each.path for each in by_id.values()}
    paths |= {each.path for each in sides.here.revisions}
    steps: list[Step] = []
    for key, line in lines:
        head = by_id[key]
        made = restamped(head, line, now, ids, paths)
        # A branch that begins here may come after the last of another line.
        for step in made:
            by_id[step.revision.id] = step.revision._replace(
                id=step.id, path=step.path, stamp=step.id
            )
        ids |= {step.id for step in made}
        paths |= {step.path for step in made}
        steps += made
    return steps


def _keep_released(sides: Sides, steps: Sequence[Step]) -> None:
    """Refuse to move a revision that another published branch has.

    Raises:
        UsageError: There is one; with what to do instead.
    """
    environment = sides.here.environment
    patterns = (*environment.scope.published, *sides.onto.environment.scope.published)
    moved = [each for each in steps if each.is_new_parent or each.created]
    if not moved or not patterns:
        return
    need_branches(sides.root, patterns)
    elsewhere = released(sides.root, patterns, environment)
    found = [each.revision.id for each in moved if each.revision.id in elsewhere]
    if found:
        from revgate.rules.branching_merge import keep_parent

        heads = [*sides.onto.graph.heads, *Graph([each.revision for each in steps]).heads]
        theirs = sides.onto.graph.heads[:1]
        what = keep_parent(found[0], elsewhere[found[0]], sides.onto, heads, theirs)
        raise UsageError(f"{what}\nnothing was changed")


def _need_timestamps(sides: Sides) -> None:
    form = sides.here.scope.file_name
    if form != "timestamp":
        raise UsageError(f'--restamp requires `file-name = "timestamp"`, but it is {form!r}')


def _heads_in_one_line(
    sides: Sides, steps: Sequence[Step], changes: Sequence[FileEdit]
) -> Sequence[str]:
    """Check that the edited files form one straight line with the base; return its heads."""
    after = {each.new_path: each.after for each in changes}
    scripts = [parse(step.path, after.get(step.path, sides.data(step.revision))) for step in steps]
    new = [script.revision for script in scripts if isinstance(script, Script)]
    moved = {step.revision.id for step in steps}
    kept = [  # the bases of branches that begin with one
        each
        for key, each in sides.here.graph.by_id.items()
        if not each.parents and key not in sides.onto.graph.by_id and key not in moved
    ]
    if not sides.here.scope.branches:
        kept = []
    after_all = History(sides.onto.environment, [*sides.onto.revisions, *kept, *new])
    graph = after_all.graph
    relabelled = graph.ambiguous_labels.keys() - sides.onto.graph.ambiguous_labels.keys()
    defects = graph.missing or graph.cycles or graph.duplicates or relabelled
    chained = len(graph.heads) == 1 and all(
        len(graph.children.get(each.parent, ())) == 1 for each in steps
    )
    side_by_side = sides.here.scope.branches and not after_all.rival_heads
    if defects or not (chained or side_by_side):
        raise UsageError(
            "the base and the new revisions would not form one straight line, so nothing was"
            " changed; `revgate check --against` shows why"
        )
    return graph.heads


# Output.


def _said(onto: Onto, plans: Sequence[Plan], *, named: bool) -> Iterator[str]:
    yield f"onto {onto.name}{f' ({onto.why})' if onto.why else ''}"
    for plan in plans:
        name = f"{plan.sides.here.environment.name}: " if named else ""
        if not plan.steps:
            yield f"{name}nothing to do: {onto.name} has every revision"
        elif not plan.changes:
            new = count(len(plan.steps), "new revision")
            heads = plan.sides.onto.graph.heads
            where = " or ".join(f"`{head}`" for head in heads)
            yield f"{name}nothing to do: {new} already after the head {where}"
        else:
            yield from (f"{name}{_line(step)}" for step in plan.steps)
        if plan.head_edit is not None:
            yield f"{name}{plan.head_edit.path}: now {_names(plan.head_edit)}"
        yield from _remarks(plan)


def _names(edit: FileEdit) -> str:
    return " and ".join(f"`{head}`" for head in edit.after.decode().split())


def _left_out(onto: Onto, found: Sequence[Environment], plans: Sequence[Plan]) -> Iterator[str]:
    judged = {plan.sides.here.environment.name for plan in plans}
    for each in found:
        if each.name not in judged:
            yield f"{each.name}: nothing to do: {onto.name} has no such environment"


def _line(step: Step) -> str:
    old = ", ".join(f"`{parent}`" for parent in step.revision.parents) or "`None`"
    name = f", now {step.path.rpartition('/')[2]}" if step.path != step.revision.path else ""
    if not step.is_new_parent:
        return f"{step.revision.path}: parent {old} stays{name}"
    return f"{step.revision.path}: parent {old} -> `{step.parent}`{name}"


def _remarks(plan: Plan) -> Iterator[str]:
    """Yield remarks about the new chain of one environment."""
    early = [
        f"`{step.id}`"
        for step, before in zip(plan.steps, _stamps(plan), strict=True)
        if not step.created and "" < step.revision.stamp < before
    ]
    if early:
        yield (
            f"timestamped before the parent: {', '.join(early)}. The rule `timestamp-order`"
            " reports this; use --restamp for new timestamps"
        )
    for step in plan.steps:
        if len(step.revision.parents) > 1:
            yield (
                f"{step.path}: this merge revision is no longer needed; it stays in the chain, and"
                " you can delete it if no database has applied it"
            )


def _stamps(plan: Plan) -> list[str]:
    """Return the timestamp of each step's parent."""
    sides = plan.sides
    stamps = {
        key: each.stamp
        for side in (sides.here, sides.onto)
        for key, each in side.graph.by_id.items()
    }
    return [stamps.get(step.parent, "") for step in plan.steps]


def _next(root: str, onto: Onto, plans: Sequence[Plan]) -> Iterator[str]:
    """Yield the next steps for the user."""
    heads = [plan.head_edit.path for plan in plans if plan.head_edit is not None]
    paths = [each.path for plan in plans for each in plan.changes]
    steps = [step.path for plan in plans for step in plan.steps]
    unmerged = sum(len(plan.sides.unmerged) for plan in plans)
    if unmerged and steps:
        command = git_merge_command(root, onto.name, _folders(paths or steps), _head_files(plans))
        yield f"next: {command}"
        yield (
            f"this gets {count(unmerged, 'revision')} of {onto.name}; until then, `revgate check`"
            " reports a missing parent"
        )
    elif paths or heads:
        top = "" if os.path.samefile(os.curdir, root) else ":/"
        places = " ".join(shlex.quote(top + folder) for folder in (*_folders(paths), *heads))
        commit = "git rebase --continue" if onto.going_on == "rebase" else "git commit"
        yield f"next: git add -A -- {places} && {commit}"


def _head_files(plans: Sequence[Plan]) -> dict[str, str]:
    """Return the command that writes each head file once the target branch is merged, by path."""
    named = {plan.sides.here.scope.head_file: plan.heads for plan in plans if plan.steps}
    return {path: write_command(path, heads) for path, heads in named.items() if path}


def _folders(paths: Sequence[str]) -> list[str]:
    """Return the folders of files, because git rejects the old name of one it never tracked."""
    return list(dict.fromkeys(path.rpartition("/")[0] or "." for path in paths))
