"""The words of `namestead epp shell`, and the EPP commands they stand for. Knows no connection and prints nothing.

    create a.example --years 2 --ns ns1.x.net --auth-info   ->   DomainCreate("a.example", ...)

Words without an object are about domains; `host` and `contact` go before the others. Names go to the server as they are
typed: what a name may be is the server's to say.
"""

from __future__ import annotations

import argparse
import secrets
import shlex
import string
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final, NoReturn, cast

from namestead.epp import messages as epp
from namestead.objects.spans import parse_instant

SECRET_OPTIONS: Final = ("--auth-info", "--token")
"""Options whose values are kept out of the history."""

MADE_UP: Final = "\0made up"
"""Stands for an authInfo that the shell is to make up: `--auth-info` without a value."""

OPERATIONS: Final = ("request", "query", "approve", "reject", "cancel")
AUTH_INFO_LENGTH: Final = 24
SYMBOLS: Final = "-_.+:"


class Misspoken(Exception):
    """The words make no command; the message says what would."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """A command to be sent. `auth_info` is one that was made up for it, to be shown once."""

    body: epp.CommandBody
    extensions: epp.CommandExtensions = epp.NO_EXTENSIONS
    auth_info: str | None = None


@dataclass(frozen=True, slots=True)
class Renewal:
    """A renew that does not say when the name expires now, which the server wants to hear: it has to be looked up."""

    name: str
    period: epp.Period | None
    extensions: epp.CommandExtensions

    def spoken(self, expires: date) -> Spoken:
        return Spoken(epp.DomainRenew(self.name, expires, self.period), self.extensions)


@dataclass(frozen=True, slots=True)
class Aside:
    """A word for the shell itself: `hello`, `ack` without an id, `raw`, `xml`, `help`, `quit`."""

    word: str
    argument: str | None = None


Meaning = Spoken | Renewal | Aside


def meaning(line: str) -> Meaning | None:
    """What a line means; None for an empty one and for a comment. `Misspoken` if it means nothing."""
    try:
        words = shlex.split(line, comments=True)
    except ValueError as problem:
        raise Misspoken(f"{problem}: quotes come in pairs.") from None
    if not words:
        return None
    found = PARSER.parse_args(words)
    make: Callable[[argparse.Namespace], Meaning] = found.make
    return make(found)


def usage(words: list[str]) -> str:
    """Help for a command, or the list of all of them."""
    parser: argparse.ArgumentParser = PARSER
    for word in words:
        inner = _inner(parser).get(word)
        if inner is None:
            raise Misspoken(f"There is no command '{' '.join(words)}'. 'help' lists them.")
        parser = inner
    return parser.format_help() if parser is not PARSER else OVERVIEW


def without_secrets(line: str) -> str:
    """The line as the history may keep it: values of `SECRET_OPTIONS` left out. A line that cannot be taken apart, and
    might hold one anywhere, is kept as its first word."""
    try:
        words = shlex.split(line)
    except ValueError:
        return line.split(maxsplit=1)[0] if any(option[:3] in line for option in SECRET_OPTIONS) else line
    kept: list[str] = []
    secret = False
    changed = False
    for word in words:
        name, equals, _ = word.partition("=")
        # argparse takes an option by any beginning of its name.
        is_secret = len(name) > 2 and any(option.startswith(name) for option in SECRET_OPTIONS)
        if secret and not word.startswith("--"):
            changed = True
        elif is_secret and equals:
            kept.append(name)
            changed = True
        else:
            kept.append(word)
        secret = is_secret and not equals
    return shlex.join(kept) if changed else line


def completions(words: list[str]) -> Iterator[str]:
    """What may follow these whole words: commands, operations, and options not yet given. Names are not known here."""
    parser: argparse.ArgumentParser = PARSER
    for word in words:
        inner = _inner(parser)
        if word not in inner:
            break
        parser = inner[word]
    inner = _inner(parser)
    if inner:
        yield from inner
        return
    for action in parser._actions:
        if action.choices is not None and not action.option_strings:
            yield from cast("list[str]", action.choices)
        repeatable = isinstance(action, argparse._AppendAction)
        for option in action.option_strings:
            if repeatable or option not in words:
                yield option


def made_up() -> str:
    """An authInfo by RFC 9154, 4.1: over 128 bits, with lower, upper, digit and other."""
    alphabet = string.ascii_letters + string.digits + SYMBOLS
    kinds = (string.ascii_lowercase, string.ascii_uppercase, string.digits, SYMBOLS)
    while True:
        found = "".join(secrets.choice(alphabet) for _ in range(AUTH_INFO_LENGTH))
        if all(any(c in kind for c in found) for kind in kinds) and found[0].isalnum():
            return found


# ------------------------------------------------------------------------------------------------------ values of options


class _Parser(argparse.ArgumentParser):
    """Says what is wrong by raising, and never prints or exits."""

    def error(self, message: str) -> NoReturn:
        word = self.prog
        hint = f"'help {word}' shows what it takes." if word else "'help' lists the commands."
        raise Misspoken(f"{word + ': ' if word else ''}{message}. {hint}")

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        raise Misspoken(message or f"ended with {status}")


def _inner(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return cast("dict[str, argparse.ArgumentParser]", action.choices)
    return {}


def _amount(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise argparse.ArgumentTypeError(f"'{text}' is no amount like 10.00") from None


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is no day like 2027-11-24") from None


def _instant(text: str) -> datetime:
    try:
        return parse_instant(text if "T" in text else f"{text}T00:00:00Z").astimezone(UTC)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is no instant like 2026-11-24T03:43:00Z") from None


def _ds(text: str) -> epp.DsData:
    parts = text.split()
    try:
        tag, algorithm, kind = (int(part) for part in parts[:3])
        digest = "".join(parts[3:]).upper()
        if not digest or len(digest) % 2 or set(digest) - set(string.hexdigits):
            raise ValueError
    except ValueError:
        raise argparse.ArgumentTypeError(
            "a DS record is four values in quotes: 'KEYTAG ALGORITHM DIGEST-TYPE DIGEST'"
        ) from None
    return epp.DsData(tag, algorithm, kind, digest)


def _contact(text: str) -> epp.DomainContact:
    kind, colon, handle = text.partition(":")
    if not colon or kind not in ("admin", "billing", "tech") or not handle:
        raise argparse.ArgumentTypeError(f"'{text}' is not admin:ID, billing:ID or tech:ID")
    return epp.DomainContact(handle, kind)


def _address(text: str) -> epp.Address:
    return epp.Address(text, "v6" if ":" in text else "v4")


def _phone(text: str) -> epp.Phone:
    number, _, extension = text.partition("x")
    return epp.Phone(number, extension or None)


# --------------------------------------------------------------------------------------------------- commands from words


def _auth(given: argparse.Namespace) -> tuple[str | None, str | None]:
    """The authInfo to send, and the same where it was made up."""
    if given.auth_info == MADE_UP:
        found = made_up()
        return found, found
    return given.auth_info, None


def _shown_to(given: argparse.Namespace) -> epp.AuthInfo | None:
    return None if given.auth_info is None else epp.AuthInfo(given.auth_info)


def _period(given: argparse.Namespace) -> epp.Period | None:
    if given.years is not None and given.months is not None:
        raise Misspoken("A period is in years or in months, not both.")
    if given.months is not None:
        return epp.Period(given.months, "m")
    return None if given.years is None else epp.Period(given.years)


def _terms(given: argparse.Namespace) -> epp.FeeTerms | None:
    return None if given.fee is None else epp.FeeTerms((epp.Fee(given.fee),), currency=given.currency)


def _statuses(values: list[str] | None) -> tuple[epp.Status, ...]:
    return tuple(epp.Status(value) for value in values or ())


def _domain_check(given: argparse.Namespace) -> Meaning:
    asked = None
    if given.fees is not None:
        asked = epp.FeeCheck(tuple(epp.FeeCommand(name) for name in given.fees or FEE_COMMANDS), given.currency)
    return Spoken(epp.DomainCheck(tuple(given.name)), epp.CommandExtensions(fee=asked, allocation_token=given.token))


def _domain_info(given: argparse.Namespace) -> Meaning:
    return Spoken(epp.DomainInfo(given.name, given.hosts, _shown_to(given)))


def _domain_create(given: argparse.Namespace) -> Meaning:
    auth_info, made = _auth(given)
    body = epp.DomainCreate(
        given.name,
        epp.AuthInfo(auth_info or ""),
        _period(given),
        tuple(given.ns or ()),
        registrant=given.registrant,
        contacts=tuple(given.contact or ()),
    )
    ds = epp.SecDns(tuple(given.ds)) if given.ds else None
    extensions = epp.CommandExtensions(sec_dns=ds, fee=_terms(given), allocation_token=given.token)
    return Spoken(body, extensions, made)


def _domain_delete(given: argparse.Namespace) -> Meaning:
    return Spoken(epp.DomainDelete(given.name))


def _domain_renew(given: argparse.Namespace) -> Meaning:
    renewal = Renewal(given.name, _period(given), epp.CommandExtensions(fee=_terms(given)))
    return renewal if given.expires is None else renewal.spoken(given.expires)


def _domain_restore(given: argparse.Namespace) -> Meaning:
    restore: epp.RestoreRequest | epp.RestoreReport = epp.RestoreRequest()
    report = (given.reason, given.deleted, given.restored)
    if any(part is not None for part in report):
        if not all(part is not None for part in report):
            raise Misspoken("A report of a restore takes --reason, --deleted and --restored together.")
        told = "As the registry shows it."
        restore = epp.RestoreReport(told, told, given.deleted, given.restored, given.reason, STATEMENTS)
    return Spoken(epp.DomainUpdate(given.name), epp.CommandExtensions(rgp=restore, fee=_terms(given)))


def _domain_transfer(given: argparse.Namespace) -> Meaning:
    body = epp.DomainTransfer(given.operation, given.name, _period(given), _shown_to(given))
    return Spoken(body, epp.CommandExtensions(fee=_terms(given), allocation_token=given.token))


def _domain_update(given: argparse.Namespace) -> Meaning:
    auth_info, made = _auth(given)
    add = epp.DomainParts(
        tuple(given.add_ns or ()),
        contacts=tuple(given.add_contact or ()),
        statuses=_statuses(given.add_status),
    )
    rem = epp.DomainParts(
        tuple(given.rem_ns or ()),
        contacts=tuple(given.rem_contact or ()),
        statuses=_statuses(given.rem_status),
    )
    if given.no_auth_info and auth_info is not None:
        raise Misspoken("--auth-info sets what --no-auth-info takes away.")
    changed = epp.AuthInfo(None) if given.no_auth_info else None if auth_info is None else epp.AuthInfo(auth_info)
    ds = None
    if given.add_ds or given.rem_ds or given.rem_all_ds:
        if given.rem_ds and given.rem_all_ds:
            raise Misspoken("--rem-all-ds takes away what --rem-ds would.")
        added = epp.SecDns(tuple(given.add_ds)) if given.add_ds else None
        ds = epp.SecDnsUpdate(added, tuple(given.rem_ds or ()), rem_all=given.rem_all_ds)
    nothing = epp.DomainParts()
    body = epp.DomainUpdate(
        given.name,
        add if add != nothing else None,
        rem if rem != nothing else None,
        given.registrant,
        changed,
    )
    if ds is None and body == epp.DomainUpdate(given.name):
        raise Misspoken("An update of nothing: say what to add, remove or set. 'help update' lists it.")
    return Spoken(body, epp.CommandExtensions(sec_dns=ds), made)


def _host_check(given: argparse.Namespace) -> Meaning:
    return Spoken(epp.HostCheck(tuple(given.name)))


def _host_info(given: argparse.Namespace) -> Meaning:
    return Spoken(epp.HostInfo(given.name))


def _host_create(given: argparse.Namespace) -> Meaning:
    return Spoken(epp.HostCreate(given.name, tuple(given.ip or ())))


def _host_delete(given: argparse.Namespace) -> Meaning:
    return Spoken(epp.HostDelete(given.name))


def _host_update(given: argparse.Namespace) -> Meaning:
    nothing = epp.HostParts()
    add = epp.HostParts(tuple(given.add_ip or ()), _statuses(given.add_status))
    rem = epp.HostParts(tuple(given.rem_ip or ()), _statuses(given.rem_status))
    body = epp.HostUpdate(given.name, add if add != nothing else None, rem if rem != nothing else None, given.new_name)
    if body == epp.HostUpdate(given.name):
        raise Misspoken("An update of nothing: say what to add, remove or set. 'help host update' lists it.")
    return Spoken(body)


def _contact_check(given: argparse.Namespace) -> Meaning:
    return Spoken(epp.ContactCheck(tuple(given.id)))


def _contact_info(given: argparse.Namespace) -> Meaning:
    return Spoken(epp.ContactInfo(given.id, _shown_to(given)))


def _contact_create(given: argparse.Namespace) -> Meaning:
    auth_info, made = _auth(given)
    address = epp.PostalAddress(
        given.city, given.country.upper(), tuple(given.street or ()), given.state, given.postal_code
    )
    postal = epp.PostalInfo("loc" if given.loc else "int", given.name, address, given.org)
    body = epp.ContactCreate(given.id, (postal,), given.email, epp.AuthInfo(auth_info or ""), given.voice, given.fax)
    return Spoken(body, auth_info=made)


def _contact_delete(given: argparse.Namespace) -> Meaning:
    return Spoken(epp.ContactDelete(given.id))


def _contact_transfer(given: argparse.Namespace) -> Meaning:
    return Spoken(epp.ContactTransfer(given.operation, given.id, _shown_to(given)))


def _contact_update(given: argparse.Namespace) -> Meaning:
    auth_info, made = _auth(given)
    address = None
    parts = (given.city, given.country, given.street, given.state, given.postal_code)
    if any(part is not None for part in parts):
        if given.city is None or given.country is None:
            raise Misspoken("An address is changed as a whole: give --city and --country with the rest of it.")
        address = epp.PostalAddress(
            given.city, given.country.upper(), tuple(given.street or ()), given.state, given.postal_code
        )
    postal: tuple[epp.PostalChange, ...] = ()
    if address is not None or given.name is not None or given.org is not None:
        postal = (epp.PostalChange("loc" if given.loc else "int", given.name, given.org, address),)
    body = epp.ContactUpdate(
        given.id,
        _statuses(given.add_status),
        _statuses(given.rem_status),
        postal,
        given.voice,
        given.fax,
        given.email,
        None if auth_info is None else epp.AuthInfo(auth_info),
    )
    if body == epp.ContactUpdate(given.id):
        raise Misspoken("An update of nothing: say what to add, remove or set. 'help contact update' lists it.")
    return Spoken(body, auth_info=made)


def _poll(_: argparse.Namespace) -> Meaning:
    return Spoken(epp.PollRequest())


def _ack(given: argparse.Namespace) -> Meaning:
    return Aside("ack") if given.id is None else Spoken(epp.PollAck(given.id))


def _aside(word: str, argument: str | None = None) -> Callable[[argparse.Namespace], Meaning]:
    def make(given: argparse.Namespace) -> Meaning:
        value = None if argument is None else getattr(given, argument)
        return Aside(word, " ".join(value) if isinstance(value, list) else value)

    return make


# ------------------------------------------------------------------------------------------------------ the command table

FEE_COMMANDS: Final = ("create", "renew", "transfer", "restore")
STATEMENTS: Final = (
    "This registrar has not restored the name to use or sell it for itself or for any third party.",
    "The information in this report is true to the best of this registrar's knowledge.",
)
"""RFC 3915, 4.2.5: the two statements of a restore report."""

OVERVIEW: Final = """\
domains    check NAME...            is it free, and if not, why
           info NAME                what is known of it
           create NAME              register it:  --years 2 --ns ns1.x.net --auth-info
           renew NAME               --years 1; its expiry is looked up
           update NAME              --add-ns --rem-ns --add-status --rem-status --auth-info ...
           transfer request NAME    --auth-info PASSWORD; also query, approve, reject, cancel
           delete NAME              and restore NAME
