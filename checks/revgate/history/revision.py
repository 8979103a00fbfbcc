"""The facts of one revision file, as data, at three depths.

`Revision` is what the graph needs, and cheap for ten thousand files; `Head` adds the docstring
and the file name; `Script` adds what the two functions do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from revgate.findings import Position
    from revgate.history.names import Named

NOWHERE: Position = (1, 1)


class Stated(NamedTuple):
    """One line of the docstring header, such as `Revises: efaa6e584823`."""

    text: str
    """Stripped; may be empty, as for `Revises:` in the first revision."""
    position: Position


class Header(NamedTuple):
    """What the docstring says about the revision; None for a missing line."""

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
    """It covers findings from its own line to this one: the next line of code, or the last line
    of the function that begins there."""
    function: tuple[int, int] = (0, 0)
    """First and last line of the function that it is in, which it covers as a whole for rules on
    `downgrade()`; zeros outside of functions."""


class Import(NamedTuple):
    """An imported module, other than the standard library, Alembic and SQLAlchemy."""

    module: str
    """The dotted name, with the leading dots of a relative import."""
    position: Position


class Revision(NamedTuple):
    """The identifiers at the top of a revision file, from which the graph is built."""

    path: str
    """Relative to the repository root, with forward slashes."""
    id: str
    parents: tuple[str, ...] = ()
    """`down_revision`, always as a tuple; empty for a base."""
    labels: tuple[str, ...] = ()
    """`branch_labels`; empty if computed, in which case `computed` names it."""
    depends_on: tuple[str, ...] = ()
    id_at: Position = NOWHERE
    parents_at: Position = NOWHERE
    labels_at: Position = NOWHERE
    depends_on_at: Position = NOWHERE
    computed: tuple[str, ...] = ()
    """Which of `branch_labels` and `depends_on` have a value that is not a literal."""
    allows: tuple[Allow, ...] = ()
    imports: tuple[Import, ...] = ()
    stamp: str = ""
    """The digits of the timestamp in the file name; empty if the name has another form."""

    @property
    def name(self) -> str:
        """The file name, without folders."""
        return self.path.rpartition("/")[2]


class Problem(NamedTuple):
    """Why a file cannot be read as a revision."""

    message: str
    help: str
    position: Position = NOWHERE


class Unreadable(NamedTuple):
    """A file that should be a revision but cannot be read as one; never ignored silently."""

    path: str
    problems: tuple[Problem, ...]
    id: str | None = None
    """The id, if at least that could be read, so that its children are not reported too."""

    @classmethod
    def of(cls, path: str, reason: str) -> Unreadable:
        """Describe a file whose content is not available."""
        problem = Problem(
            f"the file cannot be read: {reason}",
            "restore the file, or remove it from the folder of the revisions",
        )
        return cls(path, (problem,))


class Function(NamedTuple):
    """`upgrade()` or `downgrade()` of one file."""

    kind: str
    """`absent`, `empty` (does nothing), `raises` (only raises), `code`, or `hidden` (decorated)."""
    position: Position = NOWHERE
    """Of `def`."""
    body: Position = NOWHERE
    """Of the first statement that does something, which may be a `raise`."""
    name: str = ""
    """Such as `downgrade`; with several databases, `downgrade_users`."""
    near: str = ""
    """If absent: a similar name that the file defines, as in `def upgarde()`."""
    only_looks: bool = False
    """Whether its code certainly changes nothing, though it may ask the database."""

    @property
    def is_absent(self) -> bool:
        """Whether the file does not define the function."""
        return self.kind == "absent"

    @property
    def is_empty(self) -> bool:
        """Whether the function exists and changes nothing."""
        return self.kind == "empty" or self.only_looks

    @property
    def does_something(self) -> bool:
        """Whether the function has an effect that would have to be reversed."""
        return self.kind == "code" and not self.only_looks

    @property
    def raises(self) -> bool:
        """Whether the function only raises."""
        return self.kind == "raises"


ANY_COLUMN = "*"
"""Stands for columns that an expression, a condition or `INCLUDE` may mention."""


class Effect(NamedTuple):
    """One object that a statement creates or drops."""

    action: str
    """`create` or `drop`; `touch` where it may have existed before, or be gone already
    (OR REPLACE, IF NOT EXISTS, IF EXISTS)."""
    kind: str
    """`table`, `column`, `index`, `constraint`, `type`, `view`, `function`, ..."""
    name: str | None
    """None where a naming convention chooses the name."""
    table: str = ""
    """Of a column, an index, a constraint or a trigger; empty where the text does not say. Of a
    renamed table, its former name."""
    line: int = 1
    column: int = 1
    columns: tuple[str, ...] = ()
    """The columns of an index or a constraint; `ANY_COLUMN` is one of them where it may depend on
    others too. Of a partition, its parent."""
    form: str = ""
    """How to drop it with an operation: the type of a constraint, `f` for a name in `op.f(...)`,
    `sql` for what was created in SQL."""


class Effects(NamedTuple):
    """What one function does to the schema."""

    effects: tuple[Effect, ...] = ()
    complete: bool = True
    """False where the function calls something that could not be read."""


class UnknownEffectError(Exception):
    """The text does not show what a statement does."""


class FrozenDefault(NamedTuple):
    """A default that PostgreSQL evaluates once, when the column is created."""

    text: str
    position: Position
    """Of the string."""


class UnnamedDrop(NamedTuple):
    """A constraint or an index that is dropped without a name."""

    operation: str
    """`drop_constraint` or `drop_index`."""
    position: Position


class Pair(NamedTuple):
    """The two functions for one of several databases."""

    upgrade: Function
    downgrade: Function
    upgrade_effects: Effects
    downgrade_effects: Effects


class Head(NamedTuple):
    """The top of one revision file, and its name: the subject of naming rules."""

    revision: Revision
    header: Header
    named: Named | None
    """The file name, split; None if it does not have the required form."""
    form: str
    """The required form: the setting `file-name`."""
    upgrades: tuple[Function, ...] = ()
    """`upgrade()`, and with several databases the one of each; empty where only the top was read,
    which requires that `upgrade()` certainly exists."""


class Script(NamedTuple):
    """One whole revision file: its top, and what its two functions do."""

    revision: Revision
    header: Header
    upgrade: Function
    downgrade: Function
    upgrade_effects: Effects
    downgrade_effects: Effects
    frozen_defaults: tuple[FrozenDefault, ...] = ()
    unnamed_drops: tuple[UnnamedDrop, ...] = ()
    engines: tuple[Pair, ...] = ()
    """With several databases, the functions of each."""

    def upgrades(self) -> Iterator[Function]:
        """Yield `upgrade()`, and with several databases that of each."""
        yield self.upgrade
        for pair in self.engines:
            yield pair.upgrade

    def by_engine(self) -> Iterator[Script]:
        """Yield a script for each database; the script itself if there is only one."""
        if not self.engines:
            yield self
        for number, pair in enumerate(self.engines):
            script = self._replace(
                upgrade=pair.upgrade,
                downgrade=pair.downgrade,
                upgrade_effects=pair.upgrade_effects,
                downgrade_effects=pair.downgrade_effects,
            )
            # What was found in the whole file is reported once.
            yield script if number == 0 else script._replace(frozen_defaults=(), unnamed_drops=())
