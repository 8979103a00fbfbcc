"""Advice for an env.py that raises: the cause decides it, and the files that the project has."""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING

from revgate.roundtrip.agent.variables import assignments_in
from revgate.roundtrip.missing_module import missing_module
from revgate.settings import FILES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from revgate.roundtrip.answers import Broken

NETWORK_REFUSED = (
    "during the round trip, migrations reach only the throwaway database; set `network = true` in"
    " the settings if env.py needs a secret store"
)


def is_network_refused(message: str) -> bool:
    """Return whether an exception's message is that of a socket that the kernel refused."""
    return re.search(r"Permission denied(?!: ['\"])|name resolution", message) is not None


def advise(broken: Broken, env: str, folders: Sequence[str], root: str, python: str) -> str:
    """Return what to do about what env.py raised.

    Args:
        broken: The exception, and what was read and not found.
        env: The path of env.py.
        folders: As `run_folders` returns them.
        root: The repository root.
        python: The interpreter that it ran in.
    """
    error, message = broken.error, broken.message
    if broken.left_out and "does not exist" in message:
        return _OWN_MIGRATIONS
    names = list(dict.fromkeys((*broken.needed, *missing_variables(error, message))))
    if error == "KeyError" and message.strip("'") in broken.not_given:
        return _x_advice(broken.not_given)
    if names:
        return f"set what it needs in {assignments(root, examples(names, folders))}"
    if broken.import_error:
        return missing_module(broken.import_error, folders, root, python)
    return (
        _on_the_database(broken, folders, root)
        or _on_the_code(broken, env, folders, root)
        or _guess(broken, folders, root)
    )


_OWN_MIGRATIONS = (
    "the application upgrades its database when it is loaded, which the round trip leaves out, and"
    " then reads tables: put both behind a setting of the application, and switch them off with a"
    " variable in [tool.revgate.env]"
)


def _on_the_database(broken: Broken, folders: Sequence[str], root: str) -> str:
    """Return what to do if the server lacks something or could not be reached, else nothing."""
    message = broken.message
    for noun in ("schema", "role"):
        found = re.search(rf'\b{noun} "([^"]+)" does not exist', message)
        if found:
            return f'name it in the settings, to have it there first: {noun}s = ["{found[1]}"]'
    if is_network_refused(message):
        return NETWORK_REFUSED
    if "sqlite database was refused" in message:
        return _sqlite_advice((*broken.unset, *broken.optional), folders, root)
    return ""


def _on_the_code(broken: Broken, env: str, folders: Sequence[str], root: str) -> str:
    if "outside of application context" in broken.message:
        return f"enter the application's context in {env}: `with create_app().app_context():`"
    if re.search(r"event loop|worker thread", broken.message):
        return (
            f"{env} runs only where the application starts Alembic: let it run under plain `alembic"
            f" upgrade head` in {_shown(folders, root)} as well, which raises the same there"
        )
    if broken.error == "CommandError":
        return f"run `alembic upgrade head` in {_shown(folders, root)} to see the same error"
    return ""


def _guess(broken: Broken, folders: Sequence[str], root: str) -> str:
    """Return what may help if the exception does not say what is missing."""
    if broken.not_given:
        return _x_advice(broken.not_given)
    if some := _advisable(broken.unset):
        return (
            "it reads variables that are not set; if they are the cause, set them in"
            f" {assignments(root, examples(some, folders))}"
        )
    return (
        f"run `alembic upgrade head` in {_shown(folders, root)} with this Python, and solve what it"
        " says there first"
    )


def _sqlite_advice(names: Sequence[str], folders: Sequence[str], root: str) -> str:
    """Return what to do about a database that is only there for a project without settings."""
    some = _advisable(names)
    if not some:
        return "let env.py connect to PostgreSQL, by the URL in its configuration"
    lines = assignments(root, examples(some, folders))
    return f"it reads variables that are not set; those that name PostgreSQL belong in {lines}"


