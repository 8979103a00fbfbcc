"""Names of database objects: how they are split, unquoted and shown."""

from __future__ import annotations


def split_name(name: str) -> tuple[str, str]:
    """Split a name into its owner and its last part, at the last dot outside quotes."""
    quoted, cut = "", -1
    for position, character in enumerate(name):
        if quoted:
            quoted = "" if character == quoted else quoted
        elif character in "\"'":
            quoted = character
        elif character == ".":
            cut = position
    return (name[:cut], name[cut + 1 :]) if cut >= 0 else ("", name)


def name_parts(name: str) -> tuple[str, str]:
    """Return the unquoted schema and name of an object, given its name in a snapshot."""
    schema, rest = split_name(name)
    return unquoted(schema), unquoted(rest)


def shown_name(schema: str, name: str) -> str:
    """Return a name for messages: with its schema, unless that is `public`."""
    return name if schema == "public" else f"{schema}.{name}"


def quoted(name: str) -> str:
    """Return a name as the catalog stores it, as a quoted identifier of SQL."""
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


def unquoted(name: str) -> str:
    """Return a name as the catalog stores it."""
    return name[1:-1].replace('""', '"') if name.startswith('"') else name
