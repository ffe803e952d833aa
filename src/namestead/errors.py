"""Every error Namestead can answer: one list, in order of precedence, for every door.

Where several errors apply to one command, the one that stands first in `CATALOGUE` is answered: first what turns a
request away at the gates, in the order of `contracts/registrar-api.md`, then what the register itself refuses. Each
kind carries its HTTP status and its EPP result code, so that no door needs a translation table of its own.

This module imports nothing of ours. It knows no HTTP, no XML and no database: doors turn a `Refusal` into an answer,
rules and commands raise one.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

# RFC 5730, section 3, word for word. An `epp_result` is never translated: clients compare these texts.
_EPP_TEXTS: Final[Mapping[int, str]] = MappingProxyType(
    {
        1000: "Command completed successfully",
        1001: "Command completed successfully; action pending",
        1300: "Command completed successfully; no messages",
        1301: "Command completed successfully; ack to dequeue",
        1500: "Command completed successfully; ending session",
        2000: "Unknown command",
        2001: "Command syntax error",
        2002: "Command use error",
        2003: "Required parameter missing",
        2004: "Parameter value range error",
        2005: "Parameter value syntax error",
        2100: "Unimplemented protocol version",
        2101: "Unimplemented command",
        2102: "Unimplemented option",
        2103: "Unimplemented extension",
        2104: "Billing failure",
        2105: "Object is not eligible for renewal",
        2106: "Object is not eligible for transfer",
        2200: "Authentication error",
        2201: "Authorization error",
        2202: "Invalid authorization information",
        2300: "Object pending transfer",
        2301: "Object not pending transfer",
        2302: "Object exists",
        2303: "Object does not exist",
        2304: "Object status prohibits operation",
        2305: "Object association prohibits operation",
        2306: "Parameter value policy error",
        2307: "Unimplemented object service",
        2308: "Data management policy violation",
        2400: "Command failed",
        2500: "Command failed; server closing connection",
        2501: "Authentication error; server closing connection",
        2502: "Session limit exceeded; server closing connection",
    }
)


def epp_text(code: int) -> str:
    """The text of an EPP result code (RFC 5730, section 3). `KeyError` for a code the RFC does not have."""
    return _EPP_TEXTS[code]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of error. `meaning` says in a sentence or two what it means and what to do next."""

    code: str
    http_status: int
    epp_result_code: int
    epp_result: str
    retryable: bool
    meaning: str


_in_order: list[Kind] = []


def _kind(code: str, http: int, epp: int, meaning: str, *, retryable: bool = False) -> Kind:
    kind = Kind(code, http, epp, epp_text(epp), retryable, meaning)
    _in_order.append(kind)
    return kind


# The order of the definitions below IS the precedence. Codes and numbers of the contract never change.

# --- Gates: the request cannot be taken in, or leads nowhere ---------------------------------------------------------

HEADERS_TOO_LARGE = _kind(
    "headers_too_large", 431, 2001, "The request's header fields are larger than the limit. Send fewer or shorter ones."
)
MALFORMED_REQUEST = _kind(
    "malformed_request", 400, 2001, "What was sent is not an HTTP/1.1 request. Compare the client's protocol and port."
)
NOT_FOUND = _kind(
    "not_found", 404, 2000, "There is no such path. Compare it with the OpenAPI document of this interface."
)
METHOD_NOT_ALLOWED = _kind(
    "method_not_allowed", 405, 2000, "This path does not take this method. The Allow header lists those it takes."
)

# --- Gates: who is calling -------------------------------------------------------------------------------------------

