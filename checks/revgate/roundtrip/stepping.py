"""Steps a part of a history: up, down and up again, with a look at the catalog after each step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.postgres.snapshot import compare, parts_of_new_objects
from revgate.postgres.snapshot.describe import drop_statements
from revgate.roundtrip.observed import AGAIN, DOWNGRADE, UPGRADE, Difference
from revgate.roundtrip.schema import SchemaFollower

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from revgate.postgres.snapshot.change import CatalogueChange
    from revgate.roundtrip.part import Part
    from revgate.roundtrip.session import Session


def run_upgrade(session: Session, part: Part) -> int:
    """Upgrade to the head; return how many revisions could be upgraded."""
    part.snapshots = [part.take_snapshot()]
    if not part.start:
        session.begin_with(part.current)
    follow = SchemaFollower(part.database.started.address).follow
    if session.options.judges_schema:
        part.schema = follow({}, part.current)
    for index in range(len(part.revisions)):
        if not part.step(index, "upgrade", UPGRADE):
            part.note_skipped(session.revisions[part.start + index + 1 :], "not run", index)
            return index if part.rebuild(index) else 0
        part.snapshots.append(part.take_snapshot())
        if part.steps[index].new:
            pair = part.snapshots[-2:]
            part.steps[index] = part.steps[index]._replace(
                changes=compare(*pair), new_parts=parts_of_new_objects(*pair)
            )
        if session.options.judges_schema:
            change = follow(*part.snapshots[-2:])
            part.steps[index] = part.steps[index]._replace(schema=change)
    return len(part.revisions)


def run_downgrade(part: Part, reached: int) -> int | None:
    """Downgrade until the base is reached, or a downgrade fails; then begin in a fresh database.

    Returns:
        How many revisions, from the first on, have a downgrade that was not tried; None if the base
        was reached.
    """
    known: tuple[CatalogueChange, ...] = ()
    for index in reversed(range(reached)):
        if not part.step(index, "downgrade", DOWNGRADE):
            if known:  # a later downgrade has left the schema different, which may be the cause
                part.failures.pop()
            part.rebuild(0)
            return index + bool(known)
        before = part.snapshots[index]
        changes = compare(before, part.take_snapshot(before))
        part.after_downgrade += _differences(part, index, changes, known)
        known = changes
    return None


def run_upgrade_again(part: Part, reached: int, untried: int | None) -> bool:
    """Upgrade a second time, and compare each schema with the one of the first time.

    After a downgrade that failed, each revision below it, and each whose downgrade leaves another
    schema than before, is downgraded and upgraded once more on the way.

    Args:
        part: What is stepped.
        reached: How many revisions could be upgraded.
        untried: As `run_downgrade` returns it.

    Returns:
        Whether the database has all these revisions, and the schema of the first time.
    """
    unequal = {each.step.revision.id for each in part.after_downgrade}
    known = {*compare(part.snapshots[0], part.current)}
    for index, revision in enumerate(part.revisions[:reached]):
        if part.step(index, "upgrade", AGAIN):
            known |= _compare_again(part, index, known)
        elif _recover(part, index, known):
            known = {*compare(part.snapshots[index + 1], part.current)}
        else:
            part.note_skipped(part.revisions[index + 1 : reached], "not upgraded again", index)
            return False
        if untried is None or (index >= untried and revision.id not in unequal):
            continue
        if not _run_down_and_up(part, index, is_tried=index >= untried):
            part.note_skipped(part.revisions[index + 1 : untried], "not downgraded", index)
            return False
    return not compare(part.snapshots[reached], part.current)


def _compare_again(
    part: Part, index: int, known: Collection[CatalogueChange]
) -> set[CatalogueChange]:
    """Record what a second upgrade has made different; return all that differs after it."""
    first = part.snapshots[index + 1]
    changes = compare(first, part.take_snapshot(first))
    part.after_again += _differences(part, index, changes, known)
    return {*changes}


def _run_down_and_up(part: Part, index: int, *, is_tried: bool) -> bool:
    """Downgrade a revision and upgrade it again; return whether the next one can follow.

    Args:
        part: A part whose latest revision is this one.
        index: The place of the revision.
        is_tried: Whether the result of its downgrade is known already.
    """
    before, after = part.snapshots[index : index + 2]
    fails, is_unchanged = part.try_downgrade(index, recorded=not is_tried)
    if not is_unchanged and not part.rebuild(index + 1):
        return False
    if fails:
        return True
    known = {*compare(after, part.current)}
    run = part.run if is_tried else part.step
    if not run(index, "downgrade", DOWNGRADE):
        return part.rebuild(index + 1)
    changes = compare(before, part.take_snapshot(before))
    if not is_tried:
        part.after_downgrade += _differences(part, index, changes, known)
    if not part.step(index, "upgrade", AGAIN):
        if known.issuperset(changes):
            # Rows are the cause, which the pass with rows judges.
            part.failures.pop()
        return _recover(part, index, known)
    return known.issuperset(_compare_again(part, index, known)) or part.rebuild(index + 1)


def _recover(part: Part, index: int, known: set[CatalogueChange]) -> bool:
    """Get to a revision whose second upgrade failed; return whether that was possible.

    Most fail on what their own downgrade has left behind, which is dropped here.
    """
    before, after = part.snapshots[index : index + 2]
    made = {(each.kind, each.name) for each in compare(before, after) if each.how == "left"}
    changes = compare(before, part.take_snapshot(before))
    left_behind = [each for each in changes if (each.kind, each.name) in made]
    if part.database.execute(drop_statements(left_behind)):
        part.restart()
        upgraded = part.run(index, "upgrade", AGAIN)
        if upgraded and known.issuperset(compare(after, part.take_snapshot(after))):
            return True
    return part.rebuild(index + 1)


def _differences(
    part: Part, index: int, changes: Iterable[CatalogueChange], known: Collection[CatalogueChange]
) -> Iterator[Difference]:
    """Yield what a step has made different, without what was different before it."""
    for change in changes:
        if not _is_known(change, known):
            yield Difference(part.steps[index], change)


def _is_known(change: CatalogueChange, known: Collection[CatalogueChange]) -> bool:
    """Tell whether a difference was there before the step."""
    if change in known:
        return True
    return change.how == "changed" and any(
        (each.kind, each.name, each.how) == (change.kind, change.name, "changed")
        and each.after == change.after
        for each in known
    )
