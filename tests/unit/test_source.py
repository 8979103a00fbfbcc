"""The work tree, the index and a commit show the same files, however git was called."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from revgate import environments, settings
from revgate.checking import history as history_checks
from revgate.checking.selection import Choice
from revgate.errors import CannotJudgeError, UsageError
from revgate.git import find_root
from revgate.git import git as run_git
from revgate.history.source import WorkTree
from revgate.history.tree import GitTree
from revgate.source import Content, Source

if TYPE_CHECKING:
    from revgate.result import Result

Write = Callable[[Mapping[str, str | bytes]], Path]
Git = Callable[..., str]

VERSIONS = "migrations/versions"


def revision(key: str, parent: str | None = None) -> str:
    return f"""\
revision = {key!r}
down_revision = {parent!r}


def upgrade():
    op.create_table("t_{key}")


def downgrade():
    op.drop_table("t_{key}")
"""


FILES = {
    "alembic.ini": "[alembic]\nscript_location = migrations\n",
    "migrations/env.py": "",
    "revgate.toml": 'file-name = "any"\n',
    f"{VERSIONS}/a.py": revision("a"),
    f"{VERSIONS}/b.py": revision("b", "a"),
}


@pytest.fixture
def repository(write: Write, git: Git) -> Path:
    root = write(FILES)
    git("init", "--quiet", "--initial-branch=main")
    git("add", ".")
    git("commit", "--quiet", "--message=first")
    return root


def sources(root: Path) -> dict[str, Source]:
    where = str(root)
    return {
        "work tree": WorkTree(where, is_repository=True),
        "index": GitTree(where),
        "commit": GitTree.at(where, "HEAD"),
    }


def check(source: Source) -> Result:
    loaded = settings.load(source.root)
    return history_checks.check(source, loaded, Choice(loaded), cached=False)[0]


def rules(result: Result) -> list[str]:
    return [finding.rule for finding in result.findings]


def content(source: Source, path: str) -> Content:
    (found,) = source.read([path])
    return found


def test_all_three_answer_alike(repository: Path) -> None:
    for source in sources(repository).values():
        assert source.root == str(repository)
        assert source.configurations() == ["alembic.ini"]
        assert source.has_folder("migrations")
        assert source.has_folder(".")
        assert not source.has_folder("migration")
        assert not source.has_folder("alembic.ini")
        assert not source.has_folder("../root2")
        assert source.has_file("alembic.ini")
        assert not source.has_file("migrations")
        assert not source.has_file("nothing")
        assert source.files(VERSIONS, recursive=False) == [f"{VERSIONS}/a.py", f"{VERSIONS}/b.py"]
        assert source.files("migrations", recursive=False) == ["migrations/env.py"]
        assert len(source.files("migrations", recursive=True)) == 3
        assert source.files(".", recursive=False) == ["alembic.ini", "revgate.toml"]
        assert content(source, "migrations/env.py") == Content("migrations/env.py", b"")
        assert content(source, "nothing").error
        result = check(source)
        assert result.findings == ()
        assert result.environments[0].heads == ("b",)


def test_each_sees_its_own_state(repository: Path, git: Git, write: Write) -> None:
    write({f"{VERSIONS}/c.py": revision("c", "b")})
    git("add", ".")
    write({f"{VERSIONS}/d.py": revision("d", "c")})
    heads = {name: check(each).environments[0].heads for name, each in sources(repository).items()}
    assert heads == {"work tree": ("d",), "index": ("c",), "commit": ("b",)}


def test_a_commit_is_named_in_many_ways(repository: Path, git: Git) -> None:
    git("tag", "--annotate", "v1", "--message=x")
    first = git("rev-parse", "HEAD")
    git("commit", "--quiet", "--allow-empty", "--message=second")
    for name in ("v1", "HEAD~1", first, first[:9], "main^"):
        assert check(GitTree.at(str(repository), name)).environments[0].heads == ("b",)


@pytest.mark.parametrize("name", ["nothing", "", "--help", "-x", "HEAD:alembic.ini", "a\nb", "é"])
def test_no_such_commit(name: str, repository: Path) -> None:
    with pytest.raises(UsageError, match="git knows no commit"):
        GitTree.at(str(repository), name)


def test_a_branch_without_a_commit(write: Write, git: Git) -> None:
    root = write(FILES)
    git("init", "--quiet")
    with pytest.raises(UsageError, match="git knows no commit 'HEAD'"):
        GitTree.at(str(root), "HEAD")
    with pytest.raises(CannotJudgeError, match="no Alembic environment in the git index"):
        check(GitTree(str(root)))
    assert check(WorkTree(str(root), is_repository=True)).environments[0].heads == ("b",)


def test_without_git(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    root = write(
        {
            **FILES,
            "node_modules/x/alembic.ini": "[alembic]\n",
            ".hidden/alembic.ini": "[alembic]\n",
            "venv/lib/alembic.ini": "[alembic]\n",
        }
    )
    monkeypatch.setenv("PATH", str(root))
    assert check(WorkTree(str(root), is_repository=False)).environments[0].heads == ("b",)
    with pytest.raises(CannotJudgeError, match="git was not found"):
        check(WorkTree(str(root), is_repository=True))
    (root / "git").write_text("not executable")
    with pytest.raises(CannotJudgeError, match=r"git cannot be run|git was not found"):
        check(WorkTree(str(root), is_repository=True))


def test_what_git_ignores_is_not_a_configuration(repository: Path, write: Write) -> None:
    write({".gitignore": "build/\n", "build/alembic.ini": "[alembic]\n"})
    assert WorkTree(str(repository), is_repository=True).configurations() == ["alembic.ini"]


def test_before_anything_is_tracked(write: Write, git: Git) -> None:
    root = write({**FILES, ".gitignore": "build/\n", "build/alembic.ini": "[alembic]\n"})
    git("init", "--quiet")
    assert WorkTree(str(root), is_repository=True).configurations() == ["alembic.ini"]


def test_a_deleted_configuration_is_gone_from_the_work_tree(repository: Path) -> None:
    (repository / "alembic.ini").unlink()
    found = {name: each.configurations() for name, each in sources(repository).items()}
    assert found == {"work tree": [], "index": ["alembic.ini"], "commit": ["alembic.ini"]}


def test_git_is_asked_no_more_often_than_needed(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def counted(root: str, *arguments: str, stdin: bytes | None = None) -> bytes:
        asked.append(arguments[0])
        return run_git(root, *arguments, stdin=stdin)

    for module in ("source", "tree"):
        monkeypatch.setattr(f"revgate.history.{module}.git", counted)
    check(GitTree(str(repository)))
    # The configurations, one of them read, its folder, the revisions read.
    assert asked == ["ls-files", "cat-file", "ls-files", "cat-file"]
    asked.clear()
    check(GitTree(str(repository), "HEAD"))
    # The tree of a commit is listed once.
    assert asked == ["ls-tree", "cat-file", "cat-file"]
    asked.clear()
    check(WorkTree(str(repository), is_repository=True))
    assert asked == ["ls-files"]


# Ways to have a repository.


def test_a_linked_worktree(repository: Path, git: Git, tmp_path: Path) -> None:
    git("worktree", "add", "--quiet", str(tmp_path / "linked"), "-b", "other")
    assert find_root(str(tmp_path / "linked" / "migrations")) == (str(tmp_path / "linked"), True)
    (tmp_path / "linked" / VERSIONS / "c.py").write_text(revision("c", "b"))
    git("add", ".", cwd=tmp_path / "linked")
    found = sources(tmp_path / "linked")
    heads = {name: check(each).environments[0].heads for name, each in found.items()}
    assert heads == {"work tree": ("c",), "index": ("c",), "commit": ("b",)}
    assert check(GitTree(str(repository))).environments[0].heads == ("b",)


def test_a_shallow_clone(repository: Path, git: Git, tmp_path: Path) -> None:
    git("commit", "--quiet", "--allow-empty", "--message=second")
    git("clone", "--quiet", "--depth=1", f"file://{repository}", str(tmp_path / "clone"))
    for source in sources(tmp_path / "clone").values():
        assert check(source).environments[0].heads == ("b",)
    with pytest.raises(
        UsageError, match="this clone is shallow: run `git fetch --unshallow origin`"
    ):
        GitTree.at(str(tmp_path / "clone"), "HEAD~1")


def test_a_clone_without_contents_says_so(repository: Path, git: Git, tmp_path: Path) -> None:
    git("config", "uploadpack.allowFilter", "true")
    url = f"file://{repository}"
    clone = tmp_path / "clone"
    git("clone", "--quiet", "--no-checkout", "--filter=blob:none", url, str(clone))
    git("config", "--unset", "remote.origin.promisor", cwd=clone)
    git("config", "--unset", "remote.origin.partialclonefilter", cwd=clone)
    found = content(GitTree.at(str(clone), "HEAD"), "alembic.ini")
    assert found.error is not None
    assert "is not in this clone" in found.error


@pytest.mark.parametrize("more", [(), ("--sparse-index",)])
def test_a_sparse_checkout(repository: Path, git: Git, write: Write, more: tuple[str, ...]) -> None:
    write({"docs/x.md": "x"})
    git("add", ".")
    git("commit", "--quiet", "--message=docs")
    git("sparse-checkout", "set", "--cone", *more, "docs")
    assert not (repository / "migrations").exists()
    found = sources(repository)
    with pytest.raises(CannotJudgeError, match="the folder migrations is missing in the work tree"):
        check(found.pop("work tree"))
    assert [check(each).environments[0].heads for each in found.values()] == [("b",), ("b",)]


def test_a_submodule(repository: Path, git: Git, tmp_path: Path) -> None:
    outer = tmp_path / "outer"
    outer.mkdir()
    git("init", "--quiet", cwd=outer)
    git("submodule", "--quiet", "add", str(repository), "sub", cwd=outer)
    git("commit", "--quiet", "--message=x", cwd=outer)
    assert find_root(str(outer / "sub" / "migrations")) == (str(outer / "sub"), True)
    assert check(GitTree(str(outer / "sub"))).environments[0].heads == ("b",)
    named = settings.with_config(settings.Settings(), "sub/alembic.ini")
    for source in sources(outer).values():
        assert source.configurations() == []
        with pytest.raises(CannotJudgeError, match="no Alembic environment"):
            check(source)
    assert environments.find(WorkTree(str(outer), is_repository=True), named)
    with pytest.raises(UsageError, match=r"sub/alembic\.ini cannot be read: not in the git index"):
        environments.find(GitTree(str(outer)), named)


def test_configuration_of_git_does_not_matter(repository: Path, git: Git, tmp_path: Path) -> None:
    hook = tmp_path / "monitor"
    hook.write_text(f"#!/bin/sh\ntouch '{tmp_path}/ran'\n")
    hook.chmod(0o755)
    for key, value in {
        "core.quotepath": "true",
        "core.fsmonitor": str(hook),
        "core.autocrlf": "true",
        "core.ignorecase": "true",
        "core.abbrev": "4",
        "color.ui": "always",
        "core.pager": "cat -n",
    }.items():
        git("config", key, value)
    name = f"{VERSIONS}/é \\.py"
    (repository / name).write_text(revision("c", "b"))
    git("-c", "core.fsmonitor=false", "add", ".")
    (tmp_path / "ran").unlink(missing_ok=True)
    for source in (WorkTree(str(repository), is_repository=True), GitTree(str(repository))):
        assert name in source.files(VERSIONS, recursive=False)
        assert check(source).environments[0].heads == ("c",)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("kind", ["LITERAL", "GLOB", "NOGLOB", "ICASE"])
def test_variables_about_paths_do_not_matter(
    kind: str, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"GIT_{kind}_PATHSPECS", "1")
    for source in sources(repository).values():
        assert check(source).environments[0].heads == ("b",)


# Called from a hook.

HOOK = "cd {folder} && exec {python} -c '{program}' > {output} 2>&1\n"
PROGRAM = """
import os
from revgate.cli import main
print(sorted(name for name in os.environ if name in ("GIT_DIR", "GIT_INDEX_FILE")))
print(main(["check", "--staged", "--format", "json", "--no-cache"]))
"""


@pytest.mark.parametrize("linked", [False, True])
@pytest.mark.parametrize("folder", [".", "migrations/versions"])
@pytest.mark.parametrize("way", [(), ("--all",), ("--only", f"{VERSIONS}/b.py")])
def test_a_hook_sees_what_is_about_to_be_committed(
    repository: Path, git: Git, tmp_path: Path, way: tuple[str, ...], folder: str, *, linked: bool
) -> None:
    import sys

    import revgate

    root = repository
    if linked:
        root = tmp_path / "linked"
        git("worktree", "add", "--quiet", str(root), "-b", "other")
    output = tmp_path / "output"
    path = repr(os.path.dirname(os.path.dirname(revgate.__file__)))
    program = f"import sys; sys.path.insert(0, {path})\n{PROGRAM}".replace("'", '"')
    hook = repository / ".git" / "hooks" / "pre-commit"
    python = f"{sys.executable} -I"
    hook.write_text(
        "#!/bin/sh\n" + HOOK.format(folder=folder, python=python, program=program, output=output)
    )
    hook.chmod(0o755)
    (root / VERSIONS / "c.py").write_text(revision("c", "b"))
    git("add", f"{VERSIONS}/c.py", cwd=root)
    (root / VERSIONS / "b.py").write_text(revision("b2", "a"))
    git("commit", "--quiet", "--message=x", *way, cwd=root)
    said = output.read_text()
    assert "GIT_INDEX_FILE" in said.splitlines()[0]
    # Staged is c behind b; with the others b is b2, so c has lost its parent.
    expected = {(): ["c"], ("--all",): ["b2", "c"]}.get(way, ["b2"])
    for head in expected:
        assert f'"{head}"' in said
    assert said.rstrip().endswith("0" if not way or way[0] == "--only" else "1")


def test_a_relative_index_means_the_root(
    repository: Path, git: Git, monkeypatch: pytest.MonkeyPatch, write: Write
) -> None:
    write({f"{VERSIONS}/c.py": revision("c", "b")})
    git("add", ".")
    (repository / ".git" / "index").rename(repository / ".git" / "other")
    monkeypatch.chdir(repository / VERSIONS)
    monkeypatch.setenv("GIT_DIR", ".git")
    monkeypatch.setenv("GIT_INDEX_FILE", ".git/other")
    assert check(GitTree(str(repository))).environments[0].heads == ("c",)


# Conflicts.


def conflict(repository: Path, git: Git, path: str) -> None:
    """Leave a file in conflict."""
    for branch, parent in (("one", "a"), ("two", "b")):
        git("checkout", "--quiet", "-b", branch, "main")
        (repository / path).write_text(revision(branch, parent))
        git("add", ".")
        git("commit", "--quiet", f"--message={branch}")
    git("merge", "one", code=1)


@pytest.mark.parametrize("path", ["README", f"{VERSIONS}/README", "migrations/env.py"])
def test_a_conflict_elsewhere_does_not_matter(repository: Path, git: Git, path: str) -> None:
    conflict(repository, git, path)
    assert check(GitTree(str(repository))).environments[0].heads == ("b",)
    assert check(WorkTree(str(repository), is_repository=True)).environments[0].heads == ("b",)


@pytest.mark.parametrize("path", [f"{VERSIONS}/c.py", f"{VERSIONS}/b.py", "alembic.ini"])
def test_a_conflict_in_what_is_judged(repository: Path, git: Git, path: str) -> None:
    conflict(repository, git, path)
    with pytest.raises(CannotJudgeError, match=f"{path} is in conflict: resolve it, `git add`"):
        check(GitTree(str(repository)))


def test_the_work_tree_shows_conflict_markers(repository: Path, git: Git) -> None:
    conflict(repository, git, f"{VERSIONS}/c.py")
    result = check(WorkTree(str(repository), is_repository=True))
    assert "unreadable-revision" in rules(result)


# Names and kinds of files.

NAMES = [
    "with space.py",
    'it\'s "quoted".py',
    "back\\slash.py",
    "star*[a]?.py",
    ":(glob)x.py",
    "ünï.py",
    "-dash.py",
    "tab\t.py",
    "bell\a.py",
    os.fsdecode(b"latin-\xe9.py"),
]


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_any_file_name(name: str, repository: Path, git: Git) -> None:
    (repository / VERSIONS / name).write_text(revision("c", "b"))
    git("add", ".")
    git("commit", "--quiet", "--message=x")
    for source in sources(repository).values():
        assert f"{VERSIONS}/{name}" in source.files(VERSIONS, recursive=False)
        result = check(source)
        assert result.environments[0].heads == ("c",)
        assert result.findings == ()


def test_a_newline_in_a_name_is_read_as_alembic_reads_it(repository: Path, git: Git) -> None:
    """Its pattern for revision files does not reach across a newline."""
    (repository / VERSIONS / "new\nline.py").write_text("not Python")
    git("add", ".")
    git("commit", "--quiet", "--message=x")
    for source in sources(repository).values():
        assert f"{VERSIONS}/new\nline.py" in source.files(VERSIONS, recursive=False)
        assert check(source).findings == ()


@pytest.mark.parametrize("folder", ["a b", "q'\"", "ünï", "[x]*", ":(top)y"])
def test_any_folder_name(folder: str, write: Write, git: Git) -> None:
    root = write({f"{folder}/{name}": text for name, text in FILES.items() if "toml" not in name})
    write({"revgate.toml": 'file-name = "any"\n'})
    git("init", "--quiet")
    git("add", ".")
    git("commit", "--quiet", "--message=x")
    for source in sources(root).values():
        result = check(source)
        assert result.environments[0].environment.name == f"{folder}/migrations"
        assert result.environments[0].heads == ("b",)


def test_a_link_to_a_file_is_that_file(repository: Path, git: Git, write: Write) -> None:
    write({"shared/c.py": revision("c", "b")})
    (repository / VERSIONS / "c.py").symlink_to("hop.py.txt")
    (repository / VERSIONS / "hop.py.txt").symlink_to("../../shared/c.py")
    git("add", ".")
    git("commit", "--quiet", "--message=x")
    for source in sources(repository).values():
        assert check(source).environments[0].heads == ("c",)
        assert content(source, f"{VERSIONS}/c.py").data == revision("c", "b").encode()


@pytest.mark.parametrize("target", ["nowhere.py", "c.py", "/no/such", "../../../outside.py"])
def test_a_link_that_leads_nowhere_is_reported(target: str, repository: Path, git: Git) -> None:
    (repository / VERSIONS / "c.py").symlink_to(target)
    git("add", ".")
    git("commit", "--quiet", "--message=x")
    for source in sources(repository).values():
        result = check(source)
        assert rules(result) == ["unreadable-revision"]
        assert result.findings[0].path == f"{VERSIONS}/c.py"
        assert "cannot be read" in result.findings[0].message


def test_a_fifo_is_reported_and_not_waited_for(repository: Path) -> None:
    os.mkfifo(repository / VERSIONS / "x.py")
    source = WorkTree(str(repository), is_repository=True)
    assert content(source, f"{VERSIONS}/x.py").error == "not a regular file"
    assert rules(check(source)) == ["unreadable-revision"]


def test_a_folder_named_like_a_revision_is_not_one(repository: Path) -> None:
    (repository / VERSIONS / "x.py").mkdir()
    source = WorkTree(str(repository), is_repository=True)
    assert content(source, f"{VERSIONS}/x.py").error is not None
    assert check(source).findings == ()


def test_a_file_whose_size_is_unknown_is_read_whole() -> None:
    source = WorkTree("/", is_repository=False)
    if not stat.S_ISREG(os.stat("/proc/version").st_mode):  # pragma: no cover
        pytest.fail("no /proc here")
    assert content(source, "proc/version").data == Path("/proc/version").read_bytes()


def test_a_folder_that_cannot_be_listed(repository: Path) -> None:
    source = WorkTree(str(repository), is_repository=True)
    with pytest.raises(CannotJudgeError, match="the folder nothing cannot be listed: No such file"):
        source.files("nothing", recursive=False)


# What git says.


def test_no_repository_after_all(write: Write, git: Git) -> None:
    root = write({**FILES, ".git": "gitdir: /no/such/folder\n"})
    assert find_root(str(root / "migrations")) == (str(root), True)
    for name in ("ls-files", "rev-parse"):
        with pytest.raises(CannotJudgeError, match=f"`git {name} .*not a git repository"):
            run_git(str(root), name, "HEAD")
    with pytest.raises(CannotJudgeError, match="not a git repository"):
        GitTree.at(str(root), "HEAD")


def test_a_refusal_is_reported_in_the_words_of_git(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    for call in (
        lambda: check(WorkTree(str(repository), is_repository=True)),
        lambda: GitTree.at(str(repository), "HEAD"),
    ):
        with pytest.raises(CannotJudgeError) as caught:
            call()
        said = str(caught.value)
        assert "dubious ownership" in said
        assert "git config --global --add safe.directory" in said


def test_git_is_not_asked_about_a_null_byte(repository: Path) -> None:
    with pytest.raises(CannotJudgeError, match="git cannot be run: embedded null byte"):
        run_git(str(repository), "ls-files", "a\0b")


def test_no_root(tmp_path: Path) -> None:
    assert find_root(str(tmp_path)) == (str(tmp_path), False)


# What `git add -N` announces, and folders that are links.


@pytest.mark.parametrize("key", ["c", "z"])
def test_what_is_only_announced_is_in_no_commit(key: str, repository: Path, git: Git) -> None:
    (repository / VERSIONS / f"{key}.py").write_text(revision(key, "a"))
    git("add", "--intent-to-add", ".")
    found = sources(repository)
    assert rules(check(found["work tree"])) == ["multiple-heads"]
    assert rules(check(found["index"])) == []
    (repository / VERSIONS / f"{key}.py").unlink()
    assert rules(check(GitTree(str(repository)))) == []


def test_an_empty_file_that_is_staged_is_judged(repository: Path, git: Git) -> None:
    (repository / VERSIONS / "__init__.py").write_text("")
    (repository / VERSIONS / "announced.py").write_text("")
    (repository / VERSIONS / "c.py").write_text("")
    git("add", f"{VERSIONS}/c.py", f"{VERSIONS}/__init__.py")
    git("add", "--intent-to-add", ".")
    (found,) = check(GitTree(str(repository))).findings
    assert (found.rule, found.path) == ("unreadable-revision", f"{VERSIONS}/c.py")


def test_a_repository_in_which_everything_is_announced(write: Write, git: Git) -> None:
    root = write(FILES)
    git("init", "--quiet", "--initial-branch=main")
    git("add", "alembic.ini", "revgate.toml", "migrations/env.py")
    git("add", "--intent-to-add", ".")
    with pytest.raises(CannotJudgeError, match="no revision in migrations/versions of the git"):
        check(GitTree(str(root)))


LINKED = [
    ("migrations/versions", "../shared/versions", "shared/versions"),
    ("migrations", "backend/migrations", "backend/migrations"),
    ("migrations/versions", "hop", "migrations/elsewhere"),
]


@pytest.mark.parametrize(("link", "target", "real"), LINKED)
def test_a_folder_that_is_a_link(
    link: str, target: str, real: str, repository: Path, git: Git
) -> None:
    make_link(repository, link, target, real)
    git("add", ".")
    git("commit", "--quiet", "--message=x")
    for source in sources(repository).values():
        found = check(source)
        assert found.environments[0].heads == ("b",)
        assert source.files(VERSIONS, recursive=False) == [f"{VERSIONS}/a.py", f"{VERSIONS}/b.py"]
        assert content(source, f"{VERSIONS}/a.py").data == revision("a").encode()
    (repository / VERSIONS / "c.py").write_text(revision("c", "a"))
    git("add", ".")
    assert rules(check(GitTree(str(repository)))) == ["multiple-heads"]


def make_link(repository: Path, link: str, target: str, real: str) -> None:
    (repository / real).parent.mkdir(parents=True, exist_ok=True)
    (repository / link).rename(repository / real)
    (repository / link).symlink_to(target)
    if target == "hop":
        (repository / "migrations" / "hop").symlink_to("elsewhere")


@pytest.mark.parametrize("target", ["../../outside", "../nowhere", "versions", "/no/such"])
def test_a_folder_that_is_a_link_to_elsewhere_is_not_judged(
    target: str, repository: Path, git: Git, tmp_path: Path
) -> None:
    (repository / VERSIONS).rename(tmp_path / "outside")
    (repository / VERSIONS).symlink_to(target)
    git("add", ".")
    git("commit", "--quiet", "--message=x")
    for name in ("index", "commit"):
        source = sources(repository)[name]
        with pytest.raises(CannotJudgeError, match=r"migrations/versions is .*missing in"):
            check(source)


def test_a_conflict_behind_a_link(repository: Path, git: Git) -> None:
    make_link(repository, "migrations/versions", "../shared/versions", "shared/versions")
    git("add", ".")
    git("commit", "--quiet", "--message=x")
    conflict(repository, git, "shared/versions/b.py")
    with pytest.raises(CannotJudgeError, match="is in conflict"):
        check(GitTree(str(repository)))
