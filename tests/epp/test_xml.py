"""What clients send, and what nobody should: the first is read, the second is a fault that names the place, and nothing
a frame says makes the registry fetch, expand or wait for anything."""

from __future__ import annotations

import socket
import time
import tracemalloc
from collections.abc import Iterator

import pytest

from namestead.epp import messages as m
from namestead.epp.faults import Fault
from namestead.epp.framing import LIMIT
from namestead.epp.read import read_answer, read_command
from namestead.epp.write import write_response
from namestead.epp.xml import MAX_ATTRIBUTES, MAX_DEPTH
from tests.epp.golden import frame_of

EPP = "urn:ietf:params:xml:ns:epp-1.0"
DOMAIN = 'xmlns:domain="urn:ietf:params:xml:ns:domain-1.0"'
CHECK = f"<check><domain:check {DOMAIN}><domain:name>a.test</domain:name></domain:check></check>"
CHECKED = m.Command(m.DomainCheck(("a.test",)), "ABC-1")


def framed(command: str, trid: str = "<clTRID>ABC-1</clTRID>") -> str:
    return f'<epp xmlns="{EPP}"><command>{command}{trid}</command></epp>'


def fault_of(payload: str | bytes) -> Fault:
    with pytest.raises(Fault) as caught:
        read_command(payload.encode() if isinstance(payload, str) else payload)
    fault = caught.value
    answer = m.Response((fault.result(),), "SRV-1", fault.cl_trid)
    assert answer == read_answer(write_response(answer))  # and it can be answered, validly
    return fault


# ------------------------------------------------------------------------------------------------- what clients send

LAID_OUT = f"""
<?xml version='1.0' encoding="UTF-8" standalone="no"?>
<!-- made by a client -->
<epp xmlns="{EPP}"
     xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
     xsi:schemaLocation="{EPP} epp-1.0.xsd">
  <command>
    <!-- the command --> <?target what for?>
    <check>
      <domain:check
       {DOMAIN}
       xsi:schemaLocation="urn:ietf:params:xml:ns:domain-1.0 domain-1.0.xsd">
        <domain:name>
          a.test
        </domain:name>
      </domain:check>
    </check>
    <clTRID> ABC-1 </clTRID>
  </command>
</epp>
""".strip()

ACCEPTED = {
    "no declaration": framed(CHECK).encode(),
    "declaration": b'<?xml version="1.0" encoding="UTF-8"?>' + framed(CHECK).encode(),
    "encoding='UTF8'": b"<?xml version='1.0' encoding='UTF8'?>" + framed(CHECK).encode(),
    "encoding utf-8": b'<?xml version="1.0" encoding="utf-8"?>' + framed(CHECK).encode(),
    "encoding us-ascii": b'<?xml version="1.0" encoding="US-ASCII"?>' + framed(CHECK).encode(),
    "byte order mark": b"\xef\xbb\xbf" + framed(CHECK).encode(),
    "byte order mark and declaration": '\ufeff<?xml version="1.0" encoding="UTF-8"?>'.encode() + framed(CHECK).encode(),
    "UTF-16": framed(CHECK).encode("utf-16"),
    "UTF-16 with declaration": ('<?xml version="1.0" encoding="UTF-16"?>' + framed(CHECK)).encode("utf-16"),
    "UTF-16, big end first": b"\xfe\xff" + framed(CHECK).encode("utf-16-be"),
    "UTF-16 without a mark": framed(CHECK).encode("utf-16-le"),
    "UTF-16, big end first, without a mark": framed(CHECK).encode("utf-16-be"),
    "laid out, schemaLocation, comments": LAID_OUT.encode(),
    "line ends of another system": LAID_OUT.replace("\n", "\r\n").encode(),
    "any prefix": (
        f'<e:epp xmlns:e="{EPP}"><e:command><e:check><d:check xmlns:d="urn:ietf:params:xml:ns:domain-1.0">'
        "<d:name>a.test</d:name></d:check></e:check><e:clTRID>ABC-1</e:clTRID></e:command></e:epp>"
    ).encode(),
    "default namespaces": (
        f'<epp xmlns="{EPP}"><command><check><check xmlns="urn:ietf:params:xml:ns:domain-1.0"><name>a.test</name>'
        "</check></check><clTRID>ABC-1</clTRID></command></epp>"
    ).encode(),
    "prefixes that mean other things elsewhere": (
        f'<domain:epp xmlns:domain="{EPP}"><domain:command><domain:check><epp:check '
        'xmlns:epp="urn:ietf:params:xml:ns:domain-1.0"><epp:name>a.test</epp:name></epp:check></domain:check>'
        "<domain:clTRID>ABC-1</domain:clTRID></domain:command></domain:epp>"
    ).encode(),
    "CDATA": framed(CHECK.replace("a.test", "<![CDATA[a.test]]>")).encode(),
    "CDATA in part": framed(CHECK.replace("a.test", "a<![CDATA[.te]]>st")).encode(),
    "a comment within a text": framed(CHECK.replace("a.test", "a.<!-- < & -->test")).encode(),
    "a processing instruction within a text": framed(CHECK.replace("a.test", "a.<?pi?>test")).encode(),
    "character references": framed(CHECK.replace("a.test", "&#97;&#x2e;test")).encode(),
    "a DOCTYPE that is only quoted": framed(f"<!-- <!DOCTYPE epp> -->{CHECK}").encode(),
    "a DOCTYPE quoted before the root": b"<!-- <!DOCTYPE epp> -->" + framed(CHECK).encode(),
}


