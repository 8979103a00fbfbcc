"""Checks the types of settings against the few keywords of JSON Schema that they are given in."""

from __future__ import annotations

from typing import Any

from revgate.settings_keys import ENVIRONMENT_KEYS
from revgate.text import nearest

_PYTHON_TYPES = {"string": str, "integer": int, "boolean": bool, "array": list, "object": dict}
_TOML_WORDS = {
    "string": "a string",
    "integer": "a whole number",
    "boolean": "true or false",
    "array": "an array",
    "object": "a table",
}


def mistakes(
    table: dict[str, Any], keys: dict[str, tuple[dict[str, Any], str]], prefix: str
) -> list[str]:
    """Return what is wrong with the names and types of a table.

    Args:
        table: The table.
        keys: The keys that it may have, each with its schema and description.
        prefix: What the names of its keys begin with in messages.
    """
    problems = []
    for key, value in table.items():
        if key not in keys:
            problems.append(f"unknown setting `{prefix}{key}`{nearest(key, list(keys))}")
        else:
            problems += _mistyped(value, keys[key][0], f"{prefix}{key}")
    return problems


def _mistyped(value: object, expected: dict[str, Any], name: str) -> list[str]:
    """Check a value against the few keywords of JSON Schema that `KEYS` uses."""
    if "enum" in expected:
        words = " or ".join(repr(word) for word in expected["enum"])
        known = isinstance(value, str) and value in expected["enum"]
        return [] if known else [f"`{name}` is {shown(value)}, expected {words}"]
    kind = expected["type"]
    if not isinstance(value, _PYTHON_TYPES[kind]) or (
        kind == "integer" and isinstance(value, bool)
    ):
        return [f"`{name}` is {shown(value)}, expected {_TOML_WORDS[kind]}"]
    if isinstance(value, int) and value < expected.get("minimum", value):
        return [f"`{name}` is {shown(value)}, expected at least {expected['minimum']}"]
    if value == "" and expected.get("minLength"):
        return [f"`{name}` is empty"]
    if isinstance(value, list):
        return [
            problem
            for number, item in enumerate(value)
            for problem in _mistyped(item, expected["items"], f"{name}[{number}]")
        ]
    if isinstance(value, dict):
        return _mistyped_table(value, expected, name)
    return []


def _mistyped_table(value: dict[str, Any], expected: dict[str, Any], name: str) -> list[str]:
    if "properties" not in expected:
        return [
            problem
            for key, item in value.items()
            for problem in _mistyped(item, expected["additionalProperties"], f"{name}.{key}")
        ]
    missing = [
        f"`{name}` has no `{key}`" for key in expected.get("required", ()) if key not in value
    ]
    return missing + mistakes(value, ENVIRONMENT_KEYS, f"{name}.")


def shown(value: object) -> str:
    """Show a value from a user's file in a message: short, since it may be of any size or depth."""
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return "an array"
    return f"{value!r:.60}"
