"""What a login through EPP is held against, read anew each time, and the count of those that went wrong.

Nothing of it is cached anywhere: a password that was changed, a certificate that was unbound, a registrar that was
suspended, by whichever process, is seen by the next login.
"""

from __future__ import annotations

from namestead.objects.epp_access import EppStanding
from namestead.store import rows
from namestead.store.load import Connection

# A registrar by its client id, with the real time, and the wrong passwords of the last 24 hours.
STANDING = """
SELECT r.*, a.currency, a.suspended_at IS NOT NULL AS suspended, clock_timestamp() AS read_at,
       (SELECT coalesce(sum(f.failures), 0)
          FROM epp_failed_login f
         WHERE f.registrar_id = r.id AND f.hour > clock_timestamp() - interval '24 hours') AS failures
  FROM registrar r JOIN account a ON a.id = r.account_id
 WHERE r.slug = $1
"""
ACCESS = "SELECT * FROM epp_access WHERE registrar_id = $1"
BOUND = "SELECT * FROM epp_certificate WHERE registrar_id = $1 AND removed_at IS NULL ORDER BY added_at, id"
BOUND_TO = "SELECT registrar_id FROM epp_certificate WHERE fingerprint = $1 AND removed_at IS NULL"

COUNT_FAILURE = """
INSERT INTO epp_failed_login AS f (registrar_id, hour, failures)
VALUES ($1, date_trunc('hour', clock_timestamp()), 1)
    ON CONFLICT (registrar_id, hour) DO UPDATE SET failures = f.failures + 1
"""
FORGET_FAILURES = (
    "DELETE FROM epp_failed_login WHERE registrar_id = $1 AND hour < clock_timestamp() - interval '48 hours'"
)


async def standing(connection: Connection, client_id: str, fingerprint: bytes | None) -> EppStanding | None:
    """All that a login under this client id is held against; None where there is no such registrar."""
    row = await connection.fetchrow(STANDING, client_id)
    if row is None:
        return None
    columns = dict(row)
    asked = ("currency", "suspended", "read_at", "failures")
    currency, suspended, read_at, failures = (columns.pop(name) for name in asked)
    registrar = rows.registrar_of(columns)
    access = await connection.fetchrow(ACCESS, registrar.id)
    bound = await connection.fetch(BOUND, registrar.id)
    return EppStanding(
        registrar=registrar,
        currency=currency,
        suspended=suspended,
        access=rows.epp_access_of(access) if access is not None else None,
        certificates=tuple(rows.certificate_of(r) for r in bound),
        bound_to=await connection.fetchval(BOUND_TO, fingerprint) if fingerprint is not None else None,
        failures=failures,
        read_at=read_at,
    )


async def count_failure(connection: Connection, registrar_id: int) -> None:
    """One more wrong password for a registrar, in this hour; hours of the day before yesterday are forgotten."""
    await connection.execute(COUNT_FAILURE, registrar_id)
    await connection.execute(FORGET_FAILURES, registrar_id)