_OF_THE_MACHINE = re.compile(
    r"CI|(?:GITHUB|GITLAB|CI|TRAVIS|CIRCLE|APPVEYOR|BUILDKITE|JENKINS|TEAMCITY|CODEBUILD|BITBUCKET"
    r"|DRONE|TF|SYSTEM|AZURE_PIPELINES|CODESPACE|GITPOD|KUBERNETES|XDG|LC|PYTEST|PYTHON|CONDA|SSH"
    r"|npm|VSCODE)_\w+|TRAVIS|CIRCLECI|APPVEYOR|BUILDKITE|CODESPACES|DRONE|BUILD_(?:ID|NUMBER)"
    r"|HOME|PATH|LANG|LANGUAGE|TERM|COLORTERM|NO_COLOR|FORCE_COLOR|CLICOLOR\w*|COLUMNS|LINES|PAGER"
    r"|EDITOR|VISUAL|TMPDIR|TEMP|TMP|USER|USERNAME|LOGNAME|SHELL|PWD|TZ|APPDATA|LOCALAPPDATA"
    r"|VIRTUAL_ENV|DISPLAY|HOSTNAME|(?:HTTPS?|NO|ALL)_PROXY|(?:https?|no|all)_proxy|SSL_CERT_\w+"
    r"|REQUESTS_CA_BUNDLE|WEB_CONCURRENCY|DEBUG"
)
"""Variables of continuous integration, the shell and the interpreter, which no project sets."""


def _advisable(names: Sequence[str]) -> list[str]:
    return [name for name in names if not _OF_THE_MACHINE.fullmatch(name)][:_MOST]


_MOST = 12


def _x_advice(names: Iterable[str]) -> str:
    words = " ".join(f"-x {name}=VALUE" for name in names)
    return f"env.py asks for an argument of the command line: pass `{words}`, as to `alembic`"


def _shown(folders: Sequence[str], root: str) -> str:
    name = os.path.relpath(folders[0], root).replace(os.sep, "/")
    return "the repository root" if name == "." else name


def assignments(root: str, lines: Iterable[str]) -> str:
    """Return variables as the settings of the project state them, with the name of the file."""
    found = (each for each in FILES if os.path.isfile(os.path.join(root, each)))
    file = next(found, FILES[0])
    table = "[env]" if file == FILES[0] else "[tool.revgate.env]"
    return "\n".join([f"{file}:", table, *lines])


_EXAMPLE = re.compile(
    r"(?i)\benv\b.*\b(example|sample|template|dist|test)|example\.env|sample\.env"
)
_LARGEST = 1 << 16
_SHELL_DEFAULT = re.compile(r"\$\{\w+:?-([^}]*)\}")


def examples(names: Iterable[str], folders: Iterable[str]) -> list[str]:
    """Return assignments of variables, with the values of `.env.example` where there is one."""
    values: dict[str, str] = {}
    for folder in folders:
        for path in sorted(filter(_EXAMPLE.search, os.listdir(folder))):
            for name, value in assignments_in(os.path.join(folder, path), _LARGEST):
                values.setdefault(name, _SHELL_DEFAULT.sub(r"\1", value))
    return [f"{name} = {json.dumps(values.get(name) or '...')}" for name in names]


_VARIABLE = r"[A-Za-z_][A-Za-z0-9_]*"
_MISSING_VARIABLE = (
    re.compile(rf"^({_VARIABLE})\n\s+[Ff]ield required", re.MULTILINE),  # pydantic
    re.compile(
        rf"(?i)environment variable [\"'`]?({_VARIABLE})[\"'`]?"
    ),  # environs and many others
    re.compile(
        rf"(?i)\bset the [\"'`]?({_VARIABLE})[\"'`]? environment variable"
    ),  # django-environ
    re.compile(rf"^({_VARIABLE}) not found\. Declare it as envvar"),  # decouple
    re.compile(
        rf"(?i)\bmissing (?:required )?(?:env(?:ironment)? var(?:iable)?s?):? ({_VARIABLE})"
    ),
)
_NOT_VARIABLES = {"is", "not", "was", "must", "has", "named", "for", "to", "variables"}


def missing_variables(error: str, message: str) -> list[str]:
    """Return the names of missing environment variables, in the order of the message.

    Args:
        error: The class of the exception.
        message: Its text, with line feeds.
    """
    if error == "KeyError":
        found = re.findall(r"^'([A-Z][A-Z0-9_]{2,})'$", message)
    else:
        found = [name for pattern in _MISSING_VARIABLE for name in pattern.findall(message)]
    return list(dict.fromkeys(name.upper() for name in found if name.lower() not in _NOT_VARIABLES))
