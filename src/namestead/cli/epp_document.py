"""`docs/epp.md`: what a registrar needs to speak EPP with this registry. Its tables are drawn from what the server runs on;
its frames are played against a running registry by a test, in the order they stand in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Final

from namestead import errors
from namestead.commands.messages import BROUGHT_ABOUT
from namestead.commands.table import TABLE
from namestead.epp import namespaces, requests, server, session
from namestead.objects.message import MessageKind
from namestead.settings import Settings

# fmt: off
EXTENSIONS: Final = {
    namespaces.RGP:                       ("RFC 3915", "grace periods; restore by request and report"),
    namespaces.SEC_DNS:                   ("RFC 5910", "DS records (`dsData`); keys (`keyData`) are refused"),
    namespaces.FEE:                       ("RFC 8748", "prices before and after a command; needed for premium names"),
    namespaces.ALLOCATION_TOKEN:          ("RFC 8495", "the token of a reserved or claimed name, in check and create"),
    namespaces.LOGIN_SECURITY:            ("RFC 8807", "passwords longer than 16 characters; warnings at login"),
    namespaces.CHANGE_POLL:               ("RFC 8590", "what the registry or time did to an object of yours"),
    namespaces.SECURE_AUTH_INFO_TRANSFER: ("RFC 9154", "a practice: authInfo is empty until a holder wants to leave"),
    namespaces.UNHANDLED_NAMESPACES:      ("RFC 9038", "a practice: what you did not announce comes as `<extValue>`"),
    namespaces.LAUNCH:                    ("RFC 8334", "recognised; every phase but the open one is over, so it is refused"),
    namespaces.TTL:                       ("RFC 9803", "TTLs are shown; the zone sets them"),
    namespaces.MAINTENANCE:               ("RFC 9167", "announced maintenance; the list is empty while there is none"),
}
"""What stands in the greeting, and what it is good for here."""

CODES: Final = {
    1000: "Done.",
    1001: "Done, and not over: a transfer waits for its answer, a deleted name for its release. A message tells the end.",
    1300: "No message waits.",
    1301: "Here is the first message; acknowledge it by its id to see the next.",
    1500: "Logged out; the connection is closed.",
    2000: "EPP has no such command. Compare it with RFC 5730, 2.9.",
    2001: "The frame is no XML, or does not fit the schemas. The reason has the place; nothing was done.",
    2002: "Not now: log in first, or you are logged in already.",
    2003: "Something is missing that this command cannot do without. The reason names it.",
    2004: "A value is out of range: a period, a date of expiry, a price. The reason has the range.",
    2005: "A value is not written as it must be: a name, an address, a digest.",
    2100: "Send version 1.0.",
    2101: "This command is not served for this object.",
    2102: "This option is not served: another language than `en`, an urgent change of DS records.",
    2103: "The extension is not served, or was not announced at login. Log in with it.",
    2104: "The balance and credit do not cover the price. Pay in, then send it again.",
    2105: "The name cannot be renewed as it stands. Restore it first.",
    2106: "The name cannot be transferred as it stands, or is yours already.",
    2200: "The client id, password or certificate is not accepted. The same command may be sent again, corrected.",
    2201: "Not yours, or not allowed to you: another's object, a zone you are not listed for, a network or state of access.",
    2202: "The authInfo is wrong, has expired or was never set. Ten wrong ones in an hour lock the name for the hour.",
    2300: "A transfer is pending already.",
    2301: "No transfer is pending.",
    2302: "There is one already.",
    2303: "There is none. For a message: none with this id waits for you.",
    2304: "A status forbids it; the reason names the status.",
    2305: "Others depend on it; the reason names them.",
    2306: "Well formed, and against the policy of the registry or the zone.",
    2307: "The object is not served, or was not announced at login. Log in with it.",
    2308: "The name is blocked.",
    2400: "Busy, away from its data, or you are over a rate. Nothing was done unless the reason calls the outcome unknown. Wait, send it again.",
    2500: "The registry ends the connection.",
    2501: "Too many failed logins; the connection is closed.",
    2502: "You have as many sessions as you may have. End one.",
}
"""Every code this server answers, and what to do about it."""

MESSAGES: Final = {
    MessageKind.TRANSFER:       ("a step of a transfer, to both parties", "`domain:trnData`"),
    MessageKind.AUTO_RENEWED:   ("renewed automatically, and charged", "`domain:infData`, changePoll `autoRenew`"),
    MessageKind.EXPIRED:        ("expired, where it does not renew itself", "`domain:infData`, changePoll `custom` (`expired`)"),
    MessageKind.REDEMPTION:     ("deleted by time; it can be restored", "`domain:infData`, changePoll `autoDelete`"),
    MessageKind.RESTORE_ENDED:  ("no restore report came in time", "`domain:infData`, changePoll `custom` (`restore_ended`)"),
    MessageKind.PENDING_DELETE: ("no longer restorable", "`domain:infData`, changePoll `custom` (`pending_delete`)"),
    MessageKind.RELEASED:       ("released", "`domain:infData`, changePoll `autoPurge`"),
    MessageKind.CHANGED:        ("the registry changed an object; a dispute began or ended", "`domain:infData`, changePoll `update`, `custom`"),
    MessageKind.LOW_BALANCE:    ("a command took the balance below what you call low", "the text alone"),
}
"""What comes by poll, and what stands in it beside its text."""

LIMITS: Final = (
    "epp_frame_limit", "epp_login_timeout", "epp_idle_timeout", "epp_absolute_timeout", "epp_session_cap",
    "epp_connections_per_address", "epp_handshake_timeout", "rate_limit", "epp_password_days", "epp_warning_days",
)
"""Settings a client notices."""

REFUSED: Final = (
    ("launch commands, of whichever phase", "2306 `launch:phase`", "leave the extension out: names are open to all"),
    ("keys instead of DS records (`secDNS:keyData`)", "2306 `secDNS:keyData`", "make the DS record of the key yourself"),
    ("`secDNS:update urgent`", "2102 `secDNS:update`", "every change is published within seconds"),
    ("TTL values (`ttl:ttl` with a number)", "2306 `ttl:ttl`", "the zone sets them; ask for the default, or leave it out"),
    ("transfers of contacts", "2101 `contact:transfer`", "the gaining registrar gives the name contacts of its own"),
    ("authInfo with a `roid`", "2306", "the object's own authInfo is compared, and no other object's"),
    ("showing an allocation token", "2303 `allocationToken:info`", "tokens are kept as hashes"),
    ("transfers with an allocation token", "2306 `allocationToken:allocationToken`", "no name changes hands by a token"),
    ("other changes beside a restore", "2306 `rgp:restore`", "change the name when it is restored"),
    ("server statuses, `ok`, `inactive`, `linked`, `pending...`", "2306 `domain:status`", "they are the registry's, or computed"),
)
# fmt: on
"""What the schemas have and this registry does not take: what, the answer, and what to do."""

INTRODUCTION = """\
# EPP

