"""`revgate doctor --sizes`: writes how large the tables of a database are, for `table-sizes`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.doctor.database import read_only
from revgate.errors import CannotJudgeError, UsageError
from revgate.postgres.sizes import Sizes, dump, measure
from revgate.text import count, quoted

if TYPE_CHECKING:
    from revgate.postgres.connect import Address


def write(address: Address, path: str) -> str:
    """Write the sizes of a database's tables to a file, and return what to tell the user.

    Raises:
        CannotJudgeError: The database cannot be reached or read, or has no table.
        UsageError: The file cannot be written.
    """
    sizes = _measured(address)
    if not sizes:
        raise CannotJudgeError(f"{address} has no tables, so {path} was not written")
    try:
        with open(path, "w", encoding="utf-8") as file:
            file.write(dump(sizes))
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from None
    unknown = [name.removeprefix("public.") for name, size in sizes.items() if size.rows is None]
    text = f"✓ wrote the sizes of {count(len(sizes), 'table')} to {path}\n"
    if unknown:
        text += f"⚠ never analyzed, so the number of rows is not known: {quoted(unknown)}\n"
        text += "  Run next: ANALYZE in the database, then this command again\n"
    return text


def _measured(address: Address) -> Sizes:
    import psycopg2

    with read_only(address) as connection, connection.cursor() as cursor:
        try:
            return measure(cursor)
        except psycopg2.Error as error:
            said = error.diag.message_primary or " ".join(str(error).split())
            raise CannotJudgeError(f"{address} cannot be read: {said}") from None
