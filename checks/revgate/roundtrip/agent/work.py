"""The agent's main function: does one job, from the first message to the last."""

from __future__ import annotations

import errno
import faulthandler
import os
import signal
import socket
import sys
import traceback
from typing import Any

from .application import LEFT_OUT
from .channel import Channel, Unusable
from .failures import describe, line_in, print_traceback, remember_errors
from .guards import guard_drivers
from .reads import missing_reads, record_reads
from .run import Run, watch_local_settings
from .script import extend_sys_path, open_script, run_command, upgrade_order, versions
from .server_statements import guard_server
from .target import Target, answer_connections
from .variables import Attributes, add_from_files, point_at, provide, provide_url


def _place_of(error: BaseException, script: Any, folders: list[str]) -> dict[str, Any]:
    """Return the line of env.py, and the deepest file of the project with its line."""
    line, _ = line_in(error, os.path.join(script.dir, "env.py")) if script else (0, "")
    path, path_line = "", 0
    begin = BaseException.__getattribute__(error, "__traceback__")
    for frame, number in traceback.walk_tb(begin):
        if _is_of_project(frame.f_code.co_filename, folders):
            path, path_line = os.path.realpath(frame.f_code.co_filename), number
    is_env = os.path.basename(path) == "env.py"
    return {"line": line, "path": "" if is_env else path, "path_line": path_line}


def _is_of_project(name: str, folders: list[str]) -> bool:
    path = os.path.realpath(name)
    inside = any(path.startswith(os.path.realpath(folder) + os.sep) for folder in folders)
    ours = os.path.dirname(path) == os.path.dirname(os.path.realpath(__file__))
    return inside and not ours and "site-packages" not in path and os.path.isfile(path)


def _point_environment_at(target: Target, folders: list[str]) -> None:
    point_at(target, os.environ)
    add_from_files(target, folders, os.environ)
    provide(target, os.environ)


def work(channel: Channel) -> None:
    """Do one job: execute env.py once."""
    channel.send("ready", isolated=_is_isolated(), **versions())
    job = channel.receive()
    target = Target(job["database"], channel.request_database)
    _point_environment_at(target, job["folders"])
    timeout = job.get("lock_timeout")
    answer_connections(target, lambda: point_at(target, os.environ), timeout)
    guard_drivers(target)
    guard_server(target)
    watch_local_settings()
    remember_errors()
    record_reads(lambda name: _is_of_project(name, job["folders"]))
    script = run = None
    try:
        config, script = open_script(job)
        provide_url(target, config)
        config.attributes = Attributes(target)
        extend_sys_path(job["folders"])
        if job["mode"] == "order":
            channel.send("order", **upgrade_order(script))
            return
        if job["mode"] == "command":
            channel.send("finished", sql=run_command(config, script, job))
            return
        run = Run(channel, config, script, job, target)
        run.execute()
    except BaseException as error:
        if issubclass(type(error), Unusable):
            raise
        print_traceback(error)
        failure = run.failure(error) if run else None
        if failure:
            channel.send("failed", **failure)
        else:
            place = _place_of(error, script, job["folders"])
            reads = dict(missing_reads(error), left_out=list(LEFT_OUT))
            channel.send("broken", **place, **reads, **describe(error))
        return
    channel.send("finished", sql=run.sql.getvalue())


def _is_isolated() -> bool:
    """Return whether the kernel refuses this process the network, by trying."""
    try:
        socket.socket(socket.AF_INET, socket.SOCK_STREAM).close()
    except OSError as error:
        return error.errno in (errno.EACCES, errno.EPERM)
    return False


def main() -> None:
    """Serve the process that started this one."""
    channel = Channel()
    if hasattr(signal, "SIGUSR1"):  # sent when a step times out
        faulthandler.register(signal.SIGUSR1, file=2, all_threads=False)
    try:
        work(channel)
    except Unusable as error:
        channel.send("unusable", kind=error.kind, message=str(error))
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # threads of user code must not keep the process alive
