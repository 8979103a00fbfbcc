"""Which variables an application missed, from what it raised; so that they can be named.

Knows how Python and common settings libraries say it, and what to do then. Executes nothing.
"""

import re

_VARIABLE = r"[A-Za-z_][A-Za-z0-9_]*"
_PHRASES = (
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
_NO_NAMES = {"is", "not", "was", "must", "has", "named", "for", "to", "variables"}


def wanted_variables(error: str, message: str) -> list[str]:
    """Return the names of the variables that were missing, in the order of the message.

    Args:
        error: The class of the exception.
        message: What it says, with its line feeds.
    """
    if error == "KeyError":
        found = re.findall(r"^'([A-Z][A-Z0-9_]{2,})'$", message)
    else:
        found = [name for phrase in _PHRASES for name in phrase.findall(message)]
    return list(dict.fromkeys(name.upper() for name in found if name.lower() not in _NO_NAMES))


def advice(error: str, message: str, env: str) -> str:
    """Return what to do about an env.py that raised before its migrations began."""
    names = wanted_variables(error, message)
    if names:
        lines = [f'{name} = "..."' for name in names]
        return "\n".join(["set what it wants in the settings:", "[tool.revgate.env]", *lines])
    schema = re.search(r'schema "([^"]+)" does not exist', message)
    if schema:
        return (
            f"the database is empty at first: let {env} create the schema before"
            f' `context.configure()`: CREATE SCHEMA IF NOT EXISTS "{schema[1]}"'
        )
    if "outside of application context" in message:
        return f"let {env} enter the application's context: `with create_app().app_context():`"
    if error in ("ModuleNotFoundError", "ImportError"):
        return (
            "name the Python that has the project's packages with `--python`; modules beside the"
            " configuration are found with `prepend_sys_path = .`"
        )
    return (
        "variables that it wants can be set in [tool.revgate.env]; another Python is named with"
        " `--python`"
    )
