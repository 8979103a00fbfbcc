import sqlalchemy as sa
from alembic.ddl.postgresql import PostgresqlImpl


class Impl(PostgresqlImpl):
    def version_table_impl(self, *, version_table, version_table_schema, **_):
        return sa.Table(version_table, sa.MetaData(), sa.Column("version_num", sa.String(128)))
