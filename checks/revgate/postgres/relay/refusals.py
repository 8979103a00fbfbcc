"""Which statements reach beyond the throwaway databases and are refused.

Works on tokens; statements that a function or a DO block assembles at run time cannot be seen.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from revgate.postgres.relay.lexis import OTHER, STRING, WORD, Token, tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence


class Own(NamedTuple):
    """What belongs to the run on a shared server."""

    prefix: str
    """What the names of its databases start with."""
    others: frozenset[str] = frozenset()
    """Roles that existed before the run."""

    def has_database(self, name: str) -> bool:
        """Return whether a database is one of this run's."""
        return name.startswith(self.prefix)

    def is_others(self, role: Token) -> bool:
        """Return whether a role existed before the run, as the connected user did."""
        return role.text in self.others or (role.kind == WORD and role.text in _PSEUDO_ROLES)


_PSEUDO_ROLES = ("all", "current_role", "current_user", "session_user", "user")
_FUNCTIONS = re.compile(
    r"dblink(_\w+)?|pg_(terminate|cancel)_backend|pg_reload_conf|pg_rotate_logfile\w*|pg_promote"
    r"|pg_switch_wal|pg_create_restore_point|pg_wal_replay_\w+|pg_(start|stop)_backup"
    r"|pg_backup_(start|stop)|pg_(create|copy)_(physical|logical)_replication_slot"
    r"|pg_drop_replication_slot|pg_replication_slot_advance|pg_sync_replication_slots"
    r"|pg_replication_origin_\w+|pg_logical_slot_\w+|pg_stat_reset_(shared|slru|replication_slot)"
    r"|pg_log_backend_memory_contexts|lo_import|lo_export|pg_file_(write|rename|unlink|sync)"
    r"|pg_read_(binary_)?file\w*|pg_ls_\w*dir|pg_logdir_ls|pg_stat_file"
)
_CATALOGS = (
    "pg_auth_members", "pg_authid", "pg_database", "pg_db_role_setting", "pg_parameter_acl",
    "pg_replication_origin", "pg_seclabel", "pg_shdepend", "pg_shdescription", "pg_shseclabel",
    "pg_subscription", "pg_tablespace",
)  # fmt: skip
# Every refused statement contains one of these words, wherever its comments and quotes are.
_SUSPICIOUS = re.compile(
    r"(?i)\b(?:system|database|tablespace|role|user|group|owned|parameter|subscription|server"
    r"|program|copy|grant|revoke|" + "|".join(_CATALOGS) + r")\b|u&\"|\b(?:dblink|pg_|lo_(?:im|ex))"
)
_DEEPEST = 5


def refused(text: str, own: Own) -> str | None:
    """Return what in a text reaches beyond the run's databases; None if nothing does."""
    if not _SUSPICIOUS.search(text):
        return None
    ways = (False, True) if "\\" in text else (False,)
    return next(filter(None, (_search(text, own, way, 0) for way in ways)), None)


def _search(text: str, own: Own, backslashes: bool, depth: int) -> str | None:  # noqa: FBT001
    for statement in _statements(tokens(text, backslashes=backslashes)):
        for at, token in enumerate(statement):
            what = _refused_at(statement, at, own) if token.is_name else None
            if what:
                return what
        if depth < _DEEPEST:
            for body in _bodies(statement, inside=depth > 0):
                what = _search(body, own, backslashes, depth + 1)
                if what:
                    return what
    return None


def _statements(found: Sequence[Token]) -> Iterator[list[Token]]:
    begin = 0
    for at, token in enumerate(found):
        if token.text == ";" and token.kind != STRING:
            yield list(found[begin:at])
            begin = at + 1
    yield list(found[begin:])


def _bodies(statement: Sequence[Token], *, inside: bool) -> Iterator[str]:
    """Yield the strings in a statement that contain statements."""
    words = [token.text if token.kind == WORD else "" for token in statement]
    strings = [token.text for token in statement if token.kind == STRING]
    makes = "create" in words and ("function" in words or "procedure" in words)
    if words[:1] == ["do"] or makes:
        yield from strings
    if inside and "execute" in words:
        yield from strings
        yield "".join(strings)


