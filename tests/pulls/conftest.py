"""A GitHub of our own: a server on this machine that behaves like the API, and a repository."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import subprocess
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, NamedTuple
from unittest import mock
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.revisions import revision

from revgate.cli import main

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TOKEN = "ghs_thisMustNeverBeShown"
BOT = "github-actions[bot]"
FIRST, SECOND = "20250101000000", "20250102000000"
MOST_STATUSES = 1000


@dataclass
class Fault:
    """What the server answers in place of the truth, so many times."""

    request: str
    """A pattern of `VERB path`."""
    status: int
    body: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    times: int = 1


@dataclass
class GitHub:
    """What the server knows, and what it was asked."""

    pulls: list[dict[str, Any]] = field(default_factory=list)
    statuses: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """By commit, the newest last."""
    faults: list[Fault] = field(default_factory=list)
    commits: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)
    authorizations: set[str] = field(default_factory=set)
    url: str = ""
    largest_page: int = 100
    """GitHub's is 100; a test of pages need not open a thousand pull requests."""

    def answer(
        self, verb: str, path: str, query: dict[str, str], body: Any
    ) -> tuple[int, dict[str, str], Any]:
        for fault in self.faults:
            if fault.times and re.search(fault.request, f"{verb} {path}"):
                fault.times -= 1
                return fault.status, fault.headers, fault.body
        if verb == "GET" and path == "/repos/o/n/pulls":
            wanted = [each for each in self.pulls if each["base"]["ref"] == query.get("base")]
            shown = [each for each in wanted if each["state"] == query.get("state", "open")]
            page, headers = self._page(shown, path, query)
            return 200, headers, page
        if match := re.fullmatch(r"/repos/o/n/commits/(\w+)/status", path):
            if match[1] not in self.commits:
                return 422, {}, {"message": f"No commit found for SHA: {match[1]}"}
            latest = {each["context"]: each for each in self.statuses.get(match[1], [])}
            page, headers = self._page(list(latest.values()), path, query)
            return 200, headers, {"statuses": page, "total_count": len(latest)}
        if (match := re.fullmatch(r"/repos/o/n/statuses/(\w+)", path)) and verb == "POST":
            return self._post(match[1], body)
        return 404, {}, {"message": "Not Found"}

    def _post(self, commit: str, body: dict[str, Any]) -> tuple[int, dict[str, str], Any]:
        said = {"message": "Validation Failed"}
        if commit not in self.commits:
            return 422, {}, {"message": f"No commit found for SHA: {commit}"}
        here = self.statuses.setdefault(commit, [])
        if len(body["description"]) > 140 or body["state"] not in ("success", "failure", "error"):
            return 422, {}, said
        if sum(each["context"] == body["context"] for each in here) >= MOST_STATUSES:
            words = "This SHA and context has reached the maximum number of statuses."
            return 422, {}, {**said, "errors": [{"resource": "Status", "message": words}]}
        here.append(body)
        return 201, {}, {**body, "url": f"{self.url}/repos/o/n/statuses/{commit}"}

    def _page(
        self, things: list[Any], path: str, query: dict[str, str]
    ) -> tuple[list[Any], dict[str, str]]:
        size = min(int(query.get("per_page", 30)), self.largest_page)
        number = int(query.get("page", 1))
        headers = {}
        if number * size < len(things):
            words = "&".join(f"{key}={value}" for key, value in query.items() if key != "page")
            link = f"{self.url}{path}?{words}&page={number + 1}"
            headers["Link"] = f'<{link}>; rel="next", <{self.url}{path}?page=9>; rel="last"'
        return things[(number - 1) * size : number * size], headers

    def latest(self, commit: str, context: str = "revgate") -> dict[str, Any]:
        return next(each for each in reversed(self.statuses[commit]) if each["context"] == context)


class Issues(GitHub):
    """Comments on pull request 7 of `o/n`."""

    def __init__(self) -> None:
        super().__init__()
        self.comments: list[dict[str, Any]] = []
        self.readonly = False

    def fails(self, request: str, status: int, **words: Any) -> None:
        self.faults.append(Fault(request, status, **words))

    def says(self, login: str, body: str) -> None:
        number = len(self.comments) + 1
        self.comments.append({"id": number, "body": body, "user": {"login": login}})

    def answer(
        self, verb: str, path: str, query: dict[str, str], body: Any
    ) -> tuple[int, dict[str, str], Any]:
        if any(re.search(fault.request, f"{verb} {path}") for fault in self.faults):
            return super().answer(verb, path, query, body)
        if path == "/graphql":
            assert "viewer" in body["query"]
            return 200, {}, {"data": {"viewer": {"login": BOT}}}
        if verb != "GET" and self.readonly:
            return 403, {}, {"message": "Resource not accessible by integration"}
        if path == "/repos/o/n/issues/7/comments":
            if verb == "GET":
                page, headers = self._page(self.comments, path, query)
                return 200, headers, page
            self.says(BOT, body["body"])
            return 201, {}, self.comments[-1]
        if match := re.fullmatch(r"/repos/o/n/issues/comments/(\d+)", path):
            assert verb == "PATCH"
            self.comments[int(match[1]) - 1]["body"] = body["body"]
            return 200, {}, self.comments[int(match[1]) - 1]
        return super().answer(verb, path, query, body)


