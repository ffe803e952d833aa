"""Names, balance, log and pending work, page by page: filters, order, and cursors that never skip a row."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from namestead.engine import clock
from namestead.objects.domain import Domain, Phase, Transfer, TransferStatus
from namestead.objects.names import Name
from namestead.rules import lifecycle
from namestead.store import rows
from tests.api.contract import Checked
from tests.api.registry import AUTH, Registry, codes, fresh

Make = Callable[..., Registry]
EXTERNAL = [{"host": "ns1.example.net"}, {"host": "ns2.example.net"}]


def create(client: Checked, name: str, **more: Any) -> dict[str, Any]:
    answer = client.post("/domains", json={"domain": name, **more})
    assert answer.status_code in (201, 202), answer.text
    body: dict[str, Any] = answer.json()
    return body


def pages(client: Checked, path: str, field: str, **parameters: Any) -> list[list[dict[str, Any]]]:
    """All pages of a listing that ends."""
    found = []
    while True:
        body = client.get(path, params=parameters).json()
        found.append(body[field])
        if body["next_cursor"] is None:
            return found
        parameters["cursor"] = body["next_cursor"]


def names(client: Checked, **parameters: Any) -> list[str]:
    return [d["domain"] for page in pages(client, "/domains", "domains", **parameters) for d in page]


# --------------------------------------------------------------------------------------------------------------- domains


@pytest.fixture(scope="module")
def stocked(postgres_url: str, seeded: str) -> Any:
    """A registry in which alpha has names of many kinds and beta one."""
    from namestead.api.server import HttpSettings
    from tests.api.registry import NO_LIMIT
    from tests.conftest import create_database

    url = create_database(postgres_url, template=seeded)
    with Registry(url, HttpSettings(port=0, rate_limit=NO_LIMIT)) as registry:
        alpha = registry.client("alpha")
        for n, label in enumerate(["delta", "alpha", "charlie", "bravo", "echo"]):
            create(alpha, f"{label}.example", years=n % 3 + 1, nameservers=EXTERNAL if n % 2 else [])
        create(alpha, "golf.people", registrant={"name": "Golf"})
        create(alpha, "größe.example")
        alpha.patch("/domains/bravo.example", json={"status": ["clientHold", "clientDeleteProhibited"]})
        alpha.patch("/domains/echo.example", json={"auto_renew": False})
        alpha.post("/domains/charlie.example/transfer", json={"gaining_registrar": {"slug": "beta"}})
        create(registry.client("beta"), "hotel.example")
        yield registry


ALL = ["alpha.example", "bravo.example", "charlie.example", "delta.example", "echo.example", "golf.people"]
IDN = "xn--gre-6ka8i.example"


def test_a_channel_sees_its_own_names_whole_in_order(stocked: Registry) -> None:
    body = stocked.client().get("/domains").json()
    assert [*ALL, IDN] == [d["domain"] for d in body["domains"]]
    assert {"request_id", "domains", "next_cursor"} == body.keys() and body["next_cursor"] is None
    for shown in body["domains"]:
        assert shown == stocked.client().get(f"/domains/{shown['domain']}").json()["registration"]
    assert ["hotel.example"] == names(stocked.client("beta"))


# fmt: off
FILTERS: list[tuple[dict[str, str], list[str]]] = [
    ({"q": "a"},                             ["alpha.example", "bravo.example", "charlie.example", "delta.example", "echo.example", IDN]),
    ({"q": "ALPHA"},                         ["alpha.example"]),
    ({"q": "größe"},                         [IDN]),
    ({"q": "%"},                             []),
    ({"q": "o.p"},                           []),
    ({"tld": "people"},                      ["golf.people"]),
    ({"tld": "ote"},                         []),
    ({"status": "clientHold"},               ["bravo.example"]),
    ({"status": "ok"},                       ["alpha.example"]),
    ({"status": "inactive"},                 ["charlie.example", "delta.example", "echo.example", "golf.people", IDN]),
    ({"status": "pendingTransfer"},          ["charlie.example"]),
    ({"status": "pendingDelete"},            []),
    ({"status": "serverHold"},               []),
    ({"lifecycle_state": "active"},          [*ALL, IDN]),
    ({"lifecycle_state": "redemption"},      []),
    ({"lifecycle_state": "released"},        []),
    ({"sort": "-name"},                      [IDN, *ALL[::-1]]),
    ({"status": "inactive", "tld": "people"}, ["golf.people"]),
]
# fmt: on


@pytest.mark.parametrize("filters,expected", FILTERS, ids=[str(f) for f, _ in FILTERS])
@pytest.mark.parametrize("limit", ["500", "2"])
def test_filters(stocked: Registry, filters: dict[str, str], expected: list[str], limit: str) -> None:
    assert expected == names(stocked.client(), limit=limit, **filters)


def test_by_expiry(stocked: Registry) -> None:
    client = stocked.client()
    shown = {d["domain"]: d["expires_at"] for d in client.get("/domains").json()["domains"]}
    by_expiry = sorted(shown, key=lambda n: shown[n])
    for limit in (1, 2, 3, 100):
        assert by_expiry == names(client, sort="expires_at", limit=limit)
        assert by_expiry[::-1] == names(client, sort="-expires_at", limit=limit)
    bound = shown[by_expiry[3]]
    assert sorted(by_expiry[:3]) == names(client, expires_before=bound)


def test_a_zone_that_is_not_ours(stocked: Registry) -> None:
    answer = stocked.client().get("/domains", params={"tld": "nowhere"})
    assert (404, "zone_not_found") == (answer.status_code, answer.json()["error"])


LISTINGS = [("/domains", "domains"), ("/poll", "events"), ("/balance", "postings"), ("/backend/pending", "pending")]


@pytest.mark.parametrize("path,field", LISTINGS)
def test_a_cursor_is_good_for_its_own_listing_filters_and_caller_only(stocked: Registry, path: str, field: str) -> None:
    client = stocked.client()
    cursor = client.get(path, params={"limit": 1}).json()["next_cursor"]
    assert 200 == client.get(path, params={"limit": 3, "cursor": cursor}).status_code
    middle = len(cursor) // 2
    others = [p for p, _ in LISTINGS if p != path]
    wrong: list[tuple[Checked, str, dict[str, Any]]] = [
        (client, path, {"cursor": cursor[:middle] + ("A" if cursor[middle] != "A" else "B") + cursor[middle + 1 :]}),
        (client, path, {"cursor": cursor[:-1]}),
        (client, path, {"cursor": cursor + "A"}),
        (client, path, {"cursor": "x"}),
        (client, path, {"cursor": "ä" * 10}),
        (stocked.client("beta"), path, {"cursor": cursor}),
        *[(client, other, {"cursor": cursor}) for other in others],
    ]
    if path != "/balance":
        wrong.append((client, path, {"cursor": cursor, "domain" if path != "/domains" else "q": "alpha.example"}))
    for caller, where, parameters in wrong:
        answer = caller.get(where, params=parameters)
        assert (422, "invalid_cursor") == (answer.status_code, answer.json()["error"]), (where, parameters, answer.text)
        assert [("cursor", "invalid_cursor")] == codes(answer)


# -------------------------------------------------------------------------- states by time, in SQL and in rules alike

T0 = datetime(2030, 6, 1, tzinfo=UTC)
DAY = timedelta(days=1)
OFFSETS = (-400, -40, -3, -1, 0, 1, 3, 40, 400)


def _lives(zone_id: int, registrar_id: int, other: int) -> list[Domain]:
    """Registrations in every situation that time can be in the middle of."""
    number = itertools.count(1)

    def life(**fields: Any) -> Domain:
        n = next(number)
        base: dict[str, Any] = {"expires_at": T0, "auto_renew": True}
        return Domain(
            id=9_000_000 + n,
            name=Name(f"life-{n}.example"),
            zone_id=zone_id,
            created_by=registrar_id,
            created_at=T0 - 3000 * DAY,
            **{"registrar_id": registrar_id, **base, **fields},
        )

    made: list[Any] = []
    for days in OFFSETS:
        at = T0 + days * DAY
        made.append({"expires_at": at})
        for statuses in ((), ("clientHold",)):
            fall = {"lapses_at": at + 45 * DAY, "redemption_until": at + 75 * DAY, "release_at": at + 80 * DAY}
            made.append({"expires_at": at, "auto_renew": False, "statuses": statuses, **fall})
        deleted = {
            "deleted_at": at,
            "noted": Phase.REDEMPTION,
            "redemption_until": at + 30 * DAY,
            "release_at": at + 35 * DAY,
        }
        made.append({"expires_at": at + 100 * DAY, **deleted})
        made.append({**deleted, "noted": Phase.PENDING_RESTORE, "restore_until": at + 7 * DAY})
        for wait, push, incoming in itertools.product((2, 60), (True, False), (True, False)):
            gaining, losing = (registrar_id, other) if incoming else (other, registrar_id)
            transfer = Transfer(TransferStatus.PENDING, push, gaining, losing, at, at + wait * DAY)
            made.append({"expires_at": at + 10 * DAY, "transfer": transfer, "registrar_id": losing})
            fall = {"lapses_at": at + 20 * DAY, "redemption_until": at + 50 * DAY, "release_at": at + 55 * DAY}
            made.append({"expires_at": at, "auto_renew": False, "transfer": transfer, "registrar_id": losing, **fall})
    return [life(**fields) for fields in made]


@pytest.mark.parametrize("written", [False, True], ids=["nothing written down", "all written down"])
def test_the_listing_and_the_rules_agree_about_every_state_at_every_time(own_registry: Make, written: bool) -> None:
    """`phase_at`, `statuses_at` and `as_of` are the law: the listing finds by them what they say, whether or not the
    jobs have written down what is due."""
    registry = own_registry()
    alpha = registry.client("alpha")
    zone = registry.engine.reference.zones[Name("example")]
    channels = registry.engine.reference.by_slug
    lives = _lives(zone.id, channels["alpha"].id, channels["beta"].id)

    async def insert() -> None:
        connection = await asyncpg.connect(registry.url)
        records = [rows.DOMAIN.row((d, due.at if (due := lifecycle.next_due(d)) is not None else None)) for d in lives]
        await connection.copy_records_to_table("domain", records=records, columns=list(rows.DOMAIN.columns))
        await connection.close()

    registry.run(insert())
    for shift in (-401, -2, 0, 2, 44, 46, 76, 100, 800):
        now = T0 + shift * DAY + timedelta(hours=1)
        registry.sql("UPDATE registry SET clock_offset = $1 - now()", now)
        if written:
            _, failed = registry.run(clock.settle(registry.engine))
            assert [] == failed
        expected: dict[str, tuple[str, tuple[str, ...], datetime]] = {}
        for domain in lives:
            read = lifecycle.as_of(domain, zone, now)
            phase = lifecycle.phase_at(read, now)
            if read.ended_at is None and read.registrar_id == channels["alpha"].id:
                expected[domain.name] = phase.value, lifecycle.statuses_at(read, now), read.expires_at
        assert sorted(expected) == names(alpha, limit=500)
        for state in {phase for phase, _, _ in expected.values()}:
            assert sorted(n for n, e in expected.items() if e[0] == state) == names(
                alpha, lifecycle_state=state, limit=50
            )
        for status in ("ok", "inactive", "pendingTransfer", "pendingDelete", "clientHold"):
            assert sorted(n for n, e in expected.items() if status in e[1]) == names(alpha, status=status), (
                shift,
                status,
            )
        ids = {d.name: d.id for d in lives}
        by_expiry = sorted(expected, key=lambda n: (expected[n][2], ids[Name(n)]))
        assert by_expiry == names(alpha, sort="expires_at", limit=7)
        assert by_expiry[::-1] == names(alpha, sort="-expires_at", limit=7)
        before = now + 30 * DAY
        soon = sorted(n for n, e in expected.items() if e[2] < before)
        assert soon == names(alpha, expires_before=before.isoformat().replace("+00:00", "Z"))


# ------------------------------------------------------------------------------------------------------------------ poll


def test_an_event_says_who_what_and_with_what_result(registry: Registry) -> None:
    name = fresh()
    answer = registry.client().post(
        "/domains",
        json={"domain": name, "registrant": {"name": "Zoë Secret", "email": "zoe@example.net"}, "auth_info": AUTH},
        headers={"Idempotency-Key": f"k-{name}", "X-Request-Id": f"r-{name}"},
    )
    [event] = registry.client().get("/poll", params={"domain": name}).json()["events"]
    occurred = event.pop("occurred_at")
    assert answer.json()["registration"]["created_at"] == occurred
    assert event.pop("registrar").pop("slug") == "alpha"
    summary = event.pop("response_summary")
    assert ("active", name) == (summary["lifecycle_state"], answer.json()["domain"])
    assert {
        "audit_id": answer.json()["audit_id"],
        "surface": "http",
        "command": "create_domain",
        "domain": name,
        "status": "success",
        "apply": "none",
        "error": None,
        "idempotency_key": f"k-{name}",
        "client_transaction_id": None,
        "request_id": f"r-{name}",
        "request_summary": {"years": 1, "nameservers": [], "auto_renew": True},
    } == event
    text = str(summary) + str(event)
    assert AUTH not in text and "Secret" not in text and "zoe@" not in text


def test_a_refusal_stands_in_the_log_with_its_code(registry: Registry) -> None:
    name = fresh()
    registry.client().delete(f"/domains/{name}", headers={"Idempotency-Key": f"k-{name}"})
    [event] = registry.client().get("/poll", params={"domain": name}).json()["events"]
    assert ("failed", "domain_not_found", "delete_domain", None) == (
        event["status"],
        event["error"],
        event["command"],
        event["response_summary"],
    )


@pytest.fixture(scope="module")
def history(registry: Registry) -> tuple[str, list[str]]:
    """A name with a create, a refused create, a rehearsal, a nameserver change and a query, each with a key."""
    name = fresh()
    client = registry.client("epsilon")
    key = {"idempotency_key": f"one-{name}"}
    create(client, name, **key)
    client.post("/domains", json={"domain": name, "idempotency_key": f"two-{name}"})
    client.post(f"/domains/{name}/renew", json={"years": 1, "sandbox": True, "idempotency_key": f"three-{name}"})
    client.put(f"/domains/{name}/nameservers", json={"nameservers": EXTERNAL, "idempotency_key": f"four-{name}"})
    client.post("/domains/check", json={"domain": name, "idempotency_key": f"five-{name}"})
    return name, ["create_domain", "create_domain", "renew_domain", "update_nameservers", "check_domain"]


def test_the_log_of_a_name_oldest_first(registry: Registry, history: tuple[str, list[str]]) -> None:
    name, expected = history
    events = registry.client("epsilon").get("/poll", params={"domain": name}).json()["events"]
    assert expected == [e["command"] for e in events]
    assert ["success", "failed", "sandbox", "success", "success"] == [e["status"] for e in events]
    assert [] == registry.client("alpha").get("/poll", params={"domain": name}).json()["events"]


# fmt: off
POLLS: list[tuple[dict[str, str], list[int]]] = [
    ({"command": "create_domain"},               [0, 1]),
    ({"status": "success"},                      [0, 3, 4]),
    ({"status": "failed"},                       [1]),
    ({"status": "sandbox"},                      [2]),
    ({"status": "replayed"},                     []),
    ({"apply": "pending"},                       [3]),
    ({"apply": "none"},                          [0, 1, 2, 4]),
    ({"apply": "applied"},                       []),
    ({"idempotency_key": "one-{name}"},          [0]),
    ({"idempotency_key": "two-{name}"},          [1]),
    ({"idempotency_key": "three-{name}"},        [2]),
    ({"idempotency_key": "four-{name}"},         [3]),
    ({"idempotency_key": "five-{name}"},         [4]),
    ({"idempotency_key": "none-{name}"},         []),
    ({"idempotency_key": "four-{name}", "command": "update_nameservers", "status": "success", "limit": "1"}, [3]),
    ({"idempotency_key": "four-{name}", "command": "create_domain"}, []),
    ({"limit": "2"},                             [3, 4]),
    ({"limit": "2", "cursor": "start"},          [0, 1]),
    ({"since": "2020-01-01T00:00:00Z"},          [0, 1, 2, 3, 4]),
    ({"since": "2999-01-01T00:00:00Z"},          []),
]
# fmt: on


@pytest.mark.parametrize("filters,expected", POLLS, ids=[str(f) for f, _ in POLLS])
def test_poll_filters(
    registry: Registry, history: tuple[str, list[str]], filters: dict[str, str], expected: list[int]
) -> None:
    name, _ = history
    client = registry.client("epsilon")
    every = [e["audit_id"] for e in client.get("/poll", params={"domain": name}).json()["events"]]
    asked = {"domain": name, **{k: v.format(name=name) for k, v in filters.items()}}
    assert [every[n] for n in expected] == [e["audit_id"] for e in client.get("/poll", params=asked).json()["events"]]


def test_a_sandbox_reset_is_found_by_its_key(own_registry: Make) -> None:
    client = own_registry().client()
    client.post("/sandbox/reset", json={"tld": "ote", "idempotency_key": "reset-1"})
    for more in ({}, {"command": "reset_sandbox"}):
        events = client.get("/poll", params={"idempotency_key": "reset-1", **more}).json()["events"]
        assert ["reset_sandbox"] == [e["command"] for e in events]


def test_a_replay_is_logged_while_evidence_is_gathered(own_registry: Make) -> None:
    registry = own_registry()
    registry.sql("UPDATE registrar SET evidence = true WHERE slug = 'alpha'")
    registry.sql("UPDATE registry SET reference = reference + 1")
    client = registry.client()
    for _ in range(2):
        client.post("/domains", json={"domain": "alice.example", "idempotency_key": "k"})
    events = client.get("/poll", params={"idempotency_key": "k"}).json()["events"]
    assert ["success", "replayed"] == [e["status"] for e in events]


def test_the_other_party_of_a_transfer_sees_it_without_the_first_ones_ids(registry: Registry) -> None:
    name = fresh()
    create(registry.client(), name, auth_info=AUTH)
    headers = {"Idempotency-Key": f"k-{name}", "X-Request-Id": f"r-{name}"}
    registry.client("beta").post(f"/domains/{name}/transfer", json={"auth_info": AUTH}, headers=headers)
    asked = {"domain": name, "command": "transfer_domain"}
    [seen] = registry.client("alpha").get("/poll", params=asked).json()["events"]
    [own] = registry.client("beta").get("/poll", params=asked).json()["events"]
    assert own["audit_id"] == seen["audit_id"]
    assert ("beta", "beta") == (own["registrar"]["slug"], seen["registrar"]["slug"])
    assert (f"k-{name}", f"r-{name}") == (own["idempotency_key"], own["request_id"])
    assert (None, None) == (seen["idempotency_key"], seen["request_id"])
    asked = {"idempotency_key": f"k-{name}"}
    assert [] == registry.client("alpha").get("/poll", params=asked).json()["events"]


def test_a_poller_that_follows_its_cursor_sees_every_row_once(own_registry: Make) -> None:
    registry = own_registry()
    client = registry.client()
    seen: list[str] = []
    cursor = client.get("/poll").json()["next_cursor"]  # from now on
    made: list[str] = []
    for batch in (1, 0, 5, 2, 7):
        made += [create(client, fresh())["audit_id"] for _ in range(batch)]
        while True:
            page = client.get("/poll", params={"limit": 3, "cursor": cursor}).json()
            seen += [e["audit_id"] for e in page["events"]]
            cursor = page["next_cursor"]
            if len(page["events"]) < 3:
                break
    assert made == seen


@pytest.mark.parametrize("path,field", [("/poll", "events"), ("/balance", "postings")])
def test_a_row_that_commits_late_is_not_skipped(own_registry: Make, path: str, field: str) -> None:
    """Another process has a transaction open, with lower ids, while a later one commits and is read."""
    registry = own_registry()
    client = registry.client()
    cursor = client.get(path).json()["next_cursor"]
    registrar = registry.engine.reference.by_slug["alpha"]

    async def open_late() -> tuple[asyncpg.Connection[Any], Any]:
        connection = await asyncpg.connect(registry.url)
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute(
            "INSERT INTO command_log (id, occurred_at, surface, command, registrar_id, actor, status, apply, request)"
            " VALUES (1, now(), 'epp', 'late', $1, 'test', 'success', 'none', '{}')",
            registrar.id,
        )
        await connection.execute(
            "INSERT INTO posting VALUES (1, 0, pg_current_xact_id(), now(), $1, 'balance', -1, 'balance', 1, 'EUR', 'late')",
            registrar.account_id,
        )
        return connection, transaction

    async def commit() -> None:
        await transaction.commit()
        await connection.close()

    connection, transaction = registry.run(open_late())
    try:
        early = create(client, fresh())["audit_id"]
        between = client.get(path, params={"cursor": cursor}).json()
    finally:
        registry.run(commit())
    assert [] == between[field]  # not yet: the open transaction could still precede it
    after = client.get(path, params={"cursor": between["next_cursor"]}).json()
    assert ["log_1", early] == [e["audit_id"] for e in after[field]]


# --------------------------------------------------------------------------------------------------------------- balance


def test_the_balance_is_the_sum_of_its_movements(own_registry: Make) -> None:
    registry = own_registry()
    client = registry.client("beta")
    name = fresh()
    create(registry.client("alpha"), name, auth_info=AUTH)
    mine = fresh()
    create(client, mine, years=2)
    client.delete(f"/domains/{mine}")
    client.post(f"/domains/{name}/transfer", json={"auth_info": AUTH})
    body = client.get("/balance").json()
    assert {"request_id", "balance", "holds", "credit", "available", "postings", "next_cursor"} == body.keys()
    assert ("999988.00", "12.00", "0.00", "999988.00") == tuple(
        body[k]["amount"] for k in ("balance", "holds", "credit", "available")
    )
    shown = [
        (p["kind"], p["reason"], p["domain"], p["balance_change"]["amount"], p["held_change"]["amount"])
        for p in body["postings"]
    ]
    assert [
        ("credit", "deposit", "opening", "1000000.00", "0.00"),
        ("charge", "create", mine, "-20.00", "0.00"),
        ("credit", "delete", mine, "20.00", "0.00"),
        ("hold", "transfer", name, "-12.00", "12.00"),
    ] == shown
    registry.client("alpha").post(f"/domains/{name}/transfer", json={"operation": "approve"})
    last = client.get("/balance", params={"limit": 1}).json()["postings"][0]
    assert ("capture", "0.00", "-12.00") == (
        last["kind"],
        last["balance_change"]["amount"],
        last["held_change"]["amount"],
    )
    every = client.get("/balance").json()["postings"]
    paged, cursor = [], "start"
    while page := (body := client.get("/balance", params={"limit": 2, "cursor": cursor}).json())["postings"]:
        paged += page
        cursor = body["next_cursor"]
    assert every == paged
    assert every[2:] == client.get("/balance", params={"since": every[2]["occurred_at"]}).json()["postings"]
    assert "999988.00" == f"{sum(float(p['balance_change']['amount']) for p in every):.2f}"


# --------------------------------------------------------------------------------------------------------------- pending


def test_what_waits_for_a_backend(own_registry: Make) -> None:
    registry = own_registry()
    client = registry.client()
    first = create(client, "alice.example", nameservers=EXTERNAL)
    create(client, "bob.example")
    second = client.put("/domains/bob.example/nameservers", json={"nameservers": EXTERNAL}).json()
    body = client.get("/backend/pending").json()
    assert [
        {
            "audit_id": first["audit_id"],
            "command": "create_domain",
            "domain": "alice.example",
            "state": "pending",
            "queued_at": first["registration"]["created_at"],
            "attempts": 0,
            "last_error": None,
        },
        {
            "audit_id": second["audit_id"],
            "command": "update_nameservers",
            "domain": "bob.example",
            "state": "pending",
            "queued_at": second["registration"]["nameserver_apply"]["queued_at"],
            "attempts": 0,
            "last_error": None,
        },
    ] == body["pending"]
    for filters, expected in (
        ({"command": "update_nameservers"}, ["bob.example"]),
        ({"domain": "alice.example"}, ["alice.example"]),
        ({"command": "update_nameservers", "domain": "alice.example"}, []),
        ({"limit": "1"}, ["alice.example", "bob.example"]),
    ):
        found = [p["domain"] for page in pages(client, "/backend/pending", "pending", **filters) for p in page]
        assert expected == found
    assert [] == registry.client("beta").get("/backend/pending").json()["pending"]
    registry.sql("UPDATE outbox SET attempts = 3, last_error = 'REFUSED' WHERE name = 'bob.example'")
    registry.sql("UPDATE command_log SET apply = 'failed' WHERE domain = 'bob.example' AND apply = 'pending'")
    registry.sql("UPDATE command_log SET apply = 'applied' WHERE domain = 'alice.example' AND apply = 'pending'")
    [left] = client.get("/backend/pending").json()["pending"]
    assert ("bob.example", "failed", 3, "REFUSED") == (
        left["domain"],
        left["state"],
        left["attempts"],
        left["last_error"],
    )