@pytest.mark.parametrize("how", ACCEPTED)
def test_what_clients_send_is_read(how: str) -> None:
    assert CHECKED == read_command(ACCEPTED[how])


def test_a_command_without_cl_trid() -> None:
    assert m.Command(m.DomainCheck(("a.test",))) == read_command(framed(CHECK, "").encode())


def test_text_in_any_script() -> None:
    for codec in ("utf-8", "utf-16"):
        read = read_command(framed(CHECK.replace("a.test", "bücher.test 名 𝔸")).encode(codec))
        assert m.Command(m.DomainCheck(("bücher.test 名 𝔸",)), "ABC-1") == read


def test_white_space_counts_where_the_schema_says_so() -> None:
    """A password is a normalizedString: its blanks are its own. A name is a token."""
    create = (
        f"<create><domain:create {DOMAIN}><domain:name>\n a.test </domain:name><domain:authInfo>"
        "<domain:pw> two  blanks\tin </domain:pw></domain:authInfo></domain:create></create>"
    )
    read = read_command(framed(create).encode())
    assert m.Command(m.DomainCreate("a.test", m.AuthInfo(" two  blanks in ")), "ABC-1") == read


def test_the_largest_frame() -> None:
    """64 KiB of names, in one check: bounded by the framing, not by anything here."""
    rows = "".join(f"<domain:name>name-{i:05d}.test</domain:name>" for i in range(1500))
    payload = framed(f"<check><domain:check {DOMAIN}>{rows}</domain:check></check>").encode()
    assert LIMIT * 0.9 < len(payload) < LIMIT
    read = read_command(payload)
    assert isinstance(read, m.Command) and isinstance(read.body, m.DomainCheck)
    assert 1500 == len(read.body.names)


# ---------------------------------------------------------------------------------------------- what nobody should send


def domain_create(inner: str) -> str:
    return framed(f"<create><domain:create {DOMAIN}>{inner}</domain:create></create>")


AUTH = "<domain:authInfo><domain:pw>2fooBAR</domain:pw></domain:authInfo>"
NAMED = "<domain:name>a.test</domain:name>"
LOGIN = (
    "<login><clID>{id}</clID><pw>{pw}</pw><options><version>{version}</version><lang>en</lang></options>"
    "<svcs><objURI>urn:ietf:params:xml:ns:domain-1.0</objURI></svcs></login>"
)
UNKNOWN_EXTENSION = '<extension><x:frob xmlns:x="urn:example:x-1.0"/></extension>'
RGP = 'xmlns:rgp="urn:ietf:params:xml:ns:rgp-1.0"'
RGP_DATA = f'<rgp:infData {RGP}><rgp:rgpStatus s="addPeriod"/></rgp:infData>'
UPDATE = f"<update><domain:update {DOMAIN}>{NAMED}</domain:update></update>"

