"""The round trip: upgrade, downgrade and upgrade again on a throwaway PostgreSQL.

Nothing third-party is imported before `run` is called.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.roundtrip.observed import RoundTrip
from revgate.roundtrip.options import Options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from revgate.environments import Environment
    from revgate.history.revision import Revision
    from revgate.roundtrip.squash import Replaced

__all__ = ["Options", "RoundTrip", "run", "schema_text"]


def run(
    environment: Environment,
    chain: Sequence[Revision],
    options: Options,
    replaced: Replaced | None = None,
) -> RoundTrip:
    """Run the migrations of one environment up, down, up again, and as production does.

    Args:
        environment: The environment.
        chain: Its revisions in upgrade order; a linear history.
        options: Of the run.
        replaced: The published revisions that the first one stands for, if it is a squash.

    Raises:
        CannotJudgeError: It could not run at all; a revision that fails does not raise.
    """
    from revgate.postgres.descendants import ending_descendants
    from revgate.roundtrip.contexts import run_all
    from revgate.roundtrip.interruption import orderly_end
    from revgate.roundtrip.progress import progress

    with (
        orderly_end(),
        ending_descendants(),
        progress(len(chain), shown=options.progress) as report,
    ):
        observed = run_all(environment, chain, options, report)
        if replaced is None or (options.shard and options.shard[0] > 1):
            return observed
        from revgate.roundtrip.squash import compare_squash

        return compare_squash(observed, replaced, options)


def schema_text(environment: Environment, chain: Sequence[Revision], options: Options) -> str:
    """Return the schema at the head of a history, as SQL.

    Args:
        environment: The environment.
        chain: Its revisions in upgrade order.
        options: Of the run.

    Raises:
        CannotJudgeError: The history fails, or there is no `pg_dump` for the server.
    """
    from revgate.postgres.descendants import ending_descendants
    from revgate.roundtrip.built import schema_at_head
    from revgate.roundtrip.interruption import orderly_end

    with orderly_end(), ending_descendants():
        return schema_at_head(environment, chain, options)
