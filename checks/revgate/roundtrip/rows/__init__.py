"""Rows in the tables before a step: what is made, put in, and looked for after it.

`catalogue` reads what rows must satisfy, `values` and `hints` make what might, `solve` asks
PostgreSQL which of it does, `order` says which table comes first, `fill` puts rows in, `judge` is
the pass over the history.
"""