UNAUTHORIZED = _kind(
    "unauthorized",
    401,
    2200,
    "The credentials are missing, malformed, unknown, expired or revoked. Send a valid key as 'Authorization: Bearer'.",
)
MISSING_SCOPE = _kind(
    "missing_scope",
    403,
    2201,
    "The key lacks a scope this command needs. Use a key that has it, or have it added in the console.",
)
ACCOUNT_SUSPENDED = _kind(
    "account_suspended", 403, 2201, "The account is suspended by the operator. Ask the operator to lift the suspension."
)
ACCOUNT_NOT_APPROVED = _kind(
    "account_not_approved",
    403,
    2201,
    "The account is not approved for this service. Ask the operator for the approval, then send the request again.",
)
REGISTRAR_CHANNEL_REQUIRED = _kind(
    "registrar_channel_required",
    403,
    2201,
    "The key is not bound to an approved registrar channel. Bind it to one in the console; GET /status shows the gap.",
)
EPP_VERSION_NOT_SUPPORTED = _kind(
    "epp_version_not_supported", 400, 2100, "The server does not speak this version of EPP. Use one of the greeting's."
)
EPP_LANGUAGE_NOT_SUPPORTED = _kind(
    "epp_language_not_supported", 400, 2102, "The server does not answer in this language. Use one of the greeting's."
)
EPP_OBJECT_NOT_SERVED = _kind(
    "epp_object_not_served", 400, 2307, "The server does not serve this object namespace. The greeting lists its own."
)
EPP_EXTENSION_NOT_SERVED = _kind(
    "epp_extension_not_served", 400, 2103, "The server does not serve this extension. The greeting lists its own."
)
EPP_AUTHENTICATION_FAILED = _kind(
    "epp_authentication_failed",
    401,
    2200,
    "The client id, the password or the client certificate is not accepted. Correct what the reason names, log in again.",
)
EPP_ACCESS_DENIED = _kind(
    "epp_access_denied",
    403,
    2201,
    "The registrar may not come in through EPP in this way. Ask the operator to allow what the reason names.",
)
EPP_TOO_MANY_GUESSES = _kind(
    "epp_too_many_guesses",
    429,
    2501,
    "Too many logins with passwords not known to be right. Wait for the next minute, then log in with the right one.",
    retryable=True,
)
EPP_LOGIN_BUSY = _kind(
    "epp_login_busy",
    503,
    2400,
    "More logins are waiting than are taken in. Nothing was checked; log in again after a few seconds.",
    retryable=True,
)
EPP_SESSION_LIMIT_EXCEEDED = _kind(
    "epp_session_limit_exceeded",
    429,
    2502,
    "The registrar has as many sessions as it may have. End one of them, or ask the operator for more.",
    retryable=True,
)
REGISTRAR_RATE_LIMIT_EXCEEDED = _kind(
    "registrar_rate_limit_exceeded",
    429,
    2400,
    "Too many requests for this command in this minute. Wait as many seconds as Retry-After says, then send it again.",
    retryable=True,
)
RATE_LIMITED = _kind(
    "rate_limited",
    429,
    2400,
    "Too many requests in this minute. Wait as many seconds as Retry-After says, then send it again.",
    retryable=True,
)

# --- Gates: what was sent --------------------------------------------------------------------------------------------

REQUEST_TIMEOUT = _kind(
    "request_timeout",
    408,
    2400,
    "The request did not arrive whole in time and nothing was done. Send it again.",
    retryable=True,
)
BODY_TOO_LARGE = _kind("body_too_large", 413, 2001, "The body is larger than the limit. Split the request.")
UNSUPPORTED_MEDIA_TYPE = _kind(
    "unsupported_media_type",
    415,
    2001,
    "The body is of a type this interface does not read. Send JSON with 'Content-Type: application/json'.",
)
INVALID_JSON = _kind("invalid_json", 400, 2001, "The body is not valid JSON in UTF-8. Correct it and send it again.")
MISSING_FIELD = _kind("missing_field", 422, 2003, "A required field is missing. Add it and send the request again.")
IDEMPOTENCY_KEY_REQUIRED = _kind(
    "idempotency_key_required",
    400,
    2003,
    "This command needs an Idempotency-Key header of 1 to 255 visible ASCII characters. Choose a fresh one.",
)
INVALID_REQUEST = _kind(
    "invalid_request",
    422,
    2005,
    "A value is not of the form this field takes. The details name every fault; correct them and send it again.",
)
INVALID_CURSOR = _kind(
    "invalid_cursor",
    422,
    2005,
    "The cursor was not made by this listing, or with other filters. Start again without a cursor.",
)
VALUE_OUT_OF_RANGE = _kind(
    "value_out_of_range", 422, 2004, "A value is outside the range this field takes. Correct it and send it again."
)

# --- Gates: where the caller may act ---------------------------------------------------------------------------------

