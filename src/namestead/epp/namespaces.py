"""The XML namespaces of EPP that are spoken here, and the prefix each is written with.

Every URI stands in the IANA registry of EPP extensions or in RFC 5730 to 5733. A client may bind any prefix it likes;
these are the ones we write, and the ones a fault names an element by.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

EPP: Final = "urn:ietf:params:xml:ns:epp-1.0"
DOMAIN: Final = "urn:ietf:params:xml:ns:domain-1.0"
HOST: Final = "urn:ietf:params:xml:ns:host-1.0"
CONTACT: Final = "urn:ietf:params:xml:ns:contact-1.0"

RGP: Final = "urn:ietf:params:xml:ns:rgp-1.0"  # RFC 3915
SEC_DNS: Final = "urn:ietf:params:xml:ns:secDNS-1.1"  # RFC 5910
FEE: Final = "urn:ietf:params:xml:ns:epp:fee-1.0"  # RFC 8748
ALLOCATION_TOKEN: Final = "urn:ietf:params:xml:ns:allocationToken-1.0"  # noqa: S105 - RFC 8495
LOGIN_SECURITY: Final = "urn:ietf:params:xml:ns:epp:loginSec-1.0"  # RFC 8807
CHANGE_POLL: Final = "urn:ietf:params:xml:ns:changePoll-1.0"  # RFC 8590
LAUNCH: Final = "urn:ietf:params:xml:ns:launch-1.0"  # RFC 8334
TTL: Final = "urn:ietf:params:xml:ns:epp:ttl-1.0"  # RFC 9803
MAINTENANCE: Final = "urn:ietf:params:xml:ns:epp:maintenance-1.0"  # RFC 9167

# Practices, not elements: announced, and without a schema of their own.
SECURE_AUTH_INFO_TRANSFER: Final = "urn:ietf:params:xml:ns:epp:secure-authinfo-transfer-1.0"  # RFC 9154
UNHANDLED_NAMESPACES: Final = "urn:ietf:params:xml:ns:epp:unhandled-namespaces-1.0"  # RFC 9038

# Carried inside launch-1.0, never announced by themselves.
MARK: Final = "urn:ietf:params:xml:ns:mark-1.0"  # RFC 7848
SIGNED_MARK: Final = "urn:ietf:params:xml:ns:signedMark-1.0"  # RFC 7848

XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"

OBJECTS: Final = (DOMAIN, HOST, CONTACT)
"""What `<objURI>` announces."""

EXTENSIONS: Final = (
    RGP,
    SEC_DNS,
    FEE,
    ALLOCATION_TOKEN,
    LOGIN_SECURITY,
    CHANGE_POLL,
    SECURE_AUTH_INFO_TRANSFER,
    UNHANDLED_NAMESPACES,
    LAUNCH,
    TTL,
    MAINTENANCE,
)
"""What `<extURI>` announces."""

PREFIXES: Final[Mapping[str, str]] = MappingProxyType(
    {
        EPP: "epp",
        DOMAIN: "domain",
        HOST: "host",
        CONTACT: "contact",
        RGP: "rgp",
        SEC_DNS: "secDNS",
        FEE: "fee",
        ALLOCATION_TOKEN: "allocationToken",
        LOGIN_SECURITY: "loginSec",
        CHANGE_POLL: "changePoll",
        LAUNCH: "launch",
        TTL: "ttl",
        MAINTENANCE: "maint",
        MARK: "mark",
        SIGNED_MARK: "smd",
        XSI: "xsi",
    }
)
URIS: Final[Mapping[str, str]] = MappingProxyType({prefix: uri for uri, prefix in PREFIXES.items()})