RFC 5730 to 5734 over TLS, beside the HTTP API: the same objects, rules, prices and log. What one door did, the other shows.

## Connect

Port 700 (7000 in a demo), TLS 1.2 or 1.3 from the first octet. Verify the server's certificate and name. Frames have a length of
four octets in front that counts itself (RFC 5734, 4); the greeting comes unprompted, and again for every `<hello/>`.

You show a client certificate that the operator has bound to you (`namestead registrar epp certificate add`). One that has expired, or is of an
authority the registry does not know, ends the handshake. At login it is matched by its fingerprint, so none, another registrar's or one that was
never bound is refused there, with the reason. Several may be bound at once: have the successor bound before the old one ends, then change over.
If the operator has named your networks, you come from one of them.

## Log in

Your client id is your short name. The password has 8 to 16 characters; longer ones go with the login security extension, with
`[LOGIN-SECURITY]` in `<pw>`. `<newPW>` takes effect only if the login succeeds, and then for every session to come. Passwords grow
old: a login warns in time (`loginSec:event`), and an old one is good only for setting a new one. {failed} failed logins end the
connection; more guesses than a minute allows are not even compared. Announce every object and extension you use: a command in one
you did not is 2307 or 2103, and what an answer would say in one comes as an `<extValue>` (RFC 9038) instead.
"""

COMMANDS = """\
## Commands

`check`, `info`, `create`, `renew`, `update`, `delete` and `transfer` are what RFC 5731 to 5733 say. In this registry:

- **check** takes up to {most} objects; a bad one gets its own `avail="0"` with a reason and fails no other.
- **create** needs no authInfo: send an empty `<domain:pw/>` and set one when the holder wants to leave. It has 20 or more printable
  characters of three kinds (lower, upper, digit, other), is kept as a hash, ends by itself, and is reset by a transfer.
