"""How a step that raised is told: the fact, and what PostgreSQL itself advises."""

from revgate.findings import Finding
from revgate.roundtrip.observed import Failure


def finding(failure: Failure, what: str) -> Finding:
    """Return the finding for a failure.

    Args:
        failure: The step that raised.
        what: The beginning of the message: whose function failed, and when.
    """
    said = _escaped(failure.message) or failure.error
    if not failure.sqlstate:
        said = f"{failure.error}: {said}" if failure.message else failure.error
    return Finding.at(
        failure.step.revision,
        (failure.line, 1),
        f"{what}: {said.rstrip('.')}",
        help=_help(failure),
    )


def _help(failure: Failure) -> str:
    lines = [f"correct line {failure.line} of `{failure.step.revision.name}`"]
    if failure.statement:
        lines[0] += f", which ran `{_shortened(failure.statement)}`"
    if failure.detail:
        lines.append(f"DETAIL: {' '.join(failure.detail.split())}")
    if failure.hint:
        lines.append(f"HINT: {' '.join(failure.hint.split())}")
    if failure.sqlstate:
        lines.append(f"SQLSTATE {failure.sqlstate} ({failure.error})")
    return "\n".join(lines)


def _shortened(statement: str, length: int = 120) -> str:
    return statement if len(statement) <= length else statement[: length - 3] + "..."


def _escaped(message: str) -> str:
    return " ".join(message.split())
