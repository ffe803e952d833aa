"""EPP as the command line starts it: the settings of the door, from those of the registry."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from namestead.cli import epp_files
from namestead.cli.session import Problem
from namestead.epp.settings import EppSettings
from namestead.epp.tls import TlsFiles, TlsProblem, server_context
from namestead.settings import Settings


def settings_of(settings: Settings, port: int, *, shared: bool, demo: bool = False) -> EppSettings:
    """The door's settings. Without files of one's own, the demo's are used where there is a demo. `Problem` where
    there are none, or where they do not make a server."""
    certificate, key, authority = _files(settings, demo=demo)
    required = settings.epp_certificates != "optional"
    in_handshake = settings.epp_certificates == "handshake"
    try:
        server_context(TlsFiles(certificate, key, authority, required))
    except TlsProblem as problem:
        raise Problem(f"EPP cannot be served: {problem}") from None
    return EppSettings(
        certificate=certificate,
        private_key=key,
        client_ca=authority,
        certificates_required=required,
        certificates_in_handshake=in_handshake,
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


def _files(settings: Settings, *, demo: bool) -> tuple[Path, Path, Path | None]:
    if (settings.epp_cert is None) != (settings.epp_key is None):
        raise Problem("epp_cert and epp_key belong together: one of them is missing.")
    made = epp_files.places(settings.data)
    authority = settings.epp_client_ca or (made.authority if demo else None)
    if settings.epp_cert is not None and settings.epp_key is not None:
        return settings.epp_cert, settings.epp_key, authority
    if not demo:
        raise Problem(
            "EPP is spoken over TLS alone, and no certificate is given: set epp_cert and epp_key. --demo makes its own."
        )
    return made.certificate, made.key, authority