REGISTRAR_NAMESPACE_NOT_APPROVED = _kind(
    "registrar_namespace_not_approved",
    403,
    2201,
    "The channel has no approved listing for this TLD. GET /status shows the listings; ask the operator for one.",
)
REGISTRAR_CHANNEL_NOT_PRODUCTION_APPROVED = _kind(
    "registrar_channel_not_production_approved",
    403,
    2201,
    "The channel is not approved for production. Use the sandbox or a test zone until the operator approves it.",
)
DUPLICATE_IDEMPOTENCY_KEY_CONFLICT = _kind(
    "duplicate_idempotency_key_conflict",
    409,
    2306,
    "This idempotency key was used for a different request. Send the first request unchanged, or choose a fresh key.",
)
PRECONDITION_FAILED = _kind(
    "precondition_failed",
    412,
    2400,
    "The object is no longer in the version the request names. Read it again and decide anew.",
)

# --- Commands: the object is there, and is the caller's --------------------------------------------------------------

ZONE_NOT_FOUND = _kind(
    "zone_not_found", 404, 2306, "This registry has no such zone. GET /status lists the zones it has for this channel."
)
REGISTRAR_NOT_FOUND = _kind("registrar_not_found", 404, 2303, "There is no such registrar. Check the slug or id.")
ACCOUNT_NOT_FOUND = _kind("account_not_found", 404, 2303, "There is no such account. Check the id.")
DOMAIN_NOT_FOUND = _kind("domain_not_found", 404, 2303, "The name is not registered here. Check its spelling.")
HOST_NOT_FOUND = _kind("host_not_found", 404, 2303, "There is no such host. Create it first, or check its name.")
CONTACT_NOT_FOUND = _kind("contact_not_found", 404, 2303, "There is no such contact. Create it first, or check its id.")
MESSAGE_NOT_FOUND = _kind(
    "message_not_found", 404, 2303, "No such message waits for this channel. Read the queue again for what is in it."
)
OBJECT_NOT_FOUND = _kind("object_not_found", 404, 2303, "There is no such object. Check its id.")
AUTH_INFO_LOCKED = _kind(
    "auth_info_locked",
    403,
    2202,
    "Ten wrong auth_info were sent for this name within an hour: its transfer is locked. Wait until the hour is over.",
)
AUTH_INFO_INVALID = _kind(
    "auth_info_invalid",
    403,
    2202,
    "The auth_info is wrong, expired or not set. Get a fresh one from the holder; the sponsor can set it.",
)
NOT_SPONSOR = _kind(
    "not_sponsor", 403, 2201, "The object is sponsored by another registrar. Only its sponsor may do this."
)

# --- Commands: the name can be had -----------------------------------------------------------------------------------

ZONE_CLOSED = _kind(
    "zone_closed", 409, 2306, "The zone takes no such commands at present. Its policy says when and from whom it does."
)
SANDBOX_FIXTURE_IS_REAL_NAME = _kind(
    "sandbox_fixture_is_real_name",
    409,
    2302,
    "A name the sandbox needs is a real registration, so nothing was changed. Choose another TLD, or ask the operator.",
)
DOMAIN_NOT_AVAILABLE = _kind(
    "domain_not_available",
    409,
    2302,
    "The name is registered, or its release is still pending. Check it to see why and until when.",
)
NAME_BLOCKED = _kind("name_blocked", 409, 2308, "The name is blocked by the operator. It cannot be registered.")
NAME_DISPUTED = _kind(
    "name_disputed", 409, 2306, "The name is in dispute. It cannot be registered until the dispute is settled."
)
NAME_RESERVED = _kind(
    "name_reserved",
    409,
    2306,
    "The name is reserved. It is registered only with the allocation token its reservation was given.",
)
CLAIM_REQUIRED = _kind(
    "claim_required", 409, 2306, "The name must be claimed. Send the allocation token the claim was given."
)
ALLOCATION_TOKEN_INVALID = _kind(
    "allocation_token_invalid",
    403,
    2201,
    "The allocation token is wrong, used, expired or meant for another name. Ask the operator for a valid one.",
)
OBJECT_EXISTS = _kind(
    "object_exists", 409, 2302, "There is one already. Use it as it is, or choose another name for it."
)
HOST_EXISTS = _kind("host_exists", 409, 2302, "The host exists already. Use it as it is, or update it.")
CONTACT_EXISTS = _kind("contact_exists", 409, 2302, "The contact id is taken. Choose another one.")

