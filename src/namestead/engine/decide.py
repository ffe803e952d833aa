"""Decide: a batch's commands in turn, in memory. What the engine does around `decide`, once, for every command of every
door: the register's gates, replay of an idempotency key, due events, the log row, versions, postings, outbox.

No I/O here: facts go in, work comes out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, TypeVar

import msgspec
import structlog
from msgspec.structs import replace

from namestead import errors
from namestead.commands import messages
from namestead.commands.domain.settle import SettleDomain
from namestead.commands.protocol import Answer, Context, Outcome, Principal
from namestead.commands.table import BY_NAME, BY_TYPE, Party
from namestead.engine.ids import OutOfIds
from namestead.engine.submission import Envelope, Submission
from namestead.errors import Refusal
from namestead.objects.account import Account, Book, Posting
from namestead.objects.contact import Contact
from namestead.objects.domain import Domain
from namestead.objects.epp_access import ClientCertificate, EppAccess
from namestead.objects.facts import Changed, Facts
from namestead.objects.host import Host
from namestead.objects.log import LogStatus, Surface
from namestead.objects.message import Message, PollMessage
from namestead.objects.names import Name
from namestead.objects.registrar import ApiKey, Listing, Registrar
from namestead.objects.retained import Retained
from namestead.objects.zone import Zone
from namestead.rules import ledger, lifecycle, permissions
from namestead.store.load import Stored
from namestead.store.save import Work

log = structlog.get_logger("namestead.engine")
_encode = msgspec.json.Encoder().encode

V = TypeVar("V", Domain, Host, Contact, Retained, Account, Registrar, Zone)

BY_TIME = Principal(actor="time")
"""Who writes down what time has brought about."""

TIMES_ENVELOPE = Envelope(BY_TIME, Surface.JOBS)

LIVE = 0
"""The key epoch of production; others count a channel's sandbox resets."""


class StoredAnswer(msgspec.Struct, frozen=True, gc=False):
    """What the log keeps of an answer, so that a replay gives the same again."""

    status: str
    result: Any
    balance: int | None = None
    currency: str | None = None
    charged: int = 0
    credit: int | None = None


class KeptAnswer(msgspec.Struct, frozen=True):
    """A `StoredAnswer` as read: its result is of the type that the command's row names."""

    status: str
    result: msgspec.Raw
    balance: int | None = None
    currency: str | None = None
    charged: int = 0
    credit: int | None = None


read_kept = msgspec.json.Decoder(KeptAnswer).decode


