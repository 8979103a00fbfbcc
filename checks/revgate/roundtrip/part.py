"""A part of a history: revisions that are stepped one after another in one database."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from revgate.postgres.snapshot import Snapshot, count_tables, outside
from revgate.roundtrip.answers import Failed, FunctionLines, ModelsFailed
from revgate.roundtrip.observed import AGAIN, DOWNGRADE, UPGRADE, Difference, Failure, Pass
from revgate.roundtrip.tenants import schemas_made, schemas_of_others
from revgate.text import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from revgate.history.revision import Revision
    from revgate.postgres.connect import Address
    from revgate.roundtrip.agent_client import Agent
    from revgate.roundtrip.agent_database import AgentDatabase
    from revgate.roundtrip.answers import Done, ModelReport, NoModels
    from revgate.roundtrip.observed import SchemaChange, Unresumed
    from revgate.roundtrip.session import Session

_MAX_REBUILDS = 100


class Part:
    """The stepping of some revisions, and what was observed."""

    def __init__(
        self, session: Session, start: int, stop: int, base: Address | None, agent: Agent
    ) -> None:
        """Begin in a database that has the revisions below.

        Args:
            session: The round trip.
            start: The place of the first revision among those that are stepped.
            stop: The place after the last one.
            base: A database to copy; None for an empty one.
            agent: One that has no job yet.
        """
        self._session = session
        self._base = base
        self.start, self.stop = start, stop
        self.revisions = session.revisions[start:stop]
        self.steps = session.steps[start:stop]
        """One for each of them; results are filled in."""
        self.passes: list[Pass] = []
        self.failures: list[Failure] = []
        self.after_downgrade: list[Difference] = []
        self.after_again: list[Difference] = []
        self.unresumed: list[Unresumed] = []
        self.notes: list[str] = []
        self.snapshots: list[Snapshot] = []
        """Before the first upgrade, and after each."""
        self.current: Snapshot = {}
        """The latest snapshot of the database that is stepped."""
        self.schema: SchemaChange | None = None
        """The schema before the first upgrade, if a rule on schemas runs."""
        self.models: ModelReport | NoModels | ModelsFailed | None = None
        """What the agent says about the models at the head; None if it was not asked."""
        self._rebuilds = 0
        self.database = self.open_database(agent)

    def open_database(self, agent: Agent | None = None) -> AgentDatabase:
        """Create a database that has the revisions below the part."""
        return self._session.open_database(agent, base=self._base)

    @property
    def reached(self) -> int:
        """How many of its revisions could be upgraded."""
        return len(self.snapshots) - 1

    @property
    def is_whole(self) -> bool:
        """Whether all of them could be."""
        return self.reached == len(self.revisions)

    def step(self, index: int, function: str, during: str) -> bool:
        """Run `upgrade` or `downgrade` of a revision; return whether it succeeded."""
        answer = self._answer(index, function, during)
        if isinstance(answer, Failed):
            self._record_failure(index, during, answer)
            return False
        self._record_lines(index, answer.lines)
        step = self.steps[index]
        if during == UPGRADE:
            step = step._replace(
                upgrade_ms=answer.ms,
                statements=answer.statements,
                settings=answer.settings,
                commits=answer.commits,
            )
        if during == DOWNGRADE:
            step = step._replace(downgrade_ms=answer.ms)
        self.steps[index] = step
        return True

    def _record_failure(self, index: int, during: str, failed: Failed) -> None:
        self._record_lines(index, failed.lines)
        self.failures.append(self._session.failure(self.steps[index], during, failed))

    def _record_lines(self, index: int, lines: FunctionLines) -> None:
        self.steps[index] = self.steps[index]._replace(
            upgrade_line=lines.upgrade, downgrade_line=lines.downgrade
        )

    def take_snapshot(self, expected: Snapshot | None = None) -> Snapshot:
        """Take a snapshot of the database that is stepped; it becomes the current one.

        Args:
            expected: A snapshot that it should equal.
        """
        self.current = self.database.take_snapshot(expected)
        return self.current

    def run(self, index: int, function: str, during: str) -> bool:
        """Run `upgrade` or `downgrade` of a revision without recording it, as `step` does."""
        return not isinstance(self._answer(index, function, during), Failed)

    def _answer(self, index: int, function: str, during: str) -> Done | Failed:
        self._session.raise_if_stopped(self.start)
        revision = self.revisions[index].id
        answer = self.database.step(function, revision, watch=during == UPGRADE)
        self._session.report(during)
        return answer

    def try_downgrade(self, index: int, *, recorded: bool) -> tuple[bool, bool]:
        """Try the downgrade of the latest revision, and take it back, so that env.py goes on.

        Args:
            index: The place of the revision.
            recorded: Whether its failure is recorded.

        Returns:
            Whether it fails, and whether the database is as it was before.
        """
        tried = self.database.try_downgrade(self.revisions[index].id)
        self._session.report(DOWNGRADE)
        failed = tried.failed if tried.restored else None
        if failed and recorded:
            self._record_failure(index, DOWNGRADE, failed)
        return failed is not None, tried.restored

    def restart(self) -> None:
        """Start env.py again on the same database, after a step that failed."""
        self.database.restart(self._session.start_agent())

    def rebuild(self, index: int) -> bool:
        """Continue in a fresh database that has the revisions below a place.

        Returns:
            Whether there is one; a revision may fail there.
        """
        self._rebuilds += 1
        self.database.close()
        self._session.roles.forget()
        if self._rebuilds > _MAX_REBUILDS:
            return False
        self.database = self.open_database()
        if failed := self.database.upgrade(self.revisions[:index]):
            self.notes.append(
                f"the upgrade of `{failed}` succeeded once and failed in a second database"
            )
            return False
        self.take_snapshot(self.snapshots[index])
        return True

    def note_skipped(self, revisions: Sequence[Revision], what: str, index: int) -> None:
        """Note which revisions could not be checked because of a failure at a place."""
        if revisions:
            names = quoted([each.id for each in revisions])
            self.notes.append(f"{what} because `{self.revisions[index].id}` failed: {names}")

    @contextmanager
    def timed_pass(self, name: str) -> Iterator[None]:
        """Record what runs in the block as a pass."""
        begun, failures = time.perf_counter(), len(self.failures)
        yield
        seconds = time.perf_counter() - begun
        complete = all(each.during != name for each in self.failures[failures:])
        schemas = schemas_of_others(self.database.started, self._session.contexts)
        schemas -= schemas_made(self.snapshots)
        tables = count_tables(outside(self.current, schemas))
        self.passes.append(Pass(name, seconds, tables, complete))

    def close(self) -> None:
        """Drop its database, and end its agent."""
        self.database.close()
        if self._base and self._base != self._session.base:
            self._session.server.drop_database(self._base)


def take_over(session: Session, parts: Sequence[Part]) -> None:
    """Put together what was observed in the parts of a history, from the first on."""
    done = [step for part in parts for step in part.steps]
    session.steps[: len(done)] = done
    session.schema = parts[0].schema
    session.snapshots = [parts[0].snapshots[0]]
    session.snapshots += [each for part in parts for each in part.snapshots[1:]]
    places = {each.id: at for at, each in enumerate(session.revisions)}

    def place(found: Failure | Difference) -> int:
        return places[found.step.revision.id]

    for name in (UPGRADE, DOWNGRADE, AGAIN):
        failures = [each for part in parts for each in part.failures if each.during == name]
        session.failures += sorted(failures, key=place, reverse=name == DOWNGRADE)
        session.passes += _joined(parts, name)
    downgraded = [each for part in parts for each in part.after_downgrade]
    session.after_downgrade = sorted(downgraded, key=place, reverse=True)
    session.after_again = [each for part in parts for each in part.after_again]
    session.unresumed = [each for part in parts for each in part.unresumed[::-1]]
    session.notes += [note for part in parts for note in part.notes]


def _joined(parts: Sequence[Part], name: str) -> Iterator[Pass]:
    """Yield a pass over the whole history, if any part has it.

    Its time is the sum of the times of the parts, which may have run side by side.
    """
    found = [each for part in parts for each in part.passes if each.name == name]
    if found:
        end = found[0] if name == DOWNGRADE else found[-1]
        complete = len(found) == len(parts) and all(each.complete for each in found)
        yield Pass(name, sum(each.seconds for each in found), end.tables, complete)
