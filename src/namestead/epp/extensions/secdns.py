"""DNSSEC on the wire (RFC 5910)."""

from __future__ import annotations

from typing import Any, Final

from namestead.epp.messages import DomainCreate, DomainUpdate, DsData, KeyData, SecDns, SecDnsUpdate
from namestead.epp.namespaces import SEC_DNS
from namestead.epp.objects.parts import Element
from namestead.epp.values import boolean, escape, integer, token

_NS: Final = f"{{{SEC_DNS}}}"
_LIFE, _DS, _ALL = f"{_NS}maxSigLife", f"{_NS}dsData", f"{_NS}all"
_REM, _ADD = f"{_NS}rem", f"{_NS}add"


def _key(node: Element) -> KeyData:
    flags, protocol, algorithm, public_key = node
    text = token(public_key.text).replace(" ", "")
    return KeyData(integer(flags.text), integer(protocol.text), integer(algorithm.text), text)


def _ds(node: Element) -> DsData:
    tag, algorithm, digest_type, digest, *key = node
    return DsData(
        integer(tag.text),
        integer(algorithm.text),
        integer(digest_type.text),
        token(digest.text).upper(),
        _key(key[0]) if key else None,
    )


def _sec_dns(node: Element) -> SecDns:
    life: int | None = None
    ds: list[DsData] = []
    keys: list[KeyData] = []
    for child in node:
        if child.tag == _LIFE:
            life = integer(child.text)
        elif child.tag == _DS:
            ds.append(_ds(child))
        else:
            keys.append(_key(child))
    return SecDns(tuple(ds), tuple(keys), life)


def _update(node: Element) -> SecDnsUpdate:
    add: SecDns | None = None
    ds: tuple[DsData, ...] = ()
    keys: tuple[KeyData, ...] = ()
    everything = False
    life: int | None = None
    for child in node:
        if child.tag == _REM:
            kind = child[0].tag
            if kind == _ALL:
                everything = boolean(child[0].text)
            elif kind == _DS:
                ds = tuple(_ds(row) for row in child)
            else:
                keys = tuple(_key(row) for row in child)
        elif child.tag == _ADD:
            add = _sec_dns(child)
        elif len(child):
            life = integer(child[0].text)
    return SecDnsUpdate(add, ds, keys, everything, life, boolean(node.get("urgent")))


READ_COMMAND: Final = {
    f"{_NS}create": ("sec_dns", (DomainCreate,), _sec_dns),
    f"{_NS}update": ("sec_dns", (DomainUpdate,), _update),
}
READ_RESPONSE: Final = {f"{_NS}infData": ("sec_dns", _sec_dns)}


def _write_life(life: int | None) -> str:
    return "" if life is None else f"<secDNS:maxSigLife>{life}</secDNS:maxSigLife>"


def _write_key(key: KeyData | None) -> str:
    if key is None:
        return ""
    return (
        f"<secDNS:keyData><secDNS:flags>{key.flags}</secDNS:flags><secDNS:protocol>{key.protocol}</secDNS:protocol>"
        f"<secDNS:alg>{key.algorithm}</secDNS:alg><secDNS:pubKey>{escape(key.public_key)}</secDNS:pubKey>"
        "</secDNS:keyData>"
    )


def _write_ds(ds: DsData) -> str:
    return (
        f"<secDNS:dsData><secDNS:keyTag>{ds.key_tag}</secDNS:keyTag><secDNS:alg>{ds.algorithm}</secDNS:alg>"
        f"<secDNS:digestType>{ds.digest_type}</secDNS:digestType><secDNS:digest>{escape(ds.digest)}</secDNS:digest>"
        f"{_write_key(ds.key)}</secDNS:dsData>"
    )


def _write_rows(ds: tuple[DsData, ...], keys: tuple[KeyData, ...]) -> str:
    return "".join(map(_write_ds, ds)) + "".join(map(_write_key, keys))


def _write_inner(part: SecDns) -> str:
    return f"{_write_life(part.max_sig_life)}{_write_rows(part.ds, part.keys)}"


def _write_sec_dns(name: str, part: SecDns) -> str:
    return f'<secDNS:{name} xmlns:secDNS="{SEC_DNS}">{_write_inner(part)}</secDNS:{name}>'


def write_command(part: Any, verb: str) -> str:
    if isinstance(part, SecDns):
        return _write_sec_dns(verb, part)
    update: SecDnsUpdate = part
    removed = "<secDNS:all>true</secDNS:all>" if update.rem_all else _write_rows(update.rem_ds, update.rem_keys)
    rem = f"<secDNS:rem>{removed}</secDNS:rem>" if removed else ""
    add = "" if update.add is None else f"<secDNS:add>{_write_inner(update.add)}</secDNS:add>"
    life = _write_life(update.max_sig_life)
    chg = f"<secDNS:chg>{life}</secDNS:chg>" if life else ""
    urgent = ' urgent="true"' if update.urgent else ""
    return f'<secDNS:update xmlns:secDNS="{SEC_DNS}"{urgent}>{rem}{add}{chg}</secDNS:update>'


def write_response(part: SecDns) -> str:
    return _write_sec_dns("infData", part)
