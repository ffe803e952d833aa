"""What is a name: texts into names and back, names into label and zone, and whether a label keeps its zone's policy.

Pure. It does not know which zones exist, who owns a name or whether it can be had (`rules/availability.py` does).

Decisions of ours, where the standards leave a choice:

- Upper case is folded and the text normalised to NFC, label by label; nothing else is mapped (RFC 5895 would also map
  full-width forms and ideographic full stops). A register stores what its client meant, so what is not
  plainly the same name is refused, and the registrar's own software maps it before it asks (RFC 5891, section 4).
- One final dot, that of the root, is accepted and dropped.
- Host names keep the same letters, digits, hyphen rule as domain names (RFC 952, RFC 1123, 2.1): no underscore.
- If any label is written right to left, all labels must keep the Bidi Rule (RFC 5893, section 2).
"""

import re
import unicodedata
from collections.abc import Container, Mapping, Sequence
from types import MappingProxyType
from typing import Final

import idna

from namestead import errors
from namestead.errors import Fault, Refusal
from namestead.objects.names import IdnTable, LabelPolicy, Name

MAX_NAME: Final = 253  # octets: RFC 1035, 2.3.4 has 255 on the wire, two of which are the first length and the root
MAX_LABEL: Final = 63  # octets: RFC 1035, 2.3.4
_LONGEST_TEXT: Final = 1024  # characters looked at: decomposed U-labels are longer than what they normalise to

# The fast path, for nearly every name there is: LDH, no two hyphens in a row (so no A-label), and because the whole is
# no longer than one label may be, no length to measure. Possessive, so that it fails as fast as it matches.
_PLAIN: Final = re.compile(r"[a-z0-9]++(?:[.-][a-z0-9]++)*+")
_NOT_LDH: Final = re.compile(r"[^a-z0-9-]")


def parse(text: str, *, field: str = "domain") -> Name:
    """The name a text means: a U-label or A-label name in any case, with or without the final dot.

    Whether it lies in a zone of ours is asked later: a single label is a name, too. `Refusal(INVALID_REQUEST)` with one
    `Fault` of code `invalid_name` for `field`, saying what is wrong with which label.
    """
    if len(text) <= MAX_LABEL and _PLAIN.fullmatch(text):
        return Name(text)
    try:
        return _parse(text)
    except _NotAName as found:
        reason = str(found)
    fault = Fault(field, "invalid_name", reason, text)
    message = f"{field} '{fault.value}' is not a name: {reason}"
    raise Refusal(errors.INVALID_REQUEST, field, text, message=message, details=(fault,))


class _NotAName(Exception):
    """Why a text is not a name. Never leaves this module."""


def _parse(text: str) -> Name:
    if len(text) > _LONGEST_TEXT:
        raise _NotAName(f"it is longer than {MAX_NAME} octets.")
    text = text.removesuffix(".")
    if not text:
        raise _NotAName("it is empty.")
    u_labels, a_labels = zip(*[_both_forms(_folded(label)) for label in text.split(".")], strict=True)
    name = ".".join(a_labels)
    if len(name) > MAX_NAME:
        raise _NotAName(f"it is longer than {MAX_NAME} octets.")
    _require_bidi_rule(u_labels)
    return Name(name)


def _folded(label: str) -> str:
    # Lower case of a normalised text need not be normalised, hence twice (Unicode Standard, 3.13).
    if label.isascii():
        return label.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", label).lower())


def _both_forms(label: str) -> tuple[str, str]:
    """The U-label and the A-label of a folded label (RFC 5891, section 4); the same twice if it is plain ASCII."""
    if not label:
        raise _NotAName("a label is empty.")
    shown = label if len(label) <= MAX_LABEL else label[:MAX_LABEL] + "…"
    if any(character.isspace() for character in label):
        raise _NotAName(f"label '{shown}' contains white space.")
    if label.startswith("-") or label.endswith("-"):
        raise _NotAName(f"label '{shown}' begins or ends with a hyphen.")
    if label.isascii():
        strange = _NOT_LDH.search(label)
        if strange:
            raise _NotAName(f"label '{shown}' contains '{strange[0]}'; only letters, digits and hyphens are allowed.")
        if len(label) > MAX_LABEL:
            raise _NotAName(f"label '{shown}' is longer than {MAX_LABEL} octets.")
        if not label.startswith("xn--"):
            if label[2:4] == "--":
                raise _NotAName(f"label '{shown}' has hyphens in positions 3 and 4, which only an A-label has.")
            return label, label
    try:
        if not label.isascii():
            return label, idna.alabel(label).decode("ascii")
        u_label = idna.ulabel(label)
        if not u_label.isascii() and b"xn--" + u_label.encode("punycode") == label.encode("ascii"):
            return u_label, label
    except UnicodeError as error:  # idna.IDNAError is one
        raise _NotAName(f"label '{shown}' is not allowed by IDNA 2008: {error}.") from None
    raise _NotAName(f"label '{shown}' is an A-label that does not stand for a U-label.")


