"""The operator's command line, and the processes it starts."""

from __future__ import annotations


def main() -> None:
    """`namestead ...`. Imports are late, so that `--help` is quick and a worker pays for no command it never runs."""
    from namestead.cli.app import app  # noqa: PLC0415

    app(prog_name="namestead")
