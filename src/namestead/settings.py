"""Every setting there is: one dataclass, each field with its meaning. `docs/settings.md` is drawn from it.

A setting is taken from the command line, else from the environment (`NAMESTEAD_HTTP_PORT`), else from the file
`namestead.toml` in the data directory (`http_port = 8080`), else it has its default. Nothing here opens anything.
"""

from __future__ import annotations

import difflib
import ipaddress
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final

PREFIX: Final = "NAMESTEAD_"
FILE: Final = "namestead.toml"


class SettingsProblem(Exception):
    """A setting is unknown or its value cannot be; the message names it, where it stands, and what it takes."""


def _setting(meaning: str, parse: Callable[[str], Any], *, default: Any) -> Any:
    return field(default=default, metadata={"meaning": meaning, "parse": parse})


def _text(text: str) -> str:
    return text


def _flag(text: str) -> bool:
    known = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}
    if text.lower() not in known:
        raise ValueError("takes true or false")
    return known[text.lower()]


def _number(least: int, most: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
            raise ValueError(f"takes a number from {least} to {most}")
        return int(text)

    return parse


def _choice(*choices: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in choices:
            raise ValueError(f"takes one of {', '.join(choices)}")
        return text

    return parse


def _networks(text: str) -> tuple[str, ...]:
    try:
        return tuple(str(ipaddress.ip_network(part.strip())) for part in text.split(",") if part.strip())
    except ValueError as problem:
        raise ValueError(f"takes networks like 10.0.0.0/8, separated by commas ({problem})") from None


_parts = _choice("http", "jobs", "epp", "whois")


def _some_parts(text: str) -> tuple[str, ...]:
    return tuple(_parts(part.strip()) for part in text.split(",") if part.strip())


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`load` makes one. Defaults are safe on a machine shared with others."""

    data: Path = _setting(  # noqa: RUF009 - a field
        "Directory of the embedded database, the demo's secrets and this file.", Path, default=Path("data")
    )
    database: str | None = _setting(
        "URL of a PostgreSQL of your own (15 or later) in place of the embedded one. It may leave the password to "
        "PGPASSWORD or a password file.",
        _text,
        default=None,
    )
    http_host: str = _setting("Address HTTP is served on.", _text, default="127.0.0.1")
    http_port: int = _setting("Port of HTTP; 0 takes a free one.", _number(0, 65535), default=8080)
    http_cert: Path | None = _setting("Certificate chain for HTTPS (PEM file).", Path, default=None)  # noqa: RUF009
    http_key: Path | None = _setting("Private key for HTTPS (PEM file).", Path, default=None)  # noqa: RUF009
    plain_http_on_any_address: bool = _setting(
        "Serve HTTP without TLS on an address that is not loopback. Bearer keys then travel unprotected: only where "
        "something in front encrypts.",
        _flag,
        default=False,
    )
    trusted_proxies: tuple[str, ...] = _setting(
        "Networks of proxies whose X-Forwarded-For and X-Forwarded-Proto are believed.", _networks, default=()
    )
    metrics_from: tuple[str, ...] = _setting(
        "Networks that may read /metrics; for all others it does not exist.",
        _networks,
        default=("127.0.0.0/8", "::1/128"),
    )
    rate_limit: int = _setting(
        "Requests a minute for each command of a key, where neither key nor channel has its own.",
        _number(1, 10**9),
        default=120,
    )
    epp_host: str = _setting("Address EPP is served on.", _text, default="127.0.0.1")
    epp_port: int = _setting(
        "Port of EPP; 0 takes a free one. A demo takes 7000 in place of 700.", _number(0, 65535), default=700
    )
    epp_cert: Path | None = _setting(  # noqa: RUF009
        "Certificate chain of EPP (PEM file); with --demo one is made. A changed file is taken up while serving.",
        Path,
        default=None,
    )
    epp_key: Path | None = _setting("Private key of EPP (PEM file).", Path, default=None)  # noqa: RUF009
    epp_client_ca: Path | None = _setting(  # noqa: RUF009
        "Authorities that client certificates of EPP are checked against (PEM file). Which certificate is whose is bound "
        "with 'namestead registrar epp certificate add'.",
        Path,
        default=None,
    )
    epp_certificates: str = _setting(
        "Whether EPP takes connections without a client certificate: optional asks it only of registrars that have one "
        "bound; required of all, at login, which is refused with the reason; handshake ends the connection before that, "
        "without a word.",
        _choice("optional", "required", "handshake"),
        default="required",
    )
    epp_frame_limit: int = _setting(
        "Octets an EPP frame may have, its length among them (RFC 5734). A longer one closes the connection.",
        _number(4_096, 16_777_216),
        default=65_536,
    )
    epp_login_timeout: int = _setting(
        "Seconds an EPP connection may take from its greeting to a login that succeeds.", _number(1, 3600), default=30
    )
    epp_idle_timeout: int = _setting(
        "Seconds an EPP session may be silent before it is closed.", _number(10, 86_400), default=600
    )
    epp_absolute_timeout: int = _setting(
        "Seconds an EPP session may last, however busy it is; 0 for no end.", _number(0, 31_536_000), default=86_400
    )
    epp_session_cap: int = _setting(
        "EPP sessions a registrar may have at once over all processes, where it has no number of its own.",
        _number(1, 10_000),
        default=20,
    )
    epp_connections_per_address: int = _setting(
        "EPP connections one address may have at once, logged in or not; an IPv6 /64 counts as one address.",
        _number(1, 100_000),
        default=64,
    )
    epp_handshakes: int = _setting(
        "TLS handshakes of EPP one process does at once; what comes beyond them waits.", _number(1, 10_000), default=256
    )
    epp_handshake_timeout: int = _setting(
        "Seconds a TLS handshake of EPP may take before the connection is closed.", _number(1, 60), default=5
    )
    epp_password_days: int = _setting(
        "Days an EPP password lives before a login has to change it; 0 for no end.", _number(0, 3650), default=365
    )
    epp_warning_days: int = _setting(
        "Days before the end of an EPP password or client certificate in which a login says so (RFC 8807).",
        _number(0, 3650),
        default=30,
    )
    whois_port: int = _setting("Port of WHOIS; 0 takes a free one. Not served yet.", _number(0, 65535), default=43)
    workers: int = _setting(
        "Processes that serve. They share the port, and nothing but PostgreSQL.", _number(1, 256), default=1
    )
    only: tuple[str, ...] = _setting(
        "Parts this process serves, of http, jobs, epp and whois; empty for all of them.", _some_parts, default=()
    )
    log_format: str = _setting(
        "How log lines are written: console or json.", _choice("console", "json"), default="console"
    )
    log_level: str = _setting(
        "Least level that is written.", _choice("debug", "info", "warning", "error", "critical"), default="info"
    )
    access_log: bool = _setting("Write a log line for every HTTP request.", _flag, default=False)
    stop_within: int = _setting(
        "Seconds a stop waits for requests in flight before it closes their connections.", _number(0, 3600), default=30
    )
    ote: bool = _setting(
        "Make a new registry one for OT&E, whose clock the operator may move. Cannot be changed later.",
        _flag,
        default=False,
    )
    jobs_pause: int = _setting("Seconds between two looks for what has fallen due.", _number(1, 3600), default=5)

    def serves(self, part: str) -> bool:
        return not self.only or part in self.only


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return PREFIX + name.upper()


def load(environment: Mapping[str, str], given: Mapping[str, Any]) -> Settings:
    """The settings in force. `given` are values from the command line, texts or of their types; None is not given."""
    parsers = {f.name: f.metadata["parse"] for f in fields(Settings)}
    chosen = {
        name: _parsed(f"--{name.replace('_', '-')}", parsers[name], value) if isinstance(value, str) else value
        for name, value in given.items()
        if value is not None
    }
    data: Path | str = chosen.get("data") or environment.get(variable("data")) or Settings().data
    file = Path(data) / FILE
    values: dict[str, Any] = {}
    for name, value in _from_file(file).items():
        if name not in parsers or name == "data":
            close = difflib.get_close_matches(name, parsers, 1)
            hint = f" Did you mean {close[0]}?" if close else ""
            raise SettingsProblem(f"{file}: there is no setting '{name}' to be made here.{hint}")
        values[name] = _parsed(f"{file}: {name}", parsers[name], _as_text(value))
    for name, parse in parsers.items():
        text = environment.get(variable(name))
        if text is not None:
            values[name] = _parsed(variable(name), parse, text)
    return Settings(**{**values, **chosen})


def _from_file(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text())
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as problem:
        raise SettingsProblem(f"{file} cannot be read: {problem}") from problem


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ",".join(str(part) for part in value)
    return str(value)


def _parsed(where: str, parse: Callable[[str], Any], text: str) -> Any:
    try:
        return parse(text)
    except ValueError as problem:
        raise SettingsProblem(f"{where} {problem}, not '{text}'.") from None