def _require_bidi_rule(u_labels: Sequence[str]) -> None:
    """RFC 5893, section 2: one right-to-left label makes the rule hold for every label of the name."""
    right_to_left = {"R", "AL", "AN"}
    beyond_ascii = "".join(label for label in u_labels if not label.isascii())
    if any(unicodedata.bidirectional(letter) in right_to_left for letter in beyond_ascii):
        for label in u_labels:
            try:
                idna.check_bidi(label, check_ltr=True)
            except idna.IDNABidiError as error:
                raise _NotAName(f"label '{label}' breaks the Bidi Rule of right-to-left names: {error}.") from None


def to_unicode(name: Name) -> str:
    """The name with its A-labels shown as U-labels. A label that stands for none is shown as it is."""
    if "xn--" not in name:
        return name
    return ".".join([_u_label(label) for label in name.split(".")])


def _u_label(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    try:
        return idna.ulabel(label)
    except UnicodeError:
        return label


def split(name: Name, zones: Container[Name]) -> tuple[str, Name] | None:
    """What stands before the zone, and the zone: the longest proper suffix of the name that is one of `zones`.

    `www.alice.example` gives `("www.alice", "example")`: a dot in the first part means that the name is not at a level
    the zone registers. None if no zone holds the name; a zone is not held by itself.
    """
    dot = name.find(".")
    while dot >= 0:
        suffix = Name(name[dot + 1 :])
        if suffix in zones:
            return name[:dot], suffix
        dot = name.find(".", dot + 1)
    return None


def is_subordinate(host: Name, domain: Name) -> bool:
    """Whether the host lies in the domain (RFC 5731, 1.1): below it, or of the same name, as it needs glue too."""
    return host == domain or host.endswith("." + domain)


def check_label(label: str, policy: LabelPolicy) -> str | None:
    """Why the zone does not take this label, as a sentence; None if it does.

    `label` is the first part of `split`: in lower case, an A-label where it is an IDN.
    """
    if "." in label:
        return "The zone registers names one level below it only."
    shown = _u_label(label)
    if len(shown) < policy.min_length:
        return f"The zone takes labels of {policy.min_length} characters or more."
    if len(shown) > policy.max_length:
        return f"The zone takes labels of {policy.max_length} characters or fewer."
    if shown.isascii():
        if shown.startswith("xn--"):
            return "The label looks like an A-label but stands for no U-label."
    elif not policy.allow_idn:
        return "The zone takes no internationalised labels."
    elif table_of(shown, policy.idn_tables) is None:
        return _outside_tables(shown, policy.idn_tables)
    if not policy.allow_digits_only and shown.isdigit():
        return "The zone takes no labels of digits alone."
    if not policy.allow_consecutive_hyphens and "--" in shown:
        return "The zone takes no labels with two hyphens in a row."
    for pattern in policy.forbidden:
        if re.search(pattern, shown):
            return f"The zone takes no labels that match '{pattern}'."
    return None


def table_of(u_label: str, tables: tuple[IdnTable, ...]) -> IdnTable | None:
    """The first table that holds the whole label, digits and hyphens aside; None if it mixes tables or is in none."""
    letters = set(u_label) - _IN_EVERY_TABLE
    return next((table for table in tables if letters <= table.letters), None)


def _outside_tables(u_label: str, tables: tuple[IdnTable, ...]) -> str:
    known = _IN_EVERY_TABLE.union(*(table.letters for table in tables))
    for letter in u_label:
        if letter not in known:
            return f"'{letter}' (U+{ord(letter):04X}) is in none of the zone's IDN tables."
    return "The label mixes letters of several IDN tables; all must be in one of them."


_IN_EVERY_TABLE: Final = frozenset("0123456789-")
_A_TO_Z: Final = "abcdefghijklmnopqrstuvwxyz"


def _letters(*ranges: tuple[int, int]) -> str:
    return "".join(chr(point) for first, last in ranges for point in range(first, last + 1))


# Script property of Unicode (Scripts.txt) cut to the blocks named, each letter PVALID in IDNA 2008 (RFC 5892; the tests
# hold every letter against the idna library). Small on purpose: an operator lists further letters in the zone's policy.
IDN_TABLES: Final[Mapping[str, IdnTable]] = MappingProxyType(
    {
        table.name: table
        for table in (
            IdnTable("de", frozenset(_A_TO_Z + "äöüß"), "German alphabet, within Unicode script Latin"),
            IdnTable(
                "latin",
                frozenset(
                    _A_TO_Z
                    + "ßàáâãäåæçèéêëìíîïðñòóôõöøùúûüýþÿ"
                    + "āăąćĉċčďđēĕėęěĝğġģĥħĩīĭįıĵķĸĺļľłńņňŋōŏőœŕŗřśŝşšţťŧũūŭůűųŵŷźżž"
                    + "șț"
                ),
                "Unicode script Latin: blocks Latin-1 Supplement, Latin Extended-A; with U+0219, U+021B (Romanian)",
            ),
            IdnTable(
                "greek",
                frozenset(_letters((0x0390, 0x0390), (0x03AC, 0x03CE))),
                "Unicode script Greek: block Greek and Coptic, letters of monotonic Modern Greek",
            ),
            IdnTable(
                "cyrillic",
                frozenset(_letters((0x0430, 0x045F), (0x0491, 0x0491))),
                "Unicode script Cyrillic: block Cyrillic, U+0430 to U+045F, with U+0491 for Ukrainian",
            ),
        )
    }
)
