"""Where an environment is configured, and where Alembic runs: one answer for all commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.live.conftest import Repository

T = ("CREATE TABLE t (a int)", "DROP TABLE t")


def test_an_ini_is_run_from_the_folder_of_its_locations(
    repository: Repository, sync_env: str
) -> None:
    (repository.root / "alembic.ini").unlink()
    folder = "api/src/db/migrations"
    repository.write(
        f"{folder}/alembic.ini",
        "[alembic]\nscript_location = src/db/migrations\nprepend_sys_path = .\n"
        "sqlalchemy.url = driver://user:pass@localhost/dbname\n",
    )
    repository.write("api/shop.py", "")
    repository.write("api/words.txt", "")
    repository.write(f"{folder}/env.py", "import shop\nopen('words.txt').close()\n" + sync_env)
    repository.revision("a0", None, *T, folder=folder)
    judged = repository.judge("gate", "--no-rows")
    assert (judged.code, judged.findings, judged.tables) == (0, [], [1, 0, 1, 1])


def test_an_environment_that_code_configures_runs(repository: Repository, sync_env: str) -> None:
    (repository.root / "alembic.ini").unlink()
    folder = "src/app/migrations"
    repository.write("src/app/__init__.py", "")
    repository.write(f"{folder}/env.py", "import app\n" + sync_env)
    repository.write(f"{folder}/script.py.mako", "")
    repository.revision("a0", None, *T, folder=folder)
    judged = repository.judge("gate", "--no-rows")
    assert (judged.code, judged.findings, judged.tables) == (0, [], [1, 0, 1, 1])
