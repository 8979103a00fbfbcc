"""The Flask application context, for an env.py that uses `current_app`."""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from .channel import Unusable

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def application(config: Any, script: Any) -> Iterator[None]:
    """Enter the context of the project's Flask application, if env.py needs one.

    Raises:
        Unusable: It does, and no application was found.
    """
    if not _uses_current_app(os.path.join(script.dir, "env.py")):
        yield
        return
    with _without_own_migrations(script):
        app = _load()
    with app.app_context():
        extension = app.extensions.get("migrate")
        call = getattr(getattr(extension, "migrate", None), "call_configure_callbacks", None)
        if call:
            call(config)
        yield


LEFT_OUT: list[str] = []
"""Commands of Alembic that the application ran on this history when it was loaded."""


@contextmanager
def _without_own_migrations(script: Any) -> Iterator[None]:
    """Leave out what the application does to this history when it is loaded.

    An application that upgrades its database when it starts leaves `flask db upgrade` nothing to
    do, and the round trip nothing to look at.
    """
    from alembic import command
    from alembic.script import ScriptDirectory

    names = ("upgrade", "stamp")
    originals = {name: getattr(command, name) for name in names}

    def replaced(name: str) -> Any:
        def run(config: Any, *arguments: Any, **options: Any) -> Any:
            folder = ScriptDirectory.from_config(config).dir
            if os.path.realpath(folder) != os.path.realpath(script.dir):
                return originals[name](config, *arguments, **options)
            LEFT_OUT.append(name)
            return None

        return run

    try:
        for name in names:
            setattr(command, name, replaced(name))
        yield
    finally:
        for name in names:
            setattr(command, name, originals[name])


def _uses_current_app(path: str) -> bool:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            text = file.read()
    except OSError:
        return False
    return re.search(r"^\s*from flask import .*\bcurrent_app\b", text, re.MULTILINE) is not None


def _load() -> Any:
    from flask import cli  # type: ignore[import-not-found, unused-ignore]  # installed by the user

    cli.load_dotenv()
    try:
        return cli.ScriptInfo(app_import_path=os.environ.get("FLASK_APP")).load_app()
    except cli.NoAppException as error:
        cause = error.__context__
        # Something that the application imports is missing, not the application.
        if isinstance(cause, ImportError) and str(error).startswith("While importing"):
            raise cause from None
        raise Unusable("flask", " ".join(str(error).split())) from None