- **renew** needs the day of expiry as it is now. No registration ever runs beyond ten years.
- **update** is all or nothing. Adding what is there, or removing what is not, fails: you are wrong about the object. A change of name servers alone
  is logged as `update_nameservers`.
- **delete** answers 1000 for a name deleted in its add grace, which is gone and paid back, and 1001 for one that falls through redemption.
- **restore** is an update with `rgp:restore`, request and then report. It is paid with the request.
- **transfer** is approved by time where nobody answers. Hosts under the name move with it. It adds a year, up to ten.
- **hosts** under a name of this registry need that name, yours, and an address; others have none. One that is used is not deleted:
  move the names that use it, which the reason lists, and never rename it out of the way (RFC 9874).
- **contacts** are 3 to 16 visible ASCII characters. A zone may require a registrant, allow contacts or keep none; then they are refused.
- A command sent again because its answer was lost does nothing twice where you have asked for it: the operator's
  `namestead registrar epp access SLUG --cltrid-as-key` makes each clTRID an idempotency key, shared with the HTTP API.
"""

REASONS = """\
A refusal names the element in `<value>` and begins its `<reason>` with a word of ours, which stands in [errors.md](errors.md).
Of several elements each has its own `<extValue>`.
"""

PIPELINE = """\
Send commands without waiting for answers, as many as you like: {pipeline} are taken at once, the rest when those are answered. Answers come in the
order of the commands, and each command sees what those before it did. One that fails disturbs no other. A longer frame than the limit, or one
whose length is less than five, closes the connection, since nobody could tell where the next one begins.
"""

MESSAGES_TEXT = """\
Every answer says in `<msgQ>` how many messages wait. `<poll op="req"/>` shows the first; `<poll op="ack" msgID="..."/>` takes it away and shows
the next one's id. The queue is the one of `GET /messages`: a message acknowledged through one door is gone from both. Texts begin with the
object's name.
"""

LIFE: Final = (
    (
        "Log in",
        1000,
        """\
<epp xmlns="urn:ietf:params:xml:ns:epp-1.0">
  <command>
    <login>
      <clID>alpha</clID>
      <pw>PASSWORD</pw>
      <options>
        <version>1.0</version>
        <lang>en</lang>
      </options>
      <svcs>
        <objURI>urn:ietf:params:xml:ns:domain-1.0</objURI>
        <objURI>urn:ietf:params:xml:ns:host-1.0</objURI>
        <objURI>urn:ietf:params:xml:ns:contact-1.0</objURI>
        <svcExtension>
          <extURI>urn:ietf:params:xml:ns:rgp-1.0</extURI>
          <extURI>urn:ietf:params:xml:ns:secDNS-1.1</extURI>
          <extURI>urn:ietf:params:xml:ns:epp:fee-1.0</extURI>
          <extURI>urn:ietf:params:xml:ns:changePoll-1.0</extURI>
        </svcExtension>
      </svcs>
    </login>
    <clTRID>LIFE-1</clTRID>
  </command>
</epp>""",
    ),
    (
        "Can it be had, and for how much",
        1000,
        """\
<epp xmlns="urn:ietf:params:xml:ns:epp-1.0">
  <command>
    <check>
      <domain:check xmlns:domain="urn:ietf:params:xml:ns:domain-1.0">
        <domain:name>a-life.example</domain:name>
      </domain:check>
    </check>
    <extension>
      <fee:check xmlns:fee="urn:ietf:params:xml:ns:epp:fee-1.0">
        <fee:command name="create">
          <fee:period unit="y">2</fee:period>
        </fee:command>
      </fee:check>
    </extension>
    <clTRID>LIFE-2</clTRID>
  </command>
</epp>""",
    ),
    (
        "Register it, with DS records, agreeing to the price",
        1000,
        """\
<epp xmlns="urn:ietf:params:xml:ns:epp-1.0">
  <command>
    <create>
      <domain:create xmlns:domain="urn:ietf:params:xml:ns:domain-1.0">
        <domain:name>a-life.example</domain:name>
        <domain:period unit="y">2</domain:period>
        <domain:authInfo>
          <domain:pw/>
        </domain:authInfo>
      </domain:create>
    </create>
    <extension>
      <secDNS:create xmlns:secDNS="urn:ietf:params:xml:ns:secDNS-1.1">
        <secDNS:dsData>
          <secDNS:keyTag>12345</secDNS:keyTag>
          <secDNS:alg>13</secDNS:alg>
          <secDNS:digestType>2</secDNS:digestType>
          <secDNS:digest>49FD46E6C4B45C55D4AC49FD46E6C4B45C55D4AC49FD46E6C4B45C55D4AC0001</secDNS:digest>
        </secDNS:dsData>
      </secDNS:create>
      <fee:create xmlns:fee="urn:ietf:params:xml:ns:epp:fee-1.0">
        <fee:currency>EUR</fee:currency>
        <fee:fee>20.00</fee:fee>
      </fee:create>
    </extension>
    <clTRID>LIFE-3</clTRID>
  </command>