def _refused_at(statement: Sequence[Token], at: int, own: Own) -> str | None:
    token = statement[at]
    if token.kind == WORD and token.text in _RULES:
        return _RULES[token.text](_View(statement, at), own)
    if token.text in _CATALOGS:
        return _catalog(_View(statement, at))
    if _FUNCTIONS.fullmatch(token.text):
        return _function(_View(statement, at))
    return None


class _View(NamedTuple):
    """A statement, seen from one of its tokens."""

    statement: Sequence[Token]
    at: int

    def word(self, offset: int) -> str:
        """Return a nearby word or character; empty for quoted names and strings."""
        at = self.at + offset
        if not 0 <= at < len(self.statement):
            return ""
        token = self.statement[at]
        return token.text if token.kind in (WORD, OTHER) else ""

    def before(self) -> set[str]:
        """Return the words before the token."""
        return {each.text for each in self.statement[: self.at] if each.kind == WORD}

    def after(self) -> list[str]:
        """Return the words and characters after the token; empty for strings."""
        return [self.word(offset) for offset in range(1, len(self.statement) - self.at)]

    def names(self, offset: int = 1) -> list[Token]:
        """Return the names in the list that follows, after IF EXISTS and GROUP."""
        while self.word(offset) in ("if", "exists", "group"):
            offset += 1
        found: list[Token] = []
        for number, token in enumerate(self.statement[self.at + offset :]):
            if not (token.is_name if number % 2 == 0 else token == (OTHER, ",")):
                break
            found.append(token)
        return found[::2]


def _system(view: _View, _own: Own) -> str | None:
    return "ALTER SYSTEM" if view.word(-1) == "alter" else None


def _database(view: _View, own: Own) -> str | None:
    verb = view.word(-1)
    if verb in ("create", "drop"):
        return f"{verb.upper()} DATABASE"
    on = verb == "on" and view.before() & {"grant", "revoke", "comment", "label"}
    inside = verb == "in" and "alter" in view.before()
    if not (verb == "alter" or on or inside):
        return None
    for name in view.names():
        if not own.has_database(name.text):
            return f"a statement about the database `{name.text}`"
    words = view.after()
    if verb == "alter" and ("rename" in words or ("set" in words and "tablespace" in words)):
        return "ALTER DATABASE ... " + ("RENAME" if "rename" in words else "SET TABLESPACE")
    return None


def _tablespace(view: _View, _own: Own) -> str | None:
    verb = view.word(-1)
    if verb in ("create", "alter", "drop"):
        return f"{verb.upper()} TABLESPACE"
    on = verb == "on" and view.before() & {"grant", "revoke", "comment", "label"}
    return "a statement about a tablespace" if on else None


def _role(view: _View, own: Own) -> str | None:
    verb = view.word(-1)
    kind = view.word(0).upper()
    if view.word(1) == "mapping":
        return None
    if verb == "alter":
        names = view.names()[:1]
        if "database" in view.after() and "in" in view.after():
            return None  # a setting of one database, see _database
    elif verb == "drop" or (verb == "on" and view.before() & {"comment", "label"}):
        names = view.names()
    else:
        return None
    for name in names:
        if own.is_others(name):
            return f"{verb.upper()} {kind} `{name.text}`, which existed before this run,"
    return None


def _owned(view: _View, own: Own) -> str | None:
    verb = view.word(-1)
    if verb not in ("reassign", "drop") or view.word(1) != "by":
        return None
    for name in view.names(2):
        if own.is_others(name):
            return f"{verb.upper()} OWNED BY `{name.text}`, which existed before this run,"
    return None


def _parameter(view: _View, _own: Own) -> str | None:
    on = view.word(-1) == "on" and view.before() & {"grant", "revoke"}
    return "GRANT ... ON PARAMETER" if on else None


