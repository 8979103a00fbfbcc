"""The id of a revision is not the timestamp of its file.

## Why it hurts
`alembic current` and `alembic history` print ids. When the id is the file's timestamp, the file
is found at a glance and the order of two ids is plain; when it is another one, it misleads.

## Example
    # 20251118120000_add_user_preferences.py
    revision = "ae1027a6acf4"

## Instead
    # 20251118120000_add_user_preferences.py
    revision = "20251118120000"

Asked only where `file-name` is `"timestamp"`.
"""

from typing import TYPE_CHECKING

from revgate.rules import ERROR, NAMING, Finding, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from revgate.history.history import History


@rule(severity=ERROR, group=NAMING)
def revision_id(history: "History") -> "Iterator[Finding]":
    """Yield each revision whose id differs from the timestamp in its file name."""
    if history.scope.file_name != "timestamp":
        return
    for revision in history.judged:
        named = history.named(revision)
        if named is not None and named.stamp is not None and revision.id != named.stamp:
            yield Finding.at(
                revision,
                revision.id_at,
                f"the id `{revision.id}` is not the timestamp `{named.stamp}` of its file",
                help=f'write `revision = "{named.stamp}"`, and the same in the `down_revision` of'
                " what follows; a revision that has run somewhere keeps its id: rename the file",
            )
