"""Hosted records: values as they are taken and kept, one line a case; and what cannot be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from namestead import errors
from namestead.errors import Refusal
from namestead.objects.domain import Records
from namestead.rules import records
from tests.commands.facts import ALICE

HASH = "ab" * 32


@pytest.mark.parametrize(
    "kind, value, canonical",
    [
        ("A", "192.0.2.1", "192.0.2.1"),
        ("AAAA", "2001:DB8:0::1", "2001:db8::1"),
        ("CNAME", "www.Example.net", "www.example.net."),
        ("CNAME", "www.example.net.", "www.example.net."),
        ("MX", "10 mail.example.net", "10 mail.example.net."),
        ("MX", "0 .", "0 ."),
        ("TXT", "v=spf1 -all", '"v=spf1 -all"'),
        ("TXT", '"v=spf1 -all"', '"v=spf1 -all"'),
        ("TXT", '"a" "b"', '"a" "b"'),
        ("TXT", 'say "x"; \\', '"say \\"x\\"; \\\\"'),
        ("TXT", "ü", '"\\195\\188"'),
        ("TXT", "@", '"@"'),
        ("TXT", "x" * 256, f'"{"x" * 255}" "x"'),
        ("SRV", "0 5 5060 sip.example.net", "0 5 5060 sip.example.net."),
        ("SRV", "0 0 0 .", "0 0 0 ."),
        ("CAA", '0 issue "ca.example"', '0 issue "ca.example"'),
        ("TLSA", f"3 1 1 {HASH}", f"3 1 1 {HASH}"),
        ("HTTPS", "1 . alpn=h2,h3", '1 . alpn="h2,h3"'),
        ("HTTPS", "0 Svc.example.net", "0 svc.example.net."),
        ("SVCB", "1 svc.example.net port=8443", '1 svc.example.net. port="8443"'),
    ],
)
def test_value(kind: str, value: str, canonical: str) -> None:
    assert canonical == records.rdata(kind, value)
    assert canonical == records.rdata(kind, canonical)


@pytest.mark.parametrize(
    "kind, value",
    [
        ("A", "1.2.3"), ("A", "2001:db8::1"), ("A", "192.0.2.1 192.0.2.2"), ("A", ""), ("A", "   "),
        ("AAAA", "192.0.2.1"),
        ("CNAME", "."), ("CNAME", "www"), ("CNAME", "@"), ("CNAME", "a..b"), ("CNAME", "münchen.example"),
        ("MX", "mail.example.net"), ("MX", "10 mail"), ("MX", "70000 mail.example.net"), ("MX", "10 @"),
        ("TXT", '"open'), ("TXT", "a\nb"), ("TXT", "x" * 5000),
        ("SRV", "0 5 70000 sip.example.net"), ("SRV", "0 5 sip.example.net"),
        ("CAA", "0 issue"), ("CAA", '256 issue "x"'),
        ("TLSA", "3 1 1 xyz"),
        ("HTTPS", "1 . alpn=h2 alpn=h3"), ("HTTPS", "1"), ("SVCB", "x svc.example.net"),
        ("A", "$INCLUDE /etc/passwd"), ("A", "$ORIGIN ."),
    ],
)  # fmt: skip
def test_value_refused(kind: str, value: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        records.rdata(kind, value)


@pytest.mark.parametrize(
    "name, canonical",
    [
        ("@", "@"),
        ("WWW", "www"),
        ("a.b.c", "a.b.c"),
        ("_dmarc", "_dmarc"),
        ("_443._tcp.www", "_443._tcp.www"),
        ("*", "*"),
        ("*.shop", "*.shop"),
        ("münchen", "xn--mnchen-3ya"),
        ("x" * 63, "x" * 63),
    ],
)
def test_owner(name: str, canonical: str) -> None:
    assert canonical == records.owner(name, ALICE)


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "www.",
        ".www",
        "a..b",
        "a b",
        "-a",
        "a-",
        "www.*",
        "a*",
        "x" * 64,
        "a/b",
        "a@",
        ".".join(["x" * 60] * 4),
    ],
)
def test_owner_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        records.owner(name, ALICE)


A = Records("@", "A", 3600, ("192.0.2.1",))


def faults(*given: Records) -> list[str]:
    with pytest.raises(Refusal) as caught:
        records.checked(ALICE, given)
    assert errors.INVALID_REQUEST is caught.value.kind
    return [fault.field for fault in caught.value.details]


@pytest.mark.parametrize(
    "given, fields",
    [
        ((Records("@", "NS", 3600, ("a.net",)),), ["records[0].type"]),
        ((Records("@", "SOA", 3600, ("x",)),), ["records[0].type"]),
        ((A, Records("-", "a", 59, ("x", "192.0.2.1"))), ["records[1].name", "records[1].ttl", "records[1].values[0]"]),
        ((Records("@", "A", 604_801, ("192.0.2.1",)),), ["records[0].ttl"]),
        ((Records("@", "A", 3600, ()),), ["records[0].values"]),
        ((Records("@", "A", 3600, ("192.0.2.1",) * 51),), ["records[0].values"]),
        ((Records("@", "MX", 3600, ("10 a.net", "10 A.net.")),), ["records[0].values[1]"]),
        ((A, Records("@", "a", 60, ("192.0.2.2",))), ["records[1]"]),
        ((Records("@", "CNAME", 3600, ("a.net",)),), ["records"]),
        ((Records("www", "CNAME", 3600, ("a.net",)), Records("WWW", "TXT", 3600, ("x",))), ["records"]),
        ((Records("www", "CNAME", 3600, ("a.net", "b.net")),), ["records"]),
    ],
)
def test_faults(given: tuple[Records, ...], fields: list[str]) -> None:
    assert fields == faults(*given)


def test_a_set_in_order_and_canonical() -> None:
    given = (
        Records("www", "cname", 3600, ("Alice.example",)),
        Records("@", "AAAA", 60, ("2001:DB8::1",)),
        Records("@", "A", 604_800, ("192.0.2.2", "192.0.2.1")),
    )
    assert (
        Records("@", "A", 604_800, ("192.0.2.2", "192.0.2.1")),
        Records("@", "AAAA", 60, ("2001:db8::1",)),
        Records("www", "CNAME", 3600, ("alice.example.",)),
    ) == records.checked(ALICE, given)


@pytest.mark.parametrize("count, taken", [(100, True), (101, False)])
def test_how_many(count: int, taken: bool) -> None:
    given = tuple(Records(f"a{n}", "A", 3600, ("192.0.2.1",)) for n in range(count))
    if taken:
        assert count == len(records.checked(ALICE, given))
        return
    with pytest.raises(Refusal) as caught:
        records.checked(ALICE, given)
    assert errors.VALUE_OUT_OF_RANGE is caught.value.kind


@given(st.sampled_from(records.TYPES), st.text(max_size=40))
def test_any_text_is_taken_or_refused_and_well(kind: str, text: str) -> None:
    try:
        canonical = records.rdata(kind, text)
    except ValueError as error:
        assert str(error)
    else:
        assert canonical == records.rdata(kind, canonical)
        assert canonical.isascii() and "\n" not in canonical


@given(st.text(max_size=300))
def test_any_text_is_a_txt_record_of_just_that_text(text: str) -> None:
    try:
        canonical = records.rdata("TXT", text)
    except ValueError:
        return
    if not text.startswith('"'):
        import dns.rdata

        assert text.encode() == b"".join(dns.rdata.from_text("IN", "TXT", canonical).strings)  # type: ignore[attr-defined]
