"""The half of the round trip that runs in the user's Python; started as a script, never imported.

It needs only that interpreter (3.9 or newer), its Alembic (1.9 or newer) and SQLAlchemy. It
executes env.py once, as the `alembic` command does, and runs one migration step for each request on
its standard input.

Two guarantees. After every step everything is committed, whatever transactions env.py has opened:
the commit goes to the driver's connection, below SQLAlchemy, whose own bookkeeping continues
unaware. And every connection goes to a throwaway database: what SQLAlchemy opens is redirected, and
what drivers open on their own is refused unless it goes there.
"""