hosts      host check, info, create NAME --ip ADDRESS, update, delete
contacts   contact check, info, create, update, transfer, delete
messages   poll, ack [ID]           the first that waits; it is gone when acknowledged
the shell  hello, raw FILE, xml on, xml off, help COMMAND, quit
"""


def _name(parser: argparse.ArgumentParser, called: str = "name", *, many: bool = False) -> None:
    parser.add_argument(called, metavar=called.upper(), nargs="+" if many else None)


def _auth_option(parser: argparse.ArgumentParser, *, sets: bool) -> None:
    if sets:
        parser.add_argument(
            "--auth-info",
            nargs="?",
            const=MADE_UP,
            metavar="PASSWORD",
            help="its password for transfers; without a value one is made up and shown",
        )
    else:
        parser.add_argument("--auth-info", metavar="PASSWORD", help="the password its sponsor gave out")


def _period_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--years", type=int, metavar="N")
    parser.add_argument("--months", type=int, metavar="N")


def _fee_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--fee", type=_amount, metavar="AMOUNT", help="the fee agreed to; a premium name needs it")
    parser.add_argument("--currency", metavar="CODE")


def _token_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--token", metavar="TOKEN", help="an allocation token (RFC 8495)")


def _many(parser: argparse.ArgumentParser, option: str, metavar: str, kind: Callable[[str], Any] = str) -> None:
    parser.add_argument(option, action="append", type=kind, metavar=metavar, help="may be repeated")


def _address_options(parser: argparse.ArgumentParser, *, required: bool) -> None:
    for option in ("--name", "--city", "--country", "--email"):
        parser.add_argument(option, required=required, metavar=option[2:].upper())
    for option in ("--org", "--state", "--postal-code"):
        parser.add_argument(option, metavar=option[2:].upper())
    _many(parser, "--street", "LINE")
    parser.add_argument("--voice", type=_phone, metavar="+49.3012345")
    parser.add_argument("--fax", type=_phone, metavar="+49.3012345")
    parser.add_argument("--loc", action="store_true", help="in any script; otherwise ASCII (RFC 5733, 2.6)")


def _parser() -> _Parser:
    top = _Parser(prog="", add_help=False, usage=argparse.SUPPRESS)
    words = top.add_subparsers(metavar="COMMAND", required=True, dest="word")

    def word(group: Any, name: str, make: Callable[[argparse.Namespace], Meaning], prefix: str = "") -> _Parser:
        parser: _Parser = group.add_parser(name, prog=f"{prefix}{name}", add_help=False)
        parser.set_defaults(make=make)
        return parser

    check = word(words, "check", _domain_check)
    _name(check, many=True)
    check.add_argument(
        "--fees", nargs="*", choices=(*FEE_COMMANDS, "delete", "update"), metavar="COMMAND", help="what they cost"
    )
    check.add_argument("--currency", metavar="CODE")
    _token_option(check)

    info = word(words, "info", _domain_info)
    _name(info)
    info.add_argument("--hosts", choices=("all", "del", "sub", "none"), default="all")
    _auth_option(info, sets=False)

    create = word(words, "create", _domain_create)
    _name(create)
    _period_options(create)
    _many(create, "--ns", "HOST")
    _auth_option(create, sets=True)
    create.add_argument("--registrant", metavar="ID")
    _many(create, "--contact", "TYPE:ID", _contact)
    _many(create, "--ds", "'TAG ALG TYPE DIGEST'", _ds)
    _fee_options(create)
    _token_option(create)

    renew = word(words, "renew", _domain_renew)
    _name(renew)
    _period_options(renew)
    renew.add_argument("--expires", type=_day, metavar="DAY", help="the day it expires now; looked up if not given")
    _fee_options(renew)

    update = word(words, "update", _domain_update)
    _name(update)
    for verb in ("add", "rem"):
        _many(update, f"--{verb}-ns", "HOST")
        _many(update, f"--{verb}-status", "STATUS")
        _many(update, f"--{verb}-contact", "TYPE:ID", _contact)
        _many(update, f"--{verb}-ds", "'TAG ALG TYPE DIGEST'", _ds)
    update.add_argument("--rem-all-ds", action="store_true")
    update.add_argument("--registrant", metavar="ID", help="'' takes it away")
    _auth_option(update, sets=True)
    update.add_argument("--no-auth-info", action="store_true", help="take its password away: nobody can transfer it")

    transfer = word(words, "transfer", _domain_transfer)
    transfer.add_argument("operation", choices=OPERATIONS, metavar="OPERATION", help=", ".join(OPERATIONS))
    _name(transfer)
    _auth_option(transfer, sets=False)
    _period_options(transfer)
    _fee_options(transfer)
    _token_option(transfer)

    _name(word(words, "delete", _domain_delete))
    restore = word(words, "restore", _domain_restore)
    _name(restore)
    restore.add_argument("--reason", metavar="TEXT", help="with the next two: the report of a restore (RFC 3915)")
    restore.add_argument("--deleted", type=_instant, metavar="INSTANT")
    restore.add_argument("--restored", type=_instant, metavar="INSTANT")
    _fee_options(restore)

    hosts = word(words, "host", _poll).add_subparsers(metavar="COMMAND", required=True, dest="inner")
    _name(word(hosts, "check", _host_check, "host "), many=True)
    _name(word(hosts, "info", _host_info, "host "))
    host = word(hosts, "create", _host_create, "host ")
    _name(host)
    _many(host, "--ip", "ADDRESS", _address)
    host = word(hosts, "update", _host_update, "host ")
    _name(host)
    for verb in ("add", "rem"):
        _many(host, f"--{verb}-ip", "ADDRESS", _address)
        _many(host, f"--{verb}-status", "STATUS")
    host.add_argument("--new-name", metavar="NAME")
    _name(word(hosts, "delete", _host_delete, "host "))

    contacts = word(words, "contact", _poll).add_subparsers(metavar="COMMAND", required=True, dest="inner")
    _name(word(contacts, "check", _contact_check, "contact "), "id", many=True)
    contact = word(contacts, "info", _contact_info, "contact ")
    _name(contact, "id")
    _auth_option(contact, sets=False)
    contact = word(contacts, "create", _contact_create, "contact ")
    _name(contact, "id")
    _address_options(contact, required=True)
    _auth_option(contact, sets=True)
    contact = word(contacts, "update", _contact_update, "contact ")
    _name(contact, "id")
    _address_options(contact, required=False)
    _many(contact, "--add-status", "STATUS")
    _many(contact, "--rem-status", "STATUS")
    _auth_option(contact, sets=True)
    contact = word(contacts, "transfer", _contact_transfer, "contact ")
    contact.add_argument("operation", choices=OPERATIONS, metavar="OPERATION", help=", ".join(OPERATIONS))
    _name(contact, "id")
    _auth_option(contact, sets=False)
    _name(word(contacts, "delete", _contact_delete, "contact "), "id")

    word(words, "poll", _poll)
    ack = word(words, "ack", _ack)
    ack.add_argument("id", nargs="?", metavar="ID", help="of the message; that of the last poll if not given")
    word(words, "hello", _aside("hello"))
    word(words, "raw", _aside("raw", "file")).add_argument(
        "file", metavar="FILE", help="an XML frame, without a header"
    )
    word(words, "xml", _aside("xml", "on")).add_argument("on", choices=("on", "off"), metavar="on|off")
    word(words, "help", _aside("help", "command")).add_argument("command", nargs="*", metavar="COMMAND")
    word(words, "quit", _aside("quit"))
    word(words, "exit", _aside("quit"))
    return top


PARSER: Final = _parser()
