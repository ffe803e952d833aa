"""Each command as the contract describes it: method, status, fields, and the refusals a registrar meets."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from namestead.commands.operator.add_retained import AddRetained
from namestead.commands.operator.protect_domain import ProtectDomain
from namestead.commands.operator.review_domain import ReviewDomain
from namestead.objects.names import Name
from namestead.objects.retained import RetainedKind
from namestead.rules.availability import token_hash
from tests.api.registry import AUTH, Registry, fresh

Make = Callable[..., Registry]
EXTERNAL = [{"host": "ns1.example.net"}, {"host": "ns2.example.net"}]
ALICE = {
    "name": "Alice Example",
    "organization": "Example Ltd",
    "email": "alice@example.net",
    "phone": "+49.301234567",
    "street": ["1 Main Street", "2nd floor"],
    "city": "Berlin",
    "state": "BE",
    "postal_code": "10115",
    "country": "DE",
}
INSTANT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"


def made(registry: Registry, tld: str = "example", key: str = "alpha", **more: Any) -> str:
    name = fresh(tld)
    answer = registry.client(key).post("/domains", json={"domain": name, **more})
    assert answer.status_code in (201, 202), answer.text
    return name


def when(text: str) -> datetime:
    assert re.fullmatch(INSTANT, text), text
    return datetime.fromisoformat(text)


# ---------------------------------------------------------------------------------------------------------------- create


def test_create_answers_the_whole_registration(registry: Registry) -> None:
    name = fresh()
    answer = registry.client().post(
        "/domains",
        json={
            "domain": name,
            "years": 2,
            "registrant": ALICE,
            "nameservers": EXTERNAL,
            "ds": [{"key_tag": 1, "algorithm": 13, "digest_type": 2, "digest": "ab" * 32}],
            "auth_info": AUTH,
            "fee": {"amount": "20.00", "currency": "EUR"},
        },
    )
    assert 201 == answer.status_code, answer.text
    body = answer.json()
    assert ("create_domain", "success", False, False, name) == (
        body["command"],
        body["status"],
        body["idempotent"],
        body["sandbox"],
        body["domain"],
    )
    assert re.fullmatch(r"log_\d+", body["audit_id"])
    assert "EUR" == body["balance"]["currency"]
    shown = body["registration"]
    created, expires = when(shown.pop("created_at")), when(shown.pop("expires_at"))
    assert created.replace(year=created.year + 2) == expires
    queued = when(shown["nameserver_apply"].pop("queued_at"))
    assert created == queued
    assert re.fullmatch(r"D\d+-NST", shown.pop("roid"))
    assert shown["registrar"].pop("channel_id").startswith("ch_alpha")
    assert shown["registrant"].pop("id").endswith("-NST")
    assert {
        "domain": name,
        "unicode_name": name,
        "tld": "example",
        "registrar": {"slug": "alpha"},
        "lifecycle_state": "active",
        "status": ["ok"],
        "rgp_status": ["addPeriod"],
        "updated_at": None,
        "transferred_at": None,
        "redemption_until": None,
        "release_at": None,
        "auto_renew": True,
        "registrant": ALICE,
        "contacts": [],
        "nameservers": [{"host": "ns1.example.net", "addresses": []}, {"host": "ns2.example.net", "addresses": []}],
        "nameserver_apply": {"state": "pending", "applied_at": None},
        "ds": [{"key_tag": 1, "algorithm": 13, "digest_type": 2, "digest": "AB" * 32}],
        "backend": {"adapter": "none", "reference": "example", "state": "pending"},
        "protected_legacy": False,
        "sandbox_fixture": False,
        "created_by": "alpha",
        "subordinate_hosts": None,
        "max_signature_life": None,
        "transfer": None,
    } == shown
    assert AUTH not in answer.text


def test_create_takes_label_and_tld_and_gives_both_forms_of_an_idn(registry: Registry) -> None:
    answer = registry.client().post("/domains", json={"label": "Größe", "tld": "EXAMPLE"})
    assert ("xn--gre-6ka8i.example", "größe.example") == (
        answer.json()["domain"],
        answer.json()["registration"]["unicode_name"],
    )


def test_create_charges_the_price(registry: Registry) -> None:
    first = registry.client("epsilon").post("/domains", json={"domain": fresh()}).json()["balance"]["amount"]
    second = (
        registry.client("epsilon").post("/domains", json={"domain": fresh(), "years": 3}).json()["balance"]["amount"]
    )
    assert "30.00" == f"{float(first) - float(second):.2f}"


# fmt: off
REFUSED: list[tuple[str, dict[str, Any], int, str]] = [
    ("alpha", {"domain": "taken.example"},                                            409, "domain_not_available"),
    ("alpha", {"domain": "blocked.example"},                                          409, "name_blocked"),
    ("alpha", {"domain": "disputed.example"},                                         409, "name_disputed"),
    ("alpha", {"domain": "reserved.example"},                                         409, "name_reserved"),
    ("alpha", {"domain": "claim.example"},                                            409, "claim_required"),
    ("alpha", {"domain": "claim.example", "allocation_token": "wrong"},               403, "allocation_token_invalid"),
    ("alpha", {"domain": "new.shut"},                                                 409, "zone_closed"),
    ("alpha", {"domain": "gold.example"},                                             409, "fee_mismatch"),
    ("alpha", {"domain": "plain.example", "fee": {"amount": "9.99", "currency": "EUR"}},  409, "fee_mismatch"),
    ("alpha", {"domain": "plain.example", "fee": {"amount": "10.00", "currency": "USD"}}, 409, "currency_mismatch"),
    ("poor",  {"domain": "plain.example"},                                            402, "insufficient_balance"),
    ("alpha", {"domain": "plain.example", "years": 11},                               422, "value_out_of_range"),
    ("alpha", {"domain": "plain.example", "nameservers": EXTERNAL[:1]},               422, "value_out_of_range"),
    ("alpha", {"domain": "plain.example", "nameservers": [{"host": f"n{i}.x.net"} for i in range(14)]}, 422, "value_out_of_range"),
    ("alpha", {"domain": "plain.example", "nameservers": [{"host": "ns1.plain.example"}, {"host": "ns2.x.net"}]}, 422, "missing_field"),
    ("alpha", {"domain": "plain.example", "auth_info": "tooweak"},                    422, "auth_info_too_weak"),
    ("alpha", {"domain": "plain.example", "registrant_id": "C404-NST"},               404, "contact_not_found"),
    ("alpha", {"domain": "plain.people"},                                             422, "contact_required"),
    ("alpha", {"domain": "plain.bare", "registrant": {"name": "A"}},                  409, "contacts_not_allowed"),
    ("alpha", {"domain": "a.b.example"},                                              422, "invalid_request"),
]
# fmt: on


@pytest.fixture(scope="module")
def stocked(registry: Registry) -> None:
    """Names that cannot be had, each for a reason of its own."""
    registry.client("beta").post("/domains", json={"domain": "taken.example"})
    for kind in ("blocked", "disputed", "reserved", "claim"):
        token = token_hash("the-token") if kind in ("reserved", "claim") else None
        registry.do(AddRetained(Name(f"{kind}.example"), RetainedKind(kind), token_hash=token))


@pytest.mark.usefixtures("stocked")
@pytest.mark.parametrize("key,body,status,code", REFUSED, ids=[f"{r[3]} {n}" for n, r in enumerate(REFUSED)])
def test_create_is_refused(registry: Registry, key: str, body: dict[str, Any], status: int, code: str) -> None:
    answer = registry.client(key).post("/domains", json=body)
    assert (status, code) == (answer.status_code, answer.json()["error"]), answer.text


def test_a_premium_name_is_sold_at_the_price_agreed_to(registry: Registry) -> None:
    check = registry.client().post("/domains/check", json={"domain": "gold.example"}).json()
    assert (True, {"amount": "999.00", "currency": "EUR", "years": 1}) == (check["premium"], check["price"]["create"])
    fee = {"amount": "999.00", "currency": "EUR"}
    rehearsed = registry.client().post("/domains", json={"domain": "gold.example", "fee": fee, "sandbox": True})
    assert 202 == rehearsed.status_code


def test_a_claimed_name_is_created_with_its_token(registry: Registry, stocked: None) -> None:
    body = {"domain": "claim.example", "allocation_token": "the-token", "sandbox": True}
    assert 202 == registry.client().post("/domains", json=body).status_code


def test_glue_of_an_own_host(registry: Registry) -> None:
    name = fresh()
    hosts = [{"host": f"ns{n}.{name}", "addresses": [f"198.41.0.{n}", f"2001:503:ba3e::{n}"]} for n in (1, 2)]
    answer = registry.client().post("/domains", json={"domain": name, "nameservers": hosts})
    assert 201 == answer.status_code, answer.text
    assert hosts == answer.json()["registration"]["nameservers"]


# ----------------------------------------------------------------------------------------------------------------- check


def test_check_of_one_name_is_one_result(registry: Registry) -> None:
    name = fresh()
    body = registry.client().post("/domains/check", json={"domain": name}).json()
    assert "req_" == body.pop("request_id")[:4]
    assert {
        "domain": name,
        "unicode_name": name,
        "available": True,
        "reason": None,
        "claim_required": False,
        "premium": False,
        "price": {
            "create": {"amount": "10.00", "currency": "EUR", "years": 1},
            "renew": {"amount": "11.00", "currency": "EUR"},
            "restore": {"amount": "40.00", "currency": "EUR"},
        },
        "lifecycle_state": None,
        "release_at": None,
        "detail": None,
        "fees": [],
    } == body
    assert "results" not in registry.client().post("/domains/check", json={"label": "x", "tld": "example"}).json()


@pytest.mark.usefixtures("stocked")
def test_check_of_a_list_keeps_its_order_and_one_bad_name_fails_no_other(registry: Registry) -> None:
    asked = [
        "taken.example",
        "a b",
        "blocked.example",
        "disputed.example",
        "reserved.example",
        "claim.example",
        "x.shut",
    ]
    results = registry.client().post("/domains/check", json={"domains": asked}).json()["results"]
    assert [
        ("registered", False),
        ("invalid_name", False),
        ("blocked", False),
        ("disputed", False),
        ("reserved", False),
        ("reserved", True),
        ("zone_closed", False),
    ] == [(r["reason"], r["claim_required"]) for r in results]
    assert ("active", None) == (results[0]["lifecycle_state"], results[0]["release_at"])
    assert not any(r["available"] for r in results)


def test_check_of_a_list_of_one_is_a_list(registry: Registry) -> None:
    assert 1 == len(registry.client().post("/domains/check", json={"domains": [fresh()]}).json()["results"])


def test_a_hundred_names_are_checked_at_once(registry: Registry) -> None:
    answer = registry.client().post("/domains/check", json={"domains": [fresh() for _ in range(100)]})
    assert 100 == sum(r["available"] for r in answer.json()["results"])


# ------------------------------------------------------------------------------------------------------------------ info


def test_info_shows_all_to_the_sponsor_and_the_public_part_to_others(registry: Registry) -> None:
    name = made(registry, registrant=ALICE, nameservers=EXTERNAL)
    own = registry.client("alpha").get(f"/domains/{name}").json()
    other = registry.client("beta").get(f"/domains/{name}").json()
    assert {"request_id", "domain", "registration"} == own.keys() == other.keys()
    public = {
        "domain",
        "unicode_name",
        "tld",
        "roid",
        "registrar",
        "lifecycle_state",
        "status",
        "rgp_status",
        "created_at",
        "updated_at",
        "transferred_at",
        "expires_at",
        "redemption_until",
        "release_at",
        "nameservers",
    }
    assert public == other["registration"].keys()
    assert public < own["registration"].keys()
    assert "Alice" not in str(other) and "Alice Example" == own["registration"]["registrant"]["name"]
    assert {k: own["registration"][k] for k in public} == other["registration"]


def test_info_of_a_name_nobody_has(registry: Registry) -> None:
    answer = registry.client().get("/domains/nobody.example")
    assert (404, "domain_not_found") == (answer.status_code, answer.json()["error"])


# ----------------------------------------------------------------------------------------------------------------- renew


def test_renew_adds_years_from_the_expiry(registry: Registry) -> None:
    name = made(registry)
    before = registry.client().get(f"/domains/{name}").json()["registration"]["expires_at"]
    answer = registry.client().post(f"/domains/{name}/renew", json={"years": 2, "current_expiry": before[:10]})
    assert (200, "renew_domain") == (answer.status_code, answer.json()["command"])
    expires = when(answer.json()["registration"]["expires_at"])
    assert when(before).replace(year=when(before).year + 2) == expires
    again = registry.client().post(f"/domains/{name}/renew", json={"years": 2, "current_expiry": before[:10]})
    assert again.status_code in (409, 422), again.text
    exact = registry.client().post(
        f"/domains/{name}/renew",
        json={
            "years": 1,
            "current_expiry": answer.json()["registration"]["expires_at"],
            "fee": {"amount": "11.00", "currency": "EUR"},
        },
    )
    assert 200 == exact.status_code, exact.text


def test_renew_is_for_the_sponsor_and_never_beyond_ten_years(registry: Registry) -> None:
    name = made(registry)
    theirs = registry.client("beta").post(f"/domains/{name}/renew", json={"years": 1})
    assert (403, "not_sponsor") == (theirs.status_code, theirs.json()["error"])
    far = registry.client().post(f"/domains/{name}/renew", json={"years": 10})
    assert (422, "max_lifetime_exceeded") == (far.status_code, far.json()["error"])


# ---------------------------------------------------------------------------------------------------------------- update


def test_update_changes_what_is_sent_and_nothing_else(registry: Registry) -> None:
    name = made(registry, registrant=ALICE)
    answer = registry.client().patch(
        f"/domains/{name}",
        json={"status": ["clientTransferProhibited", "clientHold"], "auto_renew": False, "auth_info": AUTH},
    )
    assert (200, "update_domain") == (answer.status_code, answer.json()["command"]), answer.text
    shown = answer.json()["registration"]
    assert ["clientHold", "clientTransferProhibited", "inactive"] == shown["status"]
    assert (False, "Alice Example") == (shown["auto_renew"], shown["registrant"]["name"])
    when(shown["updated_at"])
    shown = registry.client().patch(f"/domains/{name}", json={"status": [], "registrant": None}).json()["registration"]
    assert (["inactive"], {}) == (shown["status"], shown["registrant"])
    ds = [{"key_tag": 5, "algorithm": 13, "digest_type": 2, "digest": "CD" * 32}]
    assert ds == registry.client().patch(f"/domains/{name}", json={"ds": ds}).json()["registration"]["ds"]


def test_update_with_contacts(registry: Registry) -> None:
    first = registry.client().get(f"/domains/{made(registry, registrant=ALICE)}").json()["registration"]
    handle = first["registrant"]["id"]
    name = made(registry)
    contacts = [{"type": "admin", "id": handle}, {"type": "tech", "id": handle}]
    answer = registry.client().patch(f"/domains/{name}", json={"registrant_id": handle, "contacts": contacts})
    assert (handle, contacts) == (
        answer.json()["registration"]["registrant"]["id"],
        answer.json()["registration"]["contacts"],
    )


def test_a_status_prohibits(registry: Registry) -> None:
    name = made(registry)
    registry.client().patch(f"/domains/{name}", json={"status": ["clientDeleteProhibited", "clientUpdateProhibited"]})
    for answer in (
        registry.client().delete(f"/domains/{name}"),
        registry.client().patch(f"/domains/{name}", json={"auto_renew": False}),
    ):
        assert (409, "status_prohibits", 2304) == (
            answer.status_code,
            answer.json()["error"],
            answer.json()["epp_result_code"],
        )
        assert "Object status prohibits operation" == answer.json()["epp_result"]
    assert 200 == registry.client().patch(f"/domains/{name}", json={"status": []}).status_code


# -------------------------------------------------------------------------------------------------------------- transfer


def test_a_pull_is_pending_until_the_sponsor_answers(registry: Registry) -> None:
    name = made(registry, auth_info=AUTH)
    wrong = registry.client("beta").post(f"/domains/{name}/transfer", json={"auth_info": AUTH + "x"})
    assert (403, "auth_info_invalid") == (wrong.status_code, wrong.json()["error"])
    asked = registry.client("beta").post(f"/domains/{name}/transfer", json={"auth_info": AUTH})
    assert (202, "pending") == (asked.status_code, asked.json()["status"]), asked.text
    transfer = asked.json()["transfer"]
    assert ("pending", "beta", "alpha") == (transfer["status"], transfer["requested_by"], transfer["act_by"])
    assert timedelta(days=5) == when(transfer["act_at"]) - when(transfer["requested_at"])
    assert "pendingTransfer" in registry.client().get(f"/domains/{name}").json()["registration"]["status"]
    twice = registry.client("beta").post(f"/domains/{name}/transfer", json={"auth_info": AUTH})
    assert (409, "transfer_pending") == (twice.status_code, twice.json()["error"])
    query = registry.client("beta").post(f"/domains/{name}/transfer", json={"operation": "query"})
    assert "pending" == query.json()["transfer"]["status"]
    assert 403 == registry.client("beta").post(f"/domains/{name}/transfer", json={"operation": "approve"}).status_code
    done = registry.client("alpha").post(f"/domains/{name}/transfer", json={"operation": "approve"})
    assert (200, "success", "clientApproved") == (
        done.status_code,
        done.json()["status"],
        done.json()["transfer"]["status"],
    )
    moved = registry.client("beta").get(f"/domains/{name}").json()["registration"]
    assert "beta" == moved["registrar"]["slug"]
    when(moved["transferred_at"])
    events = (
        registry.client("alpha").get("/poll", params={"domain": name, "command": "transfer_domain"}).json()["events"]
    )
    assert {"beta", "alpha"} == {e["registrar"]["slug"] for e in events}


@pytest.mark.parametrize(
    "operation,by,status", [("reject", "alpha", "clientRejected"), ("cancel", "beta", "clientCancelled")]
)
def test_a_pull_is_rejected_or_cancelled(registry: Registry, operation: str, by: str, status: str) -> None:
    name = made(registry, auth_info=AUTH)
    before = registry.client("beta").get("/balance").json()
    registry.client("beta").post(f"/domains/{name}/transfer", json={"auth_info": AUTH})
    held = registry.client("beta").get("/balance").json()
    assert "12.00" == f"{float(held['holds']['amount']) - float(before['holds']['amount']):.2f}"
    done = registry.client(by).post(f"/domains/{name}/transfer", json={"operation": operation})
    assert status == done.json()["transfer"]["status"]
    after = registry.client("beta").get("/balance").json()
    assert (before["balance"], before["holds"]) == (after["balance"], after["holds"])
    none = registry.client(by).post(f"/domains/{name}/transfer", json={"operation": operation})
    assert (409, "transfer_not_pending") == (none.status_code, none.json()["error"])


def test_a_push_moves_nothing_before_the_gainer_approves(registry: Registry) -> None:
    """No name, and nobody's money."""

    def standing() -> dict[str, tuple[int, int]]:
        accounts = registry.sql("SELECT slug, balance, held FROM account WHERE slug IN ('alpha', 'beta')")
        return {a["slug"]: (a["balance"], a["held"]) for a in accounts}

    def moved_since(before: dict[str, tuple[int, int]]) -> dict[str, tuple[int, int]]:
        return {slug: (b - before[slug][0], h - before[slug][1]) for slug, (b, h) in standing().items()}

    name = made(registry)
    before = standing()
    pushed = registry.client().post(f"/domains/{name}/transfer", json={"gaining_registrar": {"slug": "beta"}})
    assert (202, "beta") == (pushed.status_code, pushed.json()["transfer"]["act_by"])
    assert "alpha" == pushed.json()["registration"]["registrar"]["slug"]
    assert {"alpha": (0, 0), "beta": (0, 0)} == moved_since(before)
    done = registry.client("beta").post(f"/domains/{name}/transfer", json={"operation": "approve"})
    assert (200, "beta") == (done.status_code, done.json()["registration"]["registrar"]["slug"])
    assert {"alpha": (0, 0), "beta": (-1200, 0)} == moved_since(before)
    nobody = registry.client("beta").post(f"/domains/{name}/transfer", json={"gaining_registrar": {"slug": "nobody"}})
    assert (404, "registrar_not_found") == (nobody.status_code, nobody.json()["error"])


