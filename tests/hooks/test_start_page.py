"""The page on the first five minutes is typed from its first command to its last one."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, NamedTuple

from tests.hooks.conftest import ROOT, Repository

import revgate
from revgate.reports import HOME

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

PAGE = (ROOT / "docs" / "pages" / "start.md").read_text("utf-8")
INSTALLATION = (
    "python3 -m venv .venv && . .venv/bin/activate",
    "pip install alembic pre-commit 'revgate[live]'",
)
"""What the test's own environment has already."""
MINUTES = 5


class Typed(NamedTuple):
    """A command of the page, or the functions to write into the newest revision."""

    command: str
    printed: Sequence[str]
    functions: str = ""


def steps() -> Iterator[Typed]:
    """Yield what the page says to type, in its order, with what it shows as printed."""
    for language, block in re.findall(r"```(console|python)\n(.*?)```", PAGE, re.DOTALL):
        if language == "python":
            yield Typed("", (), block)
            continue
        for each in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, *printed = each.splitlines()
            yield Typed(command, printed)


def pattern(printed: Sequence[str]) -> str:
    """Return what matches lines: `…` stands for any, and a timestamp for another one."""
    lines = (
        r"(?:.*\n)*?" if each == "…" else re.sub(r"\d{14}", r"\\d{14}", re.escape(each)) + r"\n"
        for each in printed
    )
    return "".join(lines)


def test_every_command_prints_what_the_page_shows(
    published: Repository, env: dict[str, str], tmp_path: Path
) -> None:
    published.git("tag", "--force", f"v{revgate.__version__}")
    instead = f'[url "{published.path.as_uri()}"]\n    insteadOf = {HOME}\n'
    (tmp_path / ".gitconfig").write_text(instead)
    own = {key: value for key, value in env.items() if not key.startswith("GIT_CONFIG")}
    shop = Repository(tmp_path / "shop", {**own, "HOME": str(tmp_path), "GIT_CONFIG_NOSYSTEM": "1"})
    shop.path.mkdir()
    typed = list(steps())
    assert [each.command for each in typed[:2]] == [*INSTALLATION]
    begun = time.monotonic()
    for step in typed[2:]:
        if step.functions:
            (newest,) = (shop.path / "migrations" / "versions").glob("*.py")
            text = newest.read_text()
            newest.write_text(text[: text.index("def upgrade")] + step.functions)
            continue
        if step.command.startswith("revgate new"):
            time.sleep(1)  # a person does not write two revisions within a second
        said = shop.run("bash", "-c", step.command).stdout
        assert re.fullmatch(pattern(step.printed), said), f"$ {step.command}\n{said}"
    # Not a benchmark: only the claim in the title.
    assert time.monotonic() - begun < MINUTES * 60
