"""Which changes to published revisions the target branch has agreed to.

It agrees in its settings, once: the change that uses an entry takes it out as well. Or a reviewer
agrees, by an option that the workflow makes of a label.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from revgate.result import Allowed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from revgate.checking.ruling import Ruling
    from revgate.findings import Finding
    from revgate.history.merge import Merge
    from revgate.rules import Rule

EVERYTHING = "all"
_NEVER = "branching-merge"
"""Two heads stop the deployment; no agreement changes that."""
_BY_REVIEWER = "by --allow-published"


class Agreement(NamedTuple):
    """What may change."""

    reasons: dict[str, str]
    """By id of a published revision, or name of an environment."""
    squash: str | None = None
    """The last revision of a squash."""
    everything: bool = False
    kept: frozenset[str] = frozenset()
    """Entries that the change does not use up, since the settings after it have them still."""

    def reason_for(self, finding: Finding, merge: Merge) -> str | None:
        """Return why a reported change is allowed; None if it is not."""
        if self.everything:
            return _BY_REVIEWER
        if merge.squash is not None and finding.revision == merge.squash.last:
            return "by `allow-squash`" if self.squash == merge.squash.last else None
        return self.reasons.get(finding.revision or finding.environment)

    def is_kept(self, finding: Finding, merge: Merge) -> bool:
        """Whether the finding stands only because its entry is still in the settings."""
        squashed = merge.squash is not None and finding.revision == merge.squash.last
        key = "allow-squash" if squashed else finding.revision or finding.environment
        return key in self.kept


NOTHING = Agreement({})


def agreement_of(ruling: Ruling, allowed: Sequence[str]) -> Agreement:
    """Return what the target branch's settings and the command line agree to."""
    reasons = dict.fromkeys(allowed, _BY_REVIEWER)
    if ruling.before is None:
        return Agreement(reasons, everything=EVERYTHING in allowed)
    after = {key for key, _ in ruling.after.allow_published}
    kept = {key for key, _ in ruling.before.allow_published if key in after} - {*allowed}
    squash = ruling.before.allow_squash
    if squash is not None and squash == ruling.after.allow_squash:
        kept, squash = {*kept, "allow-squash"}, None
    once = {key: why for key, why in ruling.before.allow_published if key not in after}
    return Agreement(once | reasons, squash, EVERYTHING in allowed, frozenset(kept))


def take_out_agreed(
    found: Sequence[Finding], rules: Sequence[Rule], merge: Merge, agreement: Agreement
) -> tuple[list[Finding], list[Allowed]]:
    """Part the findings that stand from those that the target branch agreed to.

    Args:
        found: The findings on one environment.
        rules: Those on published revisions, which alone may be agreed to.
        merge: What the rules judged.
        agreement: What may change.
    """
    published = {each.name for each in rules} - {_NEVER}
    left: list[Finding] = []
    agreed: list[Allowed] = []
    for finding in found:
        reason = agreement.reason_for(finding, merge) if finding.rule in published else None
        if reason is not None:
            agreed.append(Allowed(finding, reason))
        elif finding.rule in published and agreement.is_kept(finding, merge):
            left.append(finding._replace(help=_USE_UP))
        else:
            left.append(finding)
    return left, agreed


_USE_UP = (
    "the settings of the target branch allow this once: remove the entry from them in the same"
    " change"
)
