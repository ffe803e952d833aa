"""What every frame is held against and what every answer carries: ids, results, places, reasons, namespaces."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from namestead.epp import messages as epp
from namestead.epp import namespaces
from namestead.epp.client import Disconnected
from tests.cli.conftest import CommandLine
from tests.epp.wire.conftest import AUTH, create, fresh, registered, shown
from tests.epp.wire.line import Line, fault, said

DS = epp.DsData(12345, 13, 2, "AB" * 32)


def frame(body: str, cl_trid: str = "<clTRID>ABC-12345</clTRID>") -> bytes:
    return f'<epp xmlns="{namespaces.EPP}"><command>{body}{cl_trid}</command></epp>'.encode()


def domain(verb: str, inner: str, attributes: str = "") -> str:
    return f'<{verb}{attributes}><domain:{verb} xmlns:domain="{namespaces.DOMAIN}">{inner}</domain:{verb}></{verb}>'


def response(answer: epp.Greeting | epp.Response) -> epp.Response:
    assert isinstance(answer, epp.Response)
    return answer


# ---------------------------------------------------------------------------------------------------------------- ids


@pytest.mark.parametrize("mark", ["abc", "A b-C_1", "x" * 64, "äöü-12", "<&>'\"]]>"])
def test_a_cltrid_is_echoed_exactly(alpha: Line, mark: str) -> None:
    assert mark == alpha(epp.Command(epp.PollRequest(), mark)).cl_trid


def test_without_a_cltrid_there_is_none(alpha: Line) -> None:
    assert None is alpha(epp.Command(epp.DomainCheck((fresh(),)))).cl_trid


@pytest.mark.parametrize(
    "body, code",
    [
        (domain("info", ""), 2001),
        ("<frobnicate/>", 2000),
        (domain("info", "<domain:name>none.example</domain:name>"), 2303),
        ('<info><x:info xmlns:x="urn:example:nothing"/></info>', 2307),
    ],
)
def test_a_cltrid_is_echoed_on_errors_too(alpha: Line, body: str, code: int) -> None:
    answer = response(alpha.raw(frame(body)))
    assert (code, "ABC-12345") == (answer.code, answer.cl_trid)


def test_a_server_id_comes_once(alpha: Line, beta: Line) -> None:
    answers = [line(epp.Command(epp.PollRequest(), "same")) for line in (alpha, beta) for _ in range(20)]
    answers.append(response(alpha.raw(b"<none")))
    assert len(answers) == len({a.sv_trid for a in answers})


def test_both_ids_are_in_the_log(alpha: Line, operator: CommandLine) -> None:
    name = fresh()
    answer = alpha(epp.Command(create(name), "mark-of-mine"))
    row = operator.json("log", "tail", "--domain", name)
    assert (answer.sv_trid, "mark-of-mine") == (row["request_id"], row["client_transaction_id"])


# -------------------------------------------------------------------------------------------------------- every frame


@pytest.mark.parametrize(
    "payload, code, element",
    [
        (b"<epp", 2001, "epp:undef"),
        (b"<epp/>", 2001, "epp"),
        (frame(domain("info", "")), 2001, "domain:info"),
        (frame(domain("info", "<domain:name></domain:name>")), 2001, "domain:name"),
        (frame(domain("info", "<domain:name>a.example</domain:name><domain:nom/>")), 2001, "domain:nom"),
        (
            frame(domain("renew", "<domain:name>a.example</domain:name><domain:curExpDate>soon</domain:curExpDate>")),
            2001,
            "domain:curExpDate",
        ),
        (
            frame(domain("create", "<domain:name>a.example</domain:name><domain:period unit='y'>0</domain:period>")),
            2001,
            "domain:period",
        ),
        (frame(domain("frob", "")), 2000, "epp:frob"),
    ],
)
def test_what_does_not_fit_the_schemas_is_2001_with_its_place(
    alpha: Line, payload: bytes, code: int, element: str
) -> None:
    answer = response(alpha.raw(payload))
    assert (code, element) == fault(answer), said(answer)
    assert 1000 == alpha(epp.DomainCheck((fresh(),))).code, "its neighbours are not disturbed"


def test_a_place_is_told_by_line_and_path(alpha: Line) -> None:
    payload = frame("\n".join(("", domain("check", "<domain:name>a.example</domain:name>\n<domain:bad/>"))))
    reason = response(alpha.raw(payload)).results[0].ext_values[0].reason
    assert "epp/command/check/domain:check/domain:bad" in reason
    assert "line 3" in reason


@pytest.mark.parametrize(
    "payload",
    [
        b'<?xml version="1.0"?><!DOCTYPE epp [<!ENTITY a "b">]>'
        + frame(domain("info", "<domain:name>&a;</domain:name>")),
        b'<!DOCTYPE epp SYSTEM "file:///etc/passwd">' + frame("<logout/>"),
        frame(domain("info", "<domain:name>&a;</domain:name>")),
    ],
)
def test_no_doctype_and_no_entity(alpha: Line, payload: bytes) -> None:
    assert 2001 == response(alpha.raw(payload)).code


DEFAULT = (
    f'<epp xmlns="{namespaces.EPP}"><command><check><check xmlns="{namespaces.DOMAIN}"><name>a-b.example</name></check>'
    "</check></command></epp>"
)


@pytest.mark.parametrize(
    "payload",
    [
        DEFAULT.encode(),
        DEFAULT.replace("<epp xmlns=", "<e:epp xmlns:e=")
        .replace("command>", "e:command>")
        .replace("</epp>", "</e:epp>")
        .replace("><check><", "><e:check><")
        .replace("</check></check>", "</check></e:check>")
        .encode(),
        ("<?xml version='1.0' encoding='UTF8'?>" + DEFAULT).encode(),
        ("<?xml version='1.0' encoding='UTF-16'?>" + DEFAULT).encode("utf-16"),
        DEFAULT.replace("a-b.example", "<![CDATA[a-b.example]]>").encode(),
        DEFAULT.replace("a-b.example", "<!-- one -->a-b.<!-- two -->example").encode(),
        DEFAULT.replace("a-b.example", "\n  a-b.example\n ").encode(),
        DEFAULT.replace(
            "<epp ", f'<epp xmlns:xsi="{namespaces.XSI}" xsi:schemaLocation="{namespaces.EPP} epp.xsd" '
        ).encode(),
    ],
)
def test_whatever_way_a_client_writes_xml(alpha: Line, payload: bytes) -> None:
    answer = response(alpha.raw(payload))
    assert 1000 == answer.code, said(answer)
    assert epp.DomainCheckData((epp.CheckResult("a-b.example", True),)) == answer.data


# ------------------------------------------------------------------------------------------------------- every answer


def test_what_waits_is_told_in_every_answer(sessions: Callable[..., Line], alpha: Line) -> None:
    beta = sessions("beta")
    beta.messages()
    name = registered(alpha, auth_info=AUTH)
    assert None is beta(epp.DomainCheck((name,))).queue
    beta.did(epp.DomainTransfer("request", name, auth_info=epp.AuthInfo(AUTH)), code=1001)
    told = [
        beta(epp.DomainCheck((name,))),
        beta(epp.DomainInfo(fresh())),
        beta(create(fresh())),
        response(beta.raw(b"<none")),
        sessions("beta")(epp.DomainInfo(name)),
    ]
    head = beta(epp.PollRequest()).queue
    assert head is not None
    assert [(1, head.id)] * 5 == [(a.queue.count, a.queue.id) for a in told if a.queue is not None]
    assert all(a.queue is not None and a.queue.message is None for a in told)
    beta.did(epp.PollAck(head.id))
    assert None is beta(epp.DomainCheck((name,))).queue


def test_pipelined_commands_are_answered_in_order(alpha: Line) -> None:
    name = fresh()
    answers = alpha.all(
        epp.Command(epp.DomainInfo(name), "mark-1"),
        epp.Command(create(name), "mark-2"),
        epp.Command(epp.DomainInfo(name), "mark-3"),
        epp.Command(create(name), "mark-4"),
        epp.Command(epp.DomainDelete(name), "mark-5"),
        epp.Command(epp.DomainInfo(name), "mark-6"),
    )
    found = [(a.cl_trid, a.code) for a in answers]
    assert [
        ("mark-1", 2303),
        ("mark-2", 1000),
        ("mark-3", 1000),
        ("mark-4", 2302),
        ("mark-5", 1000),
        ("mark-6", 2303),
    ] == found


# -------------------------------------------------------------------------------------------------- what was announced

ALL_BUT = {uri: tuple(u for u in namespaces.EXTENSIONS if u != uri) for uri in namespaces.EXTENSIONS}


@pytest.mark.parametrize(
    "uri, extensions",
    [
        (namespaces.SEC_DNS, epp.CommandExtensions(sec_dns=epp.SecDns((DS,)))),
        (namespaces.FEE, epp.CommandExtensions(fee=epp.FeeTerms((epp.Fee(Decimal(10)),), currency="EUR"))),
        (namespaces.ALLOCATION_TOKEN, epp.CommandExtensions(allocation_token="a-token-of-a-kind")),
        (namespaces.LAUNCH, epp.CommandExtensions(launch=epp.LaunchCreate(epp.LaunchPhase("open")))),
        (namespaces.TTL, epp.CommandExtensions(ttl=epp.TtlValues((epp.Ttl("NS", 3600),)))),
    ],
)
def test_an_extension_not_announced_is_2103(
    sessions: Callable[..., Line], uri: str, extensions: epp.CommandExtensions
) -> None:
    line = sessions(ext_uris=ALL_BUT[uri])
    answer = line(create(fresh()), extensions)
    assert (2103, "epp:extension") == fault(answer), said(answer)
    assert uri == answer.results[0].ext_values[0].value.text


@pytest.mark.parametrize(
    "announced, body",
    [
        ((namespaces.HOST,), epp.DomainCheck(("a.example",))),
        ((namespaces.DOMAIN,), epp.HostCheck(("ns1.a.example",))),
        ((namespaces.DOMAIN,), epp.ContactCheck(("c-1",))),
    ],
)
def test_an_object_not_announced_is_2307(
    sessions: Callable[..., Line], announced: tuple[str, ...], body: epp.CommandBody
) -> None:
    assert 2307 == sessions(obj_uris=announced)(body).code


def test_what_would_be_said_in_an_extension_not_announced_goes_by_rfc_9038(sessions: Callable[..., Line]) -> None:
    whole = sessions()
    name = registered(whole)
    whole.did(epp.DomainUpdate(name), epp.CommandExtensions(sec_dns=epp.SecDnsUpdate(add=epp.SecDns((DS,)))))
    full = whole(epp.DomainInfo(name))
    assert (epp.SecDns((DS,)), ()) == (full.extensions.sec_dns, full.results[0].unhandled)

    line = sessions(ext_uris=ALL_BUT[namespaces.SEC_DNS])
    answer = line(epp.DomainInfo(name))
    assert None is answer.extensions.sec_dns
    assert full.extensions.rgp == answer.extensions.rgp
    assert (epp.Unhandled(extension=epp.ResponseExtensions(sec_dns=epp.SecDns((DS,)))),) == answer.results[0].unhandled

    line = sessions(ext_uris=(namespaces.UNHANDLED_NAMESPACES,))
    moved = line(epp.DomainInfo(name)).results[0].unhandled
    assert [{"rgp"}, {"sec_dns"}] == [
        {f for f in u.extension.__struct_fields__ if getattr(u.extension, f)} for u in moved if u.extension is not None
    ]


def test_a_message_about_an_object_not_announced_goes_by_rfc_9038(sessions: Callable[..., Line], alpha: Line) -> None:
    beta = sessions("beta")
    beta.messages()
    name = registered(alpha, auth_info=AUTH)
    beta.did(epp.DomainTransfer("request", name, auth_info=epp.AuthInfo(AUTH)), code=1001)
    answer = sessions("beta", obj_uris=(namespaces.HOST,))(epp.PollRequest())
    assert (1301, None) == (answer.code, answer.data)
    [moved] = answer.results[0].unhandled
    assert isinstance(moved.data, epp.DomainTransferData)
    assert (name, "pending") == (moved.data.name, moved.data.status)


def test_a_frame_answered_with_a_reason_never_tells_a_secret(alpha: Line) -> None:
    weak = "hunter2-hunter2"
    answer = alpha(create(fresh(), auth_info=weak))
    assert (2306, "domain:authInfo") == fault(answer)
    assert weak not in said(answer)
    assert shown(alpha, registered(alpha)).cl_id == "alpha"


def test_logout_is_1500_and_the_end(sessions: Callable[..., Line]) -> None:
    line = sessions()
    assert 1500 == line.logout().code
    with pytest.raises(Disconnected):
        line(epp.PollRequest())
