"""`python -m revgate`."""

from revgate.cli import run

if __name__ == "__main__":
    run()