# frame, code, element, path, and a part of the reason
REFUSED = [
    (framed("<frob/>"), 2000, "epp:frob", "epp/command/frob", "no command <frob>"),
    (framed('<x:frob xmlns:x="urn:x"/>'), 2000, "frob", "epp/command/x:frob", "no command <x:frob>"),
    (
        framed('<check><x:check xmlns:x="urn:example:x-1.0"><x:name/></x:check></check>'),
        *(2307, "check", "epp/command/check/x:check", "urn:example:x-1.0"),
    ),
    (framed("<check><check/></check>"), 2307, "epp:check", "epp/command/check/check", "not served"),
    (framed(CHECK + UNKNOWN_EXTENSION), 2103, "frob", "epp/command/extension/x:frob", "urn:example:x-1.0"),
    (
        framed('<renew><host:renew xmlns:host="urn:ietf:params:xml:ns:host-1.0"/></renew>'),
        *(2101, "host:renew", "epp/command/renew/host:renew", "host objects have no <renew>"),
    ),
    (
        framed('<transfer op="request"><host:transfer xmlns:host="urn:ietf:params:xml:ns:host-1.0"/></transfer>'),
        *(2101, "host:transfer", "epp/command/transfer/host:transfer", "host objects have no <transfer>"),
    ),
    (f'<epp xmlns="{EPP}"><extension>{CHECK[7:-8]}</extension></epp>', 2101, "epp:extension", "epp/extension", ""),
    (domain_create(AUTH), 2001, "domain:authInfo", "domain:create/domain:authInfo", "Expected is ( domain:name )"),
    (domain_create(NAMED), 2001, "domain:create", "create/domain:create", "Missing child element"),
    (
        domain_create("<domain:name/>" + AUTH),
        *(2001, "domain:name", "domain:create/domain:name", "length of '0'; this underruns the allowed minimum"),
    ),
    (
        domain_create(f'{NAMED}<domain:period unit="x">1</domain:period>{AUTH}'),
        *(2001, "domain:period", "domain:create/domain:period", "attribute unit: The value 'x' is not an element of"),
    ),
    (
        domain_create(f'{NAMED}<domain:period unit="y">1.5</domain:period>{AUTH}'),
        *(2001, "domain:period", "domain:create/domain:period", "'1.5' is not a valid value"),
    ),
    (
        domain_create(f'{NAMED}<domain:period unit="y">100</domain:period>{AUTH}'),
        *(2001, "domain:period", "domain:create/domain:period", "'100' is greater than the maximum value allowed"),
    ),
    (
        domain_create(f'{NAMED}<domain:authInfo><domain:ext><x:y xmlns:x="urn:x"/></domain:ext></domain:authInfo>'),
        *(2001, "y", "domain:authInfo/domain:ext/x:y", "No matching global element declaration available"),
    ),
    (
        domain_create(f"{NAMED}<domain:authInfo><domain:ext>{RGP_DATA}</domain:ext></domain:authInfo>"),
        *(2102, "domain:ext", "domain:authInfo/domain:ext", "send <pw> instead of <ext>"),
    ),
    (
        framed(f"<create><domain:check {DOMAIN}>{NAMED}</domain:check></create>"),
        *(2001, "domain:check", "epp/command/create/domain:check", "does not belong into <create>"),
    ),
    (
        framed(f'{CHECK}<extension><rgp:update {RGP}><rgp:restore op="request"/></rgp:update></extension>'),
        *(2001, "rgp:update", "epp/command/extension/rgp:update", "<rgp:update> does not belong to <domain:check>"),
    ),
    (
        framed(f'{CHECK}<extension><rgp:infData {RGP}><rgp:rgpStatus s="addPeriod"/></rgp:infData></extension>'),
        *(2001, "rgp:infData", "epp/command/extension/rgp:infData", "does not belong"),
    ),
    (
        framed(f'<logout/><extension><rgp:update {RGP}><rgp:restore op="request"/></rgp:update></extension>'),
        *(2001, "rgp:update", "epp/command/extension/rgp:update", "does not belong to <logout>"),
    ),
    (
        framed(f"{UPDATE}<extension>" + 2 * f'<rgp:update {RGP}><rgp:restore op="request"/></rgp:update>' + "</extension>"),
        *(2001, "rgp:update", "epp/command/extension/rgp:update", "more than once"),
    ),
    (
        framed(f'{UPDATE}<extension><rgp:update {RGP}><rgp:restore op="report"/></rgp:update></extension>'),
        *(2003, "rgp:restore", "rgp:update/rgp:restore", "needs its <rgp:report>"),
    ),
    (
        framed(f"<renew><domain:renew {DOMAIN}>{NAMED}<domain:curExpDate>12026-01-01</domain:curExpDate></domain:renew></renew>"),
        *(2005, "domain:curExpDate", "epp/command/renew/domain:renew/domain:curExpDate", "no such day"),
    ),
    (framed('<poll op="look"/>'), 2001, "epp:poll", "epp/command/poll", "attribute op: The value 'look'"),
    (framed(LOGIN.format(id="ab", pw="foo-BAR2", version="1.0")), 2001, "epp:clID", "login/clID", "minimum length of '3'"),
    (framed(LOGIN.format(id="abc", pw="foo-BAR2", version="2.0")), 2001, "epp:version", "options/version", "'2.0'"),
    (framed(""), 2001, "epp:clTRID", "epp/command/clTRID", "not expected"),
    (framed(CHECK, "<clTRID>AB</clTRID>"), 2001, "epp:clTRID", "epp/command/clTRID", "minimum length of '3'"),
    (framed(CHECK + CHECK), 2001, "epp:check", "epp/command/check", "not expected"),
    (f'<epp xmlns="{EPP}"/>', 2001, "epp:epp", "epp", "Missing child element"),
    (f'<epp xmlns="{EPP}"><frob/></epp>', 2001, "epp:frob", "epp/frob", "not expected"),
    ("<epp/>", 2001, "epp", "epp", "a frame begins with <epp xmlns='urn:ietf:params:xml:ns:epp-1.0'>"),
    (f"<domain:check {DOMAIN}>{NAMED}</domain:check>", 2001, "domain:check", "domain:check", "begins with <epp>"),
]  # fmt: skip