# --- Commands: the object's state allows it --------------------------------------------------------------------------

PROTECTED_LEGACY_REGISTRATION_NOT_DELETABLE = _kind(
    "protected_legacy_registration_not_deletable",
    409,
    2304,
    "The registration is protected as a legacy name. It is deletable once the operator has recorded a policy review.",
)
TRANSFER_PENDING = _kind(
    "transfer_pending", 409, 2300, "A transfer of the name is pending. Wait for its end, or have it cancelled."
)
TRANSFER_NOT_PENDING = _kind(
    "transfer_not_pending", 409, 2301, "No transfer of the name is pending. It has ended, or was never requested."
)
STATUS_PROHIBITS = _kind(
    "status_prohibits",
    409,
    2304,
    "A status of the object prohibits this command. Its sponsor removes client statuses, the operator server statuses.",
)
NOT_RENEWABLE = _kind("not_renewable", 409, 2105, "The name cannot be renewed in its present state. Restore it first.")
NOT_TRANSFERABLE = _kind(
    "not_transferable",
    409,
    2106,
    "The name cannot be transferred in its present state, or the registrar has it already. See its state and dates.",
)
NOT_RESTORABLE = _kind(
    "not_restorable", 409, 2304, "The name is not in redemption, so there is nothing to restore. Look at its state."
)
ASSOCIATION_PROHIBITS = _kind(
    "association_prohibits",
    409,
    2305,
    "Other objects depend on this one. Remove their references to it first; its info shows that it is linked.",
)
DELEGATED_DOMAIN_HAS_NO_RECORDS = _kind(
    "delegated_domain_has_no_records",
    409,
    2304,
    "The name is delegated to name servers, so it has no records here. Remove its name servers first.",
)

# --- Commands: policy ------------------------------------------------------------------------------------------------

DNS_MODULE_NOT_ENABLED = _kind(
    "dns_module_not_enabled",
    403,
    2201,
    "The DNS module is not enabled for this channel. Ask the operator to enable it.",
)
BACKEND_DNS_NOT_SUPPORTED = _kind(
    "backend_dns_not_supported",
    409,
    2307,
    "The backend of this zone cannot serve records of its names. Use name servers of your own instead.",
)
CONTACTS_NOT_ALLOWED = _kind(
    "contacts_not_allowed", 409, 2306, "This zone keeps no contacts. Send the request without any."
)
CONTACT_REQUIRED = _kind("contact_required", 422, 2003, "This zone requires this contact. Add it and send it again.")
AUTH_INFO_TOO_WEAK = _kind(
    "auth_info_too_weak",
    422,
    2306,
    "The auth_info is too weak. Use 20 or more printable ASCII characters with three of: lower, upper, digit, other.",
)
MAX_LIFETIME_EXCEEDED = _kind(
    "max_lifetime_exceeded",
    422,
    2004,
    "The registration would run for more than ten years from now. Ask for fewer years.",
)
POLICY_VIOLATION = _kind(
    "policy_violation", 422, 2306, "A value is well formed, but the registry's policy does not take it. Change it."
)

# --- Commands: backorders --------------------------------------------------------------------------------------------

BATCH_REJECTED = _kind(
    "batch_rejected",
    422,
    2306,
    "At least one item of the batch was refused, so none was stored. The items show every code; correct them all.",
)
DUPLICATE_BACKORDER = _kind(
    "duplicate_backorder", 409, 2302, "The account has an open order for this name already. Use it, or cancel it first."
)
NOT_CANCELLABLE = _kind(
    "not_cancellable", 409, 2304, "The order can no longer be cancelled. Its cut-off has passed, or it has ended."
)
QUOTA_EXCEEDED = _kind(
    "quota_exceeded", 409, 2306, "The account has reached its quota. Cancel something, or ask the operator for more."
)

# --- Commands: money, asked last, so that nobody is told to pay for what could not be had ----------------------------

CURRENCY_MISMATCH = _kind(
    "currency_mismatch",
    409,
    2004,
    "The zone has no price in this currency. Name the account's currency, or ask the operator for a price in it.",
)
FEE_MISMATCH = _kind(
    "fee_mismatch", 409, 2004, "The price is not the one agreed to, or a premium was not agreed to. Check the name."
)
INSUFFICIENT_BALANCE = _kind(
    "insufficient_balance",
    402,
    2104,
    "The account's balance and credit do not cover the price. Top it up, then send it again, with the same key if any.",
)

