"""The growth run: creates in a small register and in a large one, and pgbench at the same sizes.

Both registers lie on one server and are measured in turn. The small one is copied anew for every measurement, since a
run would double it; in the large one a run is a few percent. Checkpoints run all the time, at least two of them whole
inside every measurement: after each, every page that is touched for the first time goes whole into the log, which is
what size costs.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from bench import filling, register, writes
from bench.database import Database, Server
from bench.figures import Bar, Line, Sample, ratio
from bench.pgbench import PgBench, Way, all_ways, write_scripts
from bench.plan import Bench, Times
from bench.register import REGISTRARS

SMALL = 100_000
CALLERS = 256
ENGINE = "engine create, {} callers, 200 registrars, {}"
LIMIT = "pgbench, 200 accounts, {}"
LEAST_CHECKPOINTS = 2
"""Checkpoints that have to begin and end inside a measurement."""

Tell = Callable[[str], None]


def named(names: int) -> str:
    """`100 thousand names`, `10 million names`."""
    for size, word in ((10**6, "million"), (10**3, "thousand")):
        if names >= size:
            return f"{names / size:g} {word} names"
    return f"{names} names"


@dataclass(slots=True)
class Register:
    """A register of one size. With `base`, every measurement begins with a new copy of that."""

    names: int
    server: Server
    database: Database
    base: Database | None = None

    @property
    def called(self) -> str:
        return named(self.names)

    def ready(self) -> Database:
        if self.base is not None:
            self.server.copy(self.base, self.database.name)
        return self.database


class Growth:
    """One growth run on one server."""

    def __init__(self, server: Server, times: Times, tell: Tell, least_checkpoints: int = LEAST_CHECKPOINTS) -> None:
        self._server = server
        self._times = times
        self._tell = tell
        self._least_checkpoints = least_checkpoints
        self.lines: dict[str, Line] = {}
        self.facts: dict[str, str] = {}
        self.names: tuple[int, int] = (0, 0)

    def run(self, small: int, large: int) -> None:
        """Fill both registers and measure them. Raises `NoRoom` before anything is filled."""
        self.names = small, large
        base, create = self._small(small)
        large_one = self._large(large, create)
        registers = (
            Register(small, self._server, self._server.database("growth_small"), base),
            Register(large, self._server, large_one),
        )
        ways = {r.names: self._best(r, create) for r in registers}
        for repeat in range(self._times.repeats):
            for r in registers:
                self._tell(f"repeat {repeat + 1} of {self._times.repeats}: engine, {r.called}")
                self._add(ENGINE.format(CALLERS, r.called), self._engine(r, create))
                self._tell(f"repeat {repeat + 1} of {self._times.repeats}: {ways[r.names]}, {r.called}")
                self._add(LIMIT.format(r.called), self._limit(r, create, ways[r.names]))

    def bars(self) -> list[Bar]:
        small, large = (named(n) for n in self.names)
        engine = {n: self.lines.get(ENGINE.format(CALLERS, n)) for n in (small, large)}
        bars = [
            Bar(f"create at {large} / at {small}", ratio(engine[large], engine[small]), 0.7),
            Bar(f"create at {large} / pgbench there", ratio(engine[large], self.lines.get(LIMIT.format(large))), 1.2),
        ]
        return [bar for bar in bars if bar.values]

    # ------------------------------------------------------------------------------------------------- registers

    def _small(self, names: int) -> tuple[Database, writes.Create]:
        base = self._server.new_register("growth_base")
        register.fill(base)
        create = writes.one_create(base)
        write_scripts(create)
        PgBench(self._server, base).prepare()
        filling.fill(base, create, names, lambda what, _: self._tell(f"filling: {what}"))
        return base, create

    def _large(self, names: int, create: writes.Create) -> Database:
        if self._server.has("growth_large"):
            there = self._server.database("growth_large")
            count: int = there.value("SELECT count(*) FROM domain")
            if names <= count <= 1.3 * names:
                self.facts["large register"] = f"{count:,} names, of an earlier run"
                PgBench(self._server, there).prepare()
                return there
            self._server.drop("growth_large")
        large = self._server.new_register("growth_large")
        register.fill(large)
        needed, free = filling.require_room(large, names)
        self._tell(f"needs {needed / 2**30:.0f} GB of disk, {free / 2**30:.0f} GB are free")
        own = writes.one_create(large)
        assert own.counts == create.counts
        PgBench(self._server, large).prepare()
        began = time.monotonic()
        filling.fill(large, own, names, lambda what, _: self._tell(f"filling: {what}"))
        self.facts["filled in"] = f"{(time.monotonic() - began) / 60:.1f} minutes"
        self.facts["size"] = f"{large.size() / 2**30:.1f} GB, {large.size() / names:,.0f} bytes a name"
        return large

    # ------------------------------------------------------------------------------------------------- measuring

    def _best(self, r: Register, create: writes.Create) -> Way:
        """pgbench's best configuration at this size, by a short look at each."""
        found: list[tuple[float, Way]] = []
        database = r.ready()
        for way in all_ways((8, 16, 32)):
            self._tell(f"pilot, {r.called}: {way}")
            sample = PgBench(self._server, database).create(way, REGISTRARS, 1, self._times.pilot, create)
            found.append((sample.rate, way))
        best = max(found, key=lambda f: f[0])[1]
        self.facts[f"pgbench at {r.called}"] = str(best)
        return best

    def _engine(self, r: Register, create: writes.Create) -> Sample:
        times, database = self._times, r.ready()
        bench = Bench(self._server, database, create, times, self._tell)
        return self._with_checkpoints(database, lambda: bench.callers(CALLERS, REGISTRARS, times.warm, times.seconds))

    def _limit(self, r: Register, create: writes.Create, way: Way) -> Sample:
        times, database = self._times, r.ready()
        return self._with_checkpoints(
            database,
            lambda: PgBench(self._server, database).create(way, REGISTRARS, times.warm, times.seconds, create),
        )

    def _with_checkpoints(self, database: Database, measure: Callable[[], Sample]) -> Sample:
        """Measure, and count the checkpoints that ended meanwhile, but for the one every measurement begins with."""
        database.settle()  # lets one that is under way end
        before = database.checkpoints()
        sample = measure()
        ended = database.checkpoints() - before - 1
        sample.detail["checkpoints"] = ended
        if ended < self._least_checkpoints:
            sample.errors[f"{ended} checkpoints ended inside the measurement: give it more --seconds"] = 1
        return sample

    def _add(self, name: str, sample: Sample) -> None:
        self.lines.setdefault(name, Line(name)).samples.append(sample)