@pytest.mark.parametrize(("frame", "code", "element", "path", "reason"), REFUSED)
def test_a_fault_names_the_place_and_the_reason(frame: str, code: int, element: str, path: str, reason: str) -> None:
    fault = fault_of(frame)
    assert code == fault.code
    assert element == fault.element
    assert reason in fault.reason
    assert fault.path is not None and fault.path.endswith(path)
    assert 1 == fault.line
    assert fault.place in fault.result().ext_values[0].reason


def test_the_place_of_a_value_only_we_cannot_hold() -> None:
    """The second instant of a report: named like the RFC names it, found by what stands in it."""
    report = frame_of("domain_restore_report").decode().replace("2026-11-25T08:30:00.250Z", "2026-11-25T08:30:00")
    fault = fault_of(report)
    assert (2005, "rgp:resTime", "2026-11-25T08:30:00", "ABC-12345") == (
        *(fault.code, fault.element, fault.value, fault.cl_trid),
    )
    assert "epp/command/extension/rgp:update/rgp:restore/rgp:report/rgp:resTime" == fault.path


def test_the_line_of_a_fault() -> None:
    fault = fault_of(LAID_OUT.replace("</domain:name>", "</domain:name>\n<domain:frob/>"))
    assert (2001, "epp/command/check/domain:check/domain:frob", 15) == (fault.code, fault.path, fault.line)
    fault = fault_of(LAID_OUT.replace("</check>", "</chek>"))
    assert (2001, None, 16) == (fault.code, fault.path, fault.line)
    assert fault.column is not None and fault.column > 1
    assert "not well-formed XML" in fault.reason and "line 16" in fault.message


@pytest.mark.parametrize(
    "frame",
    [
        framed("<frob/>"),
        framed(CHECK + UNKNOWN_EXTENSION),
        domain_create(NAMED),
        framed(CHECK.replace("</domain:check>", "")),
        framed(CHECK).replace("</epp>", "<"),
        "<!DOCTYPE epp>" + framed(CHECK),
        '<?xml version="1.0" encoding="UTF-7"?>' + framed(CHECK),
        framed(CHECK.replace("a.test", "&unknown;")),
        framed(f"<renew><domain:renew {DOMAIN}>{NAMED}<domain:curExpDate>12026-01-01</domain:curExpDate></domain:renew></renew>"),
    ],
)  # fmt: skip
def test_a_fault_carries_the_cl_trid(frame: str) -> None:
    assert "ABC-1" == fault_of(frame).cl_trid
    assert fault_of(frame.replace("<clTRID>ABC-1</clTRID>", "")).cl_trid is None


