"""Compares what a squash builds with what the revisions that it replaces build.

Each of the two runs in one go in an empty database: the squash from the work tree, the others from
a copy of the target branch's files.
"""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING, NamedTuple

from revgate.errors import CannotJudgeError
from revgate.postgres.server import throwaway
from revgate.postgres.snapshot import Snapshot, Snapshotter, compare
from revgate.roundtrip.built import built
from revgate.roundtrip.observed import SquashDifferences
from revgate.roundtrip.target_tree import checked_out
from revgate.text import count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from revgate.environments import Environment
    from revgate.history.revision import Revision
    from revgate.postgres.roles import Roles
    from revgate.postgres.server import Server
    from revgate.roundtrip.agent_client import MigrationContext
    from revgate.roundtrip.observed import RoundTrip
    from revgate.roundtrip.options import Options


class Replaced(NamedTuple):
    """The published revisions that a squash replaces."""

    first: str
    """The id of the squash."""
    chain: tuple[Revision, ...]
    """Those that it replaces, in upgrade order."""
    environment: Environment
    """As the target branch has it."""
    commit: str
    """The target branch's commit."""


def compare_squash(observed: RoundTrip, replaced: Replaced, options: Options) -> RoundTrip:
    """Add to a round trip how its first revision differs from those that it replaces.

    If one of the two cannot be built, a note says so.
    """
    step = next(each for each in observed.steps if each.revision.id == replaced.first)
    described = f"the {count(len(replaced.chain), 'revision')} up to `{replaced.chain[-1].id}`"
    try:
        befores, afters = _built(observed, step.revision, replaced, options)
    except CannotJudgeError as error:
        note = f"`{replaced.first}` was not compared with {described}: {error}"
        return observed._replace(notes=(*observed.notes, note))
    nothing: Snapshot = {}
    pairs = zip_longest(befores, afters, fillvalue=nothing)
    changes = tuple(change for pair in pairs for change in compare(*pair))
    if not changes:
        note = f"`{replaced.first}` builds the same schema as {described}, which it replaces"
        observed = observed._replace(notes=(*observed.notes, note))
    return observed._replace(squash=SquashDifferences(step, described, changes))


def _built(
    observed: RoundTrip, squash: Revision, replaced: Replaced, options: Options
) -> tuple[list[Snapshot], list[Snapshot]]:
    """Return the schemas before and after the squash, one for each migration context."""
    environment = observed.environment
    with throwaway(options.database_url, cached=options.cached, major=options.major) as server:
        server.prepare(options.prepared)
        with checked_out(replaced.environment, replaced.commit, options) as there:
            before = _build(server, replaced.environment, replaced.chain, there)
        return before, _build(server, environment, (squash,), options)


def _build(
    server: Server, environment: Environment, chain: Sequence[Revision], options: Options
) -> list[Snapshot]:
    """Return the schemas that some revisions build, one for each migration context."""
    with built(server, environment, chain, options) as (contexts, roles):
        return [_snapshot(each, roles) for each in contexts]


def _snapshot(context: MigrationContext, roles: Roles) -> Snapshot:
    snapshotter = Snapshotter(*context[:3], visible=roles.sees)
    try:
        return snapshotter.take()
    finally:
        snapshotter.close()