# --- Failures of ours ------------------------------------------------------------------------------------------------

BACKEND_UNAVAILABLE = _kind(
    "backend_unavailable",
    503,
    2400,
    "The registry cannot take the command now and did nothing. Wait as Retry-After says, then send it again.",
    retryable=True,
)
INTERNAL_ERROR = _kind(
    "internal_error",
    500,
    2400,
    "Something went wrong on our side. Send it again with the same idempotency key, or report the request id.",
    retryable=True,
)

CATALOGUE: Final[tuple[Kind, ...]] = tuple(_in_order)
BY_CODE: Final[Mapping[str, Kind]] = MappingProxyType({kind.code: kind for kind in CATALOGUE})

# Fields whose value is never repeated, in whichever spelling a door uses: `auth_info`, `authInfo`, `new-password`.
SECRET_FIELDS: Final[frozenset[str]] = frozenset(
    {
        "allocation_token",
        "api_key",
        "auth_info",
        "authorization",
        "code",
        "key",
        "new_password",
        "new_pw",
        "otp",
        "password",
        "pw",
        "secret",
        "token",
        "totp",
    }
)
_SECRET_WORDS: Final = frozenset(name.replace("_", "") for name in SECRET_FIELDS)
_BETWEEN_SEGMENTS: Final = re.compile(r"[^\w-]+")
_UNSAFE: Final = re.compile(r"[^\x20-\x7e\u00a0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SHOWN_AT_MOST: Final = 255  # characters of a value that are repeated: one whole domain name (RFC 1035, 2.3.4)


def is_secret(field: str | None) -> bool:
    """Whether the value of this field must never be shown; any segment counts: `contacts[0].auth_info`, `domain:pw`."""
    if field is None:
        return False
    words = _BETWEEN_SEGMENTS.split(field.replace("_", "").replace("-", "").lower())
    return not _SECRET_WORDS.isdisjoint(words)


def _printable(text: str) -> str:
    """The text with control characters and lone surrogates escaped: safe in JSON, in XML and on one log line."""
    if text.isascii() and text.isprintable():
        return text
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _shown(value: str | None) -> str | None:
    """The value as it may stand in an answer or a log line."""
    if value is None:
        return None
    if len(value) > _SHOWN_AT_MOST:
        value = value[:_SHOWN_AT_MOST] + "…"
    return _printable(value)


def _gives_away(message: str, field: str | None, value: str | None) -> bool:
    return bool(value) and is_secret(field) and str(value) in message


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of a request: `code` is finer than a `Kind` (`invalid_name`), `message` a reason a person can use."""

    field: str
    code: str
    message: str
    value: str | None = None

    def __post_init__(self) -> None:
        leaks = _gives_away(self.message, self.field, self.value)
        message = f"{self.field} is not accepted." if leaks else self.message
        object.__setattr__(self, "message", _printable(message))
        object.__setattr__(self, "value", None if is_secret(self.field) else _shown(self.value))


class Refusal(Exception):
    """A command is refused: raised by rules and commands, answered by the doors, written to the log by the engine.

    `field` and `value` name what was refused; a secret's value is dropped here, so that no door can repeat it. `extra`
    is what a kind says beside that (`missing_scopes`, `cancellable_until`), of JSON values.
    """

    kind: Kind
    field: str | None
    value: str | None
    message: str
    details: tuple[Fault, ...]
    extra: Mapping[str, Any]

    def __init__(
        self,
        kind: Kind,
        field: str | None = None,
        value: str | None = None,
        *,
        message: str | None = None,
        details: Iterable[Fault] = (),
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        self.kind = kind
        self.field = field
        self.value = None if is_secret(field) else _shown(value)
        if message is None or _gives_away(message, field, value):
            message = self._from_meaning()
        self.message = _printable(message)
        self.details = tuple(details)
        self.extra = MappingProxyType(dict(extra)) if extra else MappingProxyType({})
        super().__init__(f"{kind.code}: {self.message}")

    def _from_meaning(self) -> str:
        if self.field is None:
            return self.kind.meaning
        if self.value is None:
            return f"{self.field}: {self.kind.meaning}"
        return f"{self.field} '{self.value}': {self.kind.meaning}"
