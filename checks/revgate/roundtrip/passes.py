"""The four passes over a history, and what is concluded from the snapshots between the steps.

Knows what is compared with what; neither SQL nor how steps are performed.
"""

from __future__ import annotations

import time
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from revgate.errors import CannotJudgeError
from revgate.history.digest import key_of
from revgate.postgres import templates
from revgate.postgres.roles import Roles
from revgate.postgres.server import throwaway
from revgate.postgres.snapshot import Snapshot, Snapshotter, compare, count_tables
from revgate.roundtrip.agent_client import Agent, Bench, Started
from revgate.roundtrip.explain import beyond, explain_missing_extension, explain_tablespace
from revgate.roundtrip.models import Comparison, Told, build, read_told
from revgate.roundtrip.observed import (
    AGAIN,
    DOWNGRADE,
    PRODUCTION,
    ROWS,
    UPGRADE,
    Difference,
    Failure,
    Models,
    Pass,
    RoundTrip,
    Step,
    read_statement,
)
from revgate.roundtrip.plan import make_plan
from revgate.roundtrip.rows.judge import Host, Judge

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from revgate.environments import Environment
    from revgate.history.revision import Revision
    from revgate.postgres.connect import Address
    from revgate.postgres.snapshot.change import CatalogueChange
    from revgate.roundtrip.options import Options
    from revgate.roundtrip.progress import Report

_REBUILDS = 100