def test_ten_wrong_guesses_lock_the_transfer(registry: Registry) -> None:
    name = made(registry, auth_info=AUTH)
    answers = [
        registry.client("beta")
        .post(f"/domains/{name}/transfer", json={"auth_info": f"Guess-{n}-of-many-1234"})
        .json()["error"]
        for n in range(11)
    ]
    assert ["auth_info_invalid"] * 10 + ["auth_info_locked"] == answers
    right = registry.client("beta").post(f"/domains/{name}/transfer", json={"auth_info": AUTH})
    assert "auth_info_locked" == right.json()["error"]


def test_the_lock_of_a_transfer_ends_with_its_hour(own_registry: Make) -> None:
    registry = own_registry()
    name = made(registry, auth_info=AUTH)
    beta = registry.client("beta")
    for n in range(10):
        beta.post(f"/domains/{name}/transfer", json={"auth_info": f"Guess-{n}-of-many-1234"})
    registry.advance(0.9 / 24)
    locked = beta.post(f"/domains/{name}/transfer", json={"auth_info": AUTH})
    assert (403, "auth_info_locked") == (locked.status_code, locked.json()["error"])
    registry.advance(0.11 / 24)
    assert 202 == beta.post(f"/domains/{name}/transfer", json={"auth_info": AUTH}).status_code


