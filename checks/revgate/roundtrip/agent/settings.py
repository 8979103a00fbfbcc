"""Records which settings of the session a step leaves changed."""

from __future__ import annotations

import re
from typing import Any

from .transactions import rows

# Settings that a client cannot list are asked for by name.
_CHANGES = re.compile(
    r"(?:^|;)\s*(?:SET|RESET|DISCARD)\b(?!\s+(?:LOCAL|CONSTRAINTS|TRANSACTION)\b)"
    r"|\bset_config\s*\(|^\s*DO\b|^\s*CALL\b",
    re.IGNORECASE,
)
_NAMED = re.compile(
    r"(?:^|;)\s*SET\s+(?:SESSION\s+)?(?!LOCAL\b)([a-z_][\w.]*)|\bset_config\s*\(\s*'([^']+)'",
    re.IGNORECASE,
)
_LOCAL = re.compile(r"\bSET\s+LOCAL\s+([a-z_][\w.]*)", re.IGNORECASE)
_ALL = """
SELECT name, current_setting(name, true) FROM unnest(ARRAY[{names}]::text[]) AS t (name)
UNION ALL
SELECT name, setting FROM pg_settings WHERE NOT (source = 'default' AND name LIKE '%.%')
"""
"""The defaults of an extension are left out: they only appear once its library is loaded."""
_WORDS = {"authorization": "session_authorization", "names": "client_encoding", "time": "TimeZone"}
"""What the second word of a SET stands for, where it is not a name."""
_OF_TRANSACTION = ("transaction_",)


class Settings:
    """The settings of one step."""

    def __init__(self) -> None:
        self._before: dict[str, Any] | None = None
        self._lines: list[tuple[int, str]] = []
        self._local: set[str] = set()
        """Settings that end with a transaction, and so are not what they seem before its end."""

    def before(self, connection: Any, statement: str, line: int) -> None:
        """Note a statement; what the settings are is asked before the first that may change any."""
        if self._before is None:
            self._local.update(each.lower() for each in _LOCAL.findall(statement))
        if not _CHANGES.search(statement):
            return
        if self._before is None:
            self._before = self._read(connection, ())
        self._lines.append((line, statement))
        for name in self._named():
            if name not in self._before:
                ((_, value),) = rows(connection, f"SELECT 1, current_setting('{name}', true)")
                self._before[name] = value

    def left(self, connection: Any) -> list[dict[str, Any]]:
        """Return the settings that have changed, once the step is committed."""
        if self._before is None:
            return []
        now = self._read(connection, self._named())
        return [
            {"name": name, "before": str(self._before.get(name) or ""), "after": str(value or ""),
             "line": self._line(name)}
            for name, value in now.items()
            if (self._before.get(name) or "") != (value or "")
            and name.lower() not in self._local and not name.startswith(_OF_TRANSACTION)
        ]  # fmt: skip

    def _named(self) -> list[str]:
        found = (_NAMED.findall(statement) for _, statement in self._lines)
        names = {(one or other).lower() for each in found for one, other in each}
        names = {_WORDS.get(name, name) for name in names}
        return sorted(each for each in names if re.fullmatch(r"[\w.]+", each))

    def _read(self, connection: Any, names: Any) -> dict[str, Any]:
        query = _ALL.replace("{names}", ", ".join(f"'{each}'" for each in names))
        return dict(map(tuple, rows(connection, query)))

    def _line(self, name: str) -> int:
        """Return the line of the last statement that names a setting, or else of the last."""
        named = [line for line, text in self._lines if name.lower() in text.lower() and line]
        return (named or [line for line, _ in self._lines])[-1]
