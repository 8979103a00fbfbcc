"""The order in which the revisions of a history run: Alembic's own, never one of ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.errors import CannotJudgeError
from revgate.text import quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from revgate.environments import Environment
    from revgate.history.graph import Graph
    from revgate.history.revision import Revision
    from revgate.roundtrip.options import Options


def upgrade_order(environment: Environment, graph: Graph, options: Options) -> list[Revision]:
    """Return the revisions of a history in upgrade order.

    Alembic is asked where there is more than one possible order.

    Raises:
        CannotJudgeError: Alembic refuses the history, or finds other revisions in it.
    """
    if graph.is_straight and not graph.dependencies:
        return [graph.by_id[each] for each in graph.order]
    ids = _asked(environment, options)
    unread = [each for each in ids if each not in graph.by_id]
    if unread:
        raise CannotJudgeError(
            f"{environment.name}: Alembic runs `{unread[0]}`, which revgate did not read\n"
            "name its folder with `version-locations` in the settings"
        )
    return [graph.by_id[each] for each in ids]


def _asked(environment: Environment, options: Options) -> tuple[str, ...]:
    from revgate.roundtrip.agent_client import Agent

    agent = Agent(environment, options)
    try:
        order = agent.order()
    finally:
        agent.close()
    if order.error:
        raise CannotJudgeError(
            f"{environment.name}: Alembic refuses this history: {order.error}\n"
            "run `revgate check` for what is wrong with it"
        )
    return order.revisions


def heads_of(revisions: Sequence[Revision]) -> list[str]:
    """Return the ids among some revisions that none of the others needs, the latest last.

    Alembic refuses to be asked for a revision together with one that it depends on.
    """
    needed = {name for each in revisions for name in (*each.parents, *each.depends_on)}
    return [each.id for each in revisions if not needed & {each.id, *each.labels}]


def needs_of(revisions: Iterable[Revision]) -> dict[str, frozenset[str]]:
    """Return the ids that each of some revisions needs directly: its parents and dependencies."""
    listed = list(revisions)
    ids = {name: each.id for each in listed for name in (*each.labels, each.id)}
    return {
        each.id: frozenset(ids[name] for name in (*each.parents, *each.depends_on) if name in ids)
        for each in listed
    }


def applied_by(stamps: Iterable[str], needs: Mapping[str, frozenset[str]]) -> frozenset[str] | None:
    """Return the ids of all revisions that stamps stand for; None if one is unknown."""
    found: set[str] = set()
    left = list(stamps)
    while left:
        revision = left.pop()
        if revision not in needs:
            return None
        if revision not in found:
            found.add(revision)
            left += needs[revision]
    return frozenset(found)


def order_from(revisions: Sequence[Revision], stamps: Iterable[str]) -> list[Revision]:
    """Return revisions in the order in which a database with some stamps has and will run them.

    Args:
        revisions: In the order of an empty database.
        stamps: The rows of its version table; an unknown one changes nothing.
    """
    applied = applied_by(stamps, needs_of(revisions)) or frozenset()
    return sorted(revisions, key=lambda each: each.id not in applied)


def merge_notes(revisions: Iterable[Revision]) -> Iterator[str]:
    """Yield how far single downgrades of merge points were checked."""
    merges = [each.id for each in revisions if len(each.parents) > 1]
    if merges:
        yield (
            f"{quoted(merges)}: merged branches were downgraded in the reverse order"
            " of the upgrade, as `alembic downgrade base` does; `alembic downgrade -1` refuses to"
            " choose a branch there"
        )
