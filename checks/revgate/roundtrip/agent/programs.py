"""Programs that user code starts: they inherit an environment that names the throwaway only.

Command lines are checked too: URLs on any of them, and the options of PostgreSQL's own client
programs. What a program reads from files of its own is not checked.
"""

from __future__ import annotations

import os
import re
import shlex
from typing import TYPE_CHECKING, Any

from .places import Place, places
from .variables import point_at

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from .target import Target

# Their short options that take a value; the first positional argument is a database.
_VALUED = {
    "psql": "cdfvFLoPRThpU",
    "pg_dump": "fFjnNtTESZdhpUe",
    "pg_restore": "dfFIjLnNPStTUhp",
    "vacuumdb": "dhpUtjnNP",
    "reindexdb": "dhpUtjiS",
    "clusterdb": "dhpUt",
    "pgbench": "bcCdDfFhjLMnPpRrsStTUv",
}
_WHOLE_SERVER = ("createdb", "dropdb", "createuser", "dropuser", "pg_dumpall", "pg_basebackup")
_SHELLS = ("sh", "bash", "dash", "zsh", "ksh", "ash")
_SEPARATORS = frozenset(";&|()\n")
_REDIRECTIONS = frozenset("<>&|")
_HERE_DOCUMENT = re.compile(r"<<-?\s*(['\"]?)(\w+)\1.*?^\s*\2$", re.DOTALL | re.MULTILINE)
_FILES_FIRST = ("pg_restore",)


def watch(target: Target) -> Callable[[str, Any], None]:
    """Return an audit hook that checks every program before it starts."""

    def audit(event: str, arguments: Any) -> None:
        if event == "subprocess.Popen":
            _check(target, arguments[1], arguments[3])
        elif event == "os.system":
            _check(target, arguments[0], None)
        elif event in ("os.exec", "os.posix_spawn"):
            _check(target, arguments[1], arguments[2])
        elif event == "os.spawn":
            _check(target, arguments[2], arguments[3])

    return audit


def _check(target: Target, command: Any, environ: Any) -> None:
    point_at(target, os.environ)
    target.reach_all()
    if environ is not None and environ is not os.environ:
        _check_environment(target, environ)
    if isinstance(command, (bytes, str, os.PathLike)):
        _check_line(target, os.fsdecode(command))
        return
    arguments = [os.fsdecode(each) for each in command]
    is_shell = os.path.basename(arguments[0]) in _SHELLS if arguments else False
    if is_shell and len(arguments) > 2 and arguments[1].endswith("c"):
        _check_line(target, arguments[2])
    _check_arguments(target, arguments)


def _check_environment(target: Target, environ: Any) -> None:
    """Point the environment of a single program at the throwaway."""
    text = {os.fsdecode(name): os.fsdecode(value) for name, value in environ.items()}
    pointed = dict(text)
    point_at(target, pointed)
    if pointed == text:
        return
    as_bytes = any(isinstance(name, bytes) for name in environ)
    try:
        for name in text:
            if name not in pointed:
                del environ[os.fsencode(name) if as_bytes else name]
        for name, value in pointed.items():
            environ[os.fsencode(name) if as_bytes else name] = (
                os.fsencode(value) if as_bytes else value
            )
    except TypeError:
        target.refuse("a server named in the environment of a program")


def _check_line(target: Target, line: str) -> None:
    """Check each command of a shell's command line."""
    line = _HERE_DOCUMENT.sub("", line)
    lexer = shlex.shlex(line, posix=True, punctuation_chars="();<>|&\n")
    lexer.whitespace_split = True
    lexer.whitespace = " \t\r"
    lexer.commenters = ""
    try:
        tokens = [os.path.expandvars(token) for token in lexer]
    except ValueError:
        _check_unreadable(target, line)
        return
    arguments: list[str] = []
    rest = [*tokens, ";"]
    while rest:
        token = rest.pop(0)
        if token and set(token) <= _SEPARATORS:
            _check_arguments(target, arguments)
            arguments = []
        elif token and set(token) <= _REDIRECTIONS:
            if arguments and arguments[-1].isdigit():
                arguments.pop()
            del rest[:1]
        else:
            arguments.append(token)


def _check_unreadable(target: Target, line: str) -> None:
    for program in (*_VALUED, *_WHOLE_SERVER):
        if re.search(rf"\b{program}\b", line):
            target.refuse(f"`{program}` in a command that could not be read")
    _check_arguments(target, [line])


def _check_arguments(target: Target, arguments: Sequence[str]) -> None:
    program = os.path.basename(arguments[0]) if arguments else ""
    for argument in arguments:
        for place in places(argument):
            _check_place(target, place, program)
        variable, equals, value = argument.partition("=")
        if equals and re.fullmatch(r"PG[A-Z]+", variable):
            _check_variable(target, variable, value, program)
    for index, argument in enumerate(arguments):
        name = os.path.basename(argument)
        if name in _WHOLE_SERVER:
            target.refuse(f"`{name}`, which affects the whole server,")
        if name in _VALUED:
            _check_client(target, name, arguments[index + 1 :])
            return


def _check_place(target: Target, place: Place, program: str) -> None:
    if not target.is_meant(*_local_place(target, place)):
        target.refuse(f"{place}, named on the command line of `{program}`,")


def _local_place(target: Target, place: Place) -> tuple[str, str, str]:
    host = target.host if place.host == target.here.host else place.host
    return host, place.port, place.database


def _check_variable(target: Target, name: str, value: str, program: str) -> None:
    ours = os.environ.get(name)
    if name not in ("PGAPPNAME", "PGOPTIONS", "PGCLIENTENCODING", "PGTZ") and value != ours:
        target.refuse(f"a server that {name} names on the command line of `{program}`")


def _check_client(target: Target, program: str, arguments: Sequence[str]) -> None:
    """Check the target of a PostgreSQL client program; by default it is the throwaway."""
    options = _connection_options(program, arguments)
    if "all" in options:
        target.refuse(f"`{program} --all`")
    if "=" in options.get("d", "") or "://" in options.get("d", ""):
        return  # it was checked as a place
    host, port, database = (options.get(key) or None for key in ("h", "p", "d"))
    if not target.is_meant(host, port, database):
        place = Place.of(host or target.host, port or target.port, database)
        target.refuse(f"{place}, named on the command line of `{program}`,")


_LONG = {"host": "h", "port": "p", "dbname": "d"}


def _connection_options(program: str, arguments: Sequence[str]) -> Mapping[str, str]:
    """Return host, port and database (`h`, `p`, `d`) of a command line, as getopt parses it."""
    options: dict[str, str] = {}
    positional: list[str] = []
    rest = list(arguments)
    while rest:
        word = rest.pop(0)
        if word == "--all" or (word == "-a" and program in ("vacuumdb", "reindexdb", "clusterdb")):
            options["all"] = ""
        elif word.startswith("--"):
            name, equals, value = word[2:].partition("=")
            key = _LONG.get(name)
            if key:
                options[key] = value if equals or not rest else rest.pop(0)
        elif word.startswith("-") and len(word) > 1:
            _short_options(word[1:], rest, _VALUED[program], options)
        else:
            positional.append(word)
    if positional and program not in _FILES_FIRST:
        options.setdefault("d", positional[0])
    return options


def _short_options(word: str, rest: list[str], valued: str, options: dict[str, str]) -> None:
    for position, letter in enumerate(word):
        if letter in valued:
            value = word[position + 1 :] or (rest.pop(0) if rest else "")
            options[letter] = value
            return
