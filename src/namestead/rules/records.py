"""Which records a name may have that is hosted in its zone itself (contracts/registrar-api.md, "records").

Texts become canonical: owner names relative to the domain in lower case, values in the presentation form of RFC 1035,
5.1. Names inside values are full names, with or without the final dot: what a registrar means by `mail` alone would
be a guess. A TXT value without quotation marks is taken as one text, blanks and all.
"""

from __future__ import annotations

import re
from typing import Final

import dns.exception
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
from dns.rdtypes.ANY.CNAME import CNAME
from dns.rdtypes.ANY.MX import MX
from dns.rdtypes.IN.HTTPS import HTTPS
from dns.rdtypes.IN.SRV import SRV
from dns.rdtypes.IN.SVCB import SVCB

from namestead import errors
from namestead.errors import Fault, Refusal
from namestead.objects.domain import Records
from namestead.objects.names import Name
from namestead.rules import names

TYPES: Final = ("A", "AAAA", "CNAME", "MX", "TXT", "SRV", "CAA", "TLSA", "SVCB", "HTTPS")
SHORTEST_TTL: Final = 60
LONGEST_TTL: Final = 604_800
"""Seconds: a minute to a week. RFC 8767, 4 takes a week for the longest that makes sense; a change has to arrive."""

MOST_SETS: Final = 100
MOST_VALUES: Final = 50
LONGEST_VALUE: Final = 4096
"""Limits of ours: what one name may put into a zone that all names share."""

APEX: Final = "@"
_LABEL: Final = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?", re.ASCII)


def checked(domain: Name, records: tuple[Records, ...]) -> tuple[Records, ...]:
    """The whole set a name is to have, canonical and in order of owner and type.

    `invalid_request` with every fault there is, each naming its set and value.
    """
    if len(records) > MOST_SETS:
        raise Refusal(
            errors.VALUE_OUT_OF_RANGE,
            "records",
            str(len(records)),
            message=f"records takes at most {MOST_SETS} sets; {len(records)} were given.",
        )
    faults: list[Fault] = []
    found: dict[tuple[str, str], Records] = {}
    for number, given in enumerate(records):
        field = f"records[{number}]"
        made = _checked_set(domain, given, field, faults)
        if made is None:
            continue
        if (made.name, made.type) in found:
            message = f"{field}: {made.name} {made.type} stands twice; join the two sets."
            faults.append(Fault(field, "duplicate", message))
        found[made.name, made.type] = made
    _require_lonely_cnames(found, faults)
    if faults:
        raise Refusal(errors.INVALID_REQUEST, faults[0].field, message=faults[0].message, details=faults)
    return tuple(found[key] for key in sorted(found))


def owner(name: str, domain: Name) -> str:
    """An owner name relative to the domain: `@`, `www`, `_dmarc`, `*.shop`. `ValueError` says what is wrong."""
    if name == APEX:
        return APEX
    labels = [_label(label, first=n == 0) for n, label in enumerate(name.lower().split("."))]
    made = ".".join(labels)
    if len(made) + 1 + len(domain) > names.MAX_NAME:
        raise ValueError(f"is longer than {names.MAX_NAME} octets together with {domain}")
    return made


def _label(label: str, *, first: bool) -> str:
    if label == "*":
        if first:
            return label
        raise ValueError("has a wildcard that is not its first label")
    if not label.isascii():
        try:
            return names.parse(label)
        except Refusal:
            raise ValueError(f"has a label '{label[:63]}' that is not allowed by IDNA 2008") from None
    if not _LABEL.fullmatch(label):
        raise ValueError("is not a name relative to the domain, like @, www or _dmarc")
    return label


def _checked_set(domain: Name, given: Records, field: str, faults: list[Fault]) -> Records | None:
    before = len(faults)
    name = given.name
    try:
        name = owner(given.name, domain)
    except ValueError as error:
        faults.append(_fault(f"{field}.name", given.name, str(error)))
    kind = given.type.upper()
    if kind not in TYPES:
        faults.append(_fault(f"{field}.type", given.type, f"is none of {', '.join(TYPES)}"))
        return None
    if not SHORTEST_TTL <= given.ttl <= LONGEST_TTL:
        why = f"is not between {SHORTEST_TTL} and {LONGEST_TTL} seconds"
        faults.append(_fault(f"{field}.ttl", str(given.ttl), why))
    if not 1 <= len(given.values) <= MOST_VALUES:
        faults.append(_fault(f"{field}.values", str(len(given.values)), f"are not 1 to {MOST_VALUES} values"))
        return None
    values: list[str] = []
    for number, value in enumerate(given.values):
        place = f"{field}.values[{number}]"
        try:
            made = rdata(kind, value)
        except ValueError as error:
            faults.append(_fault(place, value, f"is no value of type {kind}: {error}"))
            continue
        if made in values:
            faults.append(_fault(place, value, "stands twice in its set"))
        values.append(made)
    return Records(name, kind, given.ttl, tuple(values)) if len(faults) == before else None


