"""Names: what a domain or host name is once it has been understood, and what a zone may say about its labels.

Plain values. What makes a text a name, and whether a label keeps a policy, is decided in `rules/names.py`.
"""

from dataclasses import dataclass
from typing import NewType

Name = NewType("Name", str)
"""A fully qualified domain or host name: A-labels in lower case (RFC 5890, 2.3.2.1), no final dot, up to 253 octets."""


@dataclass(frozen=True, slots=True)
class IdnTable:
    """The letters one language or script may use in a zone (RFC 6912; ICANN IDN Guidelines 4.0, 2.2.3).

    Digits and the hyphen belong to every table and are not listed. Letters of a to z are listed where they belong:
    a table without them keeps a label from mixing scripts.
    """

    name: str
    letters: frozenset[str]
    source: str


@dataclass(frozen=True, slots=True)
class LabelPolicy:
    """What labels a zone takes, beyond what the DNS and IDNA allow. Lengths count characters of the U-label.

    `forbidden` are regular expressions searched for in the U-label, for the operator's own rules.
    """

    min_length: int = 1
    max_length: int = 63
    allow_idn: bool = False
    idn_tables: tuple[IdnTable, ...] = ()
    allow_digits_only: bool = True
    allow_consecutive_hyphens: bool = True
    forbidden: tuple[str, ...] = ()
