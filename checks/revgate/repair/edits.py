"""Edits one revision file that gets a new parent and, on request, a new id.

The edited text is parsed again before anything is written.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, NamedTuple

from revgate.errors import UsageError
from revgate.history.fingerprint import fingerprint
from revgate.history.parse import parse
from revgate.history.revision import Revision, Script
from revgate.repair.tokens import Edit, RevisionText

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

_DATE = re.compile(r"[\d-]+([T ])[\d:.,]+ ?(Z|[+-]\d\d:?\d\d|UTC)?$")


class Step(NamedTuple):
    """One new revision, and what it becomes."""

    revision: Revision
    parent: str
    id: str
    path: str
    created: datetime | None = None
    """The new timestamp; None if id and time stay."""

    @property
    def is_new_parent(self) -> bool:
        """Whether the parent changes."""
        return self.revision.parents != (self.parent,)


class FileEdit(NamedTuple):
    """One file before and after."""

    path: str
    before: bytes
    new_path: str
    after: bytes
    is_new: bool = False
    """Whether the file is created."""


def change(step: Step, data: bytes, ids: dict[str, str]) -> FileEdit:
    """Work out the change of one file.

    Args:
        step: What the revision becomes.
        data: The file as it is.
        ids: New ids by old ids, for all revisions that get one.

    Raises:
        UsageError: A token cannot be located exactly, or the result would not read as
            intended.
    """
    path = step.revision.path
    script = parse(path, data)
    if not isinstance(script, Script):
        raise UsageError(f"{path}: the file changed while it was read: run this again")
    text = RevisionText(path, data)
    after = text.edited([*_edits(step, script, text, ids)])
    made = FileEdit(path, data, step.path, after)
    _verify(step, script, made, ids)
    return made


def _edits(step: Step, script: Script, text: RevisionText, ids: dict[str, str]) -> Iterator[Edit]:
    header = script.header
    if step.is_new_parent:
        yield _parent(text, step.parent)
        if header.revises is not None:
            yield text.restated(header.revises, step.parent)
    yield from _dependencies(step, text, ids)
    if step.created is None:
        return
    yield _id(text, step.id)
    if header.revision_id is not None:
        yield text.restated(header.revision_id, step.id)
    if header.create_date is not None and header.create_date.text:
        yield text.restated(header.create_date, dated(step.created, header.create_date.text))


def _parent(text: RevisionText, parent: str) -> Edit:
    value = text.value("down_revision")
    match value:
        case ast.Tuple(elts=[one]) | ast.List(elts=[one]) | ast.Set(elts=[one]):
            return text.replaced(one, parent)
        case ast.expr():
            return text.replaced(value, parent)
    raise text.refusal(1, "`down_revision` cannot be located")


def _id(text: RevisionText, key: str) -> Edit:
    value = text.value("revision")
    if value is None:
        raise text.refusal(1, "the file has no `revision`")
    return text.replaced(value, key)


def _dependencies(step: Step, text: RevisionText, ids: dict[str, str]) -> Iterator[Edit]:
    if not ids:
        return
    value = text.value("depends_on")
    if "depends_on" in step.revision.computed and value is not None:
        raise text.refusal(value.lineno, "`depends_on` is computed")
    for node in [value, *getattr(value, "elts", ())]:
        match node:
            case ast.Constant(value=str() as key) if key in ids:
                yield text.replaced(node, ids[key])


def dated(created: datetime, before: str) -> str:
    """Format a time as the line does, in UTC if it names a zone."""
    form = _DATE.match(before)
    separator, zone = form.groups() if form else (" ", None)
    written = created.strftime(f"%Y-%m-%d{separator}%H:%M:%S")
    return written + (("Z" if zone == "Z" else "+00:00") if zone else "")


def _verify(step: Step, before: Script, made: FileEdit, ids: dict[str, str]) -> None:
    """Parse the edited file: it must say what was intended, and nothing else may change."""
    after = parse(step.path, made.after)
    old = before.revision
    if isinstance(after, Script):
        new = after.revision
        depends_on = tuple(dict.fromkeys(ids.get(key, key) for key in old.depends_on))
        said = (new.id, new.parents, new.depends_on, new.labels)
        header = after.header.revises
        if (
            said == (step.id, (step.parent,), depends_on, old.labels)
            and (header is None or not step.is_new_parent or header.text == step.parent)
            and fingerprint(made.after) == fingerprint(made.before)
        ):
            return
    raise UsageError(
        f"{made.path}: the edited file would not read as it should, so nothing was written: edit"
        f" it by hand to `down_revision = {step.parent!r}`"
    )