class Decisions:
    """The decisions of one batch. `work` is what they leave to be saved."""

    def __init__(
        self,
        facts: Facts,
        stored: dict[tuple[int, str], list[Stored]],
        new_log_id: Callable[[], int],
        new_object_id: Callable[[], int],
    ) -> None:
        self.facts = facts
        self.work = Work(facts.now)
        self.queues: set[int] = set()
        """Registrars whose message queue is another afterwards."""
        self._stored = stored
        self._new_log_id = new_log_id
        self._new_object_id = new_object_id

    def cut(self) -> Work:
        """What was decided since the last cut, to be saved; later decisions go into new work."""
        work, self.work = self.work, Work(self.facts.now)
        return work

    def take(self, s: Submission) -> None:
        """Decide one submission: afterwards it carries its answer or its refusal."""
        s.ids.rewind()
        s.answer = s.refusal = None
        if s.doomed is not None:
            self._refused(s, s.doomed)
            return
        try:
            registrar = self._gates(s)
        except Refusal as refusal:
            s.refusal = refusal
            if self._evidence(s):
                self._log(s, LogStatus.FAILED, error=refusal.kind.code)
            return
        try:
            replayed = self._replay(s, registrar)
            if replayed is not None:
                s.answer = replayed
                if self._evidence(s):
                    self._log(s, LogStatus.REPLAYED)
                return
            self._run(s, registrar)
        except Refusal as refusal:
            self._refused(s, refusal)

    def _decide(self, s: Submission, facts: Facts, registrar: Registrar | None) -> Outcome[Any]:
        """The command's own decision. What nobody foresaw there is this command's error alone: it changed nothing."""
        e = s.envelope
        try:
            outcome: Outcome[Any] = s.command.decide(
                facts, Context(e.principal, registrar, e.surface, e.sandbox, s.ids)
            )
        except (Refusal, OutOfIds):
            raise
        except Exception as problem:
            log.exception("command failed in an unforeseen way", command=s.row.name, log_id=s.log_id)
            raise Refusal(errors.INTERNAL_ERROR) from problem
        return outcome

    def _gates(self, s: Submission) -> Registrar | None:
        """The gates that depend on the register (contracts/registrar-api.md, 3, 6 and 7)."""
        if s.row.party is Party.OPERATOR and not s.envelope.principal.operator:
            raise Refusal(errors.MISSING_SCOPE, message="This is the operator's to do.")
        if s.row.party is not Party.REGISTRAR:
            return None
        reference = self.facts.reference
        registrar = reference.registrars.get(s.envelope.principal.registrar_id or 0)
        if registrar is None or not registrar.approved:
            raise Refusal(errors.REGISTRAR_CHANNEL_REQUIRED)
        subject = s.command.subject
        if s.row.listed and subject is not None:
            zone = permissions.require_zone(reference, Name(subject))
            permissions.require_listing(reference, registrar, zone)
            if s.row.transform and not s.row.always:
                permissions.require_production(registrar, zone, sandbox=s.envelope.sandbox)
        return registrar

    def _evidence(self, s: Submission) -> bool:
        return self.facts.reference.gathers_evidence(s.envelope.principal.registrar_id)

    def _epoch(self, s: Submission, registrar: Registrar | None) -> int:
        """Keys of sandbox and test-zone commands live in the channel's current epoch; all others for good."""
        if registrar is None:
            return LIVE
        subject = s.command.subject
        zone = self.facts.reference.zone_of(Name(subject)) if subject is not None else None
        rehearsal = s.envelope.sandbox or (zone is not None and zone.test)
        return registrar.epoch if rehearsal else LIVE

    def _replay(self, s: Submission, registrar: Registrar | None) -> Answer[Any] | None:
        key = s.envelope.idempotency_key
        if key is None or not s.row.transform or s.row.always:
            return None
        current = {LIVE, registrar.epoch if registrar is not None else LIVE}
        for stored in self._stored.get((s.envelope.principal.id, key), ()):
            if stored.epoch not in current:
                continue
            if stored.request_hash != s.request_hash:
                raise Refusal(
                    errors.DUPLICATE_IDEMPOTENCY_KEY_CONFLICT,
                    "idempotency_key",
                    key,
                    message=f"This idempotency key was used for another request (log_{stored.log_id}, {stored.command}). "
                    "Use a new key for a new request.",
                )
            return _answer_again(stored)
        return None

    def _run(self, s: Submission, registrar: Registrar | None) -> None:
        e = s.envelope
        if s.row.party is Party.TIME:
            # What is due by now is written down, each event with a log row of its own; what somebody else has settled
            # meanwhile is not due any more, and leaves nothing.
            self._settle(self.facts, s.needs.domains)
            s.answer = Answer(None, None, "success", sandbox=False)
            return
        facts = fork(self.facts) if e.sandbox and not s.row.always else self.facts
        written = len(self.work.log)
        if s.row.transform:
            self._settle(facts, s.needs.domains)
        if not s.log_id or len(self.work.log) > written:
            s.log_id = self._new_log_id()
        outcome = self._decide(s, facts, registrar)
        if facts is not self.facts:
            status, shown = LogStatus.SANDBOX, "sandbox"
        else:
            self._apply(s.log_id, outcome)
            status, shown = LogStatus.SUCCESS, "pending" if outcome.pending else "success"
        account = self._account(registrar)
        balance = (account.balance, account.currency) if account is not None else None
        sandboxed = status is LogStatus.SANDBOX
        charged = _charged(outcome.postings, account)
        credit = account.credit if account is not None else None
        s.answer = Answer(outcome.result, s.log_id, shown, sandboxed, balance=balance, charged=charged, credit=credit)
        if not s.row.transform and e.idempotency_key is None and not self._evidence(s):
            return
        text = None
        if s.row.transform:
            amount, currency = balance or (None, None)
            kept = StoredAnswer(shown, outcome.result, amount, currency, charged, credit)
            text = _encode(kept).decode()
        apply = "none" if sandboxed else outcome.apply
        self._log(s, status, apply=apply, result=text, counterpart_id=None if sandboxed else outcome.counterpart_id)
        if e.idempotency_key is not None and s.row.transform and not s.row.always:
            self._hold_key(s, registrar, status, apply, text)

    def _hold_key(
        self, s: Submission, registrar: Registrar | None, status: LogStatus, apply: str, text: str | None
    ) -> None:
        e, epoch = s.envelope, self._epoch(s, registrar)
        assert e.idempotency_key is not None
        row = (e.principal.id, e.idempotency_key, epoch, s.log_id, self.facts.now, s.request_hash)
        self.work.idempotency.append(row)
        twin = Stored(epoch, s.request_hash, s.log_id, status, s.row.name, apply, text)
        self._stored.setdefault((e.principal.id, e.idempotency_key), []).append(twin)

    def _refused(self, s: Submission, refusal: Refusal) -> None:
        s.answer, s.refusal = None, refusal
        guessed = refusal.kind is errors.AUTH_INFO_INVALID
        if s.row.transform or guessed or s.envelope.idempotency_key is not None or self._evidence(s):
            self._log(s, LogStatus.FAILED, error=refusal.kind.code)
        if guessed and s.command.subject in self.facts.failed_auth:
            self.facts.failed_auth[Name(s.command.subject)] += 1

    def _account(self, registrar: Registrar | None) -> Account | None:
        return self.facts.accounts.get(registrar.account_id) if registrar is not None else None

    def _settle(self, facts: Facts, names: Iterable[Name]) -> None:
        """Write down what is due for the names a transform is about, in order, before it is decided."""
        for name in names:
            while (domain := facts.domains.get(name)) is not None:
                due = lifecycle.next_due(domain)
                if due is None or due.at > facts.now:
                    break
                self._settle_one(facts, domain, due)

    def _settle_one(self, facts: Facts, domain: Domain, due: lifecycle.Due) -> None:
        command = SettleDomain(domain.name, due)
        s = Submission(command, BY_TYPE[SettleDomain], TIMES_ENVELOPE, self._new_object_id, None, 0.0)
        s.log_id = self._new_log_id()
        context = Context(BY_TIME, None, Surface.JOBS, sandbox=False, ids=s.ids)
        outcome = command.decide(facts, context)
        if facts is not self.facts:
            for change in outcome.changes:
                facts.put(change)
            facts.post(outcome.postings)
            return
        self._apply(s.log_id, outcome)
        text = _encode(StoredAnswer("success", outcome.result)).decode()
        self._log(
            s,
            LogStatus.SUCCESS,
            apply=outcome.apply.value,
            result=text,
            counterpart_id=outcome.counterpart_id,
            registrar_id=domain.registrar_id,
        )

    def _apply(self, log_id: int, outcome: Outcome[Any]) -> None:
        """Let later commands see what was decided, and note it for the save."""
        work = self.work
        for change in outcome.changes:
            self._change(log_id, change)
        if outcome.postings:
            self._post(log_id, outcome.postings)
        if outcome.messages:
            self._tell(log_id, outcome.messages)
        if outcome.events:
            work.publish(log_id, outcome.events)
        work.erasures.extend(outcome.erasures)
        if outcome.clock is not None:
            work.clock += outcome.clock

    def _post(self, log_id: int, postings: Sequence[Posting]) -> None:
        """Move the money, and tell whose balance it has taken below what its account called low."""
        facts, work = self.facts, self.work
        moved = {i for p in postings for i in (p.debit, p.credit) if i > 0}
        before = [facts.accounts[i] for i in moved]
        facts.post(postings)
        work.post(log_id, postings)
        for account in before:
            after = work.accounts[account.id] = facts.accounts[account.id]
            if ledger.fell_low(account, after):
                self._tell(log_id, messages.low_balance(facts, after))

    def _tell(self, log_id: int, told: Sequence[Message]) -> None:
        self.work.tell(log_id, told)
        self.queues.update(m.registrar_id for m in told)

    def _change(self, log_id: int, change: Changed) -> None:
        """Note one changed object for the save, with its version, and let later decisions see it."""
        facts, work = self.facts, self.work
        match change:
            case Domain():
                change = self._domain(change)
            case Host():
                change = work.hosts[change.id] = self._stamped(change, facts.hosts_by_id.get(change.id))
            case Contact():
                change = work.contacts[change.id] = self._stamped(change, facts.contacts_by_id.get(change.id))
            case Retained():
                known = next((r for r in facts.retained.get(change.name, ()) if r.id == change.id), None)
                change = work.retained[change.id] = self._stamped(change, known)
            case Account():
                change = work.accounts[change.id] = self._stamped(change, facts.accounts.get(change.id))
            case Registrar():
                work.reference = True
                change = work.registrars[change.id] = self._stamped(change, facts.reference.registrars.get(change.id))
            case Zone():
                work.reference = True
                change = work.zones[change.id] = self._stamped(change, facts.reference.zones_by_id.get(change.id))
            case Listing() | ApiKey():
                work.reference = True
                self._unversioned(change)
                return
            case EppAccess() | ClientCertificate():
                self._unversioned(change)
                return
            case PollMessage():
                work.acked.add(change.id)
                self.queues.add(change.registrar_id)
                facts.put(change)
                return
        facts.put(change)
        body = _encode(change).decode()
        work.versions.append((change.id, change.version, type(change).__name__.lower(), log_id, facts.now, body))

    def _domain(self, change: Domain) -> Domain:
        work = self.work
        before = self.facts.domains_by_id.get(change.id)
        domain = self._stamped(change, before)
        work.domains[domain.id] = (domain, _due_at(domain))
        if before is None:
            if domain.hosts or domain.contacts:
                work.relinked[domain.id] = domain
        elif domain.id in work.relinked or (before.hosts, before.contacts) != (domain.hosts, domain.contacts):
            work.relinked[domain.id] = domain
        return domain

    def _unversioned(self, change: Listing | ApiKey | EppAccess | ClientCertificate) -> None:
        """Listings, keys and EPP access have no versions: the log rows that changed them say all there is, and a hash
        that was replaced is kept nowhere."""
        facts, work = self.facts, self.work
        if isinstance(change, Listing):
            pair = change.registrar_id, change.zone_id
            if pair not in facts.reference.listings:
                work.new_listings.add(pair)
            work.listings[pair] = change
        elif isinstance(change, EppAccess):
            if facts.epp_access.get(change.registrar_id) is None:
                work.new_epp_access.add(change.registrar_id)
            work.epp_access[change.registrar_id] = change
        elif isinstance(change, ClientCertificate):
            if facts.certificates.get(change.fingerprint) is None:
                work.new.add(change.id)
            work.certificates[change.id] = change
        else:
            if facts.keys.get(change.id) is None:
                work.new_keys.add(change.id)
            work.keys[change.id] = change
        facts.put(change)

    def _stamped(self, change: V, before: V | None) -> V:
        """The object with its version number; the first if it is new."""
        if before is None:
            self.work.new.add(change.id)
            return change
        return replace(change, version=before.version + 1)

    def _log(
        self,
        s: Submission,
        status: LogStatus,
        *,
        apply: str = "none",
        error: str | None = None,
        result: str | None = None,
        counterpart_id: int | None = None,
        registrar_id: int | None = None,
    ) -> None:
        e, command = s.envelope, s.command
        if not s.log_id:
            s.log_id = self._new_log_id()
        self.work.log.append(
            (
                s.log_id,
                self.facts.now,
                e.surface,
                getattr(command, "logged_as", s.row.name),
                registrar_id or e.principal.registrar_id,
                counterpart_id,
                e.principal.actor,
                command.subject,
                status,
                apply,
                error,
                e.idempotency_key,
                e.client_transaction_id,
                e.request_id,
                _encode(command.summary()).decode(),
                result,
            )
        )


