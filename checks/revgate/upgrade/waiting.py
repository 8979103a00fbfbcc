"""Who keeps a database from being upgraded: transactions that have been open for long.

Knows `pg_stat_activity`; what it shows of others depends on the rights of the user.
"""

from revgate.doctor.database import read_only
from revgate.roundtrip.connect import Address

_OPEN = """
    SELECT pid, coalesce(usename, ''), coalesce(nullif(application_name, ''), 'no name'),
           extract(epoch FROM clock_timestamp() - xact_start)::int, coalesce(state, ''),
           left(regexp_replace(coalesce(query, ''), '\\s+', ' ', 'g'), 80)
    FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start IS NOT NULL
      AND clock_timestamp() - xact_start > interval '2 seconds'
    ORDER BY xact_start LIMIT 5
"""


def open_transactions(address: Address) -> list[str]:
    """Return a sentence for each transaction that has been open for seconds, the oldest first."""
    with read_only(address) as connection, connection.cursor() as cursor:
        cursor.execute(_OPEN)
        return [
            f"open for {seconds} s: process {pid} of {user} ({name}), {state}: {query}"
            for pid, user, name, seconds, state, query in cursor.fetchall()
        ]
