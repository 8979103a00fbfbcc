"""The environment."""

from shop.version_table import WidePostgresql

__all__ = ["WidePostgresql"]
