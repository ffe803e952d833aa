"""The demo: a registry with two zones, three registrars and some money, made once and found again at every start.

Every step looks whether it has been done, so a start that was interrupted is finished by the next one. Secrets are made
first and kept in DATA/demo.json (mode 0600), so that a later start can print the same.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from argon2 import PasswordHasher

from namestead.cli import epp_files, files, tokens
from namestead.cli.epp_files import EppFiles
from namestead.cli.session import Problem, operator
from namestead.commands.operator.apply_zone import ApplyZone
from namestead.commands.operator.approve_registrar import ApproveRegistrar
from namestead.commands.operator.bind_certificate import BindCertificate
from namestead.commands.operator.create_account import CreateAccount
from namestead.commands.operator.create_key import CreateKey
from namestead.commands.operator.create_registrar import CreateRegistrar
from namestead.commands.operator.deposit import Deposit
from namestead.commands.operator.list_registrar import ListRegistrar
from namestead.commands.operator.set_epp_password import SetEppPassword
from namestead.commands.operator.unbind_certificate import UnbindCertificate
from namestead.commands.protocol import AnyCommand
from namestead.engine.engine import Engine
from namestead.engine.submission import Envelope
from namestead.epp.certificates import read
from namestead.money import Money
from namestead.objects.names import Name
from namestead.objects.registrar import Registrar
from namestead.objects.zone import ContactModel, Policy, Price
from namestead.rules import names
from namestead.store import operator as listings

CURRENCY: Final = "EUR"
FILE: Final = "demo.json"


@dataclass(frozen=True, slots=True)
class Given:
    """A registrar of the demo: its balance at first in cents, and whether it may change real zones."""

    slug: str
    name: str
    balance: int
    production: bool


REGISTRARS: Final = (
    Given("alpha", "Alpha Domains", 10_000_000, production=True),
    Given("beta", "Beta Names", 10_000_000, production=True),
    Given("gamma", "Gamma Hosting", 1_000_000, production=False),
)
HOUSE: Final = Given("house", "House registrar", 0, production=True)
CATCHER: Final = Given("catcher", "Catcher Backorders", 10_000_000, production=False)
ZONES: Final = ((Name("example"), False), (Name("ote"), True))
PRICES: Final = (("create", 1000), ("renew", 1000), ("transfer", 1000), ("restore", 4000))


def policy() -> Policy:
    """Both zones: open, contacts optional, German and Latin letters, the issue's prices."""
    label = Policy().label
    return Policy(
        label=type(label)(allow_idn=True, idn_tables=(names.IDN_TABLES["de"], names.IDN_TABLES["latin"])),
        prices=tuple(Price(command, amount, CURRENCY) for command, amount in PRICES),
        contacts=ContactModel.OPTIONAL,
    )


@dataclass(frozen=True, slots=True)
class Demo:
    """What the ready file and the greeting say of the demo."""

    registrars: dict[str, dict[str, str]]
    operator: dict[str, str]


async def seed(engine: Engine, data: Path) -> Demo:
    """Make what is missing of the demo."""
    if engine.reference.zones and not (data / FILE).exists():
        raise Problem(
            f"This registry has zones, and {data / FILE} is not there: it is not a demo. Start it without --demo."
        )
    by = operator("demo")
    kept = _secrets(data / FILE)
    certificates = epp_certificates(data)
    for given in (*REGISTRARS, HOUSE):
        await _registrar(engine, given, by)
    for zone, test in ZONES:
        if zone not in engine.reference.zones:
            await engine.submit(ApplyZone(zone, test, HOUSE.slug, policy(), version=0), by)
        for given in (*REGISTRARS, HOUSE):
            await _list(engine, given, zone, by)
    if not await engine.read(lambda c: listings.accounts(c, CATCHER.slug)):
        await engine.submit(CreateAccount(CATCHER.slug, CATCHER.name, CURRENCY), by)
    for given in (*REGISTRARS, CATCHER):
        await _once(
            engine, Deposit(given.slug, Money(given.balance, CURRENCY), "demo"), f"demo-deposit-{given.slug}", by
        )
    shown: dict[str, dict[str, str]] = {}
    for given in REGISTRARS:
        token = kept["registrars"][given.slug]["api_key"]
        if await engine.key(token) is None:
            key = CreateKey(tokens.key_id(), tokens.digest(token), registrar=given.slug, label="demo")
            await engine.submit(key, by)
        shown[given.slug] = {
            "channel_id": engine.reference.by_slug[given.slug].channel_id,
            "api_key": token,
            **await _epp(engine, given.slug, kept["registrars"][given.slug]["epp_password"], certificates, by),
        }
    shown[HOUSE.slug] = {"channel_id": engine.reference.by_slug[HOUSE.slug].channel_id}
    return Demo(shown, {k: kept["operator"][k] for k in ("email", "password")})


