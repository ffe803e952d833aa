"""The EPP door, opened for one engine: what of the settings it is told."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

from namestead.cli import epp_files
from namestead.cli.epp_files import EppFiles
from namestead.cli.session import Problem
from namestead.epp.settings import EppSettings
from namestead.epp.tls import Contexts, TlsProblem
from namestead.settings import Settings

PORT = 700
"""RFC 5734, 7."""

DEMO_PORT = 7000
"""Where a demo serves EPP unless told otherwise: below 1024 only root may listen."""


def settings_of(settings: Settings, port: int, *, shared: bool) -> EppSettings:
    """The door's own settings. `shared`: other processes of ours listen on the same port."""
    assert settings.epp_cert is not None
    assert settings.epp_key is not None
    return EppSettings(
        certificate=settings.epp_cert,
        private_key=settings.epp_key,
        client_ca=settings.epp_client_ca,
        certificates_required=settings.epp_certificates != "optional",
        certificates_in_handshake=settings.epp_certificates == "handshake",
        host=settings.epp_host,
        port=port,
        share_port=shared,
        largest_frame=settings.epp_frame_limit,
        login_timeout=settings.epp_login_timeout,
        idle_timeout=settings.epp_idle_timeout,
        absolute_timeout=settings.epp_absolute_timeout or None,
        handshake_timeout=settings.epp_handshake_timeout,
        handshakes_in_flight=settings.epp_handshakes,
        connections_per_address=settings.epp_connections_per_address,
        session_cap=settings.epp_session_cap,
        password_life=timedelta(days=settings.epp_password_days) if settings.epp_password_days else None,
        warning=timedelta(days=settings.epp_warning_days),
    )


def is_possible(settings: Settings) -> bool:
    """Whether EPP can be served: it has a certificate, without which nobody could be sure whom they talk to."""
    return settings.serves("epp") and settings.epp_cert is not None and settings.epp_key is not None


def for_demo(settings: Settings) -> Settings:
    """A demo makes its own certificates (`demo.epp_certificates`), and serves on a port anybody may have."""
    made: EppFiles = epp_files.places(settings.data)
    port = DEMO_PORT if settings.epp_port == PORT else settings.epp_port
    if settings.epp_cert is not None:
        return dataclasses.replace(settings, epp_port=port)
    return dataclasses.replace(
        settings, epp_port=port, epp_cert=made.certificate, epp_key=made.key, epp_client_ca=made.authority
    )


def require_possible(settings: Settings) -> None:
    """Refuse what could not work, before anything is started."""
    if (settings.epp_cert is None) != (settings.epp_key is None):
        raise Problem("The settings epp_cert and epp_key belong together: one of them is missing.")
    if settings.epp_cert is None:
        if "epp" in settings.only:
            raise Problem("EPP is spoken over TLS alone: set epp_cert and epp_key, or use --demo, which makes its own.")
        return
    if settings.epp_certificates != "optional" and settings.epp_client_ca is None:
        raise Problem(
            "Client certificates are required, and no file of authorities to check them against is given: set "
            "epp_client_ca, or epp_certificates to optional."
        )
    try:
        Contexts(settings_of(settings, settings.epp_port, shared=False).tls)
    except TlsProblem as problem:
        raise Problem(f"EPP cannot be served: {problem}") from None
