"""The commands that a report prints, in a form that acts on the database which was asked about.

Where env.py connects to that database by itself, these are commands of Alembic. Otherwise they are
run by `revgate alembic`, and statements by `psql`. None contains a password.
"""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING

from revgate.doctor.target import VARIABLE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from revgate.doctor.target import Target
    from revgate.environments import Environment
    from revgate.postgres.connect import Address

_SCHEMES = ("postgresql://", "postgres://")


def commands_for(
    commands: Iterable[str],
    target: Target,
    environment: Environment,
    reached: str,
    x_arguments: Sequence[str],
) -> tuple[str, ...]:
    """Return commands as they are to be typed.

    Args:
        commands: Of Alembic, SQL statements, and comments of SQL.
        target: The database that they are meant for.
        environment: Whose history it has.
        reached: The database that env.py connects to, such as `localhost:5432/shop`.
        x_arguments: What env.py was given by `-x`.
    """
    arguments = [word for each in x_arguments for word in ("-x", each)]
    if is_same(reached, target.address):
        program = shlex.join(["alembic", *_of_alembic(environment), *arguments])
        return tuple(_replaced(commands, program))
    words = shlex.join([*_of_revgate(environment), *arguments])
    program = " ".join(filter(None, ("revgate alembic", database_option(target), words)))
    return tuple(_by_psql(each, target) for each in _replaced(commands, program))


def _by_psql(command: str, target: Target) -> str:
    if command.startswith(("--", "revgate ")):
        return command
    return f"psql {_libpq(target)} -c {shlex.quote(command)}"


def _replaced(commands: Iterable[str], program: str) -> Iterator[str]:
    for each in commands:
        words = each.removeprefix("alembic ")
        yield each if words == each else f"{program} {words}"


def _of_alembic(environment: Environment) -> list[str]:
    """Return the options for a configuration that Alembic would not find."""
    words = []
    if environment.config not in ("alembic.ini", "pyproject.toml"):
        words += ["-c", environment.config]
    if environment.section not in ("", "alembic"):
        words += ["-n", environment.section]
    return words


def _of_revgate(environment: Environment) -> list[str]:
    return ["--environment", environment.name] if _of_alembic(environment) else []


def is_same(reached: str, address: Address) -> bool:
    """Return whether a place that env.py connects to is a database."""
    host = address.host.lower().rstrip(".")
    if host in ("127.0.0.1", "::1", "") or host.startswith("/"):
        host = "localhost"
    return reached == f"{host}:{address.port}/{address.database}"


def database_option(target: Target) -> str:
    """Return the option that names a database; empty if the commands find it by themselves."""
    if target.named_by != "--database-url":
        return ""
    return f"--database-url {_variable(target.url) or shlex.quote(target.address.public_url())}"


def _libpq(target: Target) -> str:
    variable = _variable(target.url) if target.url.startswith(_SCHEMES) else ""
    return variable or shlex.quote(target.address.public_url())


def _variable(url: str) -> str:
    """Return the variable of the environment that a URL came from, for a shell."""
    names = sorted((name for name, value in os.environ.items() if value == url), key=_likelihood)
    return f'"${names[0]}"' if names and names[0].isidentifier() else ""


def _likelihood(name: str) -> tuple[bool, str]:
    return name != VARIABLE, name
