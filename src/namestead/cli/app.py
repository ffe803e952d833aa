"""The commands of the command line, and which group each stands in."""

from __future__ import annotations

from typing import Annotated

import typer

from namestead import __version__
from namestead.cli import account, clock, contact, doctor, domain, epp_shell, key, log, registrar, retained, zone
from namestead.cli.serve import serve

app = typer.Typer(
    name="namestead",
    help="A domain-name registry: the register itself, and every door to it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(asked: bool) -> None:
    if asked:
        print(f"namestead {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Run a domain-name registry, and look after it."""


app.command()(serve)
app.command()(doctor.doctor)
for name, group in (
    ("zone", zone.app),
    ("registrar", registrar.app),
    ("key", key.app),
    ("account", account.app),
    ("domain", domain.app),
    ("contact", contact.app),
    ("retained", retained.app),
    ("log", log.app),
    ("clock", clock.app),
    ("epp", epp_shell.app),
):
    app.add_typer(group, name=name)