def handler(github: GitHub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 20
        wbufsize = -1  # one packet an answer: two wait for each other, 40 ms each time

        def do_GET(self) -> None:
            self._reply("GET")

        def do_POST(self) -> None:
            self._reply("POST")

        def do_PATCH(self) -> None:
            self._reply("PATCH")

        def _reply(self, verb: str) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            url = urlsplit(self.path)
            github.asked.append(f"{verb} {self.path}")
            authorization = self.headers.get("Authorization", "")
            github.authorizations.add(authorization)
            if url.path.startswith("/api/v3/"):
                path = url.path.removeprefix("/api/v3")
                query = {key: values[0] for key, values in parse_qs(url.query).items()}
                status, headers, data = github.answer(verb, path, query, body)
                if authorization not in (f"token {TOKEN}", f"Bearer {TOKEN}"):
                    status, headers, data = 401, {}, {"message": "Bad credentials"}
            else:
                status, headers, data = 404, {}, {"message": "no git here"}
            self._send(status, headers, data)

        def _send(self, status: int, headers: dict[str, str], data: Any) -> None:
            payload = json.dumps(data).encode()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
            pass

    return Handler


@pytest.fixture
def github() -> Iterator[GitHub]:
    state = GitHub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(state))
    server.daemon_threads = True
    state.url = f"http://127.0.0.1:{server.server_address[1]}/api/v3"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield state
    server.shutdown()
    server.server_close()
    thread.join(10)


class Done(NamedTuple):
    """What a run came to."""

    returncode: int
    stdout: str
    stderr: str


@dataclass(frozen=True)
class Site:
    """A repository with pull requests, its clone in CI, and the API in front of it."""

    path: Path
    env: dict[str, str]
    github: GitHub

    @property
    def author(self) -> Path:
        return self.path / "author"

    @property
    def clone(self) -> Path:
        return self.path / "clone"

    def git(self, *arguments: str, inside: str = "author") -> str:
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.path / inside,
            env=self.env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def write(self, files: dict[str, str | None]) -> str:
        for name, text in files.items():
            path = self.author / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if text is None:
                path.unlink()
            else:
                path.write_text(text)
        self.git("add", "--all")
        self.git("commit", "--quiet", "-m", "change")
        return self.git("rev-parse", "HEAD")

    def merge(self, files: dict[str, str | None]) -> str:
        """Commit to the base."""
        self.git("switch", "--quiet", "main")
        commit = self.write(files)
        self.git("push", "--quiet", "origin", "main")
        return commit

    def open(self, number: int, files: dict[str, str | None], **words: Any) -> str:
        """Open a pull request; `fork_of` builds it upon another one."""
        self.git("switch", "--quiet", "--detach", words.pop("fork_of", "main"))
        head = self.write(files)
        self.git("push", "--quiet", "origin", f"HEAD:refs/pull/{number}/head")
        self.github.commits.add(head)
        self.github.pulls.append(
            {
                "number": number,
                "url": f"{self.github.url}/repos/o/n/pulls/{number}",
                "state": "open",
                "draft": False,
                "title": "::error::\x1b[31m a title is data",
                "head": {"ref": "topic", "sha": head, "repo": None},
                "base": {"ref": "main", "sha": "0" * 40},
                **words,
            }
        )
        return head

    def text(self, key: str, down: str | None) -> str:
        """Return a revision's text."""
        return revision(key, down)

    def new(self, key: str, down: str | None, **words: Any) -> dict[str, str | None]:
        """Return a revision as a file to write."""
        return {file(key): revision(key, down, **words)}

    def fails(self, request: str, status: int, **words: Any) -> None:
        """Let the server answer a request with a failure, by default once."""
        self.github.faults.append(Fault(request, status, **words))

    def run(self, *words: str, **variables: str) -> Done:
        env = {
            **self.env,
            "GITHUB_API_URL": self.github.url,
            "GITHUB_REPOSITORY": "o/n",
            "GITHUB_REF_NAME": "main",
            "GITHUB_TOKEN": TOKEN,
            **variables,
        }
        out, err = io.StringIO(), io.StringIO()
        kept = {key: value for key, value in env.items() if value}
        with (
            mock.patch.dict(os.environ, kept, clear=True),
            contextlib.chdir(self.clone),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            code = main(["pulls", *words])
        done = Done(code, out.getvalue(), err.getvalue())
        assert TOKEN not in done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        assert "\x1b" not in done.stdout + done.stderr
        # Whatever happens, the clone is as it was.
        assert not self.git("status", "--porcelain", inside="clone")
        assert "refs/revgate" not in self.git("for-each-ref", inside="clone")
        return done

    def pulls(self, *words: str, code: int = 0, **variables: str) -> dict[int, dict[str, Any]]:
        """Run, and return what the report says of each pull request, by number."""
        done = self.run("--format=json", *words, **variables)
        assert done.returncode == code, done.stderr + done.stdout
        return {each["number"]: each for each in json.loads(done.stdout)["pulls"]}


@pytest.fixture
def site(tmp_path: Path, github: GitHub) -> Site:
    """Make a repository with two revisions, one behind the other."""
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "LANG": "C.UTF-8",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        **{f"GIT_{who}_NAME": "Ada" for who in ("AUTHOR", "COMMITTER")},
        **{f"GIT_{who}_EMAIL": "ada@example.org" for who in ("AUTHOR", "COMMITTER")},
    }
    made = Site(tmp_path, env, github)
    made.author.mkdir()
    for folder in ("server.git", "author"):
        bare = ["--bare"] if folder.endswith(".git") else []
        made.git("init", "--quiet", "--initial-branch=main", *bare, str(tmp_path / folder))
    made.git("remote", "add", "origin", str(tmp_path / "server.git"))
    made.write(
        {
            "alembic.ini": "[alembic]\nscript_location = migrations\n",
            "migrations/env.py": "raise SystemExit('executed')\n",
            file(FIRST): revision(FIRST, None),
            file(SECOND): revision(SECOND, FIRST),
        }
    )
    made.git("push", "--quiet", "origin", "main")
    made.git("clone", "--quiet", str(tmp_path / "server.git"), str(made.clone))
    return made


def file(key: str) -> str:
    return f"migrations/versions/{key}_add.py"
