"""The words of `namestead epp shell`: what each line means, what is no line, and what the history may keep."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from namestead.cli import epp_words
from namestead.cli.epp_words import Aside, Meaning, Misspoken, Renewal, Spoken
from namestead.epp import messages as epp
from namestead.epp.messages import Address, AuthInfo, CommandExtensions, Period, Status
from namestead.epp.read import read_command
from namestead.epp.write import write

DS = epp.DsData(12345, 13, 2, "AB" * 32)
ADDRESS = epp.PostalAddress("Berlin", "DE", ("Weg 1",))
INSTANT = datetime(2026, 11, 24, tzinfo=UTC)

MEANINGS: list[tuple[str, Meaning]] = [
    ("check a.example b.example", Spoken(epp.DomainCheck(("a.example", "b.example")))),
    (
        "check a.example --token T --fees create",
        Spoken(
            epp.DomainCheck(("a.example",)),
            CommandExtensions(fee=epp.FeeCheck((epp.FeeCommand("create"),)), allocation_token="T"),
        ),
    ),
    ("info a.example", Spoken(epp.DomainInfo("a.example"))),
    ("info a.example --hosts del --auth-info x", Spoken(epp.DomainInfo("a.example", "del", AuthInfo("x")))),
    (
        "create a.example --years 2 --ns ns1.x.net --ns ns2.x.net --auth-info secret",
        Spoken(epp.DomainCreate("a.example", AuthInfo("secret"), Period(2), ("ns1.x.net", "ns2.x.net"))),
    ),
    (
        f"create a.example --months 18 --registrant r-1 --contact tech:t-1 --ds '12345 13 2 {'ab' * 32}' --fee 10.00",
        Spoken(
            epp.DomainCreate(
                "a.example",
                AuthInfo(""),
                Period(18, "m"),
                registrant="r-1",
                contacts=(epp.DomainContact("t-1", "tech"),),
            ),
            CommandExtensions(sec_dns=epp.SecDns((DS,)), fee=epp.FeeTerms((epp.Fee(Decimal("10.00")),))),
        ),
    ),
    ("renew a.example --years 3", Renewal("a.example", Period(3), epp.NO_EXTENSIONS)),
    ("renew a.example --expires 2027-11-24", Spoken(epp.DomainRenew("a.example", date(2027, 11, 24)))),
    (
        "update a.example --add-ns ns3.x.net --rem-ns ns1.x.net --add-status clientHold --auth-info y",
        Spoken(
            epp.DomainUpdate(
                "a.example",
                epp.DomainParts(("ns3.x.net",), statuses=(Status("clientHold"),)),
                epp.DomainParts(("ns1.x.net",)),
                auth_info=AuthInfo("y"),
            )
        ),
    ),
    ("update a.example --no-auth-info", Spoken(epp.DomainUpdate("a.example", auth_info=AuthInfo(None)))),
    (
        "update a.example --rem-all-ds",
        Spoken(epp.DomainUpdate("a.example"), CommandExtensions(sec_dns=epp.SecDnsUpdate(rem_all=True))),
    ),
    (
        "transfer request a.example --auth-info x --years 1",
        Spoken(epp.DomainTransfer("request", "a.example", Period(1), AuthInfo("x"))),
    ),
    ("transfer cancel a.example", Spoken(epp.DomainTransfer("cancel", "a.example"))),
    ("delete a.example", Spoken(epp.DomainDelete("a.example"))),
    ("restore a.example", Spoken(epp.DomainUpdate("a.example"), CommandExtensions(rgp=epp.RestoreRequest()))),
    (
        "restore a.example --reason 'A mistake.' --deleted 2026-11-24 --restored 2026-11-24T00:00:00Z",
        Spoken(
            epp.DomainUpdate("a.example"),
            CommandExtensions(
                rgp=epp.RestoreReport(
                    "As the registry shows it.",
                    "As the registry shows it.",
                    INSTANT,
                    INSTANT,
                    "A mistake.",
                    epp_words.STATEMENTS,
                )
            ),
        ),
    ),
    ("host check ns1.a.example", Spoken(epp.HostCheck(("ns1.a.example",)))),
    ("host info ns1.a.example", Spoken(epp.HostInfo("ns1.a.example"))),
    (
        "host create ns1.a.example --ip 9.9.9.9 --ip 2620:fe::fe",
        Spoken(epp.HostCreate("ns1.a.example", (Address("9.9.9.9"), Address("2620:fe::fe", "v6")))),
    ),
    (
        "host update ns1.a.example --add-ip 9.9.9.9 --new-name ns9.a.example",
        Spoken(epp.HostUpdate("ns1.a.example", epp.HostParts((Address("9.9.9.9"),)), new_name="ns9.a.example")),
    ),
    ("host delete ns1.a.example", Spoken(epp.HostDelete("ns1.a.example"))),
    (
        "contact create c-1 --name Alice --city Berlin --country de --street 'Weg 1' --email a@x.net --voice +49.30x5",
        Spoken(
            epp.ContactCreate(
                "c-1",
                (epp.PostalInfo("int", "Alice", ADDRESS),),
                "a@x.net",
                AuthInfo(""),
                epp.Phone("+49.30", "5"),
            )
        ),
    ),
    ("contact update c-1 --email b@x.net", Spoken(epp.ContactUpdate("c-1", email="b@x.net"))),
    (
        "contact update c-1 --loc --name Änne",
        Spoken(epp.ContactUpdate("c-1", postal=(epp.PostalChange("loc", "Änne"),))),
    ),
    ("contact check c-1 c-2", Spoken(epp.ContactCheck(("c-1", "c-2")))),
    ("contact info c-1", Spoken(epp.ContactInfo("c-1"))),
    ("contact transfer query c-1", Spoken(epp.ContactTransfer("query", "c-1"))),
    ("contact delete c-1", Spoken(epp.ContactDelete("c-1"))),
    ("poll", Spoken(epp.PollRequest())),
    ("ack 12", Spoken(epp.PollAck("12"))),
    ("ack", Aside("ack")),
    ("hello", Aside("hello")),
    ("raw a.xml", Aside("raw", "a.xml")),
    ("xml on", Aside("xml", "on")),
    ("help host create", Aside("help", "host create")),
    ("quit", Aside("quit")),
    ("exit", Aside("quit")),
]


@pytest.mark.parametrize(("line", "meant"), MEANINGS, ids=[line for line, _ in MEANINGS])
def test_a_line_and_what_it_means(line: str, meant: Meaning) -> None:
    assert meant == epp_words.meaning(line)
    if isinstance(meant, Spoken):
        command = epp.Command(meant.body, "C-1", meant.extensions)
        assert command == read_command(write(command)), "what is said can be sent"


@pytest.mark.parametrize("line", ["", "   ", "# a comment"])
def test_nothing_means_nothing(line: str) -> None:
    assert epp_words.meaning(line) is None


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("chek a.example", "invalid choice: 'chek'.*'help' lists"),
        ("check", "check: .*required.*'help check' shows"),
        ("create a.example --years two", "invalid int value"),
        ("create a.example --years 1 --months 1", "years or in months"),
        ("create a.example --ds '1 2'", "KEYTAG ALGORITHM"),
        ("create a.example --contact t-1", "tech:ID"),
        ("create a.example --fee much", "no amount like"),
        ("renew a.example --expires soon", "no day like"),
        ("update a.example", "An update of nothing"),
        ("update a.example --auth-info x --no-auth-info", "takes away"),
        ("host update ns1.a.example", "An update of nothing"),
        ("host", "host: .*required"),
        ("contact update c-1", "An update of nothing"),
        ("contact update c-1 --city Berlin", "as a whole"),
        ("transfer take a.example", "transfer: .*invalid choice"),
        ("restore a.example --reason x", "together"),
        ("info 'a.example", "quotes come in pairs"),
    ],
)
def test_a_line_that_means_nothing_says_what_would(line: str, said: str) -> None:
    with pytest.raises(Misspoken) as problem:
        epp_words.meaning(line)
    assert re.search(said, str(problem.value)), str(problem.value)


def test_an_auth_info_is_made_up_where_none_is_given() -> None:
    found = epp_words.meaning("create a.example --auth-info")
    assert isinstance(found, Spoken) and isinstance(found.body, epp.DomainCreate)
    made = found.auth_info
    assert made is not None and AuthInfo(made) == found.body.auth_info
    assert epp_words.AUTH_INFO_LENGTH == len(made)
    assert all(any(c in kind for c in made) for kind in ("abcdefghijklmnopqrstuvwxyz", "0123456789", epp_words.SYMBOLS))
    again = epp_words.meaning("create a.example --auth-info")
    assert isinstance(again, Spoken) and made != again.auth_info


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("info a.example --auth-info S3cret", "info a.example --auth-info"),
        ("info a.example --auth-info 'S3cret x' --hosts all", "info a.example --auth-info --hosts all"),
        ("info a.example --auth-info=S3cret", "info a.example --auth-info"),
        ("info a.example --auth S3cret", "info a.example --auth"),
        ("check a.example --token S3cret", "check a.example --token"),
        ("create a.example --auth-info --years 1", "create a.example --auth-info --years 1"),
        ("info a.example --auth-info 'S3cret", "info"),
        ("check   a.example", "check   a.example"),
    ],
)
def test_the_history_keeps_no_secret(line: str, kept: str) -> None:
    assert kept == epp_words.without_secrets(line)


@pytest.mark.parametrize(
    ("words", "some"),
    [
        ([], {"check", "create", "host", "contact", "poll", "quit"}),
        (["host"], {"check", "info", "create", "update", "delete"}),
        (["transfer"], {"request", "approve", "--auth-info"}),
        (["create", "a.example"], {"--years", "--ns", "--auth-info"}),
        (["host", "create", "ns1.a.example"], {"--ip"}),
    ],
)
def test_what_may_follow(words: list[str], some: set[str]) -> None:
    assert some <= set(epp_words.completions(words))


def test_what_was_given_is_not_offered_again_unless_it_may_be() -> None:
    offered = set(epp_words.completions(["create", "a.example", "--years", "1", "--ns", "ns1.x.net"]))
    assert ("--years" in offered, "--ns" in offered) == (False, True)


def test_every_command_has_help() -> None:
    for word in epp_words.completions([]):
        assert word in epp_words.usage([word]), word
        assert re.search(rf"\b{word}\b", epp_words.OVERVIEW) or word == "exit", word
    with pytest.raises(Misspoken):
        epp_words.usage(["nonsense"])
