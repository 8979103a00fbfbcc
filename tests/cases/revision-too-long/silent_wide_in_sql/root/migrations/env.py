SQL = "ALTER TABLE alembic_version ALTER version_num TYPE varchar(255)"
