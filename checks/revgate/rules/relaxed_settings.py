"""A change relaxes the settings that would judge it.

A change is judged by the settings of the target branch, so that none can switch off its own gate.
What it relaxes holds once it is merged: for the next change, not for itself. Reported are more
ignored rules, fewer enabled ones, a lower severity, a later `baseline`, another `file-name`,
`linear = false`, more `branches`, a greater `large-table`, an environment that is left out, a
`head-file`, `schema-file`, `table-sizes` or `expect-tables` that is removed, fewer entries of
`published`, and new entries of `allow-published`, `allow-squash` and `ignore-objects`. So are
settings that hide from the round trip what a revision lacks in production: more `roles`, `schemas`
or `extensions`, another `prepare` or another content of its file, `superuser` that is no longer
false, and `network = true`, which isolates the run less.

## Why it hurts
A line in a settings file is easy to miss in a review, and it takes effect on every later change.

## Example
    # pyproject.toml, in the same pull request as a second head
    [tool.revgate]
    ignore = ["branching-merge"]

## Instead
    # a pull request of its own that says why; the one that needs it comes after it
    [tool.revgate]
    ignore = ["timestamp-order"]
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from revgate.rules import ERROR, HOUSEKEEPING, WARNING, Finding, all_rules, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from revgate.rules import SettingsChange
    from revgate.settings import Scope, Settings


_LATER = (
    "the settings of the target branch judge this change; if it needs the new ones, merge them"
    " first, in a pull request of their own"
)
_AT_ONCE = (
    "it describes production, so it counts for this change already: make sure that it is true there"
)
_TO_WARNING = (ERROR, WARNING)
_DESCRIBING = ("roles", "schemas", "extensions", "ignore-objects", "prepare")


@rule(severity=WARNING, group=HOUSEKEEPING)
def relaxed_settings(change: SettingsChange) -> Iterator[Finding]:
    """Yield each setting that would be less strict after the merge."""
    for key, fact in _relaxed(change):
        yield Finding(
            message=fact,
            help=_AT_ONCE if key in _DESCRIBING else _LATER,
            path=change.path,
            line=change.line_of(key),
        )


def _relaxed(change: SettingsChange) -> Iterator[tuple[str, str]]:
    before, after = change.before, change.after
    yield from _rules(before, after)
    yield from _scope(change, before.scope, after.scope, "")
    after_scopes = {(each.config, each.section): each.scope for each in after.environments}
    for each in before.environments:
        scope = after_scopes.get((each.config, each.section), after.scope)
        if (each.scope, scope) != (before.scope, after.scope):
            yield from _scope(change, each.scope, scope, f" for `{each.name}`")
    for name in change.left_out:
        yield "environment", f"the environment `{name}` would not be checked"
    known = {key for key, _ in before.allow_published}
    for key, _ in after.allow_published:
        if key not in known:
            yield "allow-published", f"the published revision `{key}` could be changed"
    if after.allow_squash is not None and after.allow_squash != before.allow_squash:
        what = f"the published revisions up to `{after.allow_squash}`"
        yield "allow-squash", f"{what} could be replaced by one"
    yield from _looser_runs(before, after)
    for path in change.rewritten:
        yield "prepare", f"`{path}`, which runs before the first revision, is another one"


def _looser_runs(before: Settings, after: Settings) -> Iterator[tuple[str, str]]:
    """Yield what the round trip would no longer see."""
    made = (
        ("roles", "role", before.roles, after.roles),
        ("schemas", "schema", before.schemas, after.schemas),
        ("extensions", "extension", before.extensions, after.extensions),
    )
    for key, noun, old, new in made:
        for name in sorted({*new} - {*old}):
            yield key, f"the {noun} `{name}` would exist before the first revision"
    for pattern in sorted({*after.ignore_objects} - {*before.ignore_objects}):
        yield "ignore-objects", f"objects that match `{pattern}` would not be compared"
    if after.superuser and not before.superuser:
        yield "superuser", "the history would run as a superuser again"
    if after.network and not before.network:
        yield "network", "`env.py` could open network connections"


def _rules(before: Settings, after: Settings) -> Iterator[tuple[str, str]]:
    for name in sorted({*after.ignore} - {*before.ignore}):
        yield "ignore", f"`{name}` would be ignored"
    for name in sorted({*before.enable} - {*after.enable}):
        yield "enable", f"`{name}` would no longer be enabled"
    for name, what in _lowered(before, after):
        yield "severity", f"`{name}` would be only a warning{what}"
    if before.table_sizes is not None and after.table_sizes is None:
        yield "table-sizes", "what blocks a large table would no longer be an error"
    if after.large_table > before.large_table:
        yield "large-table", f"tables of less than {after.large_table} MB would count as small"


def _lowered(before: Settings, after: Settings) -> Iterator[tuple[str, str]]:
    """Yield each rule that would be milder, and where, if it is not so everywhere."""
    old, new = dict(before.severity), dict(after.severity)
    for name in sorted({*old, *new}):
        rule_ = all_rules()[name]
        was, is_ = rule_.with_severity(old.get(name)), rule_.with_severity(new.get(name))
        proved = (was.proved or was.severity, is_.proved or is_.severity)
        if proved == _TO_WARNING:
            yield name, ""
        elif (was.severity, is_.severity) == _TO_WARNING:
            yield name, " unless the models of the target branch prove it"


def _scope(
    change: SettingsChange, before: Scope, after: Scope, where: str
) -> Iterator[tuple[str, str]]:
    if after.baseline not in (None, before.baseline) and not change.is_before(
        after.baseline, before.baseline
    ):
        yield "baseline", f"the baseline would be `{after.baseline}`{where}, a later revision"
    if after.file_name != before.file_name:
        yield "file-name", f"`file-name` would be `{after.file_name}`{where}"
    yield from _unchecked(before, after, where)
    if after.prepare not in (None, before.prepare):
        yield "prepare", f"`{after.prepare}` would run before the first revision{where}"
    if before.linear and not after.linear:
        yield "linear", f"`linear` would be false{where}"
    for label in after.branches:
        if label not in before.branches:
            yield "branches", f"the branch `{label}` could have a head of its own{where}"
    for pattern in before.published:
        if pattern not in after.published:
            yield "published", f"revisions of `{pattern}` would not count as published{where}"


def _unchecked(before: Scope, after: Scope, where: str) -> Iterator[tuple[str, str]]:
    """Yield what nothing would be compared with any more."""
    if before.expect_tables is not None and after.expect_tables is None:
        yield "expect-tables", f"the number of tables would not be checked{where}"
    for key, old, new in (
        ("head-file", before.head_file, after.head_file),
        ("schema-file", before.schema_file, after.schema_file),
    ):
        if old not in (None, new):
            yield key, f"`{old}` would not be compared{where}"
