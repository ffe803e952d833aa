"""The OpenAPI 3.1 document of the registrar API, built from the command table, the endpoints and the error catalogue.

Every operation says its scope, its request, each answer, and each error it can give.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import msgspec

from namestead import __version__, errors
from namestead.api.endpoints import ENDPOINTS, Endpoint
from namestead.api.errors import ErrorBody
from namestead.api.schemas import Mutation
from namestead.commands.answers import PublicRegistration, Registration
from namestead.commands.table import TABLE, Kind, Row
from namestead.errors import Kind as Error

SERVER = "/api/v1/registrar/v1"

_OF_ANY = (
    errors.HEADERS_TOO_LARGE,
    errors.MALFORMED_REQUEST,
    errors.METHOD_NOT_ALLOWED,
    errors.UNAUTHORIZED,
    errors.MISSING_SCOPE,
    errors.REGISTRAR_RATE_LIMIT_EXCEEDED,
    errors.BACKEND_UNAVAILABLE,
    errors.INTERNAL_ERROR,
    errors.REQUEST_TIMEOUT,
    errors.INVALID_REQUEST,
)
_OF_A_BODY = (
    errors.BODY_TOO_LARGE,
    errors.UNSUPPORTED_MEDIA_TYPE,
    errors.INVALID_JSON,
)
_OF_A_TRANSFORM = (
    errors.REGISTRAR_CHANNEL_NOT_PRODUCTION_APPROVED,
    errors.DUPLICATE_IDEMPOTENCY_KEY_CONFLICT,
)
_OF_A_PRICE = (
    errors.CURRENCY_MISMATCH,
    errors.FEE_MISMATCH,
    errors.INSUFFICIENT_BALANCE,
    errors.ACCOUNT_SUSPENDED,
)
_OF_MY_NAME = (errors.DOMAIN_NOT_FOUND, errors.NOT_SPONSOR, errors.NOT_FOUND)
_OF_NAMESERVERS = (
    errors.DOMAIN_NOT_FOUND,
    errors.NOT_SPONSOR,
    errors.MISSING_FIELD,
    errors.VALUE_OUT_OF_RANGE,
    errors.POLICY_VIOLATION,
)
_OF_HOSTS = (
    errors.REGISTRAR_NAMESPACE_NOT_APPROVED,
    errors.DOMAIN_NOT_FOUND,
    errors.NOT_SPONSOR,
    errors.STATUS_PROHIBITS,
    errors.HOST_EXISTS,
    errors.MISSING_FIELD,
    errors.VALUE_OUT_OF_RANGE,
    errors.POLICY_VIOLATION,
)
_OF_DETAILS = (
    errors.MISSING_FIELD,
    errors.POLICY_VIOLATION,
    errors.AUTH_INFO_TOO_WEAK,
)
_OF_CONTACTS = (
    errors.CONTACT_NOT_FOUND,
    errors.CONTACTS_NOT_ALLOWED,
    errors.CONTACT_REQUIRED,
    errors.NOT_SPONSOR,
)

OWN_ERRORS: dict[str, tuple[Error, ...]] = {
    "reset_sandbox": (
        errors.SANDBOX_FIXTURE_IS_REAL_NAME,
        errors.ZONE_NOT_FOUND,
        errors.REGISTRAR_NAMESPACE_NOT_APPROVED,
    ),
    "check_domain": (),
    "create_domain": (
        errors.ZONE_CLOSED,
        errors.DOMAIN_NOT_AVAILABLE,
        errors.NAME_BLOCKED,
        errors.NAME_DISPUTED,
        errors.NAME_RESERVED,
        errors.CLAIM_REQUIRED,
        errors.ALLOCATION_TOKEN_INVALID,
        errors.HOST_EXISTS,
        errors.CONTACT_EXISTS,
        errors.AUTH_INFO_TOO_WEAK,
        errors.MAX_LIFETIME_EXCEEDED,
        *_OF_CONTACTS,
        *_OF_NAMESERVERS,
        *_OF_A_PRICE,
    ),
    "info_domain": (*_OF_MY_NAME, errors.AUTH_INFO_INVALID),
    "renew_domain": (
        *_OF_MY_NAME,
        errors.NOT_RENEWABLE,
        errors.STATUS_PROHIBITS,
        errors.VALUE_OUT_OF_RANGE,
        errors.MAX_LIFETIME_EXCEEDED,
        errors.TRANSFER_PENDING,
        errors.POLICY_VIOLATION,
        *_OF_A_PRICE,
    ),
    "update_domain": (
        *_OF_MY_NAME,
        errors.STATUS_PROHIBITS,
        errors.TRANSFER_PENDING,
        errors.AUTH_INFO_TOO_WEAK,
        errors.CONTACT_EXISTS,
        errors.MISSING_FIELD,
        errors.VALUE_OUT_OF_RANGE,
        errors.POLICY_VIOLATION,
        *_OF_CONTACTS,
    ),
    "transfer_domain": (
        *_OF_MY_NAME,
        errors.AUTH_INFO_INVALID,
        errors.AUTH_INFO_LOCKED,
        errors.REGISTRAR_NOT_FOUND,
        errors.TRANSFER_PENDING,
        errors.TRANSFER_NOT_PENDING,
        errors.NOT_TRANSFERABLE,
        errors.STATUS_PROHIBITS,
        errors.MISSING_FIELD,
        errors.MAX_LIFETIME_EXCEEDED,
        errors.VALUE_OUT_OF_RANGE,
        errors.POLICY_VIOLATION,
        *_OF_A_PRICE,
    ),
    "restore_domain": (
        *_OF_MY_NAME,
        errors.NOT_RESTORABLE,
        errors.STATUS_PROHIBITS,
        errors.MAX_LIFETIME_EXCEEDED,
        errors.MISSING_FIELD,
        *_OF_A_PRICE,
    ),
    "update_nameservers": (
        *_OF_MY_NAME,
        errors.STATUS_PROHIBITS,
        errors.TRANSFER_PENDING,
        errors.HOST_EXISTS,
        errors.ASSOCIATION_PROHIBITS,
        *_OF_NAMESERVERS,
    ),
    "get_records": (
        *_OF_MY_NAME,
        errors.DNS_MODULE_NOT_ENABLED,
        errors.BACKEND_DNS_NOT_SUPPORTED,
        errors.DELEGATED_DOMAIN_HAS_NO_RECORDS,
    ),
    "update_records": (
        *_OF_MY_NAME,
        errors.DNS_MODULE_NOT_ENABLED,
        errors.BACKEND_DNS_NOT_SUPPORTED,
        errors.DELEGATED_DOMAIN_HAS_NO_RECORDS,
        errors.STATUS_PROHIBITS,
        errors.TRANSFER_PENDING,
        errors.VALUE_OUT_OF_RANGE,
        errors.POLICY_VIOLATION,
    ),
    "delete_domain": (
        *_OF_MY_NAME,
        errors.STATUS_PROHIBITS,
        errors.TRANSFER_PENDING,
        errors.ASSOCIATION_PROHIBITS,
        errors.PROTECTED_LEGACY_REGISTRATION_NOT_DELETABLE,
    ),
    "check_host": (),
    "create_host": _OF_HOSTS,
    "info_host": (errors.HOST_NOT_FOUND, errors.NOT_FOUND),
    "update_host": (*_OF_HOSTS, errors.HOST_NOT_FOUND, errors.ASSOCIATION_PROHIBITS, errors.NOT_FOUND),
    "delete_host": (
        errors.REGISTRAR_NAMESPACE_NOT_APPROVED,
        errors.HOST_NOT_FOUND,
        errors.NOT_SPONSOR,
        errors.STATUS_PROHIBITS,
        errors.ASSOCIATION_PROHIBITS,
        errors.NOT_FOUND,
    ),
    "check_contact": (),
    "create_contact": (*_OF_DETAILS, errors.CONTACT_EXISTS, errors.CONTACTS_NOT_ALLOWED),
    "info_contact": (errors.CONTACT_NOT_FOUND, errors.NOT_SPONSOR, errors.AUTH_INFO_INVALID, errors.NOT_FOUND),
    "update_contact": (
        *_OF_DETAILS,
        errors.CONTACT_NOT_FOUND,
        errors.NOT_SPONSOR,
        errors.STATUS_PROHIBITS,
        errors.NOT_FOUND,
    ),
    "delete_contact": (
        errors.CONTACT_NOT_FOUND,
        errors.NOT_SPONSOR,
        errors.STATUS_PROHIBITS,
        errors.ASSOCIATION_PROHIBITS,
        errors.NOT_FOUND,
    ),
    "read_message": (),
    "ack_message": (errors.MESSAGE_NOT_FOUND, errors.NOT_FOUND),
    "status": (),
    "list_domains": (errors.ZONE_NOT_FOUND, errors.INVALID_CURSOR),
    "balance": (errors.INVALID_CURSOR,),
    "poll": (errors.INVALID_CURSOR,),
    "list_pending": (errors.INVALID_CURSOR,),
}
"""Beside those that the kind of a command brings with it. The tests hold every answer they get against this."""


def errors_of(row: Row) -> tuple[Error, ...]:
    """Every error a command can answer, in the catalogue's order."""
    endpoint = ENDPOINTS[row.name]
    found = {*_OF_ANY, *OWN_ERRORS[row.name]}
    if endpoint.body is not None:
        found.update(_OF_A_BODY)
    if not endpoint.without_channel:
        found.add(errors.REGISTRAR_CHANNEL_REQUIRED)
    if row.listed:
        found.add(errors.REGISTRAR_NAMESPACE_NOT_APPROVED)
    if row.kind is Kind.TRANSFORM and not row.always:
        found.update(_OF_A_TRANSFORM)
    return tuple(kind for kind in errors.CATALOGUE if kind in found)