def test_the_year_of_a_transfer_never_leads_beyond_ten(registry: Registry) -> None:
    name = made(registry, years=10, auth_info=AUTH)
    assert 202 == registry.client("beta").post(f"/domains/{name}/transfer", json={"auth_info": AUTH}).status_code
    assert 200 == registry.client().post(f"/domains/{name}/transfer", json={"operation": "approve"}).status_code
    moved = registry.client("beta").get(f"/domains/{name}").json()["registration"]
    transferred = when(moved["transferred_at"])
    assert transferred.replace(year=transferred.year + 10) == when(moved["expires_at"])


# ----------------------------------------------------------------------------------------------- nameservers and records


def test_nameservers_are_pending_until_the_zone_answers_them(registry: Registry) -> None:
    name = made(registry)
    answer = registry.client().put(f"/domains/{name}/nameservers", json={"nameservers": EXTERNAL})
    assert (202, "update_nameservers", "pending") == (
        answer.status_code,
        answer.json()["command"],
        answer.json()["registration"]["nameserver_apply"]["state"],
    )
    assert "pending" == answer.json()["status"]
    events = registry.client().get("/poll", params={"domain": name, "apply": "pending"}).json()["events"]
    assert [("update_nameservers", "success", "pending")] == [(e["command"], e["status"], e["apply"]) for e in events]
    none = registry.client().put(f"/domains/{name}/nameservers", json={"nameservers": []})
    assert (202, []) == (none.status_code, none.json()["registration"]["nameservers"])