async def _registrar(engine: Engine, given: Given, by: Envelope) -> None:
    registrar = engine.reference.by_slug.get(given.slug)
    if registrar is None:
        await engine.submit(CreateRegistrar(given.slug, given.name, tokens.channel_id(), currency=CURRENCY), by)
        registrar = engine.reference.by_slug[given.slug]
        await _approve(engine, registrar, given, by)
    elif registrar.version == 1:
        await _approve(engine, registrar, given, by)


async def _approve(engine: Engine, registrar: Registrar, given: Given, by: Envelope) -> None:
    await engine.submit(
        ApproveRegistrar(registrar.slug, approved=True, production=given.production, dns_module=True), by
    )


async def _list(engine: Engine, given: Given, zone: Name, by: Envelope) -> None:
    reference = engine.reference
    if (reference.by_slug[given.slug].id, reference.zones[zone].id) not in reference.listings:
        await engine.submit(ListRegistrar(given.slug, zone), by)


def epp_certificates(data: Path) -> EppFiles:
    """The demo's certificates, made or renewed where that is due: for the server, before it starts, and to be bound."""
    clients = [given.slug for given in REGISTRARS]
    return epp_files.keep(data, epp_files.server_names(), clients, datetime.now(UTC))


async def _epp(engine: Engine, slug: str, password: str, made: EppFiles, by: Envelope) -> dict[str, str]:
    """EPP access of a registrar of the demo. A password that was changed since is left as it is; a certificate that was
    made anew takes the place of the one before."""
    standing = await engine.epp_access(slug)
    assert standing is not None
    if standing.access is None or standing.access.password_hash is None:
        hashed = await engine.authenticator.hash(password)
        await engine.submit(SetEppPassword(slug, hashed, standing.read_at), by)
    certificate, key = made.clients[slug]
    facts = read(certificate.read_bytes())
    if facts.fingerprint not in {c.fingerprint for c in standing.certificates}:
        bind = BindCertificate(slug, facts.fingerprint, facts.subject, facts.not_after, standing.read_at)
        await engine.submit(bind, by)
    for bound in standing.certificates:
        if bound.subject == facts.subject and bound.fingerprint != facts.fingerprint:
            await engine.submit(UnbindCertificate(slug, bound.fingerprint, standing.read_at), by)
    return {"epp_password": password, "cert_file": str(certificate.resolve()), "key_file": str(key.resolve())}


async def _once(engine: Engine, command: AnyCommand, key: str, by: Envelope) -> None:
    """Money is paid in once, however often the demo is started: by an idempotency key."""
    await engine.submit(command, Envelope(by.principal, by.surface, idempotency_key=key, request_id=by.request_id))


def _secrets(file: Path) -> dict[str, Any]:
    """The demo's secrets, made where there are none yet."""
    kept: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
    before = json.dumps(kept)
    registrars = kept.setdefault("registrars", {})
    for given in REGISTRARS:
        known = registrars.setdefault(given.slug, {"api_key": tokens.key_token()})
        known.setdefault("epp_password", tokens.epp_password(given.slug))
    if "operator" not in kept:
        password = tokens.password()
        # For the console, which is still to come: it will find the hash here.
        kept["operator"] = {
            "email": "operator@registry.example",
            "password": password,
            "password_hash": PasswordHasher().hash(password),
        }
    if json.dumps(kept) != before:
        files.write_private(file, json.dumps(kept, indent=2) + "\n")
    return kept


async def free_name(engine: Engine) -> Name:
    """A name for the first curl: `alice.example`, or one like it that nobody has yet."""
    first = Name("alice.example")
    taken = await engine.read(lambda c: listings.is_registered(c, first))
    return Name(f"alice-{secrets.token_hex(3)}.example") if taken else first
