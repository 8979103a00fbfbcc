"""The form that file names have taken to."""

from __future__ import annotations

import pytest

from revgate.history.habit import derive, form_of
from revgate.history.names import read_name
from revgate.history.revision import Revision

HASH = "ae1027a6acf4"


@pytest.mark.parametrize(
    ("name", "key", "form"),
    [
        ("ae1027a6acf4_add_users.py", HASH, r"[0-9a-f]{12}_(?P<slug>\w+)"),
        (
            "2025_01_31_1200-ae1027a6acf4_add_users.py",
            HASH,
            r"(?P<stamp>[0-9]{4}_[0-9]{2}_[0-9]{2}_[0-9]{4})-[0-9a-f]{12}_(?P<slug>\w+)",
        ),
        ("20250131_2fa.py", HASH, r"(?P<stamp>[0-9]{8})_(?P<slug>\w+)"),
        (
            "20250131_123456789012_x.py",
            "123456789012",
            r"(?P<stamp>[0-9]{8})_[0-9]{12}_(?P<slug>\w+)",
        ),
        ("0349_add_users.py", "0349_add_users", r"[0-9]{4}_(?P<slug>\w+)"),
        ("0000_2_6_2_squashed.py", HASH, r"[0-9]{4}_(?P<slug>\w+)"),
        ("main_0001_initial.py", "main_0001", None),
        ("059_v3.4_alembic.py", "059", r"[0-9]{3}_(?P<slug>.+)"),
        ("0001_initial.py", "0001", r"[0-9]{4}_(?P<slug>\w+)"),
        ("0001_initial.py", HASH, r"[0-9]{4}_(?P<slug>\w+)"),
        ("1700000000_add.py", HASH, r"[0-9]{10}_(?P<slug>\w+)"),
        (
            "2025-01-31-add-users.py",
            HASH,
            r"(?P<stamp>[0-9]{4}-[0-9]{2}-[0-9]{2})-(?P<slug>[\w-]+)",
        ),
        ("20250131120000_ünï.py", HASH, r"(?P<stamp>[0-9]{14})_(?P<slug>.+)"),
        ("add_users.py", HASH, None),
        ("ae1027a6acf4.py", HASH, None),
        ("ae1027a6acf4_.py", HASH, None),
        ("add_users_ae1027a6acf4.py", HASH, None),
        ("20251301_no_month.py", HASH, r"[0-9]{8}_(?P<slug>\w+)"),
        ("1.2.3_release.py", "1.2.3", r"[0-9]{1}\.(?P<slug>.+)"),
    ],
)
def test_a_name_gives_a_pattern(name: str, key: str, form: str | None) -> None:
    derived = derive(Revision(name, key))
    if form is not None:
        assert derived == form
    if derived is not None:  # whatever it is, the name that it comes from has it
        assert read_name(name, derived) is not None


def revisions(*names: str) -> list[Revision]:
    return [Revision(name, name.partition("_")[0]) for name in names]


def test_a_single_revision_decides() -> None:
    assert form_of(revisions("20250101000000_a.py")) == "timestamp"
    assert form_of(revisions(f"{HASH}_a.py")) == r"[0-9a-f]{12}_(?P<slug>\w+)"
    assert form_of(revisions("a.py")) == "any"


def test_without_a_habit_any_name_will_do() -> None:
    assert form_of(revisions("20250101000000_a.py", f"{HASH}_a.py", "b.py", "c.py")) == "any"


def test_a_stamp_that_is_not_the_id_is_another_form() -> None:
    found = form_of(
        [Revision(f"2025010{day}000000_a.py", f"{HASH[:-1]}{day}") for day in (3, 2, 1)]
    )
    assert found == r"(?P<stamp>[0-9]{14})_(?P<slug>\w+)"


def test_what_is_long_past_does_not_count() -> None:
    new = [f"2025{month:02}01000000_a.py" for month in range(12, 2, -1)]
    assert form_of(revisions(*new, f"{HASH}_a.py")) == "timestamp"