def _due_at(domain: Domain) -> datetime | None:
    due = lifecycle.next_due(domain)
    return due.at if due is not None else None


def _charged(postings: Sequence[Posting], account: Account | None) -> int:
    """What these postings take from an account's balance; below zero what they add to it."""
    if not postings or account is None:
        return 0
    taken = sum(p.amount for p in postings if (p.debit, p.debit_book) == (account.id, Book.BALANCE))
    return taken - sum(p.amount for p in postings if (p.credit, p.credit_book) == (account.id, Book.BALANCE))


def _answer_again(stored: Stored) -> Answer[Any]:
    assert stored.result is not None
    kept = read_kept(stored.result.encode())
    row = BY_NAME[stored.command]
    result = msgspec.json.decode(kept.result, type=row.result)
    balance = (kept.balance, kept.currency) if kept.balance is not None and kept.currency is not None else None
    return Answer(
        result,
        stored.log_id,
        kept.status,
        stored.status == LogStatus.SANDBOX,
        idempotent=True,
        balance=balance,
        charged=kept.charged,
        credit=kept.credit,
    )


def fork(facts: Facts) -> Facts:
    """A copy that a rehearsal may change without anyone seeing it."""
    return Facts(
        facts.now,
        facts.reference.copy(),
        dict(facts.domains),
        dict(facts.domains_by_id),
        dict(facts.hosts),
        dict(facts.hosts_by_id),
        dict(facts.contacts),
        dict(facts.contacts_by_id),
        dict(facts.retained),
        dict(facts.accounts),
        dict(facts.subordinates),
        dict(facts.linked_hosts),
        dict(facts.linked_contacts),
        dict(facts.failed_auth),
        dict(facts.keys),
        dict(facts.epp_access),
        dict(facts.certificates),
        facts.users,
        dict(facts.messages),
        dict(facts.waiting),
    )
