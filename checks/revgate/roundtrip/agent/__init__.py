"""The half of the round trip that runs in the user's Python; started as a script, never imported.

Needs nothing but that interpreter (3.9 or newer), its Alembic (1.9 or newer) and SQLAlchemy. It
executes env.py once, as the `alembic` command would, and performs one migration step for each line
of JSON on its standard input. Knows nothing of snapshots, findings or servers.

Two promises. After every step everything is committed, whatever transactions env.py has opened:
the commit goes to the driver's connection, below SQLAlchemy's bookkeeping, which then goes on as
if nothing had happened. And no connection is made but to the throwaway database: what SQLAlchemy
opens is answered with it, what drivers open by themselves is refused unless it is that database.
"""
