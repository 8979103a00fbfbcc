"""The round trip: upgrade, downgrade and upgrade again on a throwaway PostgreSQL.

Knows how its parts are put together. Nothing third-party is imported before `run` is called.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.roundtrip.observed import RoundTrip
from revgate.roundtrip.options import Options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from revgate.environments import Environment
    from revgate.history.revision import Revision

__all__ = ["Options", "RoundTrip", "run"]


def run(environment: Environment, chain: Sequence[Revision], options: Options) -> RoundTrip:
    """Run one environment's migrations up, down, up again and as production does.

    Args:
        environment: The environment.
        chain: Its revisions in upgrade order, the base first; one straight line.
        options: What the caller decides.

    Raises:
        CannotJudgeError: It could not be run at all; never when a revision fails.
    """
    from revgate.roundtrip.contexts import run_all
    from revgate.roundtrip.interruption import orderly_end
    from revgate.roundtrip.progress import progress

    with orderly_end(), progress(len(chain), shown=options.progress) as report:
        return run_all(environment, chain, options, report)
