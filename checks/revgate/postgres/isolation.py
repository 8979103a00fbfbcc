"""Starts a program that can open only Unix sockets; the kernel refuses all others.

A process of its own, see `command`, becomes the agent or the throwaway server. If the kernel has no
seccomp filters, the program starts without one.
"""

from __future__ import annotations

import errno
import os
import stat
import struct
import sys
from collections import namedtuple
from contextlib import suppress
from itertools import islice

try:
    import ctypes
except ImportError:  # a Python that was built without libffi
    _HAS_CTYPES = False
else:
    _HAS_CTYPES = True

TYPE_CHECKING = False  # each agent waits for this module, and importing `typing` is half of it
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_AF_UNIX, _AF_INET, _AF_INET6, _SOCK_DGRAM = 1, 2, 10, 2


Machine = namedtuple("Machine", ("audit", "socket", "refused", "foreign"))  # noqa: PYI024 - see above
"""An architecture, as the filter needs it.

- audit: The AUDIT_ARCH constant of its native system calls.
- socket: The number of the system call `socket`.
- refused: ptrace, process_vm_readv, process_vm_writev, setns, mount, umount2, pivot_root.
- foreign: The first system call number of another ABI (x32); None if there is none.
"""
MACHINES = {
    "x86_64": Machine(0xC000003E, 41, (101, 310, 311, 308, 165, 166, 155), 0x40000000),
    "aarch64": Machine(0xC00000B7, 198, (117, 270, 271, 268, 40, 39, 41), None),
}
_MOUNTS = 3
"""So many of the refused calls, the last ones, are about mounts."""
# The same on every architecture: io_uring_setup, _enter and _register, which can open sockets that
# the filter does not see; open_tree, move_mount, fsopen, fsconfig, fsmount, fspick; pidfd_getfd,
# which takes a socket from another process; mount_setattr.
_REFUSED = (425, 426, 427, 428, 429, 430, 431, 432, 433, 438, 442)

# Instructions of classic BPF, and the return values of seccomp.
_LOAD, _EQUAL, _AT_LEAST, _AND, _RETURN = 0x20, 0x15, 0x35, 0x54, 0x06
_NUMBER, _ARCHITECTURE, _FIRST, _SECOND = 0, 4, 16, 24
ALLOWED, ERROR = 0x7FFF0000, 0x00050000


def program(machine: Machine, *, datagrams: bool = False, mounts: bool = False) -> bytes:
    """Return the filter, as an array of `struct sock_filter`.

    Args:
        machine: The architecture.
        datagrams: Whether to allow UDP, over which no PostgreSQL server can be reached.
        mounts: Whether to allow mount, umount2 and pivot_root, for `enter` later on.
    """
    refuse = [(_RETURN, 0, 0, ERROR | errno.EPERM)]
    code = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 1, 0, machine.audit),
        *refuse,
        (_LOAD, 0, 0, _NUMBER),
    ]
    if machine.foreign is not None:
        code += [(_AT_LEAST, 0, 1, machine.foreign), *refuse]
    refused = machine.refused[:-_MOUNTS] if mounts else machine.refused
    for number in (*refused, *_REFUSED):
        code += [(_EQUAL, 0, 1, number), *refuse]
    code += [
        (_EQUAL, 1, 0, machine.socket),
        (_RETURN, 0, 0, ALLOWED),
        (_LOAD, 0, 0, _FIRST),
        (_EQUAL, 0, 1, _AF_UNIX),
        (_RETURN, 0, 0, ALLOWED),
    ]
    if datagrams:
        code += [
            (_EQUAL, 1, 0, _AF_INET),
            (_EQUAL, 0, 4, _AF_INET6),
            (_LOAD, 0, 0, _SECOND),
            (_AND, 0, 0, 0xF),
            (_EQUAL, 0, 1, _SOCK_DGRAM),
            (_RETURN, 0, 0, ALLOWED),
        ]
    code.append((_RETURN, 0, 0, ERROR | errno.EACCES))
    return b"".join(struct.pack("HBBI", *instruction) for instruction in code)


_NO_NEW_PRIVS, _SET_SECCOMP, _FILTER, _SET_SUBREAPER = 38, 22, 2, 36


def seal(*, datagrams: bool = False) -> bool:
    """Deny network sockets to this process and everything it starts, irrevocably.

    Call it while there is only one thread. Returns whether the kernel supports it.
    """
    machine = _machine()
    if machine is None or not _gain_nothing():
        return False
    _drop_capabilities()
    _confine()
    return _filter(program(machine, datagrams=datagrams))


def seal_first() -> bool:
    """Deny network sockets; `enter` remains possible, and denies the rest."""
    machine = _machine()
    return machine is not None and _gain_nothing() and _filter(program(machine, mounts=True))


def _machine() -> Machine | None:
    """Return this machine, if its kernel can be asked for a filter."""
    if not _HAS_CTYPES or sys.platform != "linux" or sys.maxsize < 1 << 32:
        return None
    return MACHINES.get(os.uname().machine)


