"""The bench itself, with counts of a few hundred: it has to measure what it says, and turn red when something is off.

No figure is looked at here. That both sides write the rows of a create, and that errors are not lost, is.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from bench import connections, filling, growth, pgbench, register, servers, writes
from bench.database import Database, Server, server
from bench.figures import Bar, Line, Sample, ratio
from bench.plan import NAMES, Bench, Times

TIMES = Times(warm=0.1, seconds=0.3, repeats=1, pilot=1, candidates=1)


@dataclass(frozen=True)
class Place:
    server: Server
    database: Database
    create: writes.Create

    def bench(self) -> Bench:
        return Bench(self.server, self.database, self.create, TIMES, lambda _: None)


@pytest.fixture(scope="module")
def place(data_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pgbench, "SCRIPTS", tmp_path_factory.mktemp("limit"))
        with server(data_root / "bench") as running:
            database = running.new_register("bench")
            register.fill(database)
            create = writes.one_create(database)
            pgbench.write_scripts(create)
            pgbench.PgBench(running, database).prepare()
            filling.fill(database, create, 300)
            yield Place(running, database, create)


def test_a_commit_is_durable_or_nothing_is_measured(place: Place) -> None:
    settings = place.database.settings()
    assert ("on", "on") == (settings["fsync"], settings["synchronous_commit"])
    place.database.execute(f"ALTER DATABASE {place.database.name} SET synchronous_commit = off")
    try:
        with pytest.raises(RuntimeError, match="synchronous_commit is off"):
            place.database.settings()
    finally:
        place.database.execute(f"ALTER DATABASE {place.database.name} RESET synchronous_commit")


@pytest.mark.parametrize("script", pgbench.WAYS)
def test_the_limit_writes_the_rows_of_a_create(place: Place, script: str) -> None:
    sample = pgbench.PgBench(place.server, place.database).create(
        pgbench.Way(script, 2), register.REGISTRARS, 0, 1, place.create
    )
    assert {} == sample.errors
    assert place.create.counts == sample.rows
    assert 1 == sample.detail["account updates"]


def test_a_table_less_written_to_is_an_error(place: Place) -> None:
    before, sample = place.database.counted(), Sample()
    filling.fill(place.database, replace(place.create, rows=place.create.rows[1:]), 10)
    pgbench.note(sample, before, place.database.counted(), 10, place.create)
    table = place.create.rows[0].table
    assert {f"rows in {table}: 0 for 10 creates, not 10": 1} == sample.errors


def test_the_engine_writes_the_rows_of_a_create(place: Place) -> None:
    sample = place.bench().callers(8, 4, TIMES.warm, TIMES.seconds, flood=8)
    assert {} == sample.errors
    assert place.create.counts == sample.rows
    assert sample.p99 is not None
    assert sample.wal


def test_http_answers_without_an_error(place: Place) -> None:
    names = [r["name"] for r in place.database.run(lambda c: c.fetch(NAMES, register.FIRST_REGISTRAR))]
    before = place.database.counted()
    with servers.registry(place.database) as listening:
        samples = {kind: place.bench().connect(kind, listening, names) for kind in connections.REQUESTS}
    assert [] == [sample.errors for sample in samples.values() if sample.errors]
    assert all(sample.commands > 0 for sample in samples.values())
    pgbench.note(samples["create"], before, place.database.counted(), samples["create"].commands, place.create)
    assert {} == samples["create"].errors


def test_an_answer_other_than_expected_is_an_error(place: Place) -> None:
    with servers.floor() as listening:
        sample = place.bench().connect("create", listening, [])
    [error, *_] = sample.errors
    assert error.startswith("HTTP 200: ")


@pytest.mark.parametrize(("depth", "registrars"), [(8, 1), (4, register.EPP_REGISTRARS)])
def test_creates_over_epp_write_the_rows_of_a_create(place: Place, depth: int, registrars: int) -> None:
    sample = place.bench().epp("create", depth, registrars)
    assert {} == sample.errors
    assert sample.commands > 0
    assert place.create.counts == sample.rows


def test_epp_answers_without_an_error(place: Place) -> None:
    bench = place.bench()
    samples = [bench.epp("check", 8, 1), bench.epp("pairs", 16, 1, connections=1), bench.epp("hot", 4, 8, most=100)]
    samples += [bench.epp_floor(8, validates=validates) for validates in (False, True)]
    assert [{}] * 5 == [sample.errors for sample in samples]
    assert all(sample.commands > 0 for sample in samples)
    assert 100 == samples[2].commands


def test_a_second_winner_of_a_hot_name_or_none_is_an_error(place: Place) -> None:
    sample = place.bench().epp("hot", 4, 8, most=20)
    [error] = sample.errors
    assert "one hot name: 0 times 1000, 20 times 2302 of 20" in error, "the test before has registered it"


def test_idle_sessions_have_a_size(place: Place) -> None:
    sample = place.bench().epp("check", 1, 1, connections=1, idle=100)
    assert {} == sample.errors
    assert sample.detail["KB a session"] > 0
    assert sample.p99 is not None


def test_an_epp_answer_other_than_expected_is_an_error(place: Place) -> None:
    with servers.epp_registry(place.database) as listening:
        sample = place.bench().connect_epp("check", listening, 1, 1, 1)
        assert {} == sample.errors
        place.database.execute("UPDATE registrar SET rate_limit = 1")
        place.database.execute("UPDATE registry SET reference = reference + 1")
    try:
        with servers.epp_registry(place.database) as listening:
            sample = place.bench().connect_epp("check", listening, 1, 1, 1)
    finally:
        place.database.execute(f"UPDATE registrar SET rate_limit = {register.RATE_LIMIT}")
    assert sample.errors
    assert all(error.startswith("EPP 2") for error in sample.errors)


def test_the_register_is_filled_with_indexes_as_they_were(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    indexes = "SELECT string_agg(indexdef, chr(10) ORDER BY indexname) FROM pg_indexes WHERE schemaname = 'public'"
    before, names = place.database.value(indexes), place.database.value("SELECT count(*) FROM domain")
    monkeypatch.setattr(filling, "REBUILD_FROM", 0)
    filling.fill(place.database, place.create, 200)
    assert before == place.database.value(indexes)
    assert names + 200 == place.database.value("SELECT count(*) FROM domain")


def test_a_register_that_does_not_fit_is_refused(place: Place) -> None:
    with pytest.raises(filling.NoRoom, match="choose fewer"):
        filling.require_room(place.database, 10**12)


def test_a_bar_is_met_by_its_median() -> None:
    upper = Line("upper", [Sample(rate=r) for r in (10, 26, 30)])
    lower = Line("lower", [Sample(rate=20)] * 3)
    assert (0.5, 1.3, 1.5) == ratio(upper, lower)
    assert Bar("", ratio(upper, lower), 1.3).met
    assert not Bar("", ratio(upper, lower), 1.31).met
    assert not Bar("", ratio(upper, lower), 1.3, at_least=False).met
    assert not Bar("nothing was measured", (), 0).met


def test_sizes_are_named_for_people() -> None:
    assert ["100 thousand names", "1.5 million names"] == [growth.named(n) for n in (100_000, 1_500_000)]
