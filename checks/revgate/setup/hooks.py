"""The hooks that revgate offers to pre-commit and prek, and the entry a project adds to use one.

`.pre-commit-hooks.yaml` is generated from this by docs/generate.py.
"""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING, NamedTuple

from revgate import __version__
from revgate.reports import HOME

if TYPE_CHECKING:
    from collections.abc import Sequence

CHECK = "revgate-check"
CONFIG = ".pre-commit-config.yaml"
PREK = "prek.toml"
STAGES = ("pre-commit", "pre-merge-commit", "pre-push")


class Hook(NamedTuple):
    """One hook that others may use."""

    id: str
    name: str
    description: str
    entry: str
    language: str
    stages: tuple[str, ...]
    why: str
    """A comment for readers of the file."""
    is_live: bool = False
    """Whether it needs the extra `live`."""


CATALOGUE = (
    Hook(
        CHECK,
        "revgate check",
        "Is the Alembic migration history still linear? Checks what is staged or pushed.",
        "hooks/revgate check --staged",
        "script",
        (*STAGES, "manual"),
        "Nothing is installed: it runs from the clone made by pre-commit (or prek).\n"
        "It runs on every commit, whatever the files: a commit that only deletes a revision, or a\n"
        "merge whose conflict lies elsewhere, breaks the history too, and names no file to match.",
    ),
    Hook(
        "revgate-roundtrip",
        "revgate roundtrip",
        "Does the Alembic migration history run both ways? Upgrades, downgrades and upgrades a"
        " throwaway PostgreSQL.",
        "revgate roundtrip",
        "python",
        ("manual",),
        "Only when asked for, `pre-commit run --hook-stage manual revgate-roundtrip`: it takes\n"
        "seconds. What it needs is installed for it alone; env.py runs in the project's own\n"
        "Python: what `args: [--python=...]` names, else `.venv`, else the active environment.",
        is_live=True,
    ),
)
_MINIMUM = "3.2.0"


def manifest(live: Sequence[str]) -> str:
    """Return `.pre-commit-hooks.yaml`.

    Args:
        live: The requirements of the extra `live`.
    """
    return "# Written by docs/generate.py.\n" + "".join(
        line for hook in CATALOGUE for line in _described(hook, live)
    )


def _described(hook: Hook, live: Sequence[str]) -> list[str]:
    values = {
        "name": hook.name,
        "description": hook.description,
        "entry": hook.entry,
        "language": hook.language,
        "additional_dependencies": list(live) if hook.is_live else None,
        "always_run": True,
        "pass_filenames": False,
        "require_serial": True,
        "stages": list(hook.stages),
        "minimum_pre_commit_version": _MINIMUM,
    }
    lines = [f"\n# {line}" for line in hook.why.split("\n")]
    lines.append(f"\n- id: {hook.id}")
    lines += [f"\n  {key}: {_yaml(each)}" for key, each in values.items() if each is not None]
    return [*lines, "\n"]


def _yaml(value: object) -> str:
    """Write a value as YAML: plain words as they are, all else as JSON, which is YAML."""
    if isinstance(value, list):
        return f"[{', '.join(map(_yaml, value))}]"
    if isinstance(value, str) and re.fullmatch(r"[A-Za-z][\w /-]*( --\w+)*", value):
        return value
    return json.dumps(value)


def entry() -> str:
    """Return the entry below `repos:`."""
    return (
        f"- repo: {HOME}\n"
        f"  rev: v{__version__}\n"
        "  hooks:\n"
        f"    - id: {CHECK}\n"
    )  # fmt: skip


def table() -> str:
    """Return the same for prek.toml."""
    hooks = f'[{{ id = "{CHECK}" }}]'
    return f'[[repos]]\nrepo = "{HOME}"\nrev = "v{__version__}"\nhooks = {hooks}\n'


def fresh() -> str:
    """Return the first lines of a new file: a fork is reported at the merge that creates it."""
    return f"default_install_hook_types: [{', '.join(STAGES)}]\n"


def config(root: str) -> str:
    """Return the file that configures the hooks of a repository, or would."""
    only_prek = not _is_there(root, CONFIG) and _is_there(root, PREK)
    return PREK if only_prek else CONFIG


def is_used(text: str) -> bool:
    """Whether a configuration has the hook."""
    return re.search(rf"^[^#\n]*\bid\W+{CHECK}\b", text, re.MULTILINE) is not None


def _is_there(root: str, name: str) -> bool:
    return os.path.isfile(os.path.join(root, name))
