"""The application context that an env.py wants which asks for Flask's `current_app`.

Knows how the `flask` command finds an application; a project without Flask never comes here.
"""

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
    """Enter the context of the project's Flask application, where env.py is made for one.

    Raises:
        Unusable: It is, and no application is found.
    """
    if not _wants_one(os.path.join(script.dir, "env.py")):
        yield
        return
    app = _load()
    with app.app_context():
        extension = app.extensions.get("migrate")
        call = getattr(getattr(extension, "migrate", None), "call_configure_callbacks", None)
        if call:
            call(config)
        yield


def _wants_one(path: str) -> bool:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            text = file.read()
    except OSError:
        return False
    return re.search(r"^\s*from flask import .*\bcurrent_app\b", text, re.MULTILINE) is not None


def _load() -> Any:
    from flask import cli  # type: ignore[import-not-found, unused-ignore]  # the user's

    cli.load_dotenv()
    try:
        return cli.ScriptInfo(app_import_path=os.environ.get("FLASK_APP")).load_app()
    except cli.NoAppException as error:
        raise Unusable("flask", " ".join(str(error).split())) from None
