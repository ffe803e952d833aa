"""What is wrong with what was sent: a frame that cannot be cut from the stream, or one that cannot be read."""

from __future__ import annotations

from namestead.epp import namespaces
from namestead.epp.messages import UNDEFINED, ExtValue, Result, Value
from namestead.errors import is_secret

_SHOWN_AT_MOST = 255  # characters of a value that are repeated: one whole domain name (RFC 1035, 2.3.4)
_SAID_AT_MOST = 600  # characters of a reason: a schema's complaint may quote the value whole


class FrameFault(Exception):
    """The stream holds no frame where one must begin (RFC 5734, 4). Where the next one would begin is not known, so the
    connection can only be closed."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class Fault(Exception):
    """A frame that is not answered by doing what it says, but by `code` (RFC 5730, 3).

    `reason` is for a person; `element` the one at fault as it is usually written (`domain:name`), `uri` its namespace
    where that is none of ours, `value` what stood in it, never a secret; `path` the way to it from the root; `line` and
    `column` count from 1. `cl_trid` is the command's own mark, where it could be read.
    """

    def __init__(
        self,
        code: int,
        reason: str,
        *,
        element: str | None = None,
        uri: str | None = None,
        value: str = "",
        path: str | None = None,
        line: int | None = None,
        column: int | None = None,
        cl_trid: str | None = None,
    ) -> None:
        self.code = code
        self.reason = _cut(" ".join(reason.split()), _SAID_AT_MOST)  # one line, whatever value it quotes
        self.element = element
        self.uri = uri
        self.value = "" if is_secret(path or element) else _cut(value, _SHOWN_AT_MOST)
        self.path = path
        self.line = line
        self.column = column
        self.cl_trid = cl_trid
        super().__init__(code, reason)

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"

    @property
    def place(self) -> str:
        """`epp/command/create/domain:create/domain:name, line 3`; empty where nothing is known."""
        line = None if self.line is None else f"line {self.line}"
        column = None if self.column is None else f"column {self.column}"
        return ", ".join(part for part in (self.path, line, column) if part)

    @property
    def message(self) -> str:
        """The reason with the place."""
        return f"{self.reason} ({self.place})" if self.place else self.reason

    def result(self) -> Result:
        """The result an answer says it with."""
        prefix = (self.element or "").partition(":")[0]
        nameable = self.element and (self.uri or prefix in namespaces.URIS)
        value = Value(self.element, self.value, self.uri) if self.element and nameable else UNDEFINED
        return Result(self.code, ext_values=(ExtValue(value, self.message),))


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[:most] + "…"
