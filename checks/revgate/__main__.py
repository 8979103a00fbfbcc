"""`python -m revgate`."""

from __future__ import annotations

from revgate.cli import run

if __name__ == "__main__":
    run()
