"""What is measured, in which order, and which bars it is held against.

Interleaved: every repeat measures every line once, so that a machine that changes its speed changes all of them.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from bench import callers, connections, epp, servers
from bench.database import Database, Server
from bench.figures import Bar, Line, Sample, ratio
from bench.pgbench import ACCOUNTS, NOTHING, PgBench, Way, note
from bench.register import EPP_REGISTRARS, FIRST_REGISTRAR, REGISTRARS
from bench.writes import Create

ROOT = Path(__file__).parent.parent
FLOOD = 1000
CONNECTIONS = 32
NAMES = "SELECT name FROM domain WHERE registrar_id = $1 AND ended_at IS NULL LIMIT 200"
CHILD_SLACK = 60.0
"""Seconds a load process may take beyond what it was told to measure."""

M = "M: durable one-row commit"
LIMIT = "limit: pgbench, {}"
ENGINE = "engine create, {} callers, {} registrar(s)"
IDLE = "engine create, one caller, nobody else"
FLOODED = f"engine create, one caller, beside {FLOOD:,} in flight"
HTTP = "http {}, " + f"{CONNECTIONS} connections, one registrar"
FLOOR = f"bare ASGI floor, {CONNECTIONS} connections"
EPP_CONNECTIONS = 8
EPP = "epp {}, " + f"{EPP_CONNECTIONS} connections x " + "{} deep, {} registrar(s)"
EPP_FLOOR = f"TLS echo, {EPP_CONNECTIONS} connections x " + "{} deep"
EPP_VALIDATING = f"TLS echo that validates, {EPP_CONNECTIONS} connections x " + "{} deep"
EPP_PAIRS = "epp pairs of create and info, one connection, 16 deep"
EPP_ALONE = "epp check, one session, nobody else"
EPP_BESIDE = "epp check, one session beside {:,} idle ones"
EPP_HOT = "epp: one hot name, 8 registrars, {:,} creates"


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds of each measurement and of its warm-up, and how often each is repeated."""

    warm: float
    seconds: float
    repeats: int
    pilot: float
    """Seconds for each configuration of the limit, once, to find its best ones."""

    candidates: int = 2
    """How many of them are measured in every repeat; the best median counts."""

    hot: int = 100_000
    """Creates of the one hot name."""

    idle: int = 10_000
    """Idle EPP sessions."""


FULL = Times(warm=1, seconds=3, repeats=5, pilot=1)
QUICK = Times(warm=1, seconds=2, repeats=1, pilot=1, candidates=1, hot=5_000, idle=1_000)


@dataclass(frozen=True, slots=True)
class Step:
    """One measurement: the line it belongs to, and how it is done."""

    line: str
    measure: Callable[[], Sample]
    writes: bool = True


