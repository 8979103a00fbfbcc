<%!
    import re
%>\
<%
    # One moment gives the file its name, its id and its date. An id that somebody chose is kept;
    # twelve hexadecimal digits that nobody asked for are what Alembic makes up.
    chosen = getattr(config.cmd_opts, "rev_id", None)
    made_up = not chosen and re.fullmatch("[0-9a-f]{12}", up_revision)
    identifier = f"{create_date:%Y%m%d%H%M%S}" if made_up else up_revision

    def literal(value):
        if value is None:
            return "None"
        if isinstance(value, str):
            return f'"{value}"'
        return "(" + ", ".join(map(literal, value)) + ("," if len(value) == 1 else "") + ")"
%>\
"""${message}

Revision ID: ${identifier}
Revises:${" " if down_revision else ""}${down_revision | comma,n}
Create Date: ${f"{create_date:%Y-%m-%d %H:%M:%S}"}

"""

import sqlalchemy as sa
from alembic import op
${imports + "\n" if imports else ""}
revision: str = ${literal(identifier)}
down_revision: ${"tuple[str, ...]" if isinstance(down_revision, tuple) else "str | None"} = ${literal(down_revision)}
branch_labels: ${"tuple[str, ...]" if isinstance(branch_labels, tuple) else "str | None"} = ${literal(branch_labels)}
depends_on: ${"tuple[str, ...]" if isinstance(depends_on, tuple) else "str | None"} = ${literal(depends_on)}


def upgrade() -> None:
    """Upgrade the schema."""
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    """Return the schema to what it was."""
    ${downgrades if downgrades else "pass"}
