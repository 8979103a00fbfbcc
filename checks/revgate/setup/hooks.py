"""The hooks that revgate offers to pre-commit and prek, and the entry by which a project uses one.

Knows the two programs' files; `.pre-commit-hooks.yaml` is made from this by docs/generate.py.
"""

import os
import re

from revgate import __version__
from revgate.reports import HOME

CHECK = "revgate-check"
CONFIG = ".pre-commit-config.yaml"
PREK = "prek.toml"
STAGES = ("pre-commit", "pre-merge-commit", "pre-push")


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
    """Return what a new file begins with: a fork is told at the merge that makes it."""
    return f"default_install_hook_types: [{', '.join(STAGES)}]\n"


def config(root: str) -> str:
    """Return the file that the hooks of a repository stand in, or would."""
    only_prek = not _is_there(root, CONFIG) and _is_there(root, PREK)
    return PREK if only_prek else CONFIG


def is_used(text: str) -> bool:
    """Whether a configuration has the hook."""
    return re.search(rf"^[^#\n]*\bid\W+{CHECK}\b", text, re.MULTILINE) is not None


def _is_there(root: str, name: str) -> bool:
    return os.path.isfile(os.path.join(root, name))