def rdata(kind: str, value: str) -> str:
    """One value in canonical presentation form. `ValueError` says what is wrong with it."""
    if not value.strip() or len(value) > LONGEST_VALUE:
        raise ValueError(f"it is empty or longer than {LONGEST_VALUE} characters")
    if kind == "TXT":
        value = _quoted(value)
    elif not value.isascii():
        raise ValueError("write names as A-labels, the rest in ASCII")
    elif kind in ("CNAME", "MX", "SRV"):
        value = value.lower()
    elif kind in ("SVCB", "HTTPS"):
        priority, _, rest = value.strip().partition(" ")
        host, _, parameters = rest.strip().partition(" ")
        value = f"{priority} {host.lower()} {parameters}"
    if not value.isprintable() or "$" in value.split()[0][:1]:
        raise ValueError("it contains control characters or a directive")
    if kind in ("CNAME", "MX", "SRV", "SVCB", "HTTPS") and "@" in value.split():
        raise ValueError("write the name in full instead of @")
    try:
        made = dns.rdata.from_text(
            dns.rdataclass.IN, dns.rdatatype.RdataType.make(kind), value, origin=dns.name.root, relativize=False
        )
    except (dns.exception.DNSException, ValueError) as error:
        raise ValueError(_reason(error)) from None
    target = _target(made)
    # The root alone says "no such service" (RFC 7505, RFC 2782) or "this name" (RFC 9460, 2.5).
    if target is not None and (len(target) == 2 or (target == dns.name.root and kind == "CNAME")):
        raise ValueError("write the name in full, like mail.example.net")
    return made.to_text()


def _quoted(value: str) -> str:
    """A text as character-strings (RFC 1035, 3.3): as given if it is quoted, else the whole of it in one or more."""
    if value.startswith('"'):
        return value
    octets = value.encode()
    if b"\n" in octets or b"\r" in octets:
        raise ValueError("it contains line breaks")
    parts = [octets[n : n + 255] for n in range(0, len(octets), 255)]
    return " ".join('"' + "".join(_escaped(octet) for octet in part) + '"' for part in parts)


def _escaped(octet: int) -> str:
    if octet in b'"\\':
        return "\\" + chr(octet)
    return chr(octet) if 0x20 <= octet < 0x7F else f"\\{octet:03d}"


def _target(made: dns.rdata.Rdata) -> dns.name.Name | None:
    match made:
        case CNAME() | SRV() | SVCB() | HTTPS():
            return made.target
        case MX():
            return made.exchange
        case _:
            return None


def _reason(error: Exception) -> str:
    text = str(error).strip().rstrip(".")
    return text[:120] if text else type(error).__name__


def _require_lonely_cnames(found: dict[tuple[str, str], Records], faults: list[Fault]) -> None:
    """RFC 1034, 3.6.2: a CNAME stands alone at its name, with one value. At the domain itself it never does here: it
    would be in the way of the first other record, and there are better means."""
    beside: dict[str, int] = {}
    for name, _ in found:
        beside[name] = beside.get(name, 0) + 1
    for (name, kind), made in found.items():
        if kind != "CNAME":
            continue
        if name == APEX:
            faults.append(_fault("records", name, "takes no CNAME; use A and AAAA, or HTTPS in alias mode"))
        elif beside[name] > 1:
            faults.append(_fault("records", name, "has a CNAME and other records; a CNAME stands alone"))
        elif len(made.values) > 1:
            faults.append(_fault("records", name, "has a CNAME of several values; it takes one"))


def _fault(field: str, value: str, why: str) -> Fault:
    return Fault(field, "invalid", f"{field}: '{value[:80]}' {why}.", value)