def _membership(view: _View, own: Own) -> str | None:
    """Refuse to change a membership between two roles that existed before the run."""
    verb, words = view.word(0), view.after()
    to = "to" if verb == "grant" else "from"
    if "on" in words or to not in words or view.word(-1) == "with":
        return None
    start = 1
    if "option" in words[: words.index(to)]:
        start = words.index("for") + 2 if "for" in words else 1
    granted, members = view.names(start), view.names(words.index(to) + 2)
    if granted and all(map(own.is_others, granted)) and any(map(own.is_others, members)):
        return f"{verb.upper()} `{granted[0].text}`, a role that existed before this run,"
    return None


def _subscription(view: _View, _own: Own) -> str | None:
    verb, text = view.word(-1), " ".join(view.after())
    without_slot = re.search(r"\bslot_name = none\b", text)
    if verb == "create":
        # Without a slot name, dropping the subscription connects to nothing either.
        harmless = without_slot and re.search(r"\bconnect = (false|off|0)\b", text)
        return None if harmless else "CREATE SUBSCRIPTION"
    if verb == "alter":
        harmless = without_slot or re.search(r"\b(disable|owner to|rename to)\b", text)
        return None if harmless else "ALTER SUBSCRIPTION"
    return None


_ELSEWHERE = {"host", "hostaddr", "port", "service", "dbname"}
_WRAPPERS = {"postgres_fdw", "dblink_fdw"}


def _server(view: _View, _own: Own) -> str | None:
    verb = view.word(-1)
    if verb not in ("create", "alter"):
        return None
    options = {token.text for token in view.statement[view.at :] if token.is_name}
    return f"{verb.upper()} SERVER" if options & (_ELSEWHERE | _WRAPPERS) else None


def _program(view: _View, _own: Own) -> str | None:
    following = view.statement[view.at + 1 : view.at + 2]
    if not following or following[0].kind != STRING:
        return None
    if view.word(-1) in ("to", "from") and "copy" in view.before():
        return "COPY ... PROGRAM"
    return "a foreign table of a program" if "foreign" in view.before() else None


def _copy(view: _View, _own: Own) -> str | None:
    depth = 0
    for token, following in zip(
        view.statement[view.at :], view.statement[view.at + 1 :], strict=False
    ):
        depth += {"(": 1, ")": -1}.get(token.text, 0) if token.kind != STRING else 0
        if depth == 0 and token == (WORD, "to") and following.kind == STRING:
            return "COPY ... TO a file of the server"
    return None


def _function(view: _View) -> str | None:
    name = view.statement[view.at].text
    if view.word(1) != "(":
        return None
    schema = view.word(-1) == "."
    if view.word(-3 if schema else -1) in ("function", "routine") and view.before() & {
        "grant", "revoke", "comment", "alter", "drop",
    }:  # fmt: skip
        return None
    if name in ("pg_terminate_backend", "pg_cancel_backend") and _ends_own_sessions(view):
        return None
    return f"{name}()"


def _ends_own_sessions(view: _View) -> bool:
    """Return whether it ends only its own session, or those of its own database."""
    text = " ".join(view.after())
    if text.startswith("( pg_backend_pid ( ) )"):
        return True
    only_here = re.search(r"\bdatname = current_database \( \)", text) or re.search(
        r"\bcurrent_database \( \) = (?:\w+ \. )?datname\b", text
    )
    return bool(only_here) and not re.search(r"\b(or|not|union|case)\b", text)


def _catalog(view: _View) -> str | None:
    at = -1
    if view.word(at) == "." and view.word(at - 1) == "pg_catalog":
        at -= 2
    while view.word(at) in ("only", "table"):
        at -= 1
    verb = view.word(at)
    changes = verb in ("update", "into", "truncate", "alter")
    if changes or (verb == "from" and view.word(at - 1) == "delete"):
        return f"a change of the catalog `{view.statement[view.at].text}`"
    return None


_RULES: dict[str, Callable[[_View, Own], str | None]] = {
    "copy": _copy,
    "database": _database,
    "grant": _membership,
    "group": _role,
    "owned": _owned,
    "parameter": _parameter,
    "program": _program,
    "revoke": _membership,
    "role": _role,
    "server": _server,
    "subscription": _subscription,
    "system": _system,
    "tablespace": _tablespace,
    "user": _role,
}