def test_a_cl_trid_that_could_not_be_echoed_is_not() -> None:
    assert fault_of(framed("<frob/>", "<clTRID>AB</clTRID>")).cl_trid is None
    assert fault_of(framed("<frob/>", f"<clTRID>{'x' * 65}</clTRID>")).cl_trid is None
    assert fault_of("<clTRID>ABC-1</clTRID><clTRID>ABC-2</clTRID>").cl_trid is None


@pytest.mark.parametrize(
    "frame",
    [
        domain_create(f'{NAMED}<domain:authInfo><domain:pw roid="x">s3cr3t-Val</domain:pw></domain:authInfo>'),
        framed(LOGIN.format(id="abc", pw="s3cr3t-Val" * 3, version="1.0")),
        framed(LOGIN.format(id="abc", pw="foo-BAR2</pw><newPW>s3cr3t-Val s3cr3t-Val</newPW><pw>", version="1.0")),
        framed(LOGIN.format(id="abc", pw="foo-BAR2</pw><newPW>s3cr3t-Val s3cr3t-Val</newPW><x>", version="1.0")),
        domain_create(f"{NAMED}<domain:authInfo><domain:pw>s3cr3t-Val<domain:x/></domain:pw></domain:authInfo>"),
        domain_create(f"{NAMED}<domain:authInfo>s3cr3t-Val</domain:authInfo>"),
        domain_create(f"{NAMED}{AUTH}".replace("2fooBAR", "a&s3cr3t;b")),
        domain_create(f"{NAMED}{AUTH}".replace("2fooBAR", "a<s3cr3t b")),
        domain_create(f"{NAMED}{AUTH}".replace("2fooBAR", "a<s3cr3t s3cr3t>b")),
        domain_create(f"{NAMED}{AUTH}".replace("2fooBAR", "a<s3cr3t>b")),
        domain_create(f"{NAMED}{AUTH}".replace("2fooBAR", "<![CDATA[s3cr3t")),
    ],
)
def test_a_fault_repeats_no_secret(frame: str) -> None:
    fault = fault_of(frame)
    assert 2001 == fault.code
    assert "s3cr3t" not in str(fault)
    assert b"s3cr3t" not in write_response(m.Response((fault.result(),), "SRV-1"))


def test_a_long_value_is_cut() -> None:
    fault = fault_of(framed(CHECK.replace("a.test", "a" * 5000)))
    assert "a" * 255 + "…" == fault.value


# -------------------------------------------------------------------------------------------------------------- hostile


