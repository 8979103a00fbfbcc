"""Finds the databases for which a `multidb` template writes functions."""

from __future__ import annotations

import ast
import os
import re
from textwrap import dedent
from typing import TYPE_CHECKING

from revgate.errors import CannotJudgeError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from revgate.history.history import History

_LOOP = re.compile(r"^% *for (\w+) in ([^\n]*):\n(.*?)^% *endfor *\n?", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"<%!?\s(.*?)%>\n?", re.DOTALL)
_BINDS = "SQLALCHEMY_BINDS"
_CHANGES = ("update", "pop", "clear", "popitem")


def for_each_database(template: str, history: History, parent: str | None) -> str:
    """Write out the functions for several databases; the template itself where none are known.

    Args:
        template: A script.py.mako.
        history: The history of the environment.
        parent: The text of the parent revision, which has functions for the same databases.
    """
    loop = _LOOP.search(template)
    if loop is None or f"upgrade_${{{loop[1]}}}" not in loop[3]:
        return template
    if parent is not None:
        names = _in_revision(parent)
    else:
        names = _in_template(template, loop[2]) or (
            _in_flask_code(history.source.root if history.source else "")
            if _BINDS in template
            else _in_ini(history)
        )
    if not names or not all(f"upgrade_{name}".isidentifier() for name in names):
        return template
    body = re.sub(r"\$\{context\.get\([^}]*\)\}", "pass", loop[3])
    functions = "".join(body.replace(f"${{{loop[1]}}}", name) for name in dict.fromkeys(names))
    return _CODE.sub("", template[: loop.start()] + functions + template[loop.end() :])


def _in_revision(parent: str) -> list[str]:
    """Return the names of the databases that a revision file has functions for."""
    from revgate.history.parse import parse
    from revgate.history.revision import Script

    script = parse("", parent.encode())
    if not isinstance(script, Script):
        return []
    return [each.upgrade.name.removeprefix("upgrade_") for each in script.engines]


def _in_template(template: str, iterable: str) -> list[str]:
    """Return the names that a template lists itself."""
    variable = iterable.strip()
    texts = [variable]
    for code in _CODE.findall(template):
        texts += re.findall(
            rf"^[ \t]*{re.escape(variable)} *=([^=].*)$", dedent(code), re.MULTILINE
        )
    try:
        value = ast.literal_eval(texts[-1].strip())
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return []
    listed = isinstance(value, list | tuple) and all(isinstance(each, str) for each in value)
    return list(value) if listed else []


def _in_ini(history: History) -> list[str]:
    """Return the names of the databases that alembic.ini lists."""
    from revgate.alembic_config import sections

    environment = history.environment
    if history.source is None or not environment.config.endswith(".ini"):
        return []
    found = sections(history.source, environment.config, None)
    listed = [each.text("databases") or "" for each in found if each.section == environment.section]
    return [each.strip() for each in re.split(r",\s*", "".join(listed)) if each.strip()]


def _in_flask_code(root: str) -> list[str]:
    """Return the names that Flask-Migrate's template uses: the empty one, and the binds.

    The binds are part of the application's configuration. They are known if all code that sets them
    sets the same, as literals.
    """
    from revgate.git import git

    words = ("grep", "-l", "-z", "--untracked", "-e", _BINDS, "--", "*.py")
    try:
        paths = os.fsdecode(git(root, *words, accept=(0, 1))).split("\0")[:-1]
    except CannotJudgeError:
        return []
    found: list[tuple[str, ...] | None] = []
    for path in paths:
        try:
            with open(os.path.join(root, path), "rb") as file:
                tree = ast.parse(file.read())
        except (OSError, SyntaxError, ValueError, MemoryError, RecursionError):
            return []
        found += _bindings(tree)
    first = found[0] if found else None
    if first is None or any(each is None or {*each} != {*first} for each in found):
        return []
    return ["", *first]


def _bindings(tree: ast.Module) -> Iterator[tuple[str, ...] | None]:
    """Yield the keys of each value that is set; None if they are not literals."""
    for node in ast.walk(tree):
        for value in (*_assigned(node), *_passed(node)):
            yield _keys(value) if isinstance(value, ast.Dict) else None


def _assigned(node: ast.AST) -> Iterator[ast.expr | None]:
    """Yield what a statement assigns; None where it changes a value."""
    match node:
        case ast.Assign(targets=targets, value=value):
            yield from (value for target in targets if _is_binds(target))
            parts = (each.value for each in targets if isinstance(each, ast.Subscript))
            yield from (None for part in parts if _is_binds(part))
        case ast.AnnAssign(target=target, value=value) if _is_binds(target) and value:
            yield value
        case ast.AugAssign(target=target) if _is_binds(target):
            yield None


def _passed(node: ast.AST) -> Iterator[ast.expr | None]:
    """Yield what an expression gives to the configuration; None where it changes a value."""
    match node:
        case ast.keyword(arg="SQLALCHEMY_BINDS", value=value):
            yield value
        case ast.Dict(keys=keys, values=values):
            pairs = zip(keys, values, strict=True)
            yield from (value for key, value in pairs if _is_name(key))
        case ast.Call(func=ast.Attribute(attr="setdefault"), args=[key, value]) if _is_name(key):
            yield value
        case ast.Call(func=ast.Attribute(value=owner, attr=name)) if name in _CHANGES:
            yield from (None for each in [owner] if _is_binds(each))


def _is_name(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and node.value == _BINDS


def _is_binds(node: ast.expr) -> bool:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name == _BINDS
        case ast.Subscript(slice=key):
            return _is_name(key)
    return False


def _keys(value: ast.Dict) -> tuple[str, ...] | None:
    keys = [each.value for each in value.keys if isinstance(each, ast.Constant)]
    texts = [each for each in keys if isinstance(each, str)]
    return tuple(texts) if len(texts) == len(value.keys) else None
