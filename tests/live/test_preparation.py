"""What only production has: roles and schemas of the settings, and an owner without privileges."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.live.conftest import Repository

    from revgate.postgres.server import Server

SETTINGS = 'file-name = "any"\nignore = ["revision-id", "missing-lock-timeout"]\n'


@pytest.fixture
def roles(server: Server) -> Iterator[frozenset[str]]:
    """The roles of the server, which must be the same ones after the test."""
    before = server.roles()
    yield before
    assert server.roles() == before


@pytest.mark.usefixtures("roles")
def test_roles_and_schemas_that_only_production_has(repository: Repository, sync_env: str) -> None:
    repository.revision(
        "a0",
        None,
        "CREATE TABLE app.t (a int); GRANT SELECT ON app.t TO readonly_app; "
        "ALTER TABLE app.t OWNER TO readonly_app; ALTER TABLE app.t ENABLE ROW LEVEL SECURITY; "
        "CREATE POLICY p ON app.t TO authenticated USING (a > 0)",
        "DROP TABLE app.t",
    )
    settings = SETTINGS
    said = repository.error("gate", "--no-rows")
    assert "a0.py:8 uses the schema `app`, which no revision creates" in said
    assert 'write schemas = ["app"] in the settings' in said
    repository.write("revgate.toml", settings + 'schemas = ["app"]\n')
    said = repository.error("gate", "--no-rows")
    assert "a0.py:8 uses the role `readonly_app`, which no revision creates" in said
    assert 'write roles = ["readonly_app"] in the settings' in said
    # The other role is wanted by env.py.
    role = "    connection.exec_driver_sql('SET ROLE authenticated; RESET ROLE')\n"
    env = sync_env.replace("connection:\n", f"connection:\n{role}    connection.commit()\n")
    repository.write("migrations/env.py", env)
    repository.write("revgate.toml", settings + 'schemas = ["app"]\nroles = ["readonly_app"]\n')
    assert 'to have it there first: roles = ["authenticated"]' in repository.error("gate")
    made = 'schemas = ["app"]\nroles = ["readonly_app", "authenticated"]\n'
    repository.write("revgate.toml", settings + made)
    judged = repository.judge("gate", "--no-rows")
    assert (judged.code, judged.findings, judged.tables) == (0, [], [1, 0, 1, 1])


def test_a_role_of_a_newer_server_is_explained(repository: Repository) -> None:
    repository.revision("a0", None, "GRANT pg_of_the_future TO CURRENT_USER", "SELECT 1")
    assert "uses the predefined role `pg_of_the_future`, which this server (" in repository.error()


def test_a_type_of_an_extension_that_only_production_has(repository: Repository) -> None:
    repository.revision("a0", None, "CREATE TABLE t (a citext)", "DROP TABLE t")
    said = repository.error()
    assert "a0.py:8 uses the type `citext` of the extension `citext`, which no revision" in said
    create = """CREATE EXTENSION IF NOT EXISTS "citext"; """
    repository.revision("b1", "a0", create, "SELECT 1")
    judged = repository.judge("roundtrip")
    assert judged.findings == [("upgrade-fails", "a0")], "a later revision creates it: a defect"


@pytest.mark.usefixtures("roles")
def test_without_the_rights_of_a_superuser_policies_hold(repository: Repository) -> None:
    repository.revision(
        "a0",
        None,
        "CREATE TABLE t (a int NOT NULL); ALTER TABLE t ENABLE ROW LEVEL SECURITY; "
        "ALTER TABLE t FORCE ROW LEVEL SECURITY; CREATE POLICY p ON t USING (false)",
        "DROP TABLE t",
    )
    repository.revision(
        "b1",
        "a0",
        "ALTER TABLE t ADD b int; UPDATE t SET b = 1; ALTER TABLE t ALTER b SET NOT NULL",
        "ALTER TABLE t DROP b",
    )
    select = ("gate", "--select", "upgrade-fails,fails-on-rows")
    assert repository.judge(*select).findings == []
    repository.write("revgate.toml", SETTINGS + "superuser = false\n")
    assert repository.judge(*select).findings == [("fails-on-rows", "b1")]
