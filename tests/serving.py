"""The product as its user starts it: `namestead serve` in a process of its own, found through its ready file."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

API = "/api/v1/registrar/v1"
STARTS_WITHIN = 60.0
ENDS_WITHIN = 60.0


def namestead(*arguments: str, environment: Mapping[str, str] | None = None) -> list[Any]:
    """The command line, and its environment: without settings of whoever runs the tests."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("NAMESTEAD_", "PG"))}
    source = str(Path(__file__).parent.parent / "src")
    clean["PYTHONPATH"] = os.pathsep.join(filter(None, (source, clean.get("PYTHONPATH", ""))))
    return [[sys.executable, "-m", "namestead.cli", *arguments], {**clean, **(environment or {})}]


class Served:
    """One run of `namestead serve`. `facts` is what the ready file says; `said` what it printed and logged."""

    def __init__(self, directory: Path, *arguments: str, environment: Mapping[str, str] | None = None) -> None:
        self.directory = directory
        self.ready = directory / "ready.json"
        self.output = directory / "output"
        self._arguments = arguments
        self._environment = environment
        self.facts: dict[str, Any] = {}
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> Served:
        """Start it and wait until all is up. `AssertionError` with what it said where it ends before that."""
        command, environment = namestead(
            *("serve", "--ready", str(self.ready), "--http-port", "0", "--epp-port", "0", *self._arguments),
            environment=self._environment,
        )
        self.ready.unlink(missing_ok=True)
        with self.output.open("ab") as output:
            self.process = subprocess.Popen(
                command, env=environment, stdout=output, stderr=output, stdin=subprocess.DEVNULL, start_new_session=True
            )
        until = time.monotonic() + STARTS_WITHIN
        while not self.ready.exists():
            if self.process.poll() is not None or time.monotonic() > until:
                raise AssertionError(f"serve did not come up (status {self.process.poll()}):\n{self.said}")
            time.sleep(0.02)
        self.facts = json.loads(self.ready.read_text())
        return self

    @property
    def said(self) -> str:
        return self.output.read_text(errors="replace")

    @property
    def http(self) -> str:
        url: str = self.facts["http"]
        return url

    def key(self, registrar: str = "alpha") -> str:
        token: str = self.facts["registrars"][registrar]["api_key"]
        return token

    def client(self, registrar: str = "alpha") -> httpx.Client:
        """A client of the registrar API with a registrar's key."""
        headers = {"Authorization": f"Bearer {self.key(registrar)}"}
        return httpx.Client(base_url=self.http + API, headers=headers, timeout=30)

    def signal(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def wait(self) -> int:
        assert self.process is not None
        return self.process.wait(ENDS_WITHIN)

    def stop(self) -> int:
        """Stop it as an operator would; the exit status."""
        if self.process is None:
            return 0
        if self.process.poll() is None:
            self.signal(signal.SIGTERM)
        return self.wait()

    def __enter__(self) -> Served:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()


def demo(directory: Path, *arguments: str, **more: Any) -> Served:
    """A demo in a directory of its own, not started yet."""
    return Served(directory, "--demo", "--data", str(directory / "data"), *arguments, **more)
