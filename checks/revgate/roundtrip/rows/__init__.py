"""Test rows in the tables before each upgrade.

`catalogue` reads what rows must satisfy, `values` and `hints` suggest values, `solve` asks
PostgreSQL which of them it accepts, `order` sorts the tables by their foreign keys, `plan` composes
the rows of a table, `fill` inserts them, and `populated` is the pass over the history.
"""