def document() -> bytes:
    """The document as JSON."""
    return msgspec.json.format(msgspec.json.encode(build()), indent=1)


def build() -> dict[str, Any]:
    rows = [row for row in TABLE if row.path is not None]
    types: list[Any] = [ErrorBody, Registration, PublicRegistration]
    for row in rows:
        endpoint = ENDPOINTS[row.name]
        types += [t for t in (endpoint.body, endpoint.answer, endpoint.also, endpoint.lists) if t is not None]
    references, components = msgspec.json.schema_components(types, ref_template="#/components/schemas/{name}")
    shown = dict(zip(types, references, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for row in rows:
        assert row.path is not None and row.method is not None
        item = paths.setdefault(row.path, {})
        for parameter, shown_as in _IN_PATH.items():
            if f"{{{parameter}}}" in row.path:
                item["parameters"] = [{"$ref": f"#/components/parameters/{shown_as}"}]
        item[row.method.lower()] = _operation(row, ENDPOINTS[row.name], shown, components)
    queries = {ENDPOINTS[row.name].lists for row in rows} - {None}
    schemas = {n: _tidy(s) for n, s in components.items() if n not in {q.__name__ for q in queries if q is not None}}
    return {
        "openapi": "3.1.0",
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "info": {
            "title": "Namestead registrar API",
            "version": __version__,
            "description": "Register, renew, change, transfer, restore and delete names; read the log and the balance. "
            "Every answer carries X-Request-Id. Errors have one form, and their codes are listed in "
            "x-registrar-error-catalog, in order of precedence.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": SERVER}],
        "tags": [{"name": tag, "description": text} for tag, text in _TAGS.items()],
        "security": [{"key": []}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "parameters": _PARAMETERS,
            "headers": _HEADERS,
            "securitySchemes": {
                "key": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A key of an account, with scopes, bound to a registrar channel.",
                }
            },
        },
        "x-registrar-error-catalog": [
            {
                "code": kind.code,
                "http_status": kind.http_status,
                "epp_result_code": kind.epp_result_code,
                "epp_result": kind.epp_result,
                "retryable": kind.retryable,
                "meaning": kind.meaning,
            }
            for kind in errors.CATALOGUE
        ],
    }


