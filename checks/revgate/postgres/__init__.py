"""PostgreSQL servers, databases and their catalogs; neither Alembic nor findings."""
