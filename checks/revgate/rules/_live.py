"""Shared by the live rules: findings for steps that raise, and for models that differ."""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.findings import Finding, Related

if TYPE_CHECKING:
    from revgate.postgres.snapshot.change import CatalogueChange
    from revgate.roundtrip.observed import Failure, ModelDifference


def failure_finding(failure: Failure, what: str) -> Finding:
    """Return the finding for a failure.

    Args:
        failure: The step that raised.
        what: The start of the message: whose function failed, and when.
    """
    reason = _on_one_line(failure.message) or failure.error
    if not failure.sqlstate:
        reason = f"{failure.error}: {reason}" if failure.message else failure.error
    return Finding.at(
        failure.step.revision,
        (failure.line, 1),
        f"{what}: {reason.rstrip('.')}",
        help=_failure_help(failure),
    )


def failure_on_rows(failure: Failure, function: str, way: str, unless: str) -> Finding:
    """Return the finding for a failure that only rows cause.

    Args:
        failure: The step that raised.
        function: `upgrade` or `downgrade`.
        way: How to make it work.
        unless: Why it may be suppressed, after "with the reason why".
    """
    found = failure_finding(
        failure,
        f"`{function}()` of `{failure.step.revision.id}` works on empty tables and fails on tables"
        " that have rows",
    )
    advice = f"{way}; or suppress this, with the reason why {unless}"
    return found._replace(help=f"{advice}\n{found.help}")


_DELIBERATE = (
    "undo what `upgrade()` does; if that is impossible, say why, in the line above the `raise`:"
    " `# revgate: allow[raising-downgrade] ...`"
)
_REFUSES = (
    "the revision itself raises this: set what it asks for, such as a variable in"
    " [tool.revgate.env] or an argument with `-x`"
)


def _failure_help(failure: Failure) -> str:
    from revgate.roundtrip.env_advice import NETWORK_REFUSED, is_network_refused
    from revgate.roundtrip.observed import DOWNGRADE

    refused = is_network_refused(failure.message)
    if failure.deliberate and not failure.sqlstate and not refused:
        return _DELIBERATE if failure.during == DOWNGRADE else _REFUSES
    lines = [f"fix line {failure.line} of `{failure.step.revision.name}`"]
    if failure.statement:
        lines[0] += f", which ran `{_shortened(failure.statement)}`"
    if failure.detail:
        lines.append(f"DETAIL: {' '.join(failure.detail.split())}")
    if failure.hint:
        lines.append(f"HINT: {' '.join(failure.hint.split())}")
    if failure.sqlstate:
        lines.append(f"SQLSTATE {failure.sqlstate} ({failure.error})")
    if refused and not failure.sqlstate:
        lines.append(NETWORK_REFUSED)
    return "\n".join(lines)


def _shortened(statement: str, length: int = 120) -> str:
    return statement if len(statement) <= length else statement[: length - 3] + "..."


def _on_one_line(message: str) -> str:
    return " ".join(message.split())


def schema_difference(change: CatalogueChange) -> str:
    """Return how a schema differs from an expected one, as the end of a message."""
    from revgate.postgres.snapshot.describe import alteration, label

    if change.how == "left":
        return f"the {label(change)} is new"
    if change.how == "gone":
        return f"the {label(change)} is missing"
    return f"the {alteration(change)}"


_LONGEST = 300
"""Characters of a suggested line; a whole table is better written by `--autogenerate`."""


def drift_finding(difference: ModelDifference) -> Finding:
    """Return the finding: at the revision if only the database has it, else at the model."""
    revision = difference.step.revision
    at_revision = (revision.path, difference.step.upgrade_line)
    path, line = at_revision
    related: tuple[Related, ...] = ()
    if difference.place and difference.in_database:
        related = (Related(*difference.place, "the model"),)
    elif difference.place:
        path, line = difference.place
        related = (Related(*at_revision, "last changed by this revision"),)
    return Finding(difference.fact, _drift_help(difference), path, line, 1, revision.id, related)


def _drift_help(difference: ModelDifference) -> str:
    revision = "add a revision, by `alembic revision --autogenerate` or by hand"
    if difference.fix and len(difference.fix) <= _LONGEST:
        revision = f"add a revision with `{difference.fix}`"
    if not difference.in_database:
        return f"{revision}; or fix the models"
    if difference.fix:
        return f"declare it in the models; or {revision}"
    return (
        "declare it in the models, drop it in a revision, or exclude it with `include_object` in"
        " env.py"
    )
