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

__all__ = ["Options", "RoundTrip", "run"]


def run(environment: Environment, chain: Sequence[Revision], options: Options) -> RoundTrip:
    """Run the migrations of one environment up, down, up again, and as production does.

    Args:
        environment: The environment.
        chain: Its revisions in upgrade order; a linear history.
        options: Of the run.

    Raises:
        CannotJudgeError: It could not run at all; a revision that fails does not raise.
    """
    from revgate.roundtrip.contexts import run_all
    from revgate.roundtrip.interruption import orderly_end
    from revgate.roundtrip.progress import progress

    with orderly_end(), progress(len(chain), shown=options.progress) as report:
        return run_all(environment, chain, options, report)
