"""What only follows from the fault of another revision is not reported as one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from revgate.roundtrip.observed import AGAIN

ProjectMaker = Callable[..., Any]
ROWS = False

CREATES = """
def upgrade():
    op.execute("CREATE TABLE t (a int); CREATE INDEX ix ON t (a)")


def downgrade():
    op.drop_index("ix")
    op.drop_table("t")
"""
LOSES = """
def upgrade():
    op.drop_index("ix")


def downgrade():
    pass
"""


def test_a_downgrade_that_fails_after_the_loss_of_a_later_one(project: ProjectMaker) -> None:
    observed = project(CREATES, LOSES).run()
    lost = [(each.step.revision.id, each.change.how) for each in observed.after_downgrade]
    assert lost == [("r2", "gone")]
    failed = [(each.step.revision.id, each.during) for each in observed.failures]
    assert failed == [("r2", AGAIN)], "`r1` works on the schema that it was written for"