@pytest.fixture
def listener() -> Iterator[tuple[socket.socket, int]]:
    """Somebody who hopes to be called."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        yield server, server.getsockname()[1]


def nobody_called(server: socket.socket) -> bool:
    try:
        server.accept()
    except TimeoutError:
        return True
    return False


MANY_ATTRIBUTES = " ".join(f'a{i}="1"' for i in range(10_000))
MANY_NAMESPACES = " ".join(f'xmlns:a{i}="urn:{i}"' for i in range(3000))
XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
OWN_TYPE = f'{XSI} xmlns:xs="http://www.w3.org/2001/XMLSchema" xsi:type="xs:int"'
LAUGHS = "".join(f'<!ENTITY l{i + 1} "{f"&l{i};" * 10}">' for i in range(9))
BOMB = f'<!DOCTYPE epp [<!ENTITY l0 "ha">{LAUGHS}]>'

HOSTILE = {
    "a DOCTYPE": "<!DOCTYPE epp>" + framed(CHECK),
    "a DOCTYPE after a comment": "<!-- x --> <?pi?>\n<!DOCTYPE epp>" + framed(CHECK),
    "an entity": '<!DOCTYPE epp [<!ENTITY a "a.test">]>' + framed(CHECK.replace("a.test", "&a;")),
    "an entity bomb": BOMB + framed(CHECK.replace("a.test", "&l9;")),
    "an entity bomb in an attribute": BOMB + framed(CHECK.replace("<domain:name>", '<domain:name x="&l9;">')),
    "a quadratic entity": f'<!DOCTYPE epp [<!ENTITY a "{"a" * 30000}">]>' + framed("&a;" * 3000),
    "an external entity": '<!DOCTYPE epp [<!ENTITY a SYSTEM "http://127.0.0.1:{port}/a">]>' + framed("&a;"),
    "an external DTD": '<!DOCTYPE epp SYSTEM "http://127.0.0.1:{port}/epp.dtd">' + framed(CHECK),
    "a file": '<!DOCTYPE epp [<!ENTITY a SYSTEM "file:///etc/passwd">]>' + framed("&a;"),
    "a parameter entity": '<!DOCTYPE epp [<!ENTITY % a SYSTEM "http://127.0.0.1:{port}/a"> %a;]>' + framed(CHECK),
    "an unknown entity": framed(CHECK.replace("a.test", "&a;")),
    "XInclude": framed(
        f'<check><domain:check {DOMAIN}><xi:include xmlns:xi="http://www.w3.org/2001/XInclude" '
        'href="http://127.0.0.1:{port}/a"/></domain:check></check>'
    ),
    "nested 10,000 deep": "<a>" * 10_000 + "</a>" * 10_000,
    "nested deep within a command": framed("<check>" * 5000 + "</check>" * 5000),
    "nested deeper than any frame, where the schema skips": (
        f'<epp xmlns="{EPP}"><response><result code="1000"><msg>a</msg><value>' + "<a>" * 100 + "</a>" * 100
        + "</value></result><trID><svTRID>abc</svTRID></trID></response></epp>"
    ),
    "ten thousand attributes": framed(CHECK.replace("<check>", f"<check {MANY_ATTRIBUTES}>")),
    "thousands of namespaces": framed(CHECK.replace("<domain:name>", f"<domain:name {MANY_NAMESPACES}><clID/>")),
    "an attribute twice": framed('<poll op="req" op="req"/>'),
    "a prefix nobody declared": framed("<check><domain:check/></check>"),
    "64 KiB of opening marks": "<" * 65_532,
    "64 KiB of one name": f"<{'a' * 65_530}>",
    "64 KiB of blanks": " " * 65_532,
    "64 KiB of comment": "<!--" + "-" * 65_528,
    "a CDATA without an end": framed(CHECK.replace("a.test", "<![CDATA[a.test")),
    "an unended declaration": '<?xml version="1.0"',
    "two roots": framed(CHECK) * 2,
    "text behind the root": framed(CHECK) + "x",
    "empty": "",
    "a blank": " ",
    "plain text": "GET / HTTP/1.1\r\n\r\n",
    "a control character by reference": framed(CHECK.replace("a.test", "&#0;")),
    "a surrogate by reference": framed(CHECK.replace("a.test", "&#xd800;")),
    "a nil": framed(CHECK.replace("<domain:name>", f'<domain:name {XSI} xsi:nil="true">')),
    "a type of its own": framed(CHECK.replace("<domain:name>", f"<domain:name {OWN_TYPE}>")),
}  # fmt: skip


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_frames_are_refused(what: str, listener: tuple[socket.socket, int]) -> None:
    server, port = listener
    payload = HOSTILE[what].replace("{port}", str(port)).encode()
    tracemalloc.start()
    began = time.process_time()
    fault = fault_of(payload)
    took = time.process_time() - began
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert 2001 == fault.code
    assert took < 1.0
    assert peak < 20_000_000
    assert nobody_called(server)
    assert "root:" not in str(fault)


@pytest.mark.parametrize(
    "payload",
    [
        framed(CHECK).encode().replace(b"a.test", b"a\xff.test"),
        framed(CHECK).encode().replace(b"a.test", b"a\xc3("),
        framed(CHECK).encode().replace(b"a.test", b"a\xed\xa0\x80"),
        framed(CHECK).encode().replace(b"a.test", b"a\0"),
        framed(CHECK).encode().replace(b"a.test", b"a\x1f"),
        b"\0" * 100,
        b"\xff" * 100,
        b"\xfe\xff" + framed(CHECK).encode("utf-16-be")[:-1],
        b"\xff\xfe" + b"\x00\xd8" * 10,
        framed(CHECK).encode("utf-32"),
        framed(CHECK).encode("cp037"),
        b'<?xml version="1.0" encoding="UTF-16"?>' + framed(CHECK).encode(),
        b'<?xml version="1.0" encoding="UTF-7"?>+ADwAIQ-DOCTYPE epp+AD4-',
        b'<?xml version="1.0" encoding="iso-8859-1"?>' + framed(CHECK).encode(),
    ],
)
def test_octets_that_are_no_text_are_refused(payload: bytes) -> None:
    assert 2001 == fault_of(payload).code


def test_schema_location_is_never_followed(listener: tuple[socket.socket, int]) -> None:
    """Accepted, since clients send it, and not looked at."""
    server, port = listener
    hints = (
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        f'xsi:schemaLocation="urn:example:x-1.0 http://127.0.0.1:{port}/x.xsd {EPP} http://127.0.0.1:{port}/epp.xsd" '
        f'xsi:noNamespaceSchemaLocation="http://127.0.0.1:{port}/none.xsd"'
    )
    with_hints = framed(CHECK).replace("<command>", f"<command {hints}>")
    assert CHECKED == read_command(with_hints.encode())
    assert 2103 == fault_of(with_hints.replace("<clTRID>", f"{UNKNOWN_EXTENSION}<clTRID>")).code
    assert 2307 == fault_of(with_hints.replace("domain-1.0", "x-1.0")).code
    assert nobody_called(server)


def test_the_limits_of_depth_and_attributes() -> None:
    deep = (
        f'<epp xmlns="{EPP}"><response><result code="1000"><msg>a</msg><value>{{}}</value></result>'
        "<trID><svTRID>abc</svTRID></trID></response></epp>"
    )
    most = MAX_DEPTH - 4
    read_answer(deep.format("<a>" * most + "</a>" * most).encode())
    with pytest.raises(Fault, match=f"nested deeper than {MAX_DEPTH}"):
        read_answer(deep.format("<a>" * (most + 1) + "</a>" * (most + 1)).encode())
    many = " ".join(f'a{i}="1"' for i in range(MAX_ATTRIBUTES))
    read_answer(deep.format(f"<a {many}/>").encode())
    with pytest.raises(Fault, match=f"more than {MAX_ATTRIBUTES} attributes"):
        read_answer(deep.format(f'<a {many} z="1"/>').encode())


def test_each_side_reads_what_the_other_sends() -> None:
    assert 2001 == fault_of(frame_of("greeting")).code
    assert 2001 == fault_of(frame_of("domain_create_response")).code
    for name in ("hello", "domain_create"):
        with pytest.raises(Fault, match="a server sends <greeting> or <response>"):
            read_answer(frame_of(name))


def test_a_ttl_is_given_once() -> None:
    ttl = (
        f'{UPDATE}<extension><ttl:update xmlns:ttl="urn:ietf:params:xml:ns:epp:ttl-1.0"><ttl:ttl for="NS">1</ttl:ttl>'
        '<ttl:ttl for="custom" custom="A">1</ttl:ttl><ttl:ttl for="custom" custom="{}">1</ttl:ttl></ttl:update></extension>'
    )
    read = read_command(framed(ttl.format("DELEG")).encode())
    assert isinstance(read, m.Command) and isinstance(read.extensions.ttl, m.TtlValues)
    assert ["NS", "custom", "custom"] == [row.type for row in read.extensions.ttl.values]
    fault = fault_of(framed(ttl.format("A")))
    assert (2001, "ttl:ttl", "1") == (fault.code, fault.element, fault.value)
    assert "the TTL of A records is given more than once" == fault.reason


def test_marks_in_clear_are_not_taken() -> None:
    """RFC 8334: launch is recognised, marks only as codes or encoded."""
    launch = 'xmlns:launch="urn:ietf:params:xml:ns:launch-1.0" xmlns:mark="urn:ietf:params:xml:ns:mark-1.0"'
    create = (
        f"<create><domain:create {DOMAIN}>{NAMED}{AUTH}</domain:create></create><extension><launch:create {launch}>"
        "<launch:phase>sunrise</launch:phase><launch:codeMark>{}</launch:codeMark></launch:create></extension>"
    )
    fault = fault_of(framed(create.format("<mark:mark/>")))
    assert (2102, "mark:mark") == (fault.code, fault.element)
    fault = fault_of(framed(create.format("")))
    assert (2003, "launch:codeMark") == (fault.code, fault.element)
