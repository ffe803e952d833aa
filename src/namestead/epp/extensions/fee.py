"""Fees on the wire (RFC 8748)."""

from __future__ import annotations

from typing import Any, Final

from namestead.epp.messages import (
    Credit,
    DomainCheck,
    DomainCreate,
    DomainRenew,
    DomainTransfer,
    DomainUpdate,
    Fee,
    FeeCheck,
    FeeCheckData,
    FeeCommand,
    FeeData,
    FeeObject,
    FeeQuote,
    FeeTerms,
    Period,
)
from namestead.epp.namespaces import FEE
from namestead.epp.objects.parts import Element, read_language, read_optional, read_period, write_period
from namestead.epp.values import (
    attribute,
    boolean,
    decimal,
    element,
    escape,
    language,
    line,
    token,
    write_boolean,
    write_decimal,
)

_NS: Final = f"{{{FEE}}}"
_CURRENCY, _COMMAND, _PERIOD, _FEE, _CREDIT = (f"{_NS}{n}" for n in ("currency", "command", "period", "fee", "credit"))
_CLASS, _REASON, _BALANCE = f"{_NS}class", f"{_NS}reason", f"{_NS}balance"

_DATA: Final = {
    "create": "creData",
    "renew": "renData",
    "transfer": "trnData",
    "update": "updData",
    "delete": "delData",
}


def _description(node: Element) -> str | None:
    text = node.get("description")
    return None if text is None else line(text)


def _fee(node: Element) -> Fee:
    refundable = node.get("refundable")
    applied: Any = read_optional(node, "applied")
    return Fee(
        decimal(node.text),
        _description(node),
        read_language(node),
        None if refundable is None else boolean(refundable),
        read_optional(node, "grace-period"),
        applied,
    )


def _credit(node: Element) -> Credit:
    return Credit(decimal(node.text), _description(node), read_language(node))


def _command(node: Element) -> FeeCommand:
    period = read_period(node[0]) if len(node) and node[0].tag == _PERIOD else None
    return FeeCommand(
        token(node.get("name")),
        period,
        read_optional(node, "customName"),
        read_optional(node, "phase"),
        read_optional(node, "subphase"),
    )


def _check(node: Element) -> FeeCheck:
    commands = tuple(_command(child) for child in node if child.tag == _COMMAND)
    return FeeCheck(commands, token(node[0].text) if node[0].tag == _CURRENCY else None)


def _terms(node: Element) -> FeeTerms:
    return FeeTerms(
        tuple(_fee(child) for child in node if child.tag == _FEE),
        tuple(_credit(child) for child in node if child.tag == _CREDIT),
        token(node[0].text) if node[0].tag == _CURRENCY else None,
    )


def _quote(node: Element) -> FeeQuote:
    reason: str | None = None
    lang = "en"
    for child in node:
        if child.tag == _REASON:
            reason, lang = token(child.text), read_language(child)
    return FeeQuote(
        _command(node),
        tuple(_fee(child) for child in node if child.tag == _FEE),
        tuple(_credit(child) for child in node if child.tag == _CREDIT),
        reason,
        lang,
        boolean(node.get("standard")),
    )


def _object(node: Element) -> FeeObject:
    fee_class: str | None = None
    reason: str | None = None
    lang = "en"
    for child in node:
        if child.tag == _CLASS:
            fee_class = token(child.text)
        elif child.tag == _REASON:
            reason, lang = token(child.text), read_language(child)
    return FeeObject(
        token(node[0].text),
        tuple(_quote(child) for child in node if child.tag == _COMMAND),
        boolean(node.get("avail", "1")),
        fee_class,
        reason,
        lang,
        read_optional(node[0], "element") or "name",
    )


def _check_data(node: Element) -> FeeCheckData:
    currency, *objects = node
    return FeeCheckData(token(currency.text), tuple(_object(child) for child in objects))


def _data(node: Element) -> FeeData:
    of: Any = next(verb for verb, name in _DATA.items() if node.tag == f"{_NS}{name}")
    currency: str | None = None
    period: Period | None = None
    balance = credit_limit = None
    for child in node:
        tag = child.tag
        if tag == _CURRENCY:
            currency = token(child.text)
        elif tag == _PERIOD:
            period = read_period(child)
        elif tag == _BALANCE:
            balance = decimal(child.text)
        elif tag not in (_FEE, _CREDIT):
            credit_limit = decimal(child.text)
    return FeeData(
        of,
        currency,
        period,
        tuple(_fee(child) for child in node if child.tag == _FEE),
        tuple(_credit(child) for child in node if child.tag == _CREDIT),
        balance,
        credit_limit,
    )


