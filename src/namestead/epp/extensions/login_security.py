"""Long passwords and security events at login, on the wire (RFC 8807)."""

from __future__ import annotations

from typing import Any, Final

from namestead.epp.messages import Login, LoginSecurity, SecurityEvent, UserAgent
from namestead.epp.namespaces import LOGIN_SECURITY
from namestead.epp.objects.parts import Element, read_language, read_optional
from namestead.epp.values import attribute, element, escape, instant, language, line, token, write_instant

_NS: Final = f"{{{LOGIN_SECURITY}}}"
_AGENT, _PW = f"{_NS}userAgent", f"{_NS}pw"


def _login_security(node: Element) -> LoginSecurity:
    agent: UserAgent | None = None
    pw: str | None = None
    new_pw: str | None = None
    for child in node:
        if child.tag == _AGENT:
            agent = UserAgent(**{part.tag[len(_NS) :]: token(part.text) for part in child})
        elif child.tag == _PW:
            pw = token(child.text)
        else:
            new_pw = token(child.text)
    return LoginSecurity(agent, pw, new_pw)


def _event(node: Element) -> SecurityEvent:
    expiry = node.get("exDate")
    level: Any = token(node.get("level"))
    return SecurityEvent(
        token(node.get("type")),
        level,
        line(node.text),
        read_optional(node, "name"),
        None if expiry is None else instant(expiry, "exDate"),
        read_optional(node, "value"),
        read_optional(node, "duration"),
        read_language(node),
    )


def _events(node: Element) -> tuple[SecurityEvent, ...]:
    return tuple(_event(child) for child in node)


READ_COMMAND: Final = {f"{_NS}loginSec": ("login_security", (Login,), _login_security)}
READ_RESPONSE: Final = {f"{_NS}loginSecData": ("login_security", _events)}


def write_command(part: Any, verb: str) -> str:
    del verb  # always a login
    agent = part.user_agent
    inner = (
        ""
        if agent is None
        else "".join(element(f"loginSec:{name}", getattr(agent, name)) for name in ("app", "tech", "os"))
    )
    user_agent = f"<loginSec:userAgent>{inner}</loginSec:userAgent>" if inner else ""
    return (
        f'<loginSec:loginSec xmlns:loginSec="{LOGIN_SECURITY}">{user_agent}'
        f"{element('loginSec:pw', part.pw)}{element('loginSec:newPW', part.new_pw)}</loginSec:loginSec>"
    )


def _write_event(event: SecurityEvent) -> str:
    expiry = None if event.ex_date is None else write_instant(event.ex_date)
    return (
        f'<loginSec:event type="{escape(event.type)}"{attribute("name", event.name)} level="{event.level}"'
        f"{attribute('exDate', expiry)}{attribute('value', event.value)}{attribute('duration', event.duration)}"
        f"{language(event.lang)}>{escape(event.text)}</loginSec:event>"
    )


def write_response(part: tuple[SecurityEvent, ...]) -> str:
    events = "".join(map(_write_event, part))
    return f'<loginSec:loginSecData xmlns:loginSec="{LOGIN_SECURITY}">{events}</loginSec:loginSecData>'