def _operation(row: Row, endpoint: Endpoint, shown: dict[Any, Any], components: dict[str, Any]) -> dict[str, Any]:
    summary = (row.command.__doc__ or "").strip().split("\n\n")[0].replace("\n", " ")
    operation: dict[str, Any] = {
        "operationId": row.name,
        "tags": [_TAG_OF.get(row.name, "Names")],
        "summary": _SUMMARIES[row.name],
        "description": f"{' '.join(summary.split())}\n\nScope: `{row.scope}`.",
        "security": [{"key": [row.scope]}],
        "x-required-scopes": [row.scope],
    }
    parameters: list[dict[str, Any]] = [{"$ref": "#/components/parameters/RequestId"}]
    if endpoint.body is not None or endpoint.asks is not None:
        parameters.append({"$ref": "#/components/parameters/IdempotencyKey"})
    if endpoint.body is not None and issubclass(endpoint.body, Mutation):
        parameters.append({"$ref": "#/components/parameters/Sandbox"})
    if endpoint.lists is not None:
        parameters += _query_parameters(components[endpoint.lists.__name__])
    operation["parameters"] = parameters
    if endpoint.body is not None:
        content: dict[str, Any] = {"schema": shown[endpoint.body]}
        examples = EXAMPLES.get(row.name)
        if examples is not None:
            content["examples"] = {name: {"value": value} for name, value in examples.items()}
        operation["requestBody"] = {
            "required": not endpoint.body_optional,
            "content": {"application/json": content},
        }
    operation["responses"] = _responses(row, endpoint, shown)
    return operation


