"""What is masked, and what must stay as it is said."""

from __future__ import annotations

import pytest

from revgate.postgres.connect import Mask

MASK = Mask(
    {
        "DATABASE_URL": "postgresql://app:p%40ss-word@db/shop",
        "DB_PASSWORD": "correct horse",
        "PGPASSWORD": "postgres",
        "ADMIN_PWD": "short",
        "SECRET": "kept",
    },
    {"OTHER": "redis://:battery@cache"},
    known=["0123456789abcdef"],
)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "postgresql://db/shop",
        "postgresql://app@db/shop",
        "https://example.com/a:b",
        'role "postgres" does not exist',
        'column "password" of relation "users" does not exist',
        "password: field required",
        "UPDATE users SET password = crypt(password, salt)",
        "batterystaple",
        "shortest",
    ],
)
def test_what_is_not_a_password_stays(text: str) -> None:
    assert MASK(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("postgresql+asyncpg://a:b@db", "postgresql+asyncpg://a:***@db"),
        ("postgresql://a:b:c/d?e@db", "postgresql://a:***@db"),
        ("host=db password=abc user=x", "host=db password=*** user=x"),
        ("connect(password='a b', user='x')", "connect(password=***, user='x')"),
        ("{'password': 'abc', 'port': 1}", "{'password': '***', 'port': 1}"),
        ("CREATE ROLE a LOGIN PASSWORD 'it''s'", "CREATE ROLE a LOGIN PASSWORD '***'"),
        ("INSERT INTO a SET password = 'x'", "INSERT INTO a SET password = '***'"),
        ("CREATE ROLE a PASSWORD 'begins …", "CREATE ROLE a PASSWORD '***'"),
        ("UPDATE a SET password = 'begins …", "UPDATE a SET password = '***'"),
        ("it was p@ss-word", "it was ***"),
        ("it was p%40ss-word", "it was ***"),
        ("it was 'correct horse'", "it was '***'"),
        ("0123456789abcdef", "***"),
        ("the battery", "the ***"),
    ],
)
def test_passwords_are_masked(text: str, expected: str) -> None:
    assert MASK(text) == expected


def test_everything_reported_is_masked_at_any_depth() -> None:
    told = {"a": ["://u:x@h", {"b": "://u:x@h"}], "n": 1, "none": None}
    assert MASK.every(told) == {"a": ["://u:***@h", {"b": "://u:***@h"}], "n": 1, "none": None}
