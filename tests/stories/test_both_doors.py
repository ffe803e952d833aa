"""A registrar that comes in through both doors: what one of them did, the other shows, and nothing is done twice."""

from __future__ import annotations

from pathlib import Path

from namestead.commands.operator.set_epp_access import SetEppAccess
from namestead.epp import messages as epp
from tests.api.registry import AUTH, Registry
from tests.epp.wire.line import said
from tests.stories.conftest import Story, epp_served
from tests.stories.door import Epp, Http

ALICE, BOB = "alice.example", "bob.example"


def test_made_over_http_and_led_through_epp(own: Registry, tmp_path: Path) -> None:
    alpha, beta = Http(own, "alpha"), Http(own, "beta")
    with epp_served(own, tmp_path) as log_in:
        through, other = Epp(log_in("alpha"), alpha), Epp(log_in("beta"), beta)
        story = Story(own, through, other)
        opening = alpha.balance()
        made = alpha.create(ALICE, auth_info=AUTH)
        assert made == through.info(ALICE)
        renewed = through.renew(ALICE, 2)
        assert renewed == alpha.info(ALICE)
        story.at(made.created_at, days=10)
        other.pull(ALICE, AUTH)
        assert "pendingTransfer" in alpha.info(ALICE).statuses
        moved = alpha.answer_transfer(ALICE, "approve")
        assert ("beta", moved.expires_at) == (moved.sponsor, other.info(ALICE).expires_at)
        assert 10 + 22 == opening - alpha.balance()
        story.at(made.created_at, days=20)
        assert "redemption" == other.delete(ALICE).state
        restored = beta.restore(ALICE)
        assert ("active", restored) == (restored.state, other.info(ALICE))
        log = ["create_domain", "renew_domain", "transfer_domain", "transfer_domain"]
        assert log == alpha.log(ALICE)
        assert ["transfer_domain", "transfer_domain", "delete_domain", "restore_domain"] == beta.log(ALICE)


def test_one_queue_and_one_log_for_both(own: Registry, tmp_path: Path) -> None:
    http = own.client("alpha")
    with epp_served(own, tmp_path) as log_in:
        line = log_in("alpha")
        Http(own, "alpha").create(ALICE, auth_info=AUTH)
        made = line(epp.DomainCreate(BOB, epp.AuthInfo(AUTH)))
        for name in (ALICE, BOB):
            Http(own, "beta").pull(name, AUTH)
        page = http.get("/messages", params={"limit": 2}).json()
        first, second = (m["id"] for m in page["messages"])
        polled = line(epp.PollRequest())
        assert polled.queue is not None
        assert (1301, 2, first) == (polled.code, polled.queue.count, polled.queue.id)
        assert 1 == http.post(f"/messages/{first}/ack").json()["count"]
        assert 2303 == line(epp.PollAck(first)).code
        polled = line(epp.PollRequest())
        assert polled.queue is not None
        assert (1, second) == (polled.queue.count, polled.queue.id)
        left = line(epp.PollAck(second))
        assert (1000, None) == (left.code, left.queue)
        assert 0 == http.get("/messages").json()["count"]
        [event] = http.get("/poll", params={"domain": BOB, "command": "create_domain"}).json()["events"]
        assert ("epp", made.sv_trid) == (event["surface"], event["request_id"])


def test_a_cltrid_is_a_key_for_who_wants_it_so(own: Registry, tmp_path: Path) -> None:
    """A command sent again with its clTRID is answered as it was the first time, over whichever door it first came."""
    own.do(SetEppAccess("alpha", cltrid_as_key=True))
    http = own.client("alpha")
    opening = Http(own, "alpha").balance()
    with epp_served(own, tmp_path) as log_in:
        line, other = log_in("alpha"), log_in("beta")
        create = epp.Command(epp.DomainCreate(ALICE, epp.AuthInfo(""), epp.Period(1)), "ABC-1")
        first = line(create)
        again = line(create)
        assert (1000, 1000, first.data) == (first.code, again.code, again.data), said(again)
        assert first.sv_trid != again.sv_trid
        assert 10 == opening - Http(own, "alpha").balance()
        assert 1 == len(http.get("/poll", params={"domain": ALICE, "status": "success"}).json()["events"])

        conflict = line(epp.Command(epp.DomainCreate(BOB, epp.AuthInfo(""), epp.Period(1)), "ABC-1"))
        assert (2306, "duplicate_idempotency_key_conflict") == (
            conflict.code,
            conflict.results[0].ext_values[0].reason.partition(":")[0],
        )
        taken = http.post("/domains", json={"domain": BOB}, headers={"Idempotency-Key": "ABC-1"})
        assert (409, "duplicate_idempotency_key_conflict") == (taken.status_code, taken.json()["error"])

        renewal = {"years": 1, "current_expiry": first.data.ex_date.date().isoformat()}  # type: ignore[union-attr]
        made = http.post(f"/domains/{ALICE}/renew", json=renewal, headers={"Idempotency-Key": "ABC-2"})
        assert 200 == made.status_code, made.text
        renew = epp.DomainRenew(ALICE, first.data.ex_date.date(), epp.Period(1))  # type: ignore[union-attr]
        replayed = line(epp.Command(renew, "ABC-2"))
        assert 1000 == replayed.code, said(replayed)
        assert 10 + 11 == opening - Http(own, "alpha").balance()

        # Beta has not asked for it: its clTRID is a mark and no more, and the second create meets the first.
        create = epp.Command(epp.DomainCreate(BOB, epp.AuthInfo(""), epp.Period(1)), "ABC-1")
        assert [1000, 2302] == [other(create).code, other(create).code]