</epp>""",
    ),
    (
        "A name server under it",
        1000,
        """\
<epp xmlns="urn:ietf:params:xml:ns:epp-1.0">
  <command>
    <create>
      <host:create xmlns:host="urn:ietf:params:xml:ns:host-1.0">
        <host:name>ns1.a-life.example</host:name>
        <host:addr ip="v4">9.9.9.9</host:addr>
        <host:addr ip="v6">2620:fe::fe</host:addr>
      </host:create>
    </create>
    <clTRID>LIFE-4</clTRID>
  </command>
</epp>""",
    ),
    (
        "And one elsewhere, which has no address here",
        1000,
        """\
<epp xmlns="urn:ietf:params:xml:ns:epp-1.0">
  <command>
    <create>
      <host:create xmlns:host="urn:ietf:params:xml:ns:host-1.0">
        <host:name>ns2.a-life.example.net</host:name>
      </host:create>
    </create>
    <clTRID>LIFE-5</clTRID>
  </command>
</epp>""",
    ),
    (
        "Delegate it, and give the holder what it takes to leave",
        1000,
        """\
<epp xmlns="urn:ietf:params:xml:ns:epp-1.0">
  <command>
    <update>
      <domain:update xmlns:domain="urn:ietf:params:xml:ns:domain-1.0">
        <domain:name>a-life.example</domain:name>
        <domain:add>
          <domain:ns>
            <domain:hostObj>ns1.a-life.example</domain:hostObj>
            <domain:hostObj>ns2.a-life.example.net</domain:hostObj>
          </domain:ns>
        </domain:add>
        <domain:chg>
          <domain:authInfo>
            <domain:pw>Dj3-vR7_kQ2.mX9+wZ5a</domain:pw>
          </domain:authInfo>
        </domain:chg>
      </domain:update>
    </update>
    <clTRID>LIFE-6</clTRID>
  </command>
</epp>""",
    ),
    (
        "Renew it: `curExpDate` is the day of expiry as `info` shows it",
        1000,
        """\
<epp xmlns="urn:ietf:params:xml:ns:epp-1.0">
  <command>
    <renew>
      <domain:renew xmlns:domain="urn:ietf:params:xml:ns:domain-1.0">
        <domain:name>a-life.example</domain:name>
        <domain:curExpDate>2028-11-24</domain:curExpDate>
        <domain:period unit="y">1</domain:period>
      </domain:renew>
    </renew>
    <clTRID>LIFE-7</clTRID>
  </command>
</epp>""",
    ),
    (
        "Another registrar asks for it, with the authInfo the holder gave it",
        1001,
        """\
<epp xmlns="urn:ietf:params:xml:ns:epp-1.0">
  <command>
    <transfer op="request">
      <domain:transfer xmlns:domain="urn:ietf:params:xml:ns:domain-1.0">
        <domain:name>a-life.example</domain:name>
        <domain:period unit="y">1</domain:period>
        <domain:authInfo>
          <domain:pw>Dj3-vR7_kQ2.mX9+wZ5a</domain:pw>
        </domain:authInfo>
      </domain:transfer>
    </transfer>
    <clTRID>LIFE-8</clTRID>
  </command>
</epp>""",
    ),
    (
        "Its sponsor finds that in its queue",
        1301,
        """\
<epp xmlns="urn:ietf:params:xml:ns:epp-1.0">
  <command>
    <poll op="req"/>
    <clTRID>LIFE-9</clTRID>
  </command>
</epp>""",
    ),
    (
        "And does not let it go",
        1000,
        """\
<epp xmlns="urn:ietf:params:xml:ns:epp-1.0">
  <command>
    <transfer op="reject">
      <domain:transfer xmlns:domain="urn:ietf:params:xml:ns:domain-1.0">
        <domain:name>a-life.example</domain:name>
      </domain:transfer>
    </transfer>
    <clTRID>LIFE-10</clTRID>
  </command>
