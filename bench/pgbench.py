"""The limit: PostgreSQL's own load generator writing the rows of our create, one transaction each, as fast as it can.

Three ways of doing it are written to `bench/limit/`: one statement (CTE), a function, a pipeline. Nothing is left out
that the rows depend on (replay and availability are looked up, hosts are found by name, the balance is checked under
its lock), and nothing is added: no advisory locks, no rules, no JSON is built, ids and instants come from the server.
"""

# ruff: noqa: S608 - SQL put together from our own words, for a database of our own

from __future__ import annotations

import os
import re
import statistics
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.database import Counted, Database, Server
from bench.figures import Sample, percentile
from bench.machine import CORES, between, cpu_of_tree
from bench.register import FIRST_ACCOUNT, FIRST_REGISTRAR, LEAST_RANDOM, MOST_RANDOM, REGISTRARS, ZONE
from bench.writes import Create, Row, Words, quoted

SCRIPTS = Path(__file__).parent / "limit"
NOTHING = "pgbench: no transaction ended"
WAYS = ("statement", "function", "pipeline")
CLIENTS = (8, 16, 32, 64)

PROGRESS = re.compile(r"^progress: ([\d.]+) s, ([\d.]+) tps", re.MULTILINE)
PROCESSED = re.compile(r"^number of transactions actually processed: (\d+)", re.MULTILINE)
FAILED = re.compile(r"^number of failed transactions: (\d+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Way:
    """One configuration: which script, and how many clients at once."""

    script: str
    clients: int

    def __str__(self) -> str:
        return f"{self.script}, {self.clients} clients"


def all_ways(clients: Sequence[int] = CLIENTS) -> tuple[Way, ...]:
    return tuple(Way(script, c) for script in WAYS for c in clients)


# ----------------------------------------------------------------------------------------------------------- scripts

NAME = f"'n' || to_hex(:random::bigint) || '.{ZONE}'"
VARIABLES = f"""\
\\set n random(0, :accounts - 1)
\\set random random({LEAST_RANDOM}, {MOST_RANDOM})
"""
ABOUT = """\
-- {what}
-- Written by bench/pgbench.py from the rows of a real create; bench/README.md says what it is held against.
-- :accounts is how many registrars take part. pgbench -M prepared.
"""
REPLAYED = "SELECT{what} FROM idempotency_key k WHERE k.principal = {registrar_id} AND k.key = 'k-' || {name}"


def write_scripts(create: Create) -> None:
    """Write `bench/limit/*.sql` for these rows."""
    for name, text in {
        "setup": setup(create),
        "statement": by_statement(create),
        "function": by_function(),
        "pipeline": by_pipeline(create),
        "one_row": ONE_ROW,
    }.items():
        (SCRIPTS / f"{name}.sql").write_text(text)


ONE_ROW = (
    ABOUT.format(what="M: the smallest durable transaction there is, one row and its commit.")
    + """\
\\set random random(1, 1000000000)
INSERT INTO bench_one_row (value) VALUES (:random);
"""
)


def _insert(table: str, columns: Sequence[str]) -> str:
    lines = [""]
    for c in columns:
        if len(lines[-1]) + len(c) > 100:
            lines.append("")
        lines[-1] += f"{c}, "
    listed = "\n    ".join(line.rstrip() for line in lines)
    return f"INSERT INTO {table} ({listed[:-1]})"


def _listed(expressions: Sequence[str], indent: str) -> str:
    return f",\n{indent}".join(expressions)


def by_statement(create: Create) -> str:
    words = Words("log_id", "domain_id", "account_id", "registrar_id", "name", "now", ("h.id", "h.id"))
    parts: list[str] = []
    for row in create.rows:
        if row.table == "delegation":
            continue
        insert = _insert(row.table, row.columns)
        values = _listed(row.expressions(words), "        ")
        parts.append(f"made_{row.table} AS (\n    {insert}\n    SELECT {values}\n      FROM charged\n)")
    [first, *_] = create.of("delegation")
    assert first.columns == ("domain_id", "host_id", "position"), first.columns
    return (
        ABOUT.format(what="A create as one statement.")
        + VARIABLES
        + f"""\
WITH asked AS MATERIALIZED (
    SELECT {FIRST_ACCOUNT}::bigint + :n AS account_id, {FIRST_REGISTRAR}::bigint + :n AS registrar_id, {NAME} AS name,
           nextval('log_id') AS log_id, nextval('object_id') AS domain_id, clock_timestamp() AS now
), hosts AS MATERIALIZED (
    SELECT h.id, h.name
      FROM host h
     WHERE h.name IN ('ns1.r' || ({FIRST_REGISTRAR} + :n) || '.net', 'ns2.r' || ({FIRST_REGISTRAR} + :n) || '.net')
       AND h.deleted_at IS NULL
), charged AS (
    UPDATE account a
       SET balance = a.balance - {create.price}
      FROM asked
     WHERE a.id = asked.account_id AND a.suspended_at IS NULL AND a.currency = 'EUR'
       AND a.balance - {create.price} >= -a.credit
       AND NOT EXISTS ({REPLAYED.format(what="", registrar_id="asked.registrar_id", name="asked.name")})
       AND NOT EXISTS (SELECT FROM domain d WHERE d.name = asked.name AND d.ended_at IS NULL)
       AND NOT EXISTS (SELECT FROM retained r
                        WHERE r.name = asked.name AND r.removed_at IS NULL AND r.used_at IS NULL)
    RETURNING asked.*, a.balance
), {", ".join(parts)}, made_delegation AS (
    INSERT INTO delegation (domain_id, host_id, position)
    SELECT domain_id, h.id, CASE WHEN h.name LIKE 'ns1.%' THEN 0 ELSE 1 END
      FROM charged, hosts h
)
SELECT balance FROM charged;
"""
    )


def setup(create: Create) -> str:
    words = Words("log_id", "domain_id", "account_id", "registrar_id", "name", "now", ("host_1", "host_2"))
    inserts = "\n".join(
        f"    {_insert(row.table, row.columns)}\n    VALUES ({_listed(row.expressions(words), '        ')});"
        for row in create.rows
    )
    return (
        ABOUT.format(what="What the other scripts need: a table for M, the long texts, and the create as a function.")
        + """\
-- Constants as long as what our create writes there. An immutable function is folded into the plan: it costs nothing.
"""
        + "".join(
            f"CREATE OR REPLACE FUNCTION {name}() RETURNS text IMMUTABLE LANGUAGE sql AS $$ SELECT {quoted(text)} $$;\n"
            for row in create.rows
            for name, text in row.texts.items()
        )
        + f"""
CREATE TABLE IF NOT EXISTS bench_one_row (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, value bigint);

CREATE OR REPLACE FUNCTION bench_create(account_id bigint, registrar_id bigint, name text) RETURNS bigint
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
    log_id    bigint := nextval('log_id');
    domain_id bigint := nextval('object_id');
    now       timestamptz := clock_timestamp();
    host_1    bigint;
    host_2    bigint;
    left_over bigint;
BEGIN
    PERFORM FROM idempotency_key k WHERE k.principal = registrar_id AND k.key = 'k-' || name;
    IF FOUND THEN RAISE 'replayed'; END IF;
    PERFORM FROM domain d WHERE d.name = bench_create.name AND d.ended_at IS NULL;
    IF FOUND THEN RAISE 'taken'; END IF;
    PERFORM FROM retained r WHERE r.name = bench_create.name AND r.removed_at IS NULL AND r.used_at IS NULL;
    IF FOUND THEN RAISE 'retained'; END IF;
    SELECT h.id INTO STRICT host_1
      FROM host h WHERE h.name = 'ns1.r' || registrar_id || '.net' AND h.deleted_at IS NULL;
    SELECT h.id INTO STRICT host_2
      FROM host h WHERE h.name = 'ns2.r' || registrar_id || '.net' AND h.deleted_at IS NULL;
{inserts}
    -- Last, so that the lock on the account is held as short as can be.
    UPDATE account a
       SET balance = a.balance - {create.price}
     WHERE a.id = account_id AND a.suspended_at IS NULL AND a.currency = 'EUR'
       AND a.balance - {create.price} >= -a.credit
    RETURNING a.balance INTO left_over;
    IF NOT FOUND THEN RAISE 'not enough money'; END IF;
    RETURN left_over;
END $$;
"""
    )


def by_function() -> str:
    return (
        ABOUT.format(what="A create as a call of the function in setup.sql.")
        + VARIABLES
        + f"SELECT bench_create({FIRST_ACCOUNT}::bigint + :n, {FIRST_REGISTRAR}::bigint + :n, {NAME});\n"
    )


def by_pipeline(create: Create) -> str:
    hosts = tuple(
        f"(SELECT id FROM host WHERE name = 'ns{k}.r' || ({FIRST_REGISTRAR} + :n) || '.net' AND deleted_at IS NULL)"
        for k in (1, 2)
    )
    registrar_id = f"{FIRST_REGISTRAR} + :n"
    words = Words(
        "currval('log_id')",
        "currval('object_id')",
        f"{FIRST_ACCOUNT} + :n",
        registrar_id,
        NAME,
        "now()",
        (hosts[0], hosts[1]),
    )
    # The domain before what points to it, and each sequence is moved on where its id is first used.
    rows: list[Row] = sorted(create.rows, key=lambda r: (r.table != "domain", r.table != "command_log"))
    inserts = []
    for row in rows:
        text = f"{_insert(row.table, row.columns)}\nVALUES ({_listed(row.expressions(words), '    ')});"
        if row.table == "domain":
            text = text.replace("currval('object_id')", "nextval('object_id')", 1)
        if row.table == "command_log":
            text = text.replace("currval('log_id')", "nextval('log_id')", 1)
        inserts.append(text)
    replayed = REPLAYED.format(what=" k.log_id", registrar_id=registrar_id, name=NAME)
    return (
        ABOUT.format(what="A create as a transaction of several statements, sent without waiting in between.")
        + VARIABLES
        + f"""\
\\startpipeline
BEGIN;
{replayed};
SELECT id FROM domain WHERE name = {NAME} AND ended_at IS NULL;
SELECT id FROM retained WHERE name = {NAME} AND removed_at IS NULL AND used_at IS NULL;
{chr(10).join(inserts)}
-- Divides by zero when the balance does not suffice: nothing in a pipeline can look at an answer.
UPDATE account
   SET balance = balance - {create.price}
                 / (balance - {create.price} >= -credit AND suspended_at IS NULL AND currency = 'EUR')::integer
 WHERE id = {FIRST_ACCOUNT} + :n
RETURNING balance;
COMMIT;
\\endpipeline
"""
    )


# ----------------------------------------------------------------------------------------------------------- running


class PgBench:
    """pgbench of the same release as the server, on one register."""

    def __init__(self, server: Server, database: Database) -> None:
        self._program = server.postgres.bin_dir / "pgbench"
        self._environment = server.client_environment()
        self._database = database

    def prepare(self) -> None:
        self._database.execute((SCRIPTS / "setup.sql").read_text())

    def one_row(self, seconds: float) -> Sample:
        """M: the median of the durable one-row commit, one client."""
        with tempfile.TemporaryDirectory() as scratch:
            sample, _ = self._run("one_row", 1, 1, seconds, ("-l", f"--log-prefix={scratch}/m"))
            times = [int(line.split()[2]) for f in Path(scratch).iterdir() for line in f.read_text().splitlines()]
        times = sorted(times[len(times) // 5 :])
        if times:
            sample.p50, sample.p99 = statistics.median(times) / 1000, (percentile(times, 0.99) or 0) / 1000
        return sample

    def create(self, way: Way, accounts: int, warm: float, seconds: float, expected: Create | None) -> Sample:
        """Creates for `seconds` after `warm`. With `expected`, the rows that were written have to be those."""
        before = self._database.counted()
        sample, processed = self._run(way.script, way.clients, accounts, warm + seconds, (), warm)
        after = self._database.counted()
        if processed:
            note(sample, before, after, processed, expected)
        return sample

    def _run(
        self,
        script: str,
        clients: int,
        accounts: int,
        seconds: float,
        options: Sequence[str],
        warm: float = 0.0,
    ) -> tuple[Sample, int]:
        self._database.settle()
        command: list[str | Path] = [
            self._program,
            *("-n", "-M", "prepared", "-P", "1", "-c", str(clients), "-j", str(min(clients, CORES))),
            *("-T", str(max(1, round(seconds))), "-D", f"accounts={accounts}", "-f", SCRIPTS / f"{script}.sql"),
            *options,
            self._database.name,
        ]
        cpu_before, began = cpu_of_tree(self._database.postmaster), time.monotonic()
        with tempfile.TemporaryFile("w+") as out:
            process = subprocess.Popen(command, env=self._environment, stdout=out, stderr=subprocess.STDOUT)
            try:
                _, status, usage = os.wait4(process.pid, 0)
            except BaseException:
                process.kill()
                process.wait()
                raise
            process.returncode = os.waitstatus_to_exitcode(status)
            out.seek(0)
            said = out.read()
        cpu = between(cpu_before, cpu_of_tree(self._database.postmaster))
        sample, processed = Sample(), _number(PROCESSED, said)
        if process.returncode == 0 and not processed:
            sample.errors[NOTHING] = 1
            return sample, 0
        if process.returncode != 0:
            why = next((line for line in said.splitlines() if "ERROR" in line or "error:" in line), "it said nothing")
            sample.errors[f"pgbench {script}: exit status {process.returncode}: {why}"] = 1
            return sample, processed
        failed = _number(FAILED, said)
        if failed:
            sample.errors[f"pgbench {script}: failed transactions"] = failed
        sample.commands = processed
        rates = [float(rate) for at, rate in PROGRESS.findall(said) if float(at) > warm + 0.5]
        sample.rate = statistics.mean(rates) if rates else processed / (time.monotonic() - began)
        sample.client_cpu = (usage.ru_utime + usage.ru_stime) / processed * 1e6
        sample.server_cpu = cpu / processed * 1e6 if cpu is not None else None
        return sample, processed


NOT_OF_A_CREATE = ("rate", "epp_session")
"""Tables a door writes for itself, by the minute or by the session: requests counted, sessions served."""


def note(sample: Sample, before: Counted, after: Counted, commands: int, expected: Create | None) -> None:
    """Put rows, WAL and flushes a command into a sample, and hold the rows against those of a create."""
    sample.wal = (after.wal - before.wal) / commands
    sample.detail["flushes"] = (after.syncs - before.syncs) / commands
    sample.detail["account updates"] = (after.updated["account"] - before.updated.get("account", 0)) / commands
    grown = {t: n - before.inserted.get(t, 0) for t, n in after.inserted.items()}
    sample.rows = {t: n / commands for t, n in sorted(grown.items()) if n and t not in NOT_OF_A_CREATE}
    if expected is not None:
        wanted = {t: n * commands for t, n in expected.counts.items()}
        found = {t: n for t, n in grown.items() if n and t not in NOT_OF_A_CREATE}
        for table in sorted(wanted.keys() | found.keys()):
            if wanted.get(table, 0) != found.get(table, 0):
                text = f"rows in {table}: {found.get(table, 0)} for {commands} creates, not {wanted.get(table, 0)}"
                sample.errors[text] = 1


def _number(pattern: re.Pattern[str], text: str) -> int:
    match = pattern.search(text)
    return int(match[1]) if match else 0


ACCOUNTS = {"200 accounts": REGISTRARS, "one account": 1}