def _responses(row: Row, endpoint: Endpoint, shown: dict[Any, Any]) -> dict[str, Any]:
    schema = shown[endpoint.answer]
    if endpoint.also is not None:
        schema = {"anyOf": [schema, shown[endpoint.also]]}
    headers = {name: {"$ref": f"#/components/headers/{name}"} for name in _ON_EVERY_ANSWER}
    success = {**headers}
    if row.kind is Kind.TRANSFORM and not row.always:
        success["Idempotent-Replayed"] = {"$ref": "#/components/headers/Idempotent-Replayed"}
    codes = {row.status: "Done."}
    if row.kind is Kind.TRANSFORM:
        codes.setdefault(
            202, "Rehearsed in the sandbox, or done as far as it goes: work is left for a backend or the other party."
        )
    responses: dict[str, Any] = {
        str(code): {"description": text, "headers": success, "content": {"application/json": {"schema": schema}}}
        for code, text in sorted(codes.items())
    }
    by_status: dict[int, list[Error]] = {}
    for kind in errors_of(row):
        by_status.setdefault(kind.http_status, []).append(kind)
    for code, kinds in sorted(by_status.items()):
        responses[str(code)] = _error_response(code, kinds, headers)
    return responses


def _error_response(code: int, kinds: list[Error], headers: dict[str, Any]) -> dict[str, Any]:
    shown = {name: header for name, header in headers.items() if name == "X-Request-Id" or code not in _UNCOUNTED}
    extra = {401: "WWW-Authenticate", 405: "Allow", 429: "Retry-After", 503: "Retry-After"}.get(code)
    if extra is not None:
        shown[extra] = {"$ref": f"#/components/headers/{extra}"}
    return {
        "description": f"{HTTPStatus(code).phrase}: " + ", ".join(f"`{kind.code}`" for kind in kinds) + ".",
        "headers": shown,
        "content": {
            "application/json": {
                "schema": {
                    "allOf": [
                        {"$ref": "#/components/schemas/ErrorBody"},
                        {"properties": {"error": {"enum": [kind.code for kind in kinds]}}},
                    ]
                },
                "examples": {kind.code: {"summary": kind.meaning, "value": _example_of(kind)} for kind in kinds},
            }
        },
    }


def _example_of(kind: Error) -> dict[str, Any]:
    details = []
    if kind is errors.INVALID_REQUEST:
        details = [
            {"field": "years", "code": "invalid_type", "message": "years must be a whole number."},
            {
                "field": "nameserver",
                "code": "unknown_field",
                "message": "nameserver is not a field of this request. Did you mean nameservers?",
            },
        ]
    body: dict[str, Any] = {
        "error": kind.code,
        "message": kind.meaning,
        "retryable": kind.retryable,
        "epp_result_code": kind.epp_result_code,
        "epp_result": kind.epp_result,
        "request_id": "req_Zk3xT0qPpV2m1cJ8bYw5Lg",
        "details": details,
    }
    if kind is errors.MISSING_SCOPE:
        body["missing_scopes"] = ["domains:create"]
    return body


def _query_parameters(schema: dict[str, Any]) -> list[dict[str, Any]]:
    found = []
    for name, kind in schema["properties"].items():
        described = _tidy(kind)
        if "anyOf" in described:  # absent, not null: a query parameter cannot be null
            options = [option for option in described.pop("anyOf") if option != {"type": "null"}]
            described = {**described, **(options[0] if len(options) == 1 else {"anyOf": options})}
        if described.get("default", ...) is None:
            del described["default"]
        text = described.pop("description", "")
        found.append({"name": name, "in": "query", "required": False, "description": text, "schema": described})
    return found


