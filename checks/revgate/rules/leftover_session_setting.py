"""An upgrade changes a setting of the session, and leaves it changed.

All pending revisions run in one session, so the setting holds for every revision after this one.
The settings before the revision are compared with those after it has committed.

## Why it hurts
A `search_path` that stays creates the tables of the next revision in another schema, and a
`statement_timeout` that stays ends its backfill; but only where both are deployed together.

## Example
    def upgrade() -> None:
        op.execute("SET statement_timeout = '5s'")
        op.add_column("users", sa.Column("nickname", sa.String(), nullable=True))

## Instead
    def upgrade() -> None:
        op.execute("SET LOCAL statement_timeout = '5s'")
        op.add_column("users", sa.Column("nickname", sa.String(), nullable=True))
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.rules import LIVE, WARNING, Finding, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from revgate.roundtrip.observed import LeftSetting, RoundTrip


@rule(severity=WARNING, group=LIVE)
def leftover_session_setting(observed: RoundTrip) -> Iterator[Finding]:
    """Report settings of the session that differ after an upgrade."""
    for step in observed.pending_steps():
        for setting in step.settings:
            yield Finding.at(
                step.revision,
                (setting.line or step.upgrade_line, 1),
                f"`upgrade()` of `{step.revision.id}` leaves `{setting.name}` at"
                f" `{setting.after}` for every later revision{_before(setting)}",
                help=_help(setting),
            )


def _before(setting: LeftSetting) -> str:
    return f" (before: `{setting.before}`)" if setting.before else ""


def _help(setting: LeftSetting) -> str:
    reset = (
        f'`op.execute("RESET {setting.name}")` at the end of the revision, or of the'
        " `autocommit_block()` that needs it"
    )
    if setting.name in ("role", "session_authorization"):
        return f"write {reset}"
    return f"write `SET LOCAL {setting.name}`, which ends with the transaction; or {reset}"
