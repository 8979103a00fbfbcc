"""The careful production step: backup, bounded waits for locks, upgrade, verification.

Everything that decides whether a database may be upgraded comes from the doctor and the round
trip; here is what is done then, and in which order.
"""
