"""The facts of one revision file, as data.

Knows neither how they were read nor what is wrong with them. Three depths: `Revision` is what the
graph needs, and cheap to have for ten thousand files; `Head` adds the docstring and the file's
name; `Script` adds what the two functions do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from revgate.findings import Position
    from revgate.history.defaults import FrozenDefault
    from revgate.history.names import Named
    from revgate.history.operations import Effects

NOWHERE: Position = (1, 1)


class Stated(NamedTuple):
    """One line of the docstring header, such as `Revises: efaa6e584823`."""

    text: str
    """Stripped; may be empty, as after `Revises:` in the first revision."""
    position: Position


class Header(NamedTuple):
    """What the docstring says of the revision; None where a line is absent."""

    revision_id: Stated | None = None
    revises: Stated | None = None
    create_date: Stated | None = None


class Allow(NamedTuple):
    """An inline `# revgate: allow[rule, rule] reason`."""

    rules: tuple[str, ...]
    reason: str
    position: Position
    """Of the comment."""
    last: int
    """It covers findings from its own line to this one: the next line of code, or the whole of
    the function that begins there."""


class Import(NamedTuple):
    """A module that a file imports, other than Python's own, Alembic and SQLAlchemy."""

    module: str
    """Dotted, as written; with the leading dots of a relative import."""
    position: Position


class Revision(NamedTuple):
    """What a revision file says of itself: what the graph is made from, and cached."""

    path: str
    """Relative to the repository root, with forward slashes."""
    id: str
    parents: tuple[str, ...] = ()
    """`down_revision`, always as a tuple; empty for a base."""
    labels: tuple[str, ...] = ()
    """`branch_labels`; a label that is computed is left out, and `computed` names it."""
    depends_on: tuple[str, ...] = ()
    id_at: Position = NOWHERE
    parents_at: Position = NOWHERE
    labels_at: Position = NOWHERE
    depends_on_at: Position = NOWHERE
    computed: tuple[str, ...] = ()
    """Names among `branch_labels` and `depends_on` whose value is no literal."""
    allows: tuple[Allow, ...] = ()
    imports: tuple[Import, ...] = ()
    stamp: str = ""
    """The digits of the time in the file name; empty where the name has not the wanted form."""

    @property
    def name(self) -> str:
        """The file's name, without folders."""
        return self.path.rpartition("/")[2]


class Problem(NamedTuple):
    """Why a file cannot be read as a revision."""

    message: str
    help: str
    position: Position = NOWHERE


class Unreadable(NamedTuple):
    """A file that should be a revision and is not; never dropped in silence."""

    path: str
    problems: tuple[Problem, ...]
    id: str | None = None
    """The id, where at least that could be read: its children are then not parentless too."""

    @classmethod
    def of(cls, path: str, reason: str) -> Unreadable:
        """Describe a file whose bytes cannot be had."""
        problem = Problem(
            f"the file cannot be read: {reason}",
            "give the file back, or remove it from the folder of the revisions",
        )
        return cls(path, (problem,))


class Function(NamedTuple):
    """`upgrade()` or `downgrade()` of one file."""

    kind: str
    """`absent`, `empty` (does nothing), `raises` (does nothing but raise), or `code`."""
    position: Position = NOWHERE
    """Of `def`."""
    body: Position = NOWHERE
    """Of the first statement that does something: of the `raise`, where raising is all."""

    @property
    def is_absent(self) -> bool:
        """Whether the file has no such function."""
        return self.kind == "absent"

    @property
    def is_empty(self) -> bool:
        """Whether the function is there and does nothing."""
        return self.kind == "empty"

    @property
    def does_something(self) -> bool:
        """Whether there is anything that would have to be taken back."""
        return self.kind == "code"

    @property
    def raises(self) -> bool:
        """Whether raising is all that the function does."""
        return self.kind == "raises"


class Head(NamedTuple):
    """The top of one revision file, and its name: what naming rules judge."""

    revision: Revision
    header: Header
    named: Named | None
    """The file's name taken apart; None where it has not the form that is asked for."""
    form: str
    """The form that is asked for: the setting `file-name`."""


class Script(NamedTuple):
    """One whole revision file: its top, and what its two functions do."""

    revision: Revision
    header: Header
    upgrade: Function
    downgrade: Function
    upgrade_effects: Effects
    downgrade_effects: Effects
    frozen_defaults: tuple[FrozenDefault, ...] = ()
