"""What env.py migrates besides the first: a second database, or a further schema of the same one.

Knows that each gets a round trip of its own, in which the ones before it are upgraded as a whole;
and what each is called.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.roundtrip.observed import PRODUCTION, UPGRADE, Failure, RoundTrip
from revgate.roundtrip.passes import Trip

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from revgate.environments import Environment
    from revgate.history.revision import Revision
    from revgate.roundtrip.agent_client import Started
    from revgate.roundtrip.options import Options
    from revgate.roundtrip.progress import Report

_MOST = 4


def run_all(
    environment: Environment, chain: Sequence[Revision], options: Options, report: Report
) -> RoundTrip:
    """Make the round trip of everything that env.py migrates; the first has the others."""
    trip = Trip(environment, chain, options, report)
    first = trip.run()
    names = _names([trip.started, *trip.further]) if trip.started else []
    if options.shard and options.shard[0] > 1:
        names = names[:1]  # the first of the jobs does it
    plain = options._replace(new=None, shard=None, expect_tables=None)
    others: list[RoundTrip] = []
    notes: list[str] = []
    for context, name in enumerate(names[1 : _MOST + 1], start=1):
        if any(each.during == UPGRADE for each in (others or [first])[-1].failures):
            notes.append(f"{name}: not looked at, since what env.py migrates before it fails")
            break
        observed = Trip(environment, chain, plain, report, context).run()
        notes += [f"{name}: {note}" for note in observed.notes if note not in first.notes]
        others.append(observed._replace(context=name, notes=()))
    if len(names) > _MOST + 1:
        notes.append(
            f"env.py runs its migrations {len(names)} times; after the first {_MOST + 1}, only the"
            " production pass ran them"
        )
    return first._replace(
        other_contexts=tuple(others),
        failures=tuple(_untold(first.failures, others)),
        notes=tuple(dict.fromkeys((*first.notes, *notes))),
    )


def _untold(failures: Sequence[Failure], others: Sequence[RoundTrip]) -> Iterator[Failure]:
    """Yield failures without those of the production pass that were seen step by step, too."""
    seen = {
        failure.step.revision.id
        for other in others
        for failure in other.failures
        if failure.during == UPGRADE
    }
    for failure in failures:
        if failure.during != PRODUCTION or failure.step.revision.id not in seen:
            yield failure


def _names(contexts: Sequence[Started]) -> list[str]:
    """Return what the thing that is migrated each time is called."""
    names: list[str] = []
    seen: set[str] = set()
    for number, started in enumerate(contexts, start=1):
        database = started.address.database
        name = f"the database `{started.origin}`" if started.origin else ""
        if database in seen or not name:
            schema = started.version_table_schema
            table = started.version_table
            name = f"the schema `{schema}`" if schema else f"the version table `{table}`"
        if name in names:
            name = f"{name}, run number {number} of its migrations"
        seen.add(database)
        names.append(name)
    return names
