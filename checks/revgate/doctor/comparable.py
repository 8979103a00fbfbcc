"""What of a database's catalogue says which revision it is at, and what is somebody else's affair.

Knows kinds of objects; nothing of servers.
"""

from collections.abc import Iterable

from revgate.roundtrip.snapshot import Snapshot

_OF_THE_SERVER = frozenset(
    ("default privileges", "grant", "owner", "role", "setting", "subscription", "user mapping")
)
"""Kinds that differ between two installations of one application: who owns it, and who may what."""


def comparable(snapshot: Snapshot, extensions: Iterable[str]) -> Snapshot:
    """Return what is compared.

    Args:
        snapshot: A catalogue.
        extensions: Names of those that the history knows; others are the operators' tools.
    """
    known = frozenset(extensions)
    return {
        key: (owner_kind, owner, "" if key[0] in ("extension", "schema") else facts)
        for key, (owner_kind, owner, facts) in snapshot.items()
        if key[0] not in _OF_THE_SERVER
        and (key[0] != "extension" or key[1] in known)
        # What is said of an extension is not the application's either.
        and owner_kind != "extension"
        and key != ("schema", "public")
    }


def extensions_of(snapshots: Iterable[Snapshot]) -> frozenset[str]:
    """Return the names of all extensions that some state has."""
    return frozenset(name for each in snapshots for kind, name in each if kind == "extension")
