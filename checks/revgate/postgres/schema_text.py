"""Reads a schema as `pg_dump --schema-only` writes it, without what depends on the machine."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from revgate.postgres.clients import run_client
from revgate.postgres.programs import major_version

if TYPE_CHECKING:
    from revgate.postgres.connect import Address

HEADER = "-- The schema at the head, by "
_FAILED = "the schema could not be written"
# Kept as they are, whatever is inside.
_LITERAL = r"""(?P<literal>'(?:[^']|'')*'|"(?:[^"]|"")*"|\$(?P<tag>\w*)\$.*?\$(?P=tag)\$)"""
_SESSION = "|".join(
    (
        r"SET (?:\w+_timeout|client_encoding|standard_conforming_strings) = [^;\n]*;",
        r"SET (?:check_function_bodies|xmloption|client_min_messages|row_security) = [^;\n]*;",
        r"SET default_tablespace = '';",
        r"SET default_table_access_method = heap;",
        r"SELECT pg_catalog\.set_config\('search_path', '', false\);",
        r"\\(?:un)?restrict [^\n]*",  # a random word
        r"--[^\n]*",  # the version, and a title for each object
    )
)
_DROPPED = re.compile(rf"{_LITERAL}|^(?:{_SESSION})(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_BLANK_LINES = re.compile(rf"{_LITERAL}|\n{{3,}}", re.DOTALL)


def schema_text(address: Address, programs: str, major: int) -> str:
    """Return the statements that create a schema, after a line with the versions that matter.

    Owners are left out: their names differ between machines.

    Args:
        address: The database.
        programs: The folder of `pg_dump`.
        major: The major version of the server.

    Raises:
        CannotJudgeError: `pg_dump` fails.
    """
    program = os.path.join(programs, "pg_dump")
    dumped = run_client([program, "--schema-only", "--no-owner"], address, _FAILED)
    versions = f"PostgreSQL {major}, pg_dump {major_version(programs, 'pg_dump')}"
    return f"{HEADER}{versions}\n\n{normalized(dumped)}"


def normalized(dumped: str) -> str:
    """Return a dump without comments and session settings."""
    text = _DROPPED.sub(lambda found: found["literal"] or "", dumped)
    text = _BLANK_LINES.sub(lambda found: found["literal"] or "\n\n", text)
    return text.strip("\n") + "\n"
