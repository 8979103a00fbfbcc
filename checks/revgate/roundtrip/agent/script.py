"""Alembic's configuration and script directory, created as the `alembic` command does."""

from __future__ import annotations

import inspect
import io
import os
import re
import sys
import traceback
from argparse import Namespace
from typing import Any

from .application import application
from .channel import Unusable


def versions() -> dict[str, str]:
    """Return the versions of Python, Alembic and SQLAlchemy.

    Raises:
        Unusable: One is missing or too old.
    """
    try:
        import alembic
        import sqlalchemy
    except ImportError as error:
        raise Unusable("no-alembic", str(error)) from None
    found = {"python": sys.version.split()[0], "alembic": alembic.__version__}
    found["sqlalchemy"] = sqlalchemy.__version__
    if _numbers(alembic.__version__) < (1, 9):
        raise Unusable("old-alembic", f"Alembic {alembic.__version__}")
    if _numbers(sqlalchemy.__version__) < (1, 4):
        raise Unusable("old-alembic", f"SQLAlchemy {sqlalchemy.__version__}")
    return found


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version)[:2])


def open_script(job: dict[str, Any]) -> tuple[Any, Any]:
    """Return Alembic's configuration and script directory."""
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    options = Namespace(
        config=None, name=job["section"], x=job["x_arguments"] or None, raiseerr=True, quiet=False,
        revision="head", sql=False, tag=None, cmd=(None, ["revision"], ["sql", "tag"]),
    )  # fmt: skip
    folder = job["folders"][0]
    os.chdir(folder)
    name = os.path.relpath(job["config"], folder) if job["config"] else ""
    config = _config(Config, name, job["section"], options)
    location = _location(config)
    if not location or not _same(location, job["script_location"]):
        # Flask-Migrate, other code or a package give it; Alembic may find another one from here.
        relative = os.path.relpath(job["script_location"], folder)
        config.set_main_option("script_location", relative.replace("%", "%%"))
    script = ScriptDirectory.from_config(config)
    # Not by the option: the separator that it needs would apply to `prepend_sys_path` as well.
    script.version_locations = job["version_locations"]
    return config, script


def extend_sys_path(folders: list[str]) -> None:
    """Append the folders of the project, for imports that nothing else finds.

    Which of them was on `sys.path` when the project ran Alembic is not written anywhere.
    """
    for folder in folders:
        sys.path += [each for each in (folder, os.path.join(folder, "src")) if os.path.isdir(each)]


def run_command(config: Any, script: Any, job: dict[str, Any]) -> str:
    """Run a command of Alembic with its arguments; return what it prints."""
    from alembic.config import CommandLine
    from alembic.script import ScriptDirectory

    line = CommandLine(prog="revgate alembic")
    options = line.parser.parse_args(job["words"])
    options.x, options.raiseerr = job["x_arguments"] or None, True
    config.cmd_opts = options
    config.stdout = config.output_buffer = io.StringIO()
    ScriptDirectory.from_config = classmethod(lambda *_: script)  # type: ignore[assignment, method-assign, unused-ignore]  # ours knows where the revisions are
    with application(config, script):
        line.run_cmd(config, options)
    printed: str = config.stdout.getvalue()
    return printed


def upgrade_order(script: Any) -> dict[str, Any]:
    """Return the ids of all revisions in the order in which Alembic runs them, or its error."""
    from alembic.script.revision import RevisionError
    from alembic.util import CommandError

    try:
        found = list(script.iterate_revisions("heads", (), implicit_base=True))
    except (CommandError, RevisionError) as error:
        return {"revisions": [], "error": str(error)}
    except KeyError as error:
        if not _is_of_alembic(error):  # what a revision raises is broken, as env.py may be
            raise
        return {"revisions": [], "error": f"there is no revision {error}"}
    return {"revisions": [each.revision for each in reversed(found)], "error": ""}


def _is_of_alembic(error: BaseException) -> bool:
    """Tell whether Alembic itself raised an exception: its map lacks a parent."""
    *_, (frame, _) = traceback.walk_tb(error.__traceback__)
    return str(frame.f_globals.get("__name__", "")).startswith("alembic.script")


def _config(config_class: Any, name: str, section: str, options: Any) -> Any:
    if not name:
        return config_class(ini_section=section, cmd_opts=options)
    toml = "toml_file" in inspect.signature(config_class.__init__).parameters
    options.config = [name] if toml else name
    if os.path.basename(name) != "pyproject.toml":
        keywords = {"toml_file": "pyproject.toml"} if toml else {}
        return config_class(file_=name, ini_section=section, cmd_opts=options, **keywords)
    if not toml:
        import alembic

        message = f"Alembic {alembic.__version__} does not read pyproject.toml"
        raise Unusable("old-alembic-for-toml", message)
    return config_class(file_="alembic.ini", toml_file=name, ini_section=section, cmd_opts=options)


def _location(config: Any) -> str | None:
    get = getattr(config, "get_alembic_option", config.get_main_option)
    location: str | None = get("script_location")
    return location


def _same(location: str, expected: str) -> bool:
    return os.path.realpath(location) == os.path.realpath(expected)