READ_COMMAND: Final = {
    f"{_NS}check": ("fee", (DomainCheck,), _check),
    f"{_NS}create": ("fee", (DomainCreate,), _terms),
    f"{_NS}renew": ("fee", (DomainRenew,), _terms),
    f"{_NS}transfer": ("fee", (DomainTransfer,), _terms),
    f"{_NS}update": ("fee", (DomainUpdate,), _terms),
}
READ_RESPONSE: Final = {
    f"{_NS}chkData": ("fee", _check_data),
    **{f"{_NS}{name}": ("fee", _data) for name in _DATA.values()},
}


def _write_amounts(fees: tuple[Fee, ...], credits_: tuple[Credit, ...]) -> str:
    return "".join(map(_write_fee, fees)) + "".join(map(_write_credit, credits_))


def _write_fee(fee: Fee) -> str:
    refundable = "" if fee.refundable is None else f' refundable="{write_boolean(fee.refundable)}"'
    return (
        f"<fee:fee{attribute('description', fee.description)}{language(fee.lang)}{refundable}"
        f"{attribute('grace-period', fee.grace_period)}{attribute('applied', fee.applied)}>"
        f"{write_decimal(fee.amount)}</fee:fee>"
    )


def _write_credit(credit: Credit) -> str:
    return (
        f"<fee:credit{attribute('description', credit.description)}{language(credit.lang)}>"
        f"{write_decimal(credit.amount)}</fee:credit>"
    )


def _write_command_of(command: FeeCommand, standard: str, inner: str) -> str:
    attributes = (
        f'name="{escape(command.name)}"{attribute("customName", command.custom_name)}'
        f"{attribute('phase', command.phase)}{attribute('subphase', command.subphase)}{standard}"
    )
    inner = f"{write_period('fee', command.period)}{inner}"
    return f"<fee:command {attributes}>{inner}</fee:command>" if inner else f"<fee:command {attributes}/>"


def write_command(part: Any, verb: str) -> str:
    if isinstance(part, FeeCheck):
        verb = "check"
        inner = "".join(_write_command_of(command, "", "") for command in part.commands)
    else:
        inner = _write_amounts(part.fees, part.credits)
    return f'<fee:{verb} xmlns:fee="{FEE}">{element("fee:currency", part.currency)}{inner}</fee:{verb}>'


def _write_reason(reason: str | None, lang: str) -> str:
    return "" if reason is None else f"<fee:reason{language(lang)}>{escape(reason)}</fee:reason>"


def _write_quote(quote: FeeQuote) -> str:
    return _write_command_of(
        quote.command,
        ' standard="1"' if quote.standard else "",
        f"{_write_amounts(quote.fees, quote.credits)}{_write_reason(quote.reason, quote.reason_lang)}",
    )


def _write_object(row: FeeObject) -> str:
    other = "" if row.element == "name" else f' element="{escape(row.element)}"'
    return (
        f'<fee:cd avail="{write_boolean(row.available)}"><fee:objID{other}>{escape(row.id)}</fee:objID>'
        f"{element('fee:class', row.fee_class)}{''.join(map(_write_quote, row.quotes))}"
        f"{_write_reason(row.reason, row.reason_lang)}</fee:cd>"
    )


def write_response(part: FeeCheckData | FeeData) -> str:
    if isinstance(part, FeeCheckData):
        rows = "".join(map(_write_object, part.objects))
        return (
            f'<fee:chkData xmlns:fee="{FEE}"><fee:currency>{escape(part.currency)}</fee:currency>{rows}</fee:chkData>'
        )
    name = _DATA[part.of]
    balance = None if part.balance is None else write_decimal(part.balance)
    limit = None if part.credit_limit is None else write_decimal(part.credit_limit)
    return (
        f'<fee:{name} xmlns:fee="{FEE}">{element("fee:currency", part.currency)}{write_period("fee", part.period)}'
        f"{_write_amounts(part.fees, part.credits)}{element('fee:balance', balance)}"
        f"{element('fee:creditLimit', limit)}</fee:{name}>"
    )