def _gain_nothing() -> bool:
    """Give up the right to get privileges from a program, without which there is no filter."""
    return _call(ctypes.CDLL(None).prctl, _NO_NEW_PRIVS, 1) == 0


def _filter(code: bytes) -> bool:
    buffer = ctypes.create_string_buffer(code, len(code))
    described = ctypes.create_string_buffer(
        struct.pack("HP", len(code) // 8, ctypes.addressof(buffer))
    )
    control = ctypes.CDLL(None, use_errno=True).prctl
    return _call(control, _SET_SECCOMP, _FILTER, ctypes.addressof(described)) == 0


def _call(function: object, *arguments: int) -> int:
    words = [ctypes.c_ulong(each) for each in (*arguments, *[0] * (5 - len(arguments)))]
    return int(function(*words))  # type: ignore[operator]  # a function of the C library


_DROP_CAPABILITY = 24
# CAP_SYS_MODULE, _RAWIO, _PTRACE, _ADMIN, _BOOT, CAP_MKNOD, CAP_PERFMON, CAP_BPF.
_CAPABILITIES = (16, 17, 19, 21, 22, 27, 38, 39)


def _drop_capabilities() -> None:
    """Give up, for the program that follows, the rights of root over the kernel and its devices."""
    control = ctypes.CDLL(None).prctl
    for each in _CAPABILITIES:
        _call(control, _DROP_CAPABILITY, each)


_CAPABILITIES_3 = 0x20080522
"""The version of the structures: two words for each of effective, permitted and inheritable."""


def _capabilities() -> tuple[int, ...]:
    """Return the six words of this process's capabilities; nothing if the kernel does not tell."""
    header = ctypes.create_string_buffer(struct.pack("Ii", _CAPABILITIES_3, 0), 8)
    data = ctypes.create_string_buffer(24)
    if ctypes.CDLL(None).capget(header, data):
        return ()
    return struct.unpack("6I", data.raw)


def _restrict_capabilities(before: tuple[int, ...]) -> None:
    """Keep only what this process had before, without the rights of root over the kernel.

    A program that is executed loses them, and what a user namespace gives; a copy does not.
    """
    kept = [each & before[place] for place, each in enumerate(_capabilities())]
    for each in _CAPABILITIES:
        for place in range(each // 32 * 3, each // 32 * 3 + 3):
            if kept:
                kept[place] &= ~(1 << each % 32)
    header = ctypes.create_string_buffer(struct.pack("Ii", _CAPABILITIES_3, 0), 8)
    ctypes.CDLL(None).capset(header, ctypes.create_string_buffer(struct.pack("6I", *kept), 24))


_CREATE_RULESET, _RESTRICT_SELF = 444, 446
_TCP, _ABSTRACT_SOCKETS, _SIGNALS = 3, 1, 2
_SINCE_TCP, _SINCE_SCOPES = 4, 6


def _confine() -> None:
    """Deny access to other processes with Landlock, if the kernel has it.

    This covers what the filter cannot distinguish: their memory, their files below /proc, signals
    to them, and abstract Unix sockets.
    """
    syscall = ctypes.CDLL(None, use_errno=True).syscall
    version = _call(syscall, _CREATE_RULESET, 0, 0, 1)
    if version < _SINCE_TCP:
        return
    words = (0, _TCP, _ABSTRACT_SOCKETS | _SIGNALS) if version >= _SINCE_SCOPES else (0, _TCP)
    attributes = struct.pack(f"{len(words)}Q", *words)
    buffer = ctypes.create_string_buffer(attributes, len(attributes))
    ruleset = _call(syscall, _CREATE_RULESET, ctypes.addressof(buffer), len(attributes), 0)
    if ruleset >= 0:
        _call(syscall, _RESTRICT_SELF, ruleset, 0)
        os.close(ruleset)


# -- Unix sockets of other servers ----------------------------------------------------------------

_NEW_NAMESPACE, _NEW_USERS = 0x00020000, 0x10000000
_BIND, _RECURSIVE, _REMOUNT, _READ_ONLY = 0x1000, 0x4000, 32, 1
_PRIVATE = 0x4000 | 1 << 19  # recursively MS_SLAVE: later mounts of the host stay visible
_FOLDERS = (("/run", 3), ("/var/run", 3), ("/tmp", 2))  # noqa: S108 - only searched
"""Each with the depth of the search."""
_MOST = 2000
# Logging and user names; no server can be reached through them.
_HARMLESS = ("/dev/log", "/run/systemd/journal/", "/run/systemd/userdb/", "/run/nscd/",
             "/var/run/nscd/", "/var/lib/sss/")  # fmt: skip


def hide_sockets(kept: str) -> bool:
    """Hide the Unix sockets of other servers, in a mount namespace of this process.

    Args:
        kept: The start of the paths of sockets that stay visible.

    Returns:
        Whether this process has the privileges to do so.
    """
    found = [path for path in sorted(_sockets()) if not path.startswith((kept, *_HARMLESS))]
    if os.geteuid() == 0:
        return _in_child(lambda: _cover(found, 0)) and _cover(found, 0)
    return _in_child(lambda: _cover(found, _NEW_USERS)) and _cover(found, _NEW_USERS)


def _in_child(work: object) -> bool:
    """Try it in a child process first, since a failure half-way cannot be undone."""
    child = os.fork()
    if child == 0:
        done = False
        with suppress(BaseException):
            done = work()  # type: ignore[operator]  # a function without arguments
        os._exit(0 if done else 1)
    return os.waitpid(child, 0)[1] == 0


def _cover(paths: Sequence[str], users: int) -> bool:
    library = ctypes.CDLL(None, use_errno=True)
    user, group = os.getuid(), os.getgid()
    if library.unshare(_NEW_NAMESPACE | users):
        return False
    if users:
        for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"),
                           ("gid_map", f"{group} {group} 1")):  # fmt: skip
            with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
                file.write(text)
    if library.mount(None, b"/", None, _PRIVATE, None):
        return False
    for path in paths:
        # A failure means that the socket has disappeared in the meantime.
        library.mount(os.fsencode(os.devnull), os.fsencode(path), None, _BIND, None)
    # Root could name a program there that the kernel runs outside of the filter.
    for folder in (b"/proc/sys", b"/sys"):
        library.mount(folder, folder, None, _BIND | _RECURSIVE, None)
        library.mount(None, folder, None, _BIND | _REMOUNT | _READ_ONLY, None)
    return True


def _sockets() -> set[str]:
    """Return the paths of sockets: those that the kernel lists, and those in the usual folders."""
    found = set()
    with suppress(OSError), open("/proc/net/unix", encoding="utf-8", errors="surrogateescape") as f:
        found = {line.rstrip("\n").split(None, 7)[7] for line in f if " /" in line}
    for folder, depth in _FOLDERS:
        if not os.path.islink(folder):
            found.update(_sockets_below(folder, depth))
    return {os.path.realpath(path) for path in found}


def _sockets_below(folder: str, depth: int) -> Iterator[str]:
    try:
        with os.scandir(folder) as entries:
            listed = list(islice(entries, _MOST))
    except OSError:
        return
    for entry in listed:
        with suppress(OSError):
            mode = entry.stat(follow_symlinks=False).st_mode
            if stat.S_ISSOCK(mode):
                yield entry.path
            elif stat.S_ISDIR(mode) and depth > 1:
                yield from _sockets_below(entry.path, depth - 1)


# -- the command line -----------------------------------------------------------------------------


# Imported, unlike a script, it is compiled only once.
_BEGIN = (
    f"import sys; sys.path.insert(0, {os.path.dirname(os.path.abspath(__file__))!r});"
    " from isolation import main; del sys.path[0]; main(sys.argv[1:])"
)


def command(program: Iterable[str], **options: str) -> list[str]:
    """Return the command that starts a program behind the filter.

    Args:
        program: The program and its arguments.
        options: Numeric `user` and `group` to run as; `datagrams`; `keep`, see `hide_sockets`;
            `adopt`, for a program that adopts the orphans among its descendants; `first`, for one
            whose copies call `enter`.
    """
    words = [f"--{name}={value}" for name, value in options.items()]
    return [sys.executable, "-I", "-S", "-c", _BEGIN, *words, "--", *program]


def enter(kept: str) -> bool:
    """Do in this process what `command` does before a program; see there.

    Call it while there is only one thread.

    Args:
        kept: As for `hide_sockets`.

    Returns:
        Whether the kernel supports it.
    """
    if _machine() is None:
        return False
    before = _capabilities()
    with suppress(OSError):
        hide_sockets(kept)
    sealed = seal()
    if before:
        _restrict_capabilities(before)
    return sealed


def adopt_orphans() -> None:
    """Let the kernel make this process the parent of orphans among its descendants."""
    if _HAS_CTYPES and sys.platform == "linux":
        _call(ctypes.CDLL(None).prctl, _SET_SUBREAPER, 1)


def main(arguments: list[str]) -> None:
    """Replace this process with the program on the command line."""
    end = arguments.index("--")
    options = dict(word[2:].split("=", 1) for word in arguments[:end])
    if "keep" in options and _HAS_CTYPES and sys.platform == "linux":
        with suppress(OSError):
            hide_sockets(options["keep"])
    if "adopt" in options:
        adopt_orphans()
    if "user" in options:
        os.setgroups([])
        os.setgid(int(options["group"]))
        os.setuid(int(options["user"]))
    if "first" in options:
        seal_first()
    else:
        seal(datagrams="datagrams" in options)
    program = arguments[end + 1 :]
    try:
        os.execvp(program[0], program)  # noqa: S606 - what was asked for, without a shell
    except OSError as error:
        sys.exit(f"{program[0]}: {error.strerror}")