</epp>""",
    ),
    (
        "Delete it: in its first days, as here, it is gone at once and paid back (1000); later it falls through redemption (1001)",
        1000,
        """\
<epp xmlns="urn:ietf:params:xml:ns:epp-1.0">
  <command>
    <delete>
      <domain:delete xmlns:domain="urn:ietf:params:xml:ns:domain-1.0">
        <domain:name>a-life.example</domain:name>
      </domain:delete>
    </delete>
    <clTRID>LIFE-11</clTRID>
  </command>
</epp>""",
    ),
    (
        "Log out",
        1500,
        """\
<epp xmlns="urn:ietf:params:xml:ns:epp-1.0">
  <command>
    <logout/>
    <clTRID>LIFE-12</clTRID>
  </command>
</epp>""",
    ),
)
"""A life in frames: what happens, how it is answered, the frame."""

RESTORE: Final = """\
<epp xmlns="urn:ietf:params:xml:ns:epp-1.0">
  <command>
    <update>
      <domain:update xmlns:domain="urn:ietf:params:xml:ns:domain-1.0">
        <domain:name>a-life.example</domain:name>
      </domain:update>
    </update>
    <extension>
      <rgp:update xmlns:rgp="urn:ietf:params:xml:ns:rgp-1.0">
        <rgp:restore op="request"/>
      </rgp:update>
    </extension>
    <clTRID>LIFE-13</clTRID>
  </command>
</epp>"""
"""Of a name in redemption."""


def table(head: tuple[str, ...], body: Sequence[tuple[str, ...]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in row) + " |" for row in body]
    return "\n".join(lines) + "\n"


def document(note: str) -> str:
    """The whole of it; `note` says that it is generated."""
    return "\n".join(
        (
            note + INTRODUCTION.format(failed=_counted(session.FAILED_LOGINS)),
            "## Extensions\n",
            _extensions(),
            COMMANDS.format(most=requests.MOST_CHECKED),
            _commands(),
            "## Result codes\n",
            REASONS,
            _codes(),
            "## Limits\n",
            PIPELINE.format(pipeline=server.PIPELINE),
            "The operator may set a number of sessions, and a rate, for a registrar of its own.\n",
            _limits(),
            "## Messages\n",
            MESSAGES_TEXT,
            _messages(),
            "## What is not taken\n",
            table(("what", "answer", "instead"), REFUSED),
            "## A life in frames\n",
            _life(),
        )
    )


def _extensions() -> str:
    rows = [(f"`{uri}`", *EXTENSIONS[uri]) for uri in namespaces.EXTENSIONS]
    return (
        "Objects: "
        + ", ".join(f"`{uri}`" for uri in namespaces.OBJECTS)
        + ".\n\n"
        + table(("URI", "standard", "here"), rows)
    )


def _commands() -> str:
    rows = [
        (f"`{row.epp}`", f"`{row.name}`", f"`{row.method} {row.path}`" if row.method else "")
        for row in TABLE
        if row.epp
    ]
    return table(("EPP", "in the log", "over HTTP"), rows)


def _codes() -> str:
    words: dict[int, list[str]] = {}
    for kind in errors.CATALOGUE:
        words.setdefault(kind.epp_result_code, []).append(f"`{kind.code}`")
    rows = [
        (str(code), errors.epp_text(code), advice, ", ".join(words.get(code, ()))) for code, advice in CODES.items()
    ]
    return table(("code", "RFC 5730", "what to make of it", "words"), rows)


def _limits() -> str:
    known = {f.name: f for f in fields(Settings)}
    rows = [(f"`{name}`", f"`{known[name].default}`", str(known[name].metadata["meaning"])) for name in LIMITS]
    return table(("setting", "default", "what it is"), rows)


def _messages() -> str:
    texts = {kind: text for kind, _, text in BROUGHT_ABOUT.values()}
    rows = [(f"`{kind.value}`", when, texts.get(kind, ""), data) for kind, (when, data) in MESSAGES.items()]
    return table(("kind", "when", "text", "data"), rows)


def _life() -> str:
    told = [f"{what} ({code}):\n\n```xml\n{frame}\n```\n" for what, code, frame in LIFE]
    told.append(
        f"Ask for a name in redemption back; its report follows in the same way (1000):\n\n```xml\n{RESTORE}\n```\n"
    )
    return "\n".join(told)


def _counted(number: int) -> str:
    return {2: "Two", 3: "Three", 4: "Four", 5: "Five"}.get(number, str(number))
