"""The keys of the settings: for each, the JSON Schema of its value, and what it means."""

from __future__ import annotations

from typing import Any

# key: (JSON Schema of its value, what it means)
SCOPE_KEYS: dict[str, tuple[dict[str, Any], str]] = {
    "expect-tables": (
        {"type": "integer", "minimum": 0},
        "The number of tables after both upgrades, not counting the version table.",
    ),
    "baseline": (
        {"type": "string", "minLength": 1},
        "Naming, downgrade and live rules skip revisions up to this one; chain rules never do.",
    ),
    "file-name": (
        {"type": "string", "minLength": 1},
        '"timestamp", "any", or a regular expression with `(?P<stamp>)` and `(?P<slug>)`.',
    ),
    "linear": (
        {"type": "boolean"},
        "false: accept merge points; there must still be one head.",
    ),
    "branches": (
        {"type": "array", "items": {"type": "string"}},
        "Branch labels that may coexist, with one head each.",
    ),
    "version-locations": (
        {"type": "array", "items": {"type": "string", "minLength": 1}},
        "The folders of the revisions, relative to the repository root, if code sets them.",
    ),
    "head-file": (
        {"type": "string", "minLength": 1},
        "A file that holds the id of the head, so that a second head is a conflict in git.",
    ),
    "schema-file": (
        {"type": "string", "minLength": 1},
        "A file that holds the schema at the head, as `revgate schema` writes it.",
    ),
    "prepare": (
        {"type": "string", "minLength": 1},
        "A file of SQL that runs before the first revision, for tables that no revision creates.",
    ),
    "published": (
        {"type": "array", "items": {"type": "string"}},
        'Branches of the remote whose revisions keep their parents: `["main", "release/*"]`.',
    ),
}
ENVIRONMENT_KEYS: dict[str, tuple[dict[str, Any], str]] = {
    "name": ({"type": "string", "minLength": 1}, "The environment's name in reports."),
    "config": (
        {"type": "string", "minLength": 1},
        "Its alembic.ini or pyproject.toml; or its env.py, if code configures Alembic.",
    ),
    "section": (
        {"type": "string", "minLength": 1},
        'The section of the file (default "alembic").',
    ),
    **SCOPE_KEYS,
}
KEYS: dict[str, tuple[dict[str, Any], str]] = {
    **SCOPE_KEYS,
    "ignore": (
        {"type": "array", "items": {"type": "string"}},
        "Rules to ignore.",
    ),
    "enable": (
        {"type": "array", "items": {"type": "string"}},
        'Rules that are off by default, or groups of them: `["schema"]`.',
    ),
    "severity": (
        {"type": "object", "additionalProperties": {"enum": ["error", "warning"]}},
        'Severities that differ from the default: { "lopsided-downgrade" = "error" }.',
    ),
    "allow-published": (
        {"type": "object", "additionalProperties": {"type": "string", "minLength": 1}},
        'Published revisions that one change may touch, with the reason: { "3f2a" = "typo" }.',
    ),
    "allow-squash": (
        {"type": "string", "minLength": 1},
        "The last of the published revisions that one change may replace by a single one.",
    ),
    "environment": (
        {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["name", "config"],
                "additionalProperties": False,
                "properties": {
                    key: {**schema, "description": text}
                    for key, (schema, text) in ENVIRONMENT_KEYS.items()
                },
            },
        },
        "Alembic environments, if the default, every alembic.ini tracked by git, is not right.",
    ),
    "env": (
        {"type": "object", "additionalProperties": {"type": "string"}},
        "Environment variables that env.py needs during the round trip.",
    ),
    "roles": (
        {"type": "array", "items": {"type": "string", "minLength": 1}},
        "Roles that production has before the first revision; the throwaway server gets them.",
    ),
    "schemas": (
        {"type": "array", "items": {"type": "string", "minLength": 1}},
        "Schemas that production has before the first revision; the throwaway database gets them.",
    ),
    "table-sizes": (
        {"type": "string", "minLength": 1},
        "A file of `revgate doctor --sizes`: locks, scans and rewrites of large tables are errors.",
    ),
    "large-table": (
        {"type": "integer", "minimum": 0},
        "With `table-sizes`: the megabytes from which on a table is large (default 100).",
    ),
    "extensions": (
        {"type": "array", "items": {"type": "string", "minLength": 1}},
        "Extensions that production has before the first revision; the throwaway gets them.",
    ),
    "superuser": (
        {"type": "boolean"},
        "false: the history runs as the database's owner, without the rights of a superuser.",
    ),
    "ignore-objects": (
        {"type": "array", "items": {"type": "string", "minLength": 1}},
        'Objects that doctor, upgrade and the model rules skip: `["monitoring.*", "index tmp_*"]`.',
    ),
    "network": (
        {"type": "boolean"},
        "true: env.py may reach the network; only guards in the drivers then isolate the run.",
    ),
}
