"""A copy of the target branch's files, whose env.py and models can be run."""

from __future__ import annotations

import os
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from revgate.errors import CannotJudgeError
from revgate.git import check_out
from revgate.postgres.process import private_folder
from revgate.roundtrip.agent_client import Agent
from revgate.roundtrip.answers import Mapped, ModelsFailed
from revgate.roundtrip.interpreter import find_python, run_folders

if TYPE_CHECKING:
    from collections.abc import Iterator

    from revgate.environments import Environment
    from revgate.postgres.connect import Address
    from revgate.postgres.server import Server
    from revgate.roundtrip.options import Options, Release


@contextmanager
def checked_out(environment: Environment, commit: str, options: Options) -> Iterator[Options]:
    """Check out the target branch in a folder of its own, with the Python of the work tree."""
    python = find_python(options.python, run_folders(environment, options.root))
    with private_folder() as private:
        root = os.path.join(private, "published")
        check_out(options.root, commit, root)
        yield options._replace(root=root, python=python)


def running_models(
    server: Server, base: Address | None, release: Release, options: Options
) -> tuple[Mapped | None, str]:
    """Return what the models of the target branch map, and a note if they cannot be read.

    Args:
        server: Where their database is created.
        base: A database of ours at the head of the target branch; None for an empty one.
        release: What the target branch has.
        options: Of the run.
    """
    try:
        with checked_out(release.environment, release.commit, options) as there:
            address = server.create_database(base)
            try:
                answer = _asked(server, address, release, there)
            finally:
                server.drop_database(address)
    except CannotJudgeError as error:
        return None, _note(str(error).splitlines()[0])
    if isinstance(answer, Mapped):
        return answer, ""
    return None, _note(answer) if answer else ""


def _note(why: str) -> str:
    return (
        "what the running code maps is not known, so `breaks-running-code` only warns: the models"
        f" of the target branch could not be read: {why}"
    )


def _asked(server: Server, address: Address, release: Release, options: Options) -> Mapped | str:
    """Ask for the models; return why they cannot be had, which is nothing where there are none."""
    agent = Agent(release.environment, options)
    try:
        agent.begin(address, release.heads, partial(server.create_next_to, address))
        answer = agent.mapped()
    finally:
        agent.close()
    if isinstance(answer, Mapped):
        return answer if answer.tables else ""
    return answer.message if isinstance(answer, ModelsFailed) else ""