class Trip:
    """One round trip; its state is what was seen so far."""

    def __init__(
        self,
        environment: Environment,
        chain: Sequence[Revision],
        options: Options,
        report: Report,
        context: int = 0,
    ) -> None:
        self._environment = environment
        self._context = context
        self.started: Started | None = None
        self.further: list[Started] = []
        """What env.py migrates besides, as far as the production pass has come."""
        self._whole = tuple(chain)
        self._options = options
        self._report = report
        self._plan = make_plan(chain, options.new, options.shard)
        self._chain = self._whole[self._plan.start : self._plan.stop]
        self._steps = list(map(self._unstepped, self._chain))
        self._ground: Address | None = None
        self._passes: list[Pass] = []
        self._failures: list[Failure] = []
        self._after_downgrade: list[Difference] = []
        self._after_again: list[Difference] = []
        self._notes: list[str] = []
        self._snapshots: list[Snapshot] = []
        self._state: Snapshot = {}
        self._rebuilds = 0
        self._told: Told | None = None
        self._models: Models | None = None

    def run(self) -> RoundTrip:
        """Make all passes."""
        if not self._whole:
            raise CannotJudgeError(f"{self._environment.name} has no revisions to run")
        with ExitStack() as stack:
            # They import while the server starts.
            below = self._agent(stack) if self._plan.start else None
            first, last = (self._agent(stack) for _ in range(2))
            self._server = server = stack.enter_context(throwaway(self._options.database_url))
            self._roles = Roles(server, self._options.root, (each.path for each in self._whole))
            self._roles.wait_for_others(self._options.timeout)
            stack.callback(self._forget_roles)
            if below:
                self._lay_ground(below)
                self._roles.expect()
            self._bench = self._open(first)
            judge = self._judge(stack) if self._options.rows else None
            try:
                self._three_passes()
            finally:
                self._bench.close()
            self._roles.forget()
            if judge:
                self._notes += judge.run(len(self._snapshots) - 1)
            if (
                self._plan.production
                and not self._context
                and len(self._snapshots) > len(self._chain)
            ):
                self._production(last)
            for agent in (first, last):
                self._notes += agent.notes
            self.further = last.further
        return self._result()

    def _unstepped(self, revision: Revision) -> Step:
        new = self._options.new
        return Step(revision, new=new is None or revision.id in new)

    def _lay_ground(self, agent: Agent) -> None:
        """Run what is below the first step at once, as production did."""
        below = self._whole[: self._plan.start]
        key = self._content(below)
        count = f"{len(below)} revision{'s' * (len(below) > 1)} up to `{below[-1].id}`"
        kept = templates.find(self._server, key) if self._options.cached else None
        if kept:
            self._ground = self._server.create_database(kept)
            self._notes.append(f"{count} were taken from an earlier run, {kept.database}")
            return
        begun, roles = time.perf_counter(), self._server.roles()
        self._ground = self._server.create_database()
        make = partial(self._server.create_beside, self._ground)
        started = agent.begin(self._ground, below[-1].id, make, production=True)
        answer = agent.finish()
        agent.close()
        # Only the one database can be copied.
        if answer["event"] == "finished" and started.address == self._ground:
            self._notes.append(f"{count} ran at once, without being stepped")
            if self._options.cached and self._server.roles() == roles:
                templates.keep(self._server, self._ground, key, time.perf_counter() - begun)
            return
        # Which of them fails, and why, is seen by stepping all of them.
        self._ground = None
        self._plan = self._plan._replace(start=0)
        self._chain = self._whole[: self._plan.stop]
        self._steps = list(map(self._unstepped, self._chain))

    def _content(self, below: Sequence[Revision]) -> str:
        told = (self._options.env, self._options.x_arguments, self._options.python)
        version = self._server.facts.version
        return key_of(self._options.root, self._environment, below, version, *told)

    def _agent(self, stack: ExitStack) -> Agent:
        agent = Agent(self._environment, self._options)
        stack.callback(agent.close)
        return agent

    def _open(self, agent: Agent) -> Bench:
        head = self._whole[-1].id
        bench = Bench(agent, self._server, head, self._ground, context=self._context)
        bench.sees = self._roles.sees
        return bench

    def _forget_roles(self) -> None:
        """Leave no role behind: the databases that have grants to them go first."""
        if self._ground:
            self._server.drop_database(self._ground)
        self._roles.forget(all_of_them=True)
        self._notes += self._roles.notes

    def _result(self) -> RoundTrip:
        below, above = self._whole[: self._plan.start], self._whole[self._plan.stop :]
        return RoundTrip(
            self._environment,
            self._server.facts,
            (*map(self._unstepped, below), *self._steps, *map(self._unstepped, above)),
            tuple(self._passes),
            tuple(self._failures),
            tuple(self._after_downgrade),
            tuple(self._after_again),
            self._options.expect_tables,
            tuple(dict.fromkeys((*self._notes, *self._server.notes, *beyond(self._steps)))),
            self._models,
            self._plan.from_base,
            self._plan.to_head,
        )

    # -- passes ---------------------------------------------------------------------------------

    def _three_passes(self) -> None:
        with self._timed(UPGRADE):
            reached = self._upgrade()
        if reached == len(self._chain) and self._plan.to_head:
            self._compare_models()
        if reached == 0:
            return
        with self._timed(DOWNGRADE):
            at_base = self._downgrade(reached)
        if at_base:
            with self._timed(AGAIN):
                self._upgrade_again(reached)

    @contextmanager
    def _timed(self, name: str) -> Iterator[None]:
        begun, failures = time.perf_counter(), len(self._failures)
        yield
        seconds = time.perf_counter() - begun
        complete = len(self._failures) == failures
        self._passes.append(Pass(name, seconds, count_tables(self._state), complete))

    def _upgrade(self) -> int:
        """Upgrade to the head; return how many revisions could be upgraded."""
        self._snapshots = [self._bench.take()]
        self._state = self._snapshots[0]
        for index in range(len(self._chain)):
            if not self._step(index, "upgrade", UPGRADE):
                self._unchecked(self._chain[index + 1 :], "not run at all", index)
                return index if self._rebuild(index) else 0
            self._state = self._bench.take()
            self._snapshots.append(self._state)
        return len(self._chain)

    def _downgrade(self, reached: int) -> bool:
        """Downgrade to the base; what a failure leaves behind is built anew without it.

        Returns whether the base was reached.
        """
        self._state = self._snapshots[reached]
        index = reached - 1
        while index >= 0:
            if self._step(index, "downgrade", DOWNGRADE):
                self._compare_downgrade(index)
            elif not self._rebuild(index):
                self._unchecked(self._chain[:index], "not downgraded", index)
                return False
            index -= 1
        return True

    def _compare_downgrade(self, index: int) -> None:
        """Report what this step got wrong, and not what an earlier one already had."""
        known = set(compare(self._snapshots[index + 1], self._state))
        self._state = self._bench.take()
        for change in compare(self._snapshots[index], self._state):
            if not _known(change, known):
                self._after_downgrade.append(Difference(self._steps[index], change))

    def _upgrade_again(self, reached: int) -> None:
        known = set(compare(self._snapshots[0], self._state))
        for index in range(reached):
            if not self._step(index, "upgrade", AGAIN):
                self._unchecked(self._chain[index + 1 : reached], "not upgraded again", index)
                return
            self._state = self._bench.take()
            found = compare(self._snapshots[index + 1], self._state)
            for change in found:
                if not _known(change, known):
                    self._after_again.append(Difference(self._steps[index], change))
            known |= set(found)

    def _production(self, agent: Agent) -> None:
        """Upgrade an empty database in one go, in the transactions that env.py asks for."""
        address = self._ground or self._server.create_database()
        begun = time.perf_counter()
        try:
            make = partial(self._server.create_beside, address)
            started = agent.begin(address, self._whole[-1].id, make, production=True)
            self.started = started
            answer = agent.finish()
            seconds = time.perf_counter() - begun
            snapshotter = Snapshotter(*started[:3])
            tables = count_tables(snapshotter.take())
            if answer["event"] == "finished":
                self._conclude_models(address, snapshotter)
            snapshotter.close()
        finally:
            agent.close()
            self._server.drop_database(address)
        failed = answer["event"] == "failed"
        if failed:
            steps = {each.id: self._unstepped(each) for each in self._whole}
            steps |= {each.revision.id: each for each in self._steps}
            if agent.further and agent.further[-1].origin:
                answer["message"] += f", in the database `{agent.further[-1].origin}`"
            self._failed(steps[answer["revision"]], PRODUCTION, answer)
        self._passes.append(Pass(PRODUCTION, seconds, tables, not failed))

    def _judge(self, stack: ExitStack) -> Judge:
        """Return the pass with rows; what it starts works while others run."""
        host = Host(
            agent=lambda: self._agent(stack),
            open=self._open,
            chain=self._chain,
            steps=self._steps,
            judged=frozenset(step.revision.id for step in self._result().pending_steps()),
            from_nothing=self._ground is None,
            fail=lambda index, answer: self._failed(self._steps[index], ROWS, answer),
            forget_roles=self._roles.forget,
        )
        return Judge(host)

    # -- models ---------------------------------------------------------------------------------

    def _compare_models(self) -> None:
        answer = self._bench.agent.compare_models()
        if answer["error"]:
            self._notes.append(f"the models could not be compared: {answer['error']}")
        elif not answer["metadata"]:
            self._notes.append("env.py names no `target_metadata`: no models were compared")
        else:
            self._told = read_told(answer)
            self._models = self._compared(self._told, None)

    def _conclude_models(self, address: Address, snapshotter: Snapshotter) -> None:
        """Compare also what only PostgreSQL can say, now that a database is not needed any more."""
        if self._told is None:
            return
        problems = build(address, self._told)
        if problems:
            self._notes.append(
                "not all models could be made on a throwaway database, so defaults and CHECKs of"
                f" some were not compared: {problems[0]}"
            )
        self._models = self._compared(self._told, snapshotter.take())

    def _compared(self, told: Told, built: Snapshot | None) -> Models:
        steps = self._steps or [self._unstepped(self._whole[-1])]
        return Comparison(told, steps, self._snapshots, built, self._options.root).conclude()

    # -- steps ----------------------------------------------------------------------------------

    def _step(self, index: int, do: str, during: str) -> bool:
        answer = self._bench.agent.step(do, self._chain[index].id, watch=during == UPGRADE)
        self._defined(index, answer["defined"])
        self._report(during)
        if answer["event"] == "failed":
            self._failed(self._steps[index], during, answer)
            return False
        if during == UPGRADE:
            statements = tuple(map(read_statement, answer["statements"]))
            self._steps[index] = self._steps[index]._replace(statements=statements)
        if during != AGAIN:
            key = f"{do}_ms"
            self._steps[index] = self._steps[index]._replace(**{key: answer["ms"]})
        return True

    def _defined(self, index: int, lines: dict[str, int]) -> None:
        self._steps[index] = self._steps[index]._replace(
            upgrade_line=lines["upgrade"], downgrade_line=lines["downgrade"]
        )

    def _failed(self, step: Step, during: str, answer: dict[str, Any]) -> None:
        explain_missing_extension(step.revision, answer, self._server.facts)
        explain_tablespace(step.revision, answer, self._server.facts)
        place = f"{step.revision.path}:{answer['line']}"
        self._roles.explain(answer["sqlstate"], answer["message"], place)
        names = ("line", "error", "message", "statement", "detail", "hint", "sqlstate")
        facts = {name: answer[name] for name in names}
        facts["message"] = " ".join(answer["message"].split())
        self._failures.append(Failure(step, during, **facts))

    def _rebuild(self, index: int) -> bool:
        """Go on in a fresh database that is upgraded up to, not including, a revision."""
        self._rebuilds += 1
        self._bench.close()
        self._roles.forget()
        if self._rebuilds > _REBUILDS:
            return False
        self._bench = self._open(Agent(self._environment, self._options))
        for revision in self._chain[:index]:
            answer = self._bench.agent.step("upgrade", revision.id)
            if answer["event"] == "failed":
                self._notes.append(
                    f"`{revision.id}` could be upgraded once and failed in a second database"
                )
                return False
        self._state = self._bench.take()
        return True

    def _unchecked(self, revisions: Sequence[Revision], what: str, index: int) -> None:
        if revisions:
            names = ", ".join(f"`{each.id}`" for each in revisions[:5])
            more = f" and {len(revisions) - 5} more" if len(revisions) > 5 else ""
            self._notes.append(f"{what}, as `{self._chain[index].id}` failed: {names}{more}")


def _known(change: CatalogueChange, known: set[CatalogueChange]) -> bool:
    """Tell whether a difference was there before the step."""
    if change in known:
        return True
    return change.how == "changed" and any(
        (each.kind, each.name, each.how) == (change.kind, change.name, "changed")
        and each.after == change.after
        for each in known
    )
