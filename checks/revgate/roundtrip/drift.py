"""How a difference between models and database is told: where it stands, and what mends it."""

from revgate.findings import Finding, Related
from revgate.roundtrip.observed import ModelDifference

_LONGEST = 300
"""Characters of a line to write; a whole table is made by `--autogenerate`."""


def finding(difference: ModelDifference) -> Finding:
    """Return the finding: at the revision for what only the database has, else at the model."""
    revision = difference.step.revision
    at_revision = (revision.path, difference.step.upgrade_line)
    path, line = at_revision
    related: tuple[Related, ...] = ()
    if difference.place and difference.in_database:
        related = (Related(*difference.place, "the model"),)
    elif difference.place:
        path, line = difference.place
        related = (Related(*at_revision, "changed last by this revision"),)
    return Finding(difference.fact, _help(difference), path, line, 1, revision.id, related)


def _help(difference: ModelDifference) -> str:
    revision = "add a revision, by `alembic revision --autogenerate` or by hand"
    if difference.fix and len(difference.fix) <= _LONGEST:
        revision = f"add a revision with `{difference.fix}`"
    if not difference.in_database:
        return f"{revision}; or correct the models"
    if difference.fix:
        return f"declare it in the models; or {revision}"
    return (
        "declare it in the models, drop it in a revision, or leave it out by `include_object` in"
        " env.py"
    )