def test_records_of_a_name_that_is_not_delegated(registry: Registry) -> None:
    name = made(registry)
    wanted = [
        {"name": "@", "type": "A", "ttl": 3600, "values": ["192.0.2.1"]},
        {"name": "www", "type": "CNAME", "ttl": 300, "values": [f"{name}."]},
    ]
    answer = registry.client().put(f"/domains/{name}/records", json={"records": wanted})
    assert (202, "update_records", "pending") == (
        answer.status_code,
        answer.json()["command"],
        answer.json()["apply"]["state"],
    ), answer.text
    shown = registry.client().get(f"/domains/{name}/records").json()
    assert {"request_id", "domain", "unicode_name", "records", "apply"} == shown.keys()
    assert {("@", "A"), ("www", "CNAME")} == {(r["name"], r["type"]) for r in shown["records"]}


def test_records_are_refused(registry: Registry) -> None:
    delegated = made(registry, nameservers=EXTERNAL)
    body = {"records": [{"name": "@", "type": "A", "ttl": 3600, "values": ["192.0.2.1"]}]}
    for key, name, status, code in (
        ("alpha", delegated, 409, "delegated_domain_has_no_records"),
        ("epsilon", made(registry, key="epsilon"), 403, "dns_module_not_enabled"),
        ("alpha", made(registry, "bare"), 409, "backend_dns_not_supported"),
    ):
        answer = registry.client(key).put(f"/domains/{name}/records", json=body)
        assert (status, code) == (answer.status_code, answer.json()["error"]), answer.text


