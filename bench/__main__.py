"""`python -m bench`: measure, show, and say by the exit status whether the bars were met (README.md)."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from bench import filling, machine, register, screen, writes
from bench.database import server
from bench.pgbench import PgBench, Way, write_scripts
from bench.plan import FULL, QUICK, Bench, Step, Times
from bench.register import REGISTRARS

PARTS = ("limit", "engine", "fair")
BASE = 50_000
"""Names in the register before anything is measured: enough for the planner to see what a register looks like."""


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one short repeat: a look, not a result")
    parser.add_argument("--only", choices=PARTS, action="append", help="only this part; may be given again")
    parser.add_argument("--data", type=Path, help="keep the database in this directory (on a disk)")
    parser.add_argument("--seconds", type=float, help="of each measurement")
    parser.add_argument("--repeats", type=int)
    parser.add_argument("--base", type=int, default=BASE, help="names in the register beforehand")
    given = parser.parse_args(arguments)
    times = QUICK if given.quick else FULL
    times = Times(
        times.warm,
        given.seconds or times.seconds,
        given.repeats or times.repeats,
        times.pilot,
        times.candidates,
    )
    parts = tuple(given.only or PARTS)
    return measure(times, parts, given.data, given.base, quick=given.quick)


def measure(times: Times, parts: Sequence[str], data: Path | None, base: int, *, quick: bool) -> int:
    console = Console() if sys.stdout.isatty() else Console(width=160)
    began = time.monotonic()
    with server(data) as running, console.status("") as status:

        def tell(what: str) -> None:
            status.update(f"[dim]{time.monotonic() - began:5.0f} s[/]  {what}")

        tell("making a register")
        database = running.new_register("bench")
        register.fill(database)
        create = writes.one_create(database)
        write_scripts(create)
        PgBench(running, database).prepare()
        filling.fill(database, create, base, lambda what, _: tell(f"filling the register: {what}"))
        facts = {"machine": machine.facts(running.postgres.data), "PostgreSQL": database.settings()}

        bench = Bench(running, database, create, times, tell)
        steps: list[Step] = []
        if "limit" in parts:
            steps += bench.limit_steps(tuple(Way(s, c) for s in ("statement", "function") for c in (8, 16)) if quick else None)
        if "engine" in parts:
            steps += bench.engine_steps(((256, 1), (256, REGISTRARS), (32, REGISTRARS), (32, 1)))
        if "fair" in parts:
            steps += bench.fairness_steps()
        bench.run(steps)
    lines, bars = list(bench.lines.values()), bench.bars()
    facts["rows a create"] = {t: str(n) for t, n in create.counts.items()}
    facts["run"] = {"minutes": f"{(time.monotonic() - began) / 60:.1f}", "repeats": str(times.repeats), "names before": f"{base:,}"}
    met = screen.show(console, "creates", lines, bars, facts)
    console.print(f"written to {screen.save('quick' if quick else 'run', lines, bars, facts)}", soft_wrap=True)
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
