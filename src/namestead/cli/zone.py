"""`namestead zone`: zones and their policy, changed by plan."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from namestead import errors
from namestead.cli import show, zone_file
from namestead.cli.options import Data, Database, Json, Yes
from namestead.cli.session import Problem, Register, told, with_register
from namestead.commands.operator.apply_zone import ApplyZone
from namestead.errors import Refusal
from namestead.objects.facts import Reference
from namestead.objects.zone import Zone
from namestead.rules import names

app = typer.Typer(no_args_is_help=True, help="Zones and the policy their names live by.")


@app.command()
def apply(
    file: Annotated[Path, typer.Argument(metavar="FILE.yaml", help="What the zone is to be: see 'zone show'.")],
    yes: Yes = False,
    plan_only: Annotated[bool, typer.Option("--plan", help="Show the plan and change nothing.")] = False,
    data: Data = None,
    database: Database = None,
    as_json: Json = False,
) -> None:
    """Make a zone what FILE.yaml says, after showing what would change.

    The file is the whole policy: what it leaves out gets its default. Without --yes the command asks first.
    """

    async def work(register: Register) -> None:
        reference = register.engine.reference
        before = reference.zones.get(wanted.name)
        steps = zone_file.plan(_document(before, reference) if before else None, _wanted_document(wanted))
        if not as_json:
            _show_plan(wanted.name, before, steps)
        command = ApplyZone(
            wanted.name, wanted.test, wanted.house_registrar, wanted.policy, before.version if before else 0
        )
        if not steps or plan_only:
            # A rehearsal: what would be refused is refused now.
            if steps:
                await register.submit(command, rehearse=True)
            if as_json:
                show.as_document({"zone": wanted.name, "plan": steps, "applied": False})
            return
        if not yes and not as_json and not typer.confirm("Apply this?"):
            raise Problem("Nothing was changed.")
        if not yes and as_json:
            raise Problem("With --json nothing is asked: say --yes to apply, or --plan to see the plan alone.")
        answer = await register.submit(command)
        if as_json:
            show.as_document(
                {"plan": steps, "applied": True, "audit_id": f"log_{answer.audit_id}", **answer.result.summary()}
            )
        else:
            show.say(f".{wanted.name} is at version {answer.result.version} (log_{answer.audit_id}).")

    with told(as_json=as_json):
        try:
            wanted = zone_file.read(file)
        except OSError as problem:
            raise Problem(f"{file} cannot be read: {problem.strerror}.") from None
        except zone_file.BadFile as problem:
            raise Problem(str(problem)) from None
    with_register(work, data, database, as_json=as_json)


@app.command("show")
def show_zone(
    name: Annotated[str, typer.Argument(metavar="ZONE", help="A TLD, like example.")],
    data: Data = None,
    database: Database = None,
    as_json: Json = False,
) -> None:
    """Print a zone as the file that would make it."""

    async def work(register: Register) -> None:
        reference = register.engine.reference
        zone = reference.zones.get(names.parse(name, field="zone"))
        if zone is None:
            raise Refusal(errors.ZONE_NOT_FOUND, "zone", name)
        if as_json:
            show.as_document({**_document(zone, reference), "version": zone.version, "created_at": zone.created_at})
        else:
            show.out.print(Text(zone_file.write(zone, _house(zone, reference))), end="")

    with_register(work, data, database, as_json=as_json)


@app.command("list")
def list_zones(data: Data = None, database: Database = None, as_json: Json = False) -> None:
    """List the zones of this registry."""

    async def work(register: Register) -> None:
        reference = register.engine.reference
        zones = [reference.zones[name] for name in sorted(reference.zones)]
        if as_json:
            show.as_document(
                {
                    "zones": [
                        {
                            "zone": z.name,
                            "test": z.test,
                            "open": z.policy.open,
                            "house_registrar": _house(z, reference),
                            "version": z.version,
                            "updated_at": z.updated_at or z.created_at,
                        }
                        for z in zones
                    ]
                }
            )
            return
        show.table(
            ("zone", "test", "open", "house registrar", "version", "changed"),
            (
                (f".{z.name}", z.test, z.policy.open, _house(z, reference), z.version, z.updated_at or z.created_at)
                for z in zones
            ),
            "There is no zone yet. Make one: namestead zone apply FILE.yaml",
        )

    with_register(work, data, database, as_json=as_json)


def _show_plan(name: str, before: Zone | None, steps: list[zone_file.Step]) -> None:
    if not steps:
        show.say(f".{name} is as the file says. Nothing to change.")
        return
    show.say(f"Plan for .{name}{'' if before else ' (a new zone)'}:")
    for step in steps:
        if step.before is None:
            show.out.print(Text.assemble(("  + ", "green"), f"{step.what}: {step.after}"))
        elif step.after is None:
            show.out.print(Text.assemble(("  - ", "red"), f"{step.what}: {step.before}"))
        else:
            show.out.print(Text.assemble(("  ~ ", "yellow"), f"{step.what}: {step.before} -> {step.after}"))


def _document(zone: Zone, reference: Reference) -> dict[str, Any]:
    return {
        "zone": zone.name,
        "test": zone.test,
        "house_registrar": _house(zone, reference),
        "policy": zone_file.plain(zone.policy),
    }


def _wanted_document(wanted: zone_file.Wanted) -> dict[str, Any]:
    return {
        "zone": wanted.name,
        "test": wanted.test,
        "house_registrar": wanted.house_registrar,
        "policy": zone_file.plain(wanted.policy),
    }


def _house(zone: Zone, reference: Reference) -> str | None:
    house = reference.registrars.get(zone.house_registrar_id or 0)
    return house.slug if house is not None else None