@dataclass(slots=True)
class Bench:
    """A run: where it happens, how long, and what has been measured so far.

    With `base`, every measurement begins with a new copy of that register: all of them meet the same one.
    """

    server: Server
    database: Database
    create: Create
    times: Times
    tell: Callable[[str], None]
    base: Database | None = None
    lines: dict[str, Line] = field(default_factory=dict)
    chosen: dict[str, tuple[Way, ...]] = field(default_factory=dict)

    @property
    def pgbench(self) -> PgBench:
        return PgBench(self.server, self.database)

    # ------------------------------------------------------------------------------------------------- measuring

    def run(self, steps: Iterable[Step]) -> None:
        steps = list(steps)
        for repeat in range(self.times.repeats):
            for step in steps:
                self.tell(f"repeat {repeat + 1} of {self.times.repeats}: {step.line}")
                if step.writes:
                    self._renew()
                self.lines.setdefault(step.line, Line(step.line)).samples.append(step.measure())

    def _renew(self) -> None:
        if self.base is not None:
            self.server.copy(self.base, self.database.name)

    def limit_steps(self, ways: tuple[Way, ...]) -> list[Step]:
        """M, and the best configurations of pgbench for 200 accounts and for one, found by a pilot."""
        steps = [Step(M, lambda: self.pgbench.one_row(max(2.0, self.times.seconds / 2)))]
        for name, accounts in ACCOUNTS.items():
            best = self.chosen[name] = self._pilot(name, accounts, ways)
            steps += [Step(f"{LIMIT.format(name)}: {way}", self._limit(way, accounts)) for way in best]
        return steps

    def _limit(self, way: Way, accounts: int) -> Callable[[], Sample]:
        return lambda: self.pgbench.create(way, accounts, self.times.warm, self.times.seconds, self.create)

    def _pilot(self, name: str, accounts: int, ways: tuple[Way, ...]) -> tuple[Way, ...]:
        found: list[tuple[float, Way]] = []
        for way in ways:
            self.tell(f"pilot: {LIMIT.format(name)}: {way}")
            self._renew()
            sample = self.pgbench.create(way, accounts, 0, self.times.pilot, self.create)
            if sample.errors.keys() - {NOTHING}:  # the slowest ways may get nowhere in so short a look
                line = f"pilot: {LIMIT.format(name)}: {way}"
                self.lines.setdefault(line, Line(line)).samples.append(sample)
            found.append((sample.rate, way))
        found.sort(key=lambda f: -f[0])
        return tuple(way for _, way in found[: self.times.candidates])

    def engine_steps(self, which: Iterable[tuple[int, int]]) -> list[Step]:
        """Creates by so many callers of so many registrars."""
        return [Step(ENGINE.format(c, r), self._callers(c, r)) for c, r in which]

    def fairness_steps(self) -> list[Step]:
        return [Step(IDLE, self._callers(1, 1)), Step(FLOODED, self._callers(1, 1, FLOOD))]

    def _callers(self, count: int, registrars: int, flood: int = 0) -> Callable[[], Sample]:
        return lambda: self.callers(count, registrars, self.times.warm, self.times.seconds, flood)

    def callers(self, count: int, registrars: int, warm: float, seconds: float, flood: int = 0) -> Sample:
        """A measurement of the engine in a process of its own; its rows are held against those of one create."""
        self.database.settle()
        before = self.database.counted()
        job = callers.Job(self.database.url, self.database.postmaster, count, registrars, warm, seconds, flood)
        sample = child("bench.callers", job, warm + seconds)
        if sample.commands:
            measured = sample.wal, sample.detail.get("flushes")
            after = self.database.counted()
            note(sample, before, after, sample.commands, self.create)
            flushes, batches = after.syncs - before.syncs, sample.detail.get("batches", 0.0)
            if flushes < batches:
                sample.errors[f"{batches:.0f} commits and only {flushes} flushes of the log: not durable"] = 1
            sample.wal = measured[0]
            sample.detail["flushes"] = measured[1] or 0.0
        return sample

    def http_steps(self) -> list[Step]:
        """Create, check and info over loopback, and the floor, by the same client."""
        steps = [Step(HTTP.format(kind), self._http(kind), kind == "create") for kind in ("create", "check", "info")]
        return [*steps, Step(FLOOR, self._floor, writes=False)]

    def _http(self, kind: str) -> Callable[[], Sample]:
        return lambda: self.http(kind)

    def http(self, kind: str) -> Sample:
        """A measurement of the server in a process of its own; the rows of creates are held against those of one."""
        self.database.settle()
        before = self.database.counted()
        names = self.database.run(lambda c: c.fetch(NAMES, FIRST_REGISTRAR)) if kind == "info" else []
        try:
            with servers.registry(self.database) as listening:
                sample = self.connect(kind, listening, [r["name"] for r in names])
        except RuntimeError as problem:
            return Sample(errors={str(problem): 1})
        if kind == "create" and sample.commands:
            note(sample, before, self.database.counted(), sample.commands, self.create)
        return sample

    def _floor(self) -> Sample:
        try:
            with servers.floor() as listening:
                return self.connect("info", listening, ["n0123456789abcde.example"])
        except RuntimeError as problem:
            return Sample(errors={str(problem): 1})

    def connect(self, kind: str, listening: servers.Listening, names: list[str]) -> Sample:
        """Load on a server that is up; `names` are what `info` asks about."""
        times = self.times
        job = connections.Job(
            kind,
            listening.host,
            listening.port,
            listening.pid,
            self.database.postmaster,
            CONNECTIONS,
            times.warm,
            times.seconds,
            names,
        )
        return child("bench.connections", job, times.warm + times.seconds)

    def epp_steps(self) -> list[Step]:
        """EPP over TLS, and its floors, by the same client."""
        return [
            Step(EPP.format("check", 1, 1), lambda: self.epp("check", 1, 1), writes=False),
            Step(EPP_FLOOR.format(1), lambda: self.epp_floor(1, validates=False), writes=False),
            Step(EPP.format("check", 8, 1), lambda: self.epp("check", 8, 1), writes=False),
            Step(EPP_VALIDATING.format(8), lambda: self.epp_floor(8, validates=True), writes=False),
            *(self._epp_create(depth, registrars) for registrars in (1, EPP_REGISTRARS) for depth in (8, 32)),
            Step(EPP_PAIRS, lambda: self.epp("pairs", 16, 1, connections=1)),
            Step(EPP_ALONE, lambda: self.epp("check", 1, 1, connections=1), writes=False),
            Step(
                EPP_BESIDE.format(self.times.idle),
                lambda: self.epp("check", 1, 1, connections=1, idle=self.times.idle),
                writes=False,
            ),
            Step(EPP_HOT.format(self.times.hot), lambda: self.epp("hot", 32, EPP_REGISTRARS, most=self.times.hot)),
        ]

    def _epp_create(self, depth: int, registrars: int) -> Step:
        return Step(EPP.format("create", depth, registrars), lambda: self.epp("create", depth, registrars))

    def epp(
        self,
        kind: str,
        depth: int,
        registrars: int,
        *,
        connections: int = EPP_CONNECTIONS,
        most: int = 0,
        idle: int = 0,
    ) -> Sample:
        """A measurement of the EPP server in a process of its own; the rows of creates are held against those of one."""
        self.database.settle()
        before = self.database.counted()
        try:
            with servers.epp_registry(self.database) as listening:
                sample = self.connect_epp(kind, listening, connections, depth, registrars, most=most, idle=idle)
        except RuntimeError as problem:
            return Sample(errors={str(problem): 1})
        if kind == "create" and sample.commands:
            note(sample, before, self.database.counted(), sample.commands, self.create)
        return sample

    def epp_floor(self, depth: int, *, validates: bool) -> Sample:
        try:
            with servers.epp_floor(validates=validates) as listening:
                return self.connect_epp("check", listening, EPP_CONNECTIONS, depth, 1, logs_in=False)
        except RuntimeError as problem:
            return Sample(errors={str(problem): 1})

    def connect_epp(
        self,
        kind: str,
        listening: servers.Listening,
        connections: int,
        depth: int,
        registrars: int,
        *,
        logs_in: bool = True,
        most: int = 0,
        idle: int = 0,
    ) -> Sample:
        """Load on an EPP server, or an echo, that is up."""
        times = self.times
        job = epp.Job(
            kind,
            listening.host,
            listening.port,
            listening.pid,
            self.database.postmaster,
            listening.ca,
            connections,
            depth,
            registrars,
            times.warm,
            times.seconds,
            logs_in,
            most,
            idle,
        )
        # Sessions have to be begun, and a bounded measurement ends by its number.
        return child("bench.epp", job, times.warm + times.seconds + idle / 50 + most / 100)

    # ------------------------------------------------------------------------------------------------ the results

    def best_limit(self, name: str) -> Line | None:
        """The configuration with the best median: its best counts."""
        lines = [line for text, line in self.lines.items() if text.startswith(LIMIT.format(name))]
        return max(lines, key=lambda line: line.rate, default=None)

    def engine(self, callers_: int, registrars: int) -> Line | None:
        return self.lines.get(ENGINE.format(callers_, registrars))

    def bars(self) -> list[Bar]:
        """The bars of the issue for which there are figures."""
        many, one = self.best_limit("200 accounts"), self.best_limit("one account")
        bars = [
            Bar("engine, 256 callers, one registrar / limit", ratio(self.engine(256, 1), many), 1.3),
            Bar("engine, 256 callers, one registrar / pgbench on one account", ratio(self.engine(256, 1), one), 5),
            Bar("engine, 256 callers, 200 registrars / limit", ratio(self.engine(256, REGISTRARS), many), 1.3),
            Bar("engine, 32 callers, 200 registrars / limit", ratio(self.engine(32, REGISTRARS), many), 0.9),
            Bar("engine, 32 callers, one registrar / limit", ratio(self.engine(32, 1), many), 0.9),
            Bar("http create, one registrar / limit", ratio(self.lines.get(HTTP.format("create")), many), 0.4),
            Bar(
                "http create, p99 / M",
                ratio(self.lines.get(HTTP.format("create")), self.lines.get(M), lambda s: s.p99, lambda s: s.p50),
                60,
                at_least=False,
            ),
            Bar("http check / floor", ratio(self.lines.get(HTTP.format("check")), self.lines.get(FLOOR)), 0.2),
            Bar("http info / floor", ratio(self.lines.get(HTTP.format("info")), self.lines.get(FLOOR)), 0.2),
            Bar(
                "p99 beside a flood / p99 idle",
                ratio(self.lines.get(FLOODED), self.lines.get(IDLE), lambda s: s.p99),
                3,
                at_least=False,
            ),
            *self._epp_bars(many),
        ]
        return [bar for bar in bars if bar.values]

    def _epp_bars(self, limit: Line | None) -> Iterator[Bar]:
        line = self.lines.get
        one, eight = line(EPP.format("check", 1, 1)), line(EPP.format("check", 8, 1))
        yield Bar("epp check / TLS echo", ratio(one, line(EPP_FLOOR.format(1))), 0.25)
        yield Bar("epp check, 8 deep / TLS echo that validates", ratio(eight, line(EPP_VALIDATING.format(8))), 0.15)
        for registrars in (1, EPP_REGISTRARS):
            for depth, bound in ((8, 0.9), (32, 1.2)):
                create = line(EPP.format("create", depth, registrars))
                yield Bar(f"epp create, {depth} deep, {registrars} registrar(s) / limit", ratio(create, limit), bound)


def child(module: str, job: msgspec.Struct, seconds: float) -> Sample:
    """Run a load process to its end. Its job goes in by stdin: it holds the password of the database."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", module],
            cwd=ROOT,
            input=msgspec.json.encode(job),
            capture_output=True,
            timeout=seconds + CHILD_SLACK,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Sample(errors={f"{module} did not end within {seconds + CHILD_SLACK:.0f} s": 1})
    if done.returncode != 0:
        last = done.stderr.decode(errors="replace").strip().splitlines()[-1:] or ["it said nothing"]
        return Sample(errors={f"{module}: exit status {done.returncode}: {last[0]}": 1})
    return msgspec.json.decode(done.stdout, type=Sample)
