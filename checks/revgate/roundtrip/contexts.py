"""Runs every migration context of env.py: a second database, or another schema of the same one.

Each gets a round trip of its own, in which the contexts before it are upgraded in one go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.roundtrip import passes
from revgate.roundtrip.observed import PRODUCTION, UPGRADE, Failure, RoundTrip, Step
from revgate.roundtrip.tenants import schemas_of_others

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from revgate.environments import Environment
    from revgate.history.revision import Revision
    from revgate.roundtrip.agent_client import MigrationContext
    from revgate.roundtrip.options import Options
    from revgate.roundtrip.progress import Report

_MAX_FURTHER = 4


def run_all(
    environment: Environment, chain: Sequence[Revision], options: Options, report: Report
) -> RoundTrip:
    """Run the round trip of every migration context; the first result holds the others."""
    first, contexts = passes.run(environment, chain, options, report)
    names = _names(contexts)
    if options.shard and options.shard[0] > 1:
        names = names[:1]  # the first shard runs the others
    plain = options._replace(new=None, shard=None, expect_tables=None, release=None)
    further: list[RoundTrip] = []
    notes: list[str] = []
    for number, name in enumerate(names[1 : _MAX_FURTHER + 1], start=1):
        if any(each.during == UPGRADE for each in (further or [first])[-1].failures):
            notes.append(f"{name}: not run, because the migration context before it fails")
            break
        observed, _ = passes.run(environment, chain, plain, report, number, contexts)
        observed = observed._replace(steps=tuple(_as_new(observed.steps, options.new)))
        notes += [f"{name}: {note}" for note in observed.notes if note not in first.notes]
        further.append(observed._replace(context=name, notes=()))
    if len(names) > _MAX_FURTHER + 1:
        notes.append(
            f"env.py has {len(names)} migration contexts; those after the first {_MAX_FURTHER + 1}"
            " ran in the production pass only"
        )
    return first._replace(
        other_contexts=tuple(further),
        failures=tuple(_not_repeated(first.failures, further)),
        notes=tuple(dict.fromkeys((*first.notes, *notes))),
    )


def _as_new(steps: Sequence[Step], new: frozenset[str] | None) -> Iterator[Step]:
    """Yield steps with what the target branch has marked: all of them are stepped in any case."""
    for step in steps:
        yield step._replace(new=new is None or step.revision.id in new)


def _not_repeated(failures: Sequence[Failure], further: Sequence[RoundTrip]) -> Iterator[Failure]:
    """Yield failures without those of the production pass that single steps showed as well."""
    stepped = {
        failure.step.revision.id
        for observed in further
        for failure in observed.failures
        if failure.during == UPGRADE
    }
    for failure in failures:
        if failure.during != PRODUCTION or failure.step.revision.id not in stepped:
            yield failure


def _tenant(context: MigrationContext, contexts: Sequence[MigrationContext]) -> str:
    """Return the schema of a context, if others of the same database have another one."""
    return context.schema if schemas_of_others(context, contexts) else ""


def _names(contexts: Sequence[MigrationContext]) -> list[str]:
    """Return a name for each migration context, by what tells it from the others."""
    names: list[str] = []
    seen: set[str] = set()
    for number, context in enumerate(contexts, start=1):
        database = context.address.database
        name = f"the database `{context.origin}`" if context.origin else ""
        if database in seen or not name:
            schema = context.version_table_schema or _tenant(context, contexts)
            table = context.version_table
            name = f"the schema `{schema}`" if schema else f"the version table `{table}`"
        if name in names:
            name = f"{name}, migration context {number}"
        seen.add(database)
        names.append(name)
    return names
