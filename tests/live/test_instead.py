"""What the documentation of a rule shows as an example fires, and what it shows instead is silent.

Each rule has tables of its own, so that two histories have them all.
"""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING, Any

from tests.live.test_recipes import write

from revgate.rules import SCHEMA, all_rules

if TYPE_CHECKING:
    from collections.abc import Callable

    ProjectMaker = Callable[..., Any]
    Repository = Any

TABLES = ("users", "orders", "visits", "subscriptions", "members")
GROUND = """
CREATE TABLE users (id bigint PRIMARY KEY, email text, plan text);
CREATE TABLE subscriptions (id bigint PRIMARY KEY, customer_id bigint, plan_id bigint);
CREATE TABLE orders (id bigint PRIMARY KEY, user_id bigint, status text, day date, total int);
"""
OF_ORDERS = ("duplicate-index", "wide-index", "timestamp-without-zone")
"""The rules whose examples change orders; one creates them."""
DOWN = {
    "blocking-lock": "DROP INDEX ix_users_email",
    "char-column": "ALTER TABLE users DROP country",
    "domain-check": "ALTER TABLE users DROP email",
    "duplicate-index": "DROP INDEX ix_orders_user_id_day",
    "enum-type": "ALTER TABLE users DROP mood",
    "json-column": "ALTER TABLE users DROP preferences",
    "missing-lock-timeout": "ALTER TABLE users DROP nickname",
    "missing-primary-key": "DROP TABLE visits",
    "missing-statement-timeout": "ALTER TABLE users DROP nickname",
    "narrow-primary-key": "DROP TABLE visits",
    "not-resumable": "DROP INDEX ix_users_email",
    "timestamp-without-zone": "ALTER TABLE orders DROP paid_at",
    "truncated-name": "DROP INDEX ix_subscriptions_customer",
    "unbounded-change": "UPDATE users SET plan = NULL WHERE id < 0",
    "unindexed-foreign-key": "DROP TABLE orders",
    "unnamed-constraint": "DROP TABLE members",
    "unqualified-name": "DROP TABLE visits",
    "varchar-column": "ALTER TABLE users DROP nickname",
    "wide-index": "DROP INDEX ix_orders_search",
    # The last one, since what it leaves behind holds for the others.
    "leftover-session-setting": "ALTER TABLE users DROP nickname",
}
"""The rules whose documentation is followed, with the downgrade that belongs to it."""
VARIANTS = (
    (
        "enum-type",
        """
        def upgrade():
            kind = sa.Enum("low", "high", native_enum=False)
            op.add_column("users", sa.Column("kind", kind))
        """,
        "ALTER TABLE users DROP kind",
    ),
    (
        "enum-type",
        """
        def upgrade():
            op.execute("ALTER TABLE users VALIDATE CONSTRAINT ck_users_mood")
        """,
        """ALTER TABLE users DROP CONSTRAINT ck_users_mood, ADD CONSTRAINT ck_users_mood
        CHECK (mood IN ('low', 'high')) NOT VALID""",
    ),
)
"""Other ways that the help names, and the next revisions."""
TIMEOUTS = 'connect_args={"options": "-c lock_timeout=5s -c statement_timeout=5s"},'


def shown(rule: str, title: str) -> str:
    """Return the code under a heading of a rule's documentation."""
    text = all_rules()[rule].documentation
    found = re.search(rf"## {title}\n(.*?)(?=\n## |\Z)", text, re.DOTALL)
    assert found
    return textwrap.dedent(found[1])


def owned(rule: str, text: str) -> str:
    """Return a text in which tables, indexes and constraints are those of a rule."""
    suffix = list(DOWN).index(rule)
    return re.sub(rf"(?<![a-z])({'|'.join(TABLES)})(?![a-z])", rf"\g<1>{suffix}", text)


def ground() -> str:
    statements = []
    for rule in DOWN:
        made = GROUND
        if rule not in OF_ORDERS:
            made = re.sub("CREATE TABLE orders[^;]*", "", made)
        if rule == "domain-check":  # adds this one
            made = made.replace("email text, ", "")
        statements.append(owned(rule, made))
    again = "DROP SCHEMA public CASCADE; CREATE SCHEMA public"
    down = f"\n\ndef downgrade():\n    op.execute({again!r})\n"
    return f"def upgrade():\n    op.execute({''.join(statements)!r})\n{down}"


def revision(rule: str, code: str, undo: str) -> str:
    down = f"\n\ndef downgrade():\n    op.execute({undo!r})\n"
    return owned(rule, f"{code.strip()}\n{down}")


def test_each_example_is_reported(project: ProjectMaker) -> None:
    bodies = [revision(rule, shown(rule, "Example"), undo) for rule, undo in DOWN.items()]
    observed = project(ground(), *bodies).run(judges_schema=True)

    assert not [each.message for each in observed.failures if each.during == "upgrade"]
    for number, name in enumerate(DOWN, 2):
        found = [each.revision for each in all_rules()[name].check(observed)]
        assert f"r{number}" in found, name


def test_what_is_shown_instead_is_not(repository: Repository, sync_env: str) -> None:
    cases = [(rule, shown(rule, "Instead"), undo) for rule, undo in DOWN.items()] + [*VARIANTS]
    bodies = [revision(rule, textwrap.dedent(code), undo) for rule, code, undo in cases]
    env = sync_env.replace("poolclass=", f"{TIMEOUTS} poolclass=")
    repository.write("migrations/env.py", env)
    write(repository, [ground(), *bodies])
    judged = repository.judge("gate")

    others = {each.name for each in all_rules().values() if each.group is SCHEMA}
    found = []
    for each in judged.told["findings"]:
        rule = cases[int(each["revision"][1:]) - 2][0]
        if each["rule"] == rule or each["rule"] not in others:
            found.append(f"{rule}: {each['rule']}: {each['message']}")
    assert not found, "\n".join(found)


def test_every_rule_on_schemas_is_followed() -> None:
    assert {each.name for each in all_rules().values() if each.group is SCHEMA} <= {*DOWN}