def _tidy(schema: Any) -> Any:
    """A schema as others read it: without the guard against a final line feed that Python's `$` needs and ECMA's not."""
    if isinstance(schema, dict):
        tidied = {key: _tidy(value) for key, value in schema.items() if key != "read"}
        if isinstance(tidied.get("pattern"), str):
            tidied["pattern"] = tidied["pattern"].removesuffix(r"(?!\n)")
        return tidied
    if isinstance(schema, list | tuple):
        return [_tidy(item) for item in schema]
    return schema


_UNCOUNTED = {400, 401, 405, 408, 431, 500, 503}
_ON_EVERY_ANSWER = ("X-Request-Id", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")

_IN_PATH = {"domain": "Domain", "host": "Host", "contact": "Contact", "id": "MessageId"}

_PARAMETERS: dict[str, Any] = {
    "Host": {
        "name": "host",
        "in": "path",
        "required": True,
        "description": "A host's name, as A-label or as U-label in percent-encoded UTF-8, in any case.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 1024},
        "example": "ns1.alice.example",
    },
    "Contact": {
        "name": "contact",
        "in": "path",
        "required": True,
        "description": "A contact's id: 3 to 16 visible ASCII characters, percent-encoded where a path needs it.",
        "schema": {"type": "string", "minLength": 3, "maxLength": 48},
        "example": "alice-1",
    },
    "MessageId": {
        "name": "id",
        "in": "path",
        "required": True,
        "description": "A message's id, from GET /messages.",
        "schema": {"type": "string", "pattern": "^[0-9]{1,18}$"},
        "example": "42",
    },
    "Domain": {
        "name": "domain",
        "in": "path",
        "required": True,
        "description": "A name, as A-label or as U-label in percent-encoded UTF-8, in any case.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 1024},
        "example": "alice.example",
    },
    "IdempotencyKey": {
        "name": "Idempotency-Key",
        "in": "header",
        "required": False,
        "description": "A repeated request with the same key gets the first one's answer and does nothing twice. The same "
        "as the body's idempotency_key; if both are sent they must agree.",
        "schema": {"type": "string", "pattern": "^[\\x21-\\x7e]{1,255}$"},
        "example": "create-001",
    },
    "Sandbox": {
        "name": "X-Registrar-Sandbox",
        "in": "header",
        "required": False,
        "description": "1: decide as always and change nothing. The same as the body's sandbox.",
        "schema": {"type": "string", "enum": ["1", "0", "true", "false"]},
    },
    "RequestId": {
        "name": "X-Request-Id",
        "in": "header",
        "required": False,
        "description": "The caller's own id for this request, kept if it is one word of up to 128 characters.",
        "schema": {"type": "string"},
    },
}

_INTEGER = {"type": "integer"}
_HEADERS: dict[str, Any] = {
    "X-Request-Id": {
        "description": "This request's id, in the log as well.",
        "required": True,
        "schema": {"type": "string"},
    },
    "X-RateLimit-Limit": {"description": "Requests a minute, for this channel, key and command.", "schema": _INTEGER},
    "X-RateLimit-Remaining": {"description": "How many of them are left in this minute.", "schema": _INTEGER},
    "X-RateLimit-Reset": {"description": "When the minute ends, in epoch seconds.", "schema": _INTEGER},
    "Retry-After": {"description": "Seconds to wait.", "required": True, "schema": _INTEGER},
    "WWW-Authenticate": {"description": "Bearer.", "required": True, "schema": {"type": "string"}},
    "Allow": {"description": "The methods this path takes.", "required": True, "schema": {"type": "string"}},
    "Idempotent-Replayed": {
        "description": "true where the answer of an earlier request with the same key is given again.",
        "schema": {"type": "string", "enum": ["true"]},
    },
}

_TAGS = {
    "Names": "The life of a registration.",
    "Hosts": "Name servers as objects (RFC 5732).",
    "Contacts": "People and organisations behind names (RFC 5733).",
    "Messages": "What the registry has to tell: transfers, what time did to names, what the operator did, a low balance.",
    "Account": "What the key can do, what the account has, what was done.",
    "Sandbox": "Rehearsing.",
}
_TAG_OF = {
    **dict.fromkeys(("check_host", "create_host", "info_host", "update_host", "delete_host"), "Hosts"),
    **dict.fromkeys(
        ("check_contact", "create_contact", "info_contact", "update_contact", "delete_contact"), "Contacts"
    ),
    **dict.fromkeys(("read_message", "ack_message"), "Messages"),
    "status": "Account",
    "balance": "Account",
    "poll": "Account",
    "list_pending": "Account",
    "reset_sandbox": "Sandbox",
}
_SUMMARIES = {
    "reset_sandbox": "Put the sandbox fixtures into a known state",
    "check_domain": "Check whether names can be had",
    "create_domain": "Register a name",
    "info_domain": "Show a registration",
    "renew_domain": "Renew a registration",
    "update_domain": "Change a registration",
    "transfer_domain": "Request, query, approve, reject or cancel a transfer",
    "restore_domain": "Restore a deleted name",
    "update_nameservers": "Set a name's name servers",
    "get_records": "Show a name's records",
    "update_records": "Set a name's records",
    "delete_domain": "Delete a registration",
    "check_host": "Check whether hosts can be created",
    "create_host": "Create a host",
    "info_host": "Show a host",
    "update_host": "Change or rename a host",
    "delete_host": "Delete a host",
    "check_contact": "Check whether contact ids are free",
    "create_contact": "Create a contact",
    "info_contact": "Show a contact",
    "update_contact": "Change a contact",
    "delete_contact": "Delete a contact",
    "read_message": "Read the message queue",
    "ack_message": "Acknowledge a message",
    "status": "What this key can do",
    "list_domains": "List the channel's names",
    "balance": "Show the balance and its movements",
    "poll": "Read the channel's log",
    "list_pending": "Show what waits for a backend",
}

EXAMPLES: dict[str, dict[str, Any]] = {
    "reset_sandbox": {"reset": {"tld": "example"}},
    "check_domain": {
        "one": {"domain": "alice.example"},
        "label and tld": {"label": "alice", "tld": "example"},
        "many": {"domains": ["alice.example", "bob.example"]},
    },
    "create_domain": {
        "plain": {"domain": "alice.example", "years": 1, "idempotency_key": "create-001"},
        "with everything": {
            "label": "alice",
            "tld": "example",
            "years": 2,
            "registrant": {
                "name": "Alice Example",
                "email": "alice@example.net",
                "street": ["1 Main Street"],
                "city": "Berlin",
                "postal_code": "10115",
                "country": "DE",
            },
            "nameservers": [{"host": "ns1.example.net"}, {"host": "ns2.example.net"}],
            "auto_renew": False,
            "fee": {"amount": "20.00", "currency": "EUR"},
            "sandbox": True,
        },
    },
    "renew_domain": {"renew": {"years": 1, "current_expiry": "2027-11-24"}},
    "update_domain": {"lock": {"status": ["clientTransferProhibited"], "auto_renew": True}},
    "transfer_domain": {
        "pull": {"auth_info": "Dj3-vR7_kQ2.mX9+wZ5a"},
        "push": {"gaining_registrar": {"slug": "beta"}},
        "approve": {"operation": "approve"},
    },
    "restore_domain": {"restore": {"report": "Deleted by mistake."}},
    "update_nameservers": {
        "set": {"nameservers": [{"host": "ns1.example.net"}, {"host": "ns2.example.net"}], "idempotency_key": "ns-001"},
        "none": {"nameservers": []},
    },
    "update_records": {"set": {"records": [{"name": "@", "type": "A", "ttl": 3600, "values": ["192.0.2.1"]}]}},
    "delete_domain": {"rehearse": {"sandbox": True}},
    "check_host": {"many": {"hosts": ["ns1.alice.example", "ns1.example.net"]}},
    "create_host": {
        "inside": {"host": "ns1.alice.example", "addresses": ["9.9.9.9", "2620:fe::fe"]},
        "outside": {"host": "ns1.example.net"},
    },
    "update_host": {
        "addresses": {"addresses": ["9.9.9.9"]},
        "rename": {"name": "ns2.alice.example", "status": ["clientDeleteProhibited"]},
    },
    "check_contact": {"many": {"ids": ["alice-1", "bob-1"]}},
    "create_contact": {
        "create": {
            "id": "alice-1",
            "postal": {
                "name": "Alice Example",
                "street": ["1 Main Street"],
                "city": "Berlin",
                "postal_code": "10115",
                "country": "DE",
            },
            "email": "alice@example.net",
            "phone": "+49.301234567",
            "disclose": ["email"],
        }
    },
    "update_contact": {"e-mail": {"email": "bob@example.net"}},
}
