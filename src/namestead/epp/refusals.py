"""A refusal, as EPP says it: its result code, and the element at fault with a reason a person can use."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from namestead.epp import messages as epp
from namestead.epp import namespaces
from namestead.errors import Refusal

DOMAIN: Final[Mapping[str, str]] = {
    "domain": "domain:name",
    "years": "domain:period",
    "period": "domain:period",
    "current_expiry": "domain:curExpDate",
    "auth_info": "domain:authInfo",
    "registrant": "domain:registrant",
    "registrant_id": "domain:registrant",
    "contact": "domain:contact",
    "contacts": "domain:contact",
    "nameservers": "domain:hostObj",
    "host": "domain:hostObj",
    "addresses": "domain:hostAddr",
    "status": "domain:status",
    "statuses": "domain:status",
    "ds": "secDNS:dsData",
    "max_signature_life": "secDNS:maxSigLife",
    "fee": "fee:fee",
    "currency": "fee:currency",
    "command": "fee:command",
    "allocation_token": "allocationToken:allocationToken",
    "report": "rgp:report",
}
HOST: Final[Mapping[str, str]] = {
    "host": "host:name",
    "name": "host:name",
    "domain": "host:name",
    "new_name": "host:name",
    "addresses": "host:addr",
    "status": "host:status",
    "statuses": "host:status",
}
CONTACT: Final[Mapping[str, str]] = {
    "id": "contact:id",
    "contact": "contact:id",
    "postal": "contact:postalInfo",
    "ascii": "contact:postalInfo",
    "email": "contact:email",
    "phone": "contact:voice",
    "phone_ext": "contact:voice",
    "fax": "contact:fax",
    "fax_ext": "contact:fax",
    "disclose": "contact:disclose",
    "withhold": "contact:disclose",
    "auth_info": "contact:authInfo",
    "status": "contact:status",
    "statuses": "contact:status",
}
SESSION: Final[Mapping[str, str]] = {
    "version": "epp:version",
    "lang": "epp:lang",
    "objURI": "epp:objURI",
    "extURI": "epp:extURI",
    "pw": "epp:pw",
    "newPW": "epp:newPW",
    "loginSec:pw": "loginSec:pw",
    "loginSec:newPW": "loginSec:newPW",
    "id": "epp:msgID",
}

MAPPINGS: Final[Mapping[str, tuple[Mapping[str, str], str | None]]] = {
    namespaces.DOMAIN: (DOMAIN, "domain:name"),
    namespaces.HOST: (HOST, "host:name"),
    namespaces.CONTACT: (CONTACT, "contact:id"),
}
"""Of each object's namespace: the elements a command's fields are said in, and the one that names the object."""

_STEPS: Final = re.compile(r"[A-Za-z_:]+")
"""`nameservers[1].addresses` is said as `addresses`; `ds[0].digest`, which has no element of its own here, as `ds`."""


def result_of(refusal: Refusal, body: Any) -> epp.Result:
    """The result a command is refused with. The reason begins with our own code, under which `docs/errors.md` has it."""
    kind = refusal.kind
    told: list[tuple[str | None, str, str | None]] = [(f.field, f.message, f.value) for f in refusal.details]
    told = told or [(refusal.field, refusal.message, refusal.value)]
    values = tuple(
        epp.ExtValue(_value(field, value, body), f"{kind.code}: {message}") for field, message, value in told
    )
    return epp.Result(kind.epp_result_code, ext_values=values)


def _value(field: str | None, value: str | None, body: Any) -> epp.Value:
    elements, usual = MAPPINGS.get(epp.OBJECT_URIS.get(type(body), ""), (SESSION, None))
    steps = _STEPS.findall(field or "")
    element = next((elements[step] for step in reversed(steps) if step in elements), None)
    if element is None:
        name = getattr(body, "name", None) or getattr(body, "id", None)
        return epp.Value(usual, name) if usual is not None and isinstance(name, str) else epp.UNDEFINED
    return epp.Value(element, value or "")