# -------------------------------------------------------------------------------------------- delete, restore, protection


def test_a_delete_inside_the_add_grace_pays_back_and_frees_the_name(registry: Registry) -> None:
    name = made(registry)
    answer = registry.client().delete(f"/domains/{name}")
    assert (200, "delete_domain", "cancelled", {"amount": "10.00", "currency": "EUR"}) == (
        answer.status_code,
        answer.json()["command"],
        answer.json()["outcome"],
        answer.json()["refund"],
    )
    assert registry.client().post("/domains/check", json={"domain": name}).json()["available"]
    assert 404 == registry.client().get(f"/domains/{name}").status_code


def test_a_delete_by_another_is_refused(registry: Registry) -> None:
    answer = registry.client("beta").delete(f"/domains/{made(registry)}")
    assert (403, "not_sponsor") == (answer.status_code, answer.json()["error"])


def test_a_protected_legacy_name_is_deleted_only_after_a_review(registry: Registry) -> None:
    name = made(registry)
    registry.do(ProtectDomain(Name(name), "held since 1994"))
    assert registry.client().get(f"/domains/{name}").json()["registration"]["protected_legacy"]
    refused = registry.client().delete(f"/domains/{name}")
    assert (409, "protected_legacy_registration_not_deletable", 2304) == (
        refused.status_code,
        refused.json()["error"],
        refused.json()["epp_result_code"],
    )
    registry.do(ReviewDomain(Name(name), "holder agrees"))
    assert 200 == registry.client().delete(f"/domains/{name}").status_code


