"""Random lives of a few names, through the engine's decisions, beside a plain model of what a registry promises.

No database: `Register` (tests/commands/facts.py) stands for it. The model below is written from the contract alone and
shares no rule with the product. After every step both tell the same of every name and every account.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from hypothesis import HealthCheck, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from namestead import errors
from namestead.commands.answers import Registration
from namestead.commands.domain.create import CreateDomain
from namestead.commands.domain.delete import DeleteDomain
from namestead.commands.domain.info import InfoDomain
from namestead.commands.domain.nameservers import UpdateNameservers
from namestead.commands.domain.renew import RenewDomain
from namestead.commands.domain.restore import RestoreDomain
from namestead.commands.domain.settle import SettleDomain
from namestead.commands.domain.transfer import TransferDomain
from namestead.commands.domain.update import UpdateDomain
from namestead.commands.protocol import AnyCommand, Needs
from namestead.commands.table import BY_TYPE
from namestead.engine.decide import Decisions
from namestead.engine.submission import Envelope, Submission
from namestead.money import Money
from namestead.objects.account import Book
from namestead.objects.log import Surface
from namestead.objects.names import Name
from namestead.objects.registrar import Registrar
from namestead.objects.zone import Lengths
from namestead.rules import ledger
from namestead.rules.delegation import NameserverSpec
from namestead.rules.lifecycle import Act, Due
from namestead.rules.transfers import Operation
from namestead.store.save import Work
from tests.commands.facts import ALPHA, BETA, GAMMA, NOW, SECRET, Register, account, zone

DAY = timedelta(days=1)
PLAYERS = (ALPHA, BETA, GAMMA)
NAMES = tuple(Name(f"{n}.example") for n in ("ann", "ben", "cid", "dot"))
OPENING, CREDIT = 12_000, 2_000
CREATE, RENEW, TRANSFER, RESTORE = 1000, 1100, 1200, 4000
OUTSIDE = (Name("ns1.hoster.net"), Name("ns2.hoster.net"))
GLUE = ("203.0.114.1",)
ZONE = zone(lengths=Lengths(auth_info=timedelta(days=3650)))
PERIODS = {"add": "addPeriod", "renew": "renewPeriod", "auto": "autoRenewPeriod", "transfer": "transferPeriod"}
WHATEVER = Due(Act.EXPIRE, NOW)
"""A job names an event; the engine writes down whatever is due."""

Taken: TypeAlias = bool


def plus(instant: datetime, years: int) -> datetime:
    try:
        return instant.replace(year=instant.year + years)
    except ValueError:
        return instant.replace(year=instant.year + years, day=28)


def under(name: Name) -> Name:
    return Name(f"ns.{name}")


@dataclass(eq=False)
class Life:
    """What the model knows of a registration."""

    owner: int
    expires: datetime
    auto: bool
    word: bool = False
    locked: bool = False
    hosts: tuple[Name, ...] = ()
    graces: list[tuple[str, datetime, int, int]] = field(default_factory=list)
    deleted: datetime | None = None
    redeemable: datetime | None = None
    free: datetime | None = None
    restoring: datetime | None = None
    asked: tuple[int, bool, datetime] | None = None  # gainer, push, until

    def phase(self, now: datetime) -> str:
        if self.deleted is None:
            return "active" if self.auto or now < self.expires else "expired"
        assert self.redeemable is not None
        if self.restoring is not None and now < self.restoring:
            return "pending_restore"
        return "redemption" if now < self.redeemable else "pending_delete"

    def running(self, now: datetime) -> list[tuple[str, datetime, int, int]]:
        return [g for g in self.graces if now < g[1]]

    def revive(self, expires: datetime) -> None:
        self.expires = expires
        self.deleted = self.redeemable = self.free = self.restoring = None


class Model:
    """A registry as its contract describes it, in a dictionary."""

    def __init__(self) -> None:
        self.now = NOW
        self.lives: dict[Name, Life] = {}
        self.glue: dict[Name, Life | None] = {}  # hosts under our names, with the registration they belong to
        self.balance = {r.id: OPENING for r in PLAYERS}
        self.held = {r.id: 0 for r in PLAYERS}

    def afford(self, who: int, price: int) -> bool:
        return price == 0 or self.balance[who] - price >= -CREDIT

    # -- time

    def passes(self, to: datetime) -> None:
        for name in list(self.lives):
            while (event := self._next(self.lives[name])) is not None and event[1] <= to:
                self._happens(name, *event)
                if name not in self.lives:
                    break
        self.now = to

    def _next(self, life: Life) -> tuple[str, datetime] | None:
        events = []
        if life.asked is not None:
            events.append(("answer", life.asked[2]))
        if life.deleted is not None:
            assert life.free is not None
            events.append(("release", life.free))
        elif life.auto:
            events.append(("renew", life.expires))
        else:
            events.append(("lapse", life.expires + 45 * DAY))
        return min(events, key=lambda e: e[1])

    def _happens(self, name: Name, what: str, at: datetime) -> None:
        life = self.lives[name]
        match what:
            case "answer":
                assert life.asked is not None
                if life.asked[1]:
                    life.asked = None
                else:
                    self._moves(life, at)
            case "renew":
                self.balance[life.owner] -= RENEW
                life.graces.append(("auto", at + 45 * DAY, RENEW, 1))
                life.expires = plus(life.expires, 1)
            case "lapse":
                self._unhold(life)
                life.graces = []
                life.deleted, life.redeemable, life.free = at, at + 30 * DAY, at + 35 * DAY
            case "release":
                self._ends(name)

    def _unhold(self, life: Life) -> None:
        if life.asked is not None and not life.asked[1]:
            self.held[life.asked[0]] -= TRANSFER
            self.balance[life.asked[0]] += TRANSFER
        life.asked = None

    def _moves(self, life: Life, at: datetime) -> None:
        assert life.asked is not None
        gainer, push, _ = life.asked
        if push:
            self.balance[gainer] -= TRANSFER
        else:
            self.held[gainer] -= TRANSFER
        undone = [g for g in life.running(at) if g[0] == "auto"]
        self.balance[life.owner] += RENEW * len(undone)
        longest = max(life.expires, plus(at, 10))
        life.revive(min(plus(life.expires, 1 - len(undone)), longest))
        life.owner, life.asked, life.word = gainer, None, False
        life.graces = [("transfer", at + 5 * DAY, TRANSFER, 1)]

    def _ends(self, name: Name) -> None:
        life = self.lives.pop(name)
        host = under(name)
        if self.glue.get(host) is life:
            if self.users(host):
                self.glue[host] = None
            else:
                del self.glue[host]

    def users(self, host: Name) -> list[Name]:
        return [n for n, life in self.lives.items() if host in life.hosts]

    # -- commands: whether each is taken, and what it does then

    def own(self, name: Name, who: int) -> Life | None:
        life = self.lives.get(name)
        return life if life is not None and life.owner == who else None

    def create(self, name: Name, who: int, years: int, auto: bool) -> Taken:
        if name in self.lives or not self.afford(who, CREATE * years):
            return False
        self.balance[who] -= CREATE * years
        life = Life(who, plus(self.now, years), auto)
        life.graces.append(("add", self.now + 5 * DAY, CREATE * years, years))
        self.lives[name] = life
        return True

    def renew(self, name: Name, who: int, years: int) -> Taken:
        life = self.own(name, who)
        if life is None or life.asked is not None or life.phase(self.now) not in ("active", "expired"):
            return False
        if plus(life.expires, years) > plus(self.now, 10) or not self.afford(who, RENEW * years):
            return False
        self.balance[who] -= RENEW * years
        life.graces = [*life.running(self.now), ("renew", self.now + 5 * DAY, RENEW * years, years)]
        life.revive(plus(life.expires, years))
        return True

    def changeable(self, name: Name, who: int) -> Life | None:
        life = self.own(name, who)
        if life is None or life.asked is not None or life.phase(self.now) not in ("active", "expired"):
            return None
        return life

    def update(self, name: Name, who: int, auto: bool | None, word: bool, locked: bool) -> Taken:
        life = self.changeable(name, who)
        if life is None or (auto is not None and auto != life.auto and life.phase(self.now) == "expired"):
            return False
        if auto is not None:
            life.auto = auto
        life.word = life.word or word
        life.locked = locked
        return True

    def delegate(self, name: Name, who: int, hosts: tuple[Name, ...]) -> Taken:
        life = self.changeable(name, who)
        if life is None:
            return False
        made = {}
        for host in hosts:
            if host in OUTSIDE:
                continue
            parent = self.lives.get(Name(host.removeprefix("ns.")))
            if parent is None or parent.phase(self.now) not in ("active", "expired"):
                return False
            if self.glue.get(host) is not parent:
                if parent.owner != who:
                    return False
                made[host] = parent
        self.glue.update(made)
        life.hosts = hosts
        return True

    def delete(self, name: Name, who: int) -> Taken:
        life = self.changeable(name, who)
        if life is None:
            return False
        host = under(name)
        if self.glue.get(host) is life and set(self.users(host)) - {name}:
            return False
        back = life.running(self.now)
        self.balance[who] += sum(g[2] for g in back)
        if any(g[0] == "add" for g in back):
            self._ends(name)
            return True
        life.expires = plus(life.expires, -sum(g[3] for g in back))
        life.graces = []
        life.deleted, life.redeemable, life.free = self.now, self.now + 30 * DAY, self.now + 35 * DAY
        return True

    def restore(self, name: Name, who: int, at_once: bool) -> Taken:
        life = self.own(name, who)
        phase = life.phase(self.now) if life is not None else ""
        if life is None or phase not in (("redemption", "pending_restore") if at_once else ("redemption",)):
            return False
        price = 0 if phase == "pending_restore" else RESTORE
        if not at_once:
            if not self.afford(who, price):
                return False
            assert life.redeemable is not None
            life.restoring = self.now + 7 * DAY
            life.redeemable = max(life.redeemable, life.restoring)
            life.free = life.redeemable + 5 * DAY
        else:
            years = 0
            while plus(life.expires, years) <= self.now:
                years += 1
            price += years * RENEW
            if not self.afford(who, price):
                return False
            life.revive(plus(life.expires, years))
        self.balance[who] -= price
        return True

    def pull(self, name: Name, who: int, knows: bool) -> Taken:
        life = self.lives.get(name)
        if life is None or life.owner == who or not (knows and life.word):
            return False
        if life.asked or life.locked or life.phase(self.now) not in ("active", "expired"):
            return False
        if not self.afford(who, TRANSFER):
            return False
        self.balance[who] -= TRANSFER
        self.held[who] += TRANSFER
        life.asked = (who, False, self.now + 5 * DAY)
        return True

    def push(self, name: Name, who: int, to: int) -> Taken:
        life = self.own(name, who)
        if life is None or to == who or life.asked or life.locked:
            return False
        if life.phase(self.now) not in ("active", "expired"):
            return False
        life.asked = (to, True, self.now + 5 * DAY)
        return True

    def answer(self, name: Name, who: int, operation: Operation) -> Taken:
        life = self.lives.get(name)
        if life is None or life.asked is None:
            return False
        gainer, push, _ = life.asked
        asker, answerer = (life.owner, gainer) if push else (gainer, life.owner)
        if who != (asker if operation is Operation.CANCEL else answerer):
            return False
        if operation is not Operation.APPROVE:
            self._unhold(life)
        elif push and not self.afford(gainer, TRANSFER):
            return False
        else:
            self._moves(life, self.now)
        return True


class RegisterMachine(RuleBasedStateMachine):
    """Commands go in one by one or several in one batch; time passes between them."""

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        opened = tuple(account(r.account_id, r.slug, OPENING, credit=CREDIT) for r in PLAYERS)
        self.register = Register(zones=(ZONE,), accounts=opened)
        self.stored: dict[Any, Any] = {}
        self.log_ids = itertools.count(1)
        self.moved: dict[tuple[int, str], int] = {}
        self.versions: dict[int, int] = {}
        self.keyed: list[tuple[Registrar, RenewDomain, str, Any, Taken]] = []

    # -- the register's side

    def submission(
        self, who: Registrar, command: AnyCommand, key: str | None = None, *, sandbox: bool = False
    ) -> Submission:
        envelope = Envelope(self.register.principal(who), Surface.HTTP, sandbox, key)
        log_id = next(self.log_ids)
        s = Submission(command, BY_TYPE[type(command)], envelope, lambda: next(self.register.ids), None, 0.0)
        s.log_id = log_id
        s.needs = command.needs(self.register.reference, envelope.principal)
        return s

    def batch(self, *submissions: Submission) -> None:
        facts = self.register.load(merged([s.needs for s in submissions]))
        decisions = Decisions(facts, self.stored, lambda: next(self.log_ids), lambda: next(self.register.ids))
        for s in submissions:
            decisions.take(s)
            if s.refusal is not None:
                note(f"refused: {s.refusal}")
                assert errors.INTERNAL_ERROR is not s.refusal.kind
        self.save(decisions.work)

    def save(self, work: Work) -> None:
        for made, due in work.domains.values():
            assert due is None or made.ended_at is None
            self.register.put(made)
        self.register.put(*work.hosts.values(), *work.contacts.values(), *work.accounts.values())
        for posting in work.postings:
            debit, debit_book, credit, credit_book, amount = posting[3:8]
            assert amount > 0
            self.moved[debit, debit_book] = self.moved.get((debit, debit_book), 0) - amount
            self.moved[credit, credit_book] = self.moved.get((credit, credit_book), 0) + amount
        for object_id, version, kind, *_ in work.versions:
            if kind != "account":
                assert self.versions.get(object_id, 0) + 1 == version
                self.versions[object_id] = version
        logged = [row[0] for row in work.log]
        assert len(set(logged)) == len(logged)

    def play(self, who: Registrar, command: AnyCommand, taken: Taken, key: str | None = None) -> Submission:
        """Run a command that the model has taken or refused."""
        s = self.submission(who, command, key)
        self.batch(s)
        assert taken == (s.refusal is None), (command, s.refusal)
        return s

    # -- the rules: the name is most often one the rule is about, the caller most often the one to do it

    def pick(self, data: st.DataObject, *about: Name) -> Name:
        """One of the names a rule is about, or now and then any."""
        return data.draw(st.sampled_from([*(about or NAMES) * 3, *NAMES]))

    def caller(self, data: st.DataObject, *usual: int) -> Registrar:
        """One of the usual callers, or now and then any."""
        who = data.draw(st.sampled_from([*usual * 6, *(r.id for r in PLAYERS)]))
        return next(r for r in PLAYERS if r.id == who)

    def living(self, *phases: str) -> list[Name]:
        return [n for n, life in self.model.lives.items() if life.phase(self.model.now) in phases]

    def asked(self) -> list[Name]:
        return [n for n, life in self.model.lives.items() if life.asked is not None]

    def owner(self, name: Name) -> tuple[int, ...]:
        life = self.model.lives.get(name)
        return (life.owner,) if life is not None else ()

    @initialize(owners=st.tuples(*[st.sampled_from(PLAYERS)] * 4), auto=st.booleans())
    def some_names_are_there_already(self, owners: tuple[Registrar, ...], auto: bool) -> None:
        for name, who in zip(NAMES, owners, strict=True):
            self.play(who, CreateDomain(name, auto_renew=auto), self.model.create(name, who.id, 1, auto))
            command = UpdateDomain(name, statuses=(), auth_info=SECRET)
            self.play(who, command, self.model.update(name, who.id, None, word=True, locked=False))

    @rule(data=st.data(), years=st.sampled_from([1, 1, 2, 10]), auto=st.booleans())
    def create(self, data: st.DataObject, years: int, auto: bool) -> None:
        name = self.pick(data, *(n for n in NAMES if n not in self.model.lives))
        who = self.caller(data)
        rehearsal = self.submission(who, CreateDomain(name, years, auto_renew=auto), sandbox=True)
        before = dict(self.register.accounts)
        self.batch(rehearsal)
        assert before == self.register.accounts
        taken = self.model.create(name, who.id, years, auto)
        assert taken == (rehearsal.refusal is None)
        self.play(who, CreateDomain(name, years, auto_renew=auto), taken)

    @rule(data=st.data(), years=st.integers(1, 4))
    def renew(self, data: st.DataObject, years: int) -> None:
        name = self.pick(data, *self.living("active", "expired"))
        who = self.caller(data, *self.owner(name))
        self.play(who, RenewDomain(name, years), self.model.renew(name, who.id, years))

    @rule(
        data=st.data(),
        auto=st.sampled_from([None, False, False, True]),
        word=st.booleans(),
        locked=st.sampled_from([False, False, True]),
    )
    def update(self, data: st.DataObject, auto: bool | None, word: bool, locked: bool) -> None:
        name = self.pick(data, *self.living("active", "expired"))
        who = self.caller(data, *self.owner(name))
        fields: dict[str, Any] = {"statuses": ("clientTransferProhibited",) if locked else ()}
        if auto is not None:
            fields["auto_renew"] = auto
        if word:
            fields["auth_info"] = SECRET
        self.play(who, UpdateDomain(name, **fields), self.model.update(name, who.id, auto, word, locked))

    @rule(data=st.data(), hosts=st.sampled_from(["none", "outside", *NAMES]))
    def delegate(self, data: st.DataObject, hosts: str) -> None:
        name = self.pick(data, *self.living("active", "expired"))
        who = self.caller(data, *self.owner(name), *self.owner(Name(hosts)))
        wanted: tuple[Name, ...] = () if hosts == "none" else OUTSIDE
        if hosts in NAMES:
            wanted = (OUTSIDE[0], under(Name(hosts)))
        specs = tuple(NameserverSpec(h, None if h in OUTSIDE else GLUE) for h in wanted)
        self.play(who, UpdateNameservers(name, specs), self.model.delegate(name, who.id, wanted))

    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        name = self.pick(data, *self.living("active", "expired"))
        who = self.caller(data, *self.owner(name))
        self.play(who, DeleteDomain(name), self.model.delete(name, who.id))

    @rule(data=st.data(), at_once=st.booleans())
    def restore(self, data: st.DataObject, at_once: bool) -> None:
        name = self.pick(data, *self.living("redemption", "pending_restore", "pending_delete"))
        who = self.caller(data, *self.owner(name))
        command = RestoreDomain(name, "Restored." if at_once else None)
        self.play(who, command, self.model.restore(name, who.id, at_once))

    @rule(data=st.data(), knows=st.sampled_from([True, True, True, False]))
    def pull(self, data: st.DataObject, knows: bool) -> None:
        name = self.pick(data, *self.living("active", "expired"))
        who = self.caller(data, *({r.id for r in PLAYERS} - set(self.owner(name))))
        command = TransferDomain(name, auth_info=SECRET if knows else "not it")
        if not knows:
            self.register.failed.clear()  # ten wrong words are for a test of their own
        self.play(who, command, self.model.pull(name, who.id, knows))

    @rule(data=st.data(), to=st.sampled_from(PLAYERS))
    def push(self, data: st.DataObject, to: Registrar) -> None:
        name = self.pick(data, *self.living("active", "expired"))
        who = self.caller(data, *self.owner(name))
        if to is who:
            return
        self.play(who, TransferDomain(name, gaining_registrar=to.slug), self.model.push(name, who.id, to.id))

    @rule(
        data=st.data(),
        operation=st.sampled_from([Operation.APPROVE, Operation.APPROVE, Operation.REJECT, Operation.CANCEL]),
    )
    def answer(self, data: st.DataObject, operation: Operation) -> None:
        name = self.pick(data, *self.asked())
        life = self.model.lives.get(name)
        gainer = (life.asked[0],) if life is not None and life.asked is not None else ()
        who = self.caller(data, *self.owner(name), *gainer)
        self.play(who, TransferDomain(name, operation), self.model.answer(name, who.id, operation))

    @rule(data=st.data(), one=st.sampled_from(PLAYERS), two=st.sampled_from(PLAYERS))
    def in_one_batch(self, data: st.DataObject, one: Registrar, two: Registrar) -> None:
        """A later command of a batch sees what an earlier one decided."""
        first = self.pick(data, *(n for n in NAMES if n not in self.model.lives))
        second = self.pick(data, *self.living("active", "expired"))
        steps: list[tuple[Registrar, AnyCommand, Taken]] = [
            (one, CreateDomain(first), self.model.create(first, one.id, 1, auto=True)),
            (two, CreateDomain(first), self.model.create(first, two.id, 1, auto=True)),
            (two, RenewDomain(second), self.model.renew(second, two.id, 1)),
            (one, DeleteDomain(first), self.model.delete(first, one.id)),
        ]
        submissions = [self.submission(who, command) for who, command, _ in steps]
        self.batch(*submissions)
        assert [taken for *_, taken in steps] == [s.refusal is None for s in submissions]

    @rule(data=st.data(), years=st.integers(1, 2))
    def renew_with_a_key(self, data: st.DataObject, years: int) -> None:
        name = self.pick(data, *self.living("active", "expired"))
        who = self.caller(data, *self.owner(name))
        key = f"key-{len(self.keyed)}"
        command = RenewDomain(name, years)
        taken = self.model.renew(name, who.id, years)
        s = self.play(who, command, taken, key)
        self.keyed.append((who, command, key, s.answer.result if s.answer else None, taken))

    @precondition(lambda self: any(taken for *_, taken in self.keyed))
    @rule(data=st.data())
    def use_a_key_again(self, data: st.DataObject) -> None:
        """A success is answered again and done once; another body is refused."""
        done = [k for k in self.keyed if k[-1]]
        who, command, key, result, _ = data.draw(st.sampled_from(done))
        again, other = self.submission(who, command, key), self.submission(who, DeleteDomain(NAMES[0]), key)
        self.batch(again, other)
        assert again.answer is not None and again.answer.idempotent
        assert result == again.answer.result
        assert other.refusal is not None
        assert errors.DUPLICATE_IDEMPOTENCY_KEY_CONFLICT is other.refusal.kind

    @precondition(lambda self: any(not taken for *_, taken in self.keyed))
    @rule(data=st.data())
    def use_a_key_after_a_refusal(self, data: st.DataObject) -> None:
        """A refusal leaves its key free: the same request may now go through."""
        n, (who, command, key, _, _) = data.draw(
            st.sampled_from([(n, k) for n, k in enumerate(self.keyed) if not k[-1]])
        )
        taken = self.model.renew(command.name, who.id, command.years)
        s = self.play(who, command, taken, key)
        self.keyed[n] = (who, command, key, s.answer.result if s.answer else None, taken)

    @rule(who=st.sampled_from(PLAYERS), amount=st.sampled_from([1_000, 10_000]))
    def deposit(self, who: Registrar, amount: int) -> None:
        facts = self.register.load(Needs(accounts=(who.account_id,)))
        postings = ledger.deposit(facts.account(who.account_id), Money(amount, "EUR"), "deposit")
        work = Work(self.register.now)
        work.post(next(self.log_ids), postings)
        facts.post(postings)
        work.accounts.update(facts.accounts)
        self.save(work)
        self.model.balance[who.id] += amount

    @rule(
        step=st.sampled_from([timedelta(hours=1), DAY, 3 * DAY, 5 * DAY, 20 * DAY, 31 * DAY, 46 * DAY, 200 * DAY]),
        backwards=st.booleans(),
    )
    def time_passes(self, step: timedelta, backwards: bool) -> None:
        """What is read before anybody wrote anything down is what is read after."""
        self.register.now += step
        self.model.passes(self.register.now)
        self.tells_the_same()
        for name in reversed(NAMES) if backwards else NAMES:
            self.batch(self.submission(ALPHA, SettleDomain(name, WHATEVER)))

    def sponsor(self, name: Name) -> Registrar:
        life = self.model.lives.get(name)
        return next((r for r in PLAYERS if life is not None and r.id == life.owner), ALPHA)

    # -- what always holds

    def tells_the_same(self) -> None:
        model, now = self.model, self.model.now
        for name in NAMES:
            life = model.lives.get(name)
            who = self.sponsor(name)
            s = self.submission(who, InfoDomain(name))
            self.batch(s)
            if life is None:
                assert s.refusal is not None, name
                assert errors.DOMAIN_NOT_FOUND is s.refusal.kind
                continue
            assert s.answer is not None, (name, s.refusal)
            shown = s.answer.result
            assert isinstance(shown, Registration)
            assert (life.phase(now), life.expires) == (shown.lifecycle_state, shown.expires_at), name
            assert life.hosts == tuple(n.host for n in shown.nameservers)
            assert (life.asked is not None) == ("pendingTransfer" in shown.status)
            assert life.free == shown.release_at
            assert (life.locked, life.auto) == ("clientTransferProhibited" in shown.status, shown.auto_renew)
            if life.deleted is None:
                assert {PERIODS[g[0]] for g in life.running(now)} == set(shown.rgp_status), name

    @invariant()
    def every_name_is_told_the_same_by_both(self) -> None:
        self.tells_the_same()

    @invariant()
    def no_name_is_registered_twice(self) -> None:
        live = [d.name for d in self.register.domains.values() if d.ended_at is None]
        assert len(set(live)) == len(live)

    @invariant()
    def money_is_where_the_model_has_it_and_none_is_lost(self) -> None:
        for r in PLAYERS:
            kept = self.register.accounts[r.account_id]
            assert (self.model.balance[r.id], self.model.held[r.id]) == (kept.balance, kept.held)
            assert kept.held >= 0
            assert OPENING + self.moved.get((kept.id, Book.BALANCE), 0) == kept.balance
            assert self.moved.get((kept.id, Book.HELD), 0) == kept.held
        assert 0 == sum(self.moved.values())


def merged(needs: list[Needs]) -> Needs:
    """The needs of a batch, and the accounts of all players."""

    def together(field: str) -> tuple[Any, ...]:
        return tuple(dict.fromkeys(x for n in needs for x in getattr(n, field)))

    return Needs(
        domains=together("domains"),
        retained=together("retained"),
        hosts=together("hosts"),
        accounts=tuple(r.account_id for r in PLAYERS),
        subordinates=together("subordinates"),
        failed_auth=together("failed_auth"),
    )


TestRegisterMachine = RegisterMachine.TestCase
TestRegisterMachine.settings = settings(
    max_examples=60, stateful_step_count=60, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
