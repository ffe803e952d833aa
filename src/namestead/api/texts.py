"""What texts of a request are made of: patterns, and what to say of a text that keeps none.

`$` matches before a final line feed in Python, so each pattern guards against one; ECMA, which OpenAPI speaks, needs no
such guard, and `openapi.py` leaves it out.
"""

from __future__ import annotations

from typing import Final

# Control characters have no place in a text of ours: PostgreSQL refuses NUL, terminals and mails obey the others.
PLAIN: Final = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*$(?!\n)"
VISIBLE: Final = r"^[\x21-\x7e]{1,255}$(?!\n)"
PRINTABLE: Final = r"^[\x20-\x7e]*$(?!\n)"
EMAIL: Final = r"^([^\s@\x00-\x1f\x7f]+@[^\s@\x00-\x1f\x7f]+)?$(?!\n)"
PHONE: Final = r"^(\+[0-9]{1,3}\.[0-9]{1,14})?$(?!\n)"
COUNTRY: Final = r"^([A-Z]{2})?$(?!\n)"
HANDLE: Final = r"^[\x21-\x7e]{3,16}$(?!\n)"
DIGITS: Final = r"^[0-9]*$(?!\n)"
HEX: Final = r"^([0-9A-Fa-f]{2})+$(?!\n)"

WORD: Final = r"^[a-z_]+$(?!\n)"

PATTERNS: Final[dict[str, str]] = {
    PLAIN: "contains a control character",
    VISIBLE: "must be 1 to 255 visible ASCII characters, without blanks",
    PRINTABLE: "must be of printable ASCII characters",
    EMAIL: "is not an e-mail address",
    PHONE: "is written like +49.301234567 (ITU-T E.164 with a dot after the country code)",
    COUNTRY: "must be a two-letter code of ISO 3166-1, in capitals",
    HANDLE: "must be 3 to 16 visible ASCII characters",
    WORD: "must be of small letters and underscores",
    DIGITS: "must be of digits",
    HEX: "must be hexadecimal digits, two for each octet",
}