def test_nothing_to_restore(registry: Registry) -> None:
    answer = registry.client().post(f"/domains/{made(registry)}/restore")
    assert (409, "not_restorable") == (answer.status_code, answer.json()["error"])


def test_a_restore_is_for_the_sponsor_alone(own_registry: Make) -> None:
    registry = own_registry()
    name = made(registry)
    registry.advance(6)  # past the add grace
    assert "redemption" == registry.client().delete(f"/domains/{name}").json()["outcome"]
    theirs = registry.client("beta").post(f"/domains/{name}/restore")
    assert (403, "not_sponsor") == (theirs.status_code, theirs.json()["error"])
    ours = registry.client().post(f"/domains/{name}/restore")
    assert (200, "active") == (ours.status_code, ours.json()["registration"]["lifecycle_state"])


def test_check_quotes_what_is_asked_for(registry: Registry) -> None:
    name = made(registry)
    body = {"domains": [name, fresh()], "fees": [{"command": "renew", "years": 2}, {"command": "delete"}]}
    taken, free = registry.client().post("/domains/check", json=body).json()["results"]
    assert ["22.00", "22.00"] == [r["fees"][0]["fee"]["amount"] for r in (taken, free)]
    assert ("10.00", "0.00") == (taken["fees"][1]["credit"]["amount"], free["fees"][1]["fee"]["amount"])


def test_the_life_of_signatures_is_kept(registry: Registry) -> None:
    name = made(registry, max_signature_life=604800)
    answer = registry.client().patch(f"/domains/{name}", json={"max_signature_life": None})
    assert (200, None) == (answer.status_code, answer.json()["registration"]["max_signature_life"])
    assert 422 == registry.client().patch(f"/domains/{name}", json={"max_signature_life": 0}).status_code
