"""`namestead registrar`: the registrars, their approvals, and the zones they are listed for."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from namestead.cli import epp_access, show, tokens
from namestead.cli.options import Data, Database, Json
from namestead.cli.session import Problem, Register, told, with_register
from namestead.commands.operator.approve_registrar import ApproveRegistrar
from namestead.commands.operator.create_registrar import CreateRegistrar
from namestead.commands.operator.list_registrar import ListRegistrar
from namestead.objects.facts import Reference
from namestead.objects.registrar import ListingStatus, Registrar
from namestead.rules import names

app = typer.Typer(no_args_is_help=True, help="Registrars, their approvals and listings.")
app.add_typer(epp_access.app, name="epp")

Slug = Annotated[str, typer.Argument(metavar="REGISTRAR", help="The registrar's short name, like alpha.")]


@app.command()
def create(
    slug: Slug,
    name: Annotated[str, typer.Option(help="The registrar's full name.")] = "",
    account: Annotated[
        str | None, typer.Option(help="An account it pays from [default: a new one under the same short name].")
    ] = None,
    currency: Annotated[str, typer.Option(help="Currency of the new account (ISO 4217).")] = "EUR",
    data: Data = None,
    database: Database = None,
    as_json: Json = False,
) -> None:
    """Make a registrar with its account. It can do nothing until it is approved, listed and has a key."""

    async def work(register: Register) -> None:
        command = CreateRegistrar(slug, name or slug, tokens.channel_id(), account, currency)
        answer = await register.submit(command)
        if as_json:
            show.as_document({**answer.result.summary(), "audit_id": f"log_{answer.audit_id}"})
            return
        show.lines({**answer.result.summary(), "log": f"log_{answer.audit_id}"})
        show.say(f"\nNext: namestead registrar approve {slug} --zone ZONE, namestead key create --registrar {slug}")

    with_register(work, data, database, as_json=as_json)


@app.command()
def approve(
    slug: Slug,
    approved: Annotated[
        bool | None, typer.Option("--channel/--no-channel", help="Whether its channel to the register is open.")
    ] = None,
    production: Annotated[
        bool | None, typer.Option("--production/--no-production", help="Whether it may change zones that are no test.")
    ] = None,
    dns_module: Annotated[
        bool | None, typer.Option("--dns-module/--no-dns-module", help="Whether it may host records in our zones.")
    ] = None,
    rate_limit: Annotated[
        int | None, typer.Option(min=0, help="Requests a minute for each command; 0 for the registry's default.")
    ] = None,
    zone: Annotated[
        list[str] | None, typer.Option(metavar="ZONE", help="List it for this zone. May be repeated.")
    ] = None,
    suspend: Annotated[
        list[str] | None, typer.Option(metavar="ZONE", help="Suspend its listing for this zone. May be repeated.")
    ] = None,
    data: Data = None,
    database: Database = None,
    as_json: Json = False,
) -> None:
    """Approve a registrar: its channel, production, the DNS module, listings.

    Without any option the channel is approved. What no option speaks of stays as it is.
    """
    asked = (approved, production, dns_module, rate_limit)
    if all(value is None for value in asked) and not zone and not suspend:
        approved = True

    async def work(register: Register) -> None:
        logged = []
        if (approved, production, dns_module, rate_limit) != (None, None, None, None):
            answer = await register.submit(ApproveRegistrar(slug, approved, production, dns_module, rate_limit))
            logged.append(f"log_{answer.audit_id}")
        for status, zones in ((ListingStatus.APPROVED, zone or []), (ListingStatus.SUSPENDED, suspend or [])):
            for text in zones:
                answer = await register.submit(ListRegistrar(slug, names.parse(text, field="zone"), status))
                logged.append(f"log_{answer.audit_id}")
        reference = register.engine.reference
        shown = _shown(reference.by_slug[slug], reference)
        if as_json:
            show.as_document({**shown, "audit_ids": logged})
        else:
            show.lines({**shown, "log": logged})

    with told(as_json=as_json):
        both = set(zone or []) & set(suspend or [])
        if both:
            raise Problem(f"{', '.join(sorted(both))} is to be listed and suspended at once.")
    with_register(work, data, database, as_json=as_json)


@app.command("list")
def list_registrars(data: Data = None, database: Database = None, as_json: Json = False) -> None:
    """List the registrars, with what they are approved and listed for."""

    async def work(register: Register) -> None:
        reference = register.engine.reference
        shown = [_shown(reference.by_slug[slug], reference) for slug in sorted(reference.by_slug)]
        if as_json:
            show.as_document({"registrars": shown})
            return
        show.table(
            ("registrar", "name", "channel", "approved", "production", "DNS", "limit", "listings"),
            (
                (
                    s["registrar"],
                    s["name"],
                    s["channel_id"],
                    s["approved"],
                    s["production_approved"],
                    s["dns_module"],
                    s["rate_limit"],
                    [f".{z}" if st == "approved" else f".{z} ({st})" for z, st in s["listings"].items()],
                )
                for s in shown
            ),
            "There is no registrar yet. Make one: namestead registrar create SLUG",
        )

    with_register(work, data, database, as_json=as_json)


def _shown(registrar: Registrar, reference: Reference) -> dict[str, Any]:
    listings = {
        reference.zones_by_id[zone_id].name: str(listing.status)
        for (registrar_id, zone_id), listing in reference.listings.items()
        if registrar_id == registrar.id
    }
    return {
        "registrar": registrar.slug,
        "name": registrar.name,
        "channel_id": registrar.channel_id,
        "approved": registrar.approved,
        "production_approved": registrar.production_approved,
        "dns_module": registrar.dns_module,
        "rate_limit": registrar.rate_limit,
        "listings": dict(sorted(listings.items())),
    }
