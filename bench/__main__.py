"""`python -m bench`: measure, show, and say by the exit status whether the bars were met (README.md)."""

from __future__ import annotations

import argparse
import io
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.status import Status

from bench import filling, machine, register, screen, writes
from bench.database import server
from bench.growth import LEAST_CHECKPOINTS, SMALL, Growth
from bench.pgbench import PgBench, Way, all_ways, write_scripts
from bench.plan import FULL, QUICK, Bench, Step, Times
from bench.register import REGISTRARS

PARTS = ("limit", "engine", "http", "epp", "fair")
BASE = 50_000
"""Names in the register before anything is measured: enough for the planner to see what a register looks like."""

QUICK_WAYS = tuple(Way(script, clients) for script in ("statement", "function") for clients in (8, 16))

LARGE = 1_000_000
GROWTH = Times(warm=3, seconds=90, repeats=3, pilot=3)
GROWTH_SETTINGS = {"checkpoint_timeout": "30s"}
"""Two checkpoints have to begin and end inside a measurement: the shipped 15 minutes are shortened for both sides."""


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("what", nargs="?", choices=("run", "growth"), default="run")
    parser.add_argument("--quick", action="store_true", help="one short repeat: a look, not a result")
    parser.add_argument("--only", choices=(*PARTS, "growth"), action="append", help="only this part; may be repeated")
    parser.add_argument("--data", type=Path, help="keep the database here, on a disk; growth uses it again")
    parser.add_argument("--seconds", type=float, help="of each measurement")
    parser.add_argument("--repeats", type=int)
    parser.add_argument("--base", type=int, help="names in the (small) register beforehand")
    parser.add_argument("--names", type=int, default=LARGE, help="growth: names in the large register")
    given = parser.parse_args(arguments)
    signal.signal(
        signal.SIGTERM, lambda *_: sys.exit("ended by SIGTERM")
    )  # whatever ends us, the database and the load end first
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)
    grow = given.what == "growth" or given.only == ["growth"]
    times = QUICK if given.quick else GROWTH if grow else FULL
    times = replace(times, seconds=given.seconds or times.seconds, repeats=given.repeats or times.repeats)
    if grow:
        return growth_run(times, given.data, given.base or SMALL, given.names)
    parts = tuple(given.only or PARTS)
    return measure(times, parts, given.data, BASE if given.base is None else given.base, quick=given.quick)


def growth_run(times: Times, data: Path | None, small: int, large: int) -> int:
    console = _console()
    began = time.monotonic()
    with server(data, GROWTH_SETTINGS) as running, console.status("") as status:
        growth = Growth(running, times, _teller(console, status, began))
        facts = {
            "machine": machine.facts(running.postgres.data),
            "PostgreSQL": running.database("postgres").settings(),
        }
        try:
            growth.run(small, large)
        except filling.NoRoom as problem:
            console.print(f"[red]{problem}[/]", soft_wrap=True)
            return 2
    facts["growth"] = growth.facts
    facts["run"] = {
        "minutes": f"{(time.monotonic() - began) / 60:.1f}",
        "repeats": str(times.repeats),
        "seconds": f"{times.seconds:g}, at least {LEAST_CHECKPOINTS} checkpoints in each",
    }
    lines, bars = list(growth.lines.values()), growth.bars()
    met = screen.show(console, "creates, as the register grows", lines, bars, facts)
    console.print(f"written to {screen.save('growth', lines, bars, facts)}", soft_wrap=True)
    return 0 if met else 1


def _console() -> Console:
    return Console() if sys.stdout.isatty() else Console(width=160)


def _teller(console: Console, status: Status, began: float) -> Callable[[str], None]:
    """Say what is being done: in place on a terminal, else as lines, so that a log shows progress too."""

    def tell(what: str) -> None:
        line = f"[dim]{time.monotonic() - began:5.0f} s[/]  {what}"
        if console.is_terminal:
            status.update(line)
        else:
            console.print(line, highlight=False, soft_wrap=True)

    return tell


def measure(times: Times, parts: Sequence[str], data: Path | None, base: int, *, quick: bool) -> int:
    console = _console()
    began = time.monotonic()
    with server(data) as running, console.status("") as status:
        tell = _teller(console, status, began)
        tell("making a register")
        original = running.new_register("bench_base")
        register.fill(original)
        create = writes.one_create(original)
        write_scripts(create)
        PgBench(running, original).prepare()
        filling.fill(original, create, base, lambda what, _: tell(f"filling the register: {what}"))
        facts = {"machine": machine.facts(running.postgres.data), "PostgreSQL": original.settings()}

        bench = Bench(running, running.database("bench"), create, times, tell, original)
        steps: list[Step] = []
        if "limit" in parts:
            steps += bench.limit_steps(QUICK_WAYS if quick else all_ways())
        if "engine" in parts:
            steps += bench.engine_steps(((256, 1), (256, REGISTRARS), (32, REGISTRARS), (32, 1)))
        if "http" in parts:
            steps += bench.http_steps()
        if "epp" in parts:
            steps += bench.epp_steps()
        if "fair" in parts:
            steps += bench.fairness_steps()
        bench.run(steps)
    lines, bars = list(bench.lines.values()), bench.bars()
    facts["rows a create"] = {t: str(n) for t, n in create.counts.items()}
    facts["run"] = {
        "minutes": f"{(time.monotonic() - began) / 60:.1f}",
        "repeats": str(times.repeats),
        "seconds": f"{times.seconds:g}",
        "names before": f"{base:,}",
    }
    met = screen.show(console, "creates", lines, bars, facts)
    console.print(f"written to {screen.save('quick' if quick else 'run', lines, bars, facts)}", soft_wrap=True)
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
