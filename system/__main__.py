"""`python -m system`."""

from system.cli import app

if __name__ == "__main__":
    app()
