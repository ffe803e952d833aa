"""The catalogue against the contract: every code with its numbers, the order, and that no secret comes out."""

import pytest

from namestead import errors
from namestead.errors import BY_CODE, CATALOGUE, Fault, Refusal

# contracts/registrar-api.md, "Error catalogue", copied by hand. Code, HTTP status, EPP result code, retryable.
CONTRACT = [
    ("registrar_channel_required", 403, 2201, False),
    ("registrar_namespace_not_approved", 403, 2201, False),
    ("registrar_channel_not_production_approved", 403, 2201, False),
    ("duplicate_idempotency_key_conflict", 409, 2306, False),
    ("registrar_rate_limit_exceeded", 429, 2400, True),
    ("protected_legacy_registration_not_deletable", 409, 2304, False),
    ("dns_module_not_enabled", 403, 2201, False),
    ("backend_dns_not_supported", 409, 2307, False),
    ("unauthorized", 401, 2200, False),
    ("missing_scope", 403, 2201, False),
    ("invalid_json", 400, 2001, False),
    ("invalid_request", 422, 2005, False),
    ("missing_field", 422, 2003, False),
    ("value_out_of_range", 422, 2004, False),
    ("domain_not_found", 404, 2303, False),
    ("domain_not_available", 409, 2302, False),
    ("name_reserved", 409, 2306, False),
    ("name_blocked", 409, 2308, False),
    ("name_disputed", 409, 2306, False),
    ("claim_required", 409, 2306, False),
    ("allocation_token_invalid", 403, 2201, False),
    ("insufficient_balance", 402, 2104, False),
    ("fee_mismatch", 409, 2004, False),
    ("not_sponsor", 403, 2201, False),
    ("auth_info_invalid", 403, 2202, False),
    ("status_prohibits", 409, 2304, False),
    ("association_prohibits", 409, 2305, False),
    ("not_renewable", 409, 2105, False),
    ("not_transferable", 409, 2106, False),
    ("transfer_pending", 409, 2300, False),
    ("transfer_not_pending", 409, 2301, False),
    ("zone_closed", 409, 2306, False),
    ("backend_unavailable", 503, 2400, True),
    ("internal_error", 500, 2400, True),
]

# What the contract leaves to us ("more as needed, in the same form").
OURS = [
    ("headers_too_large", 431, 2001, False),
    ("malformed_request", 400, 2001, False),
    ("not_found", 404, 2000, False),
    ("method_not_allowed", 405, 2000, False),
    ("account_suspended", 403, 2201, False),
    ("account_not_approved", 403, 2201, False),
    ("epp_version_not_supported", 400, 2100, False),
    ("epp_language_not_supported", 400, 2102, False),
    ("epp_object_not_served", 400, 2307, False),
    ("epp_extension_not_served", 400, 2103, False),
    ("epp_authentication_failed", 401, 2200, False),
    ("epp_access_denied", 403, 2201, False),
    ("epp_too_many_guesses", 429, 2501, True),
    ("epp_login_busy", 503, 2400, True),
    ("epp_session_limit_exceeded", 429, 2502, True),
    ("rate_limited", 429, 2400, True),
    ("request_timeout", 408, 2400, True),
    ("body_too_large", 413, 2001, False),
    ("unsupported_media_type", 415, 2001, False),
    ("idempotency_key_required", 400, 2003, False),
    ("invalid_cursor", 422, 2005, False),
    ("precondition_failed", 412, 2400, False),
    ("zone_not_found", 404, 2306, False),
    ("registrar_not_found", 404, 2303, False),
    ("account_not_found", 404, 2303, False),
    ("message_not_found", 404, 2303, False),
    ("host_not_found", 404, 2303, False),
    ("contact_not_found", 404, 2303, False),
    ("object_not_found", 404, 2303, False),
    ("auth_info_locked", 403, 2202, False),
    ("sandbox_fixture_is_real_name", 409, 2302, False),
    ("object_exists", 409, 2302, False),
    ("host_exists", 409, 2302, False),
    ("contact_exists", 409, 2302, False),
    ("not_restorable", 409, 2304, False),
    ("delegated_domain_has_no_records", 409, 2304, False),
    ("contacts_not_allowed", 409, 2306, False),
    ("contact_required", 422, 2003, False),
    ("auth_info_too_weak", 422, 2306, False),
    ("max_lifetime_exceeded", 422, 2004, False),
    ("policy_violation", 422, 2306, False),
    ("batch_rejected", 422, 2306, False),
    ("duplicate_backorder", 409, 2302, False),
    ("not_cancellable", 409, 2304, False),
    ("quota_exceeded", 409, 2306, False),
    ("currency_mismatch", 409, 2004, False),
]

# The contract's "Order of the gates", then what a command asks in turn. Each must stand before the next.
PRECEDENCE = [
    "unauthorized",
    "missing_scope",
    "registrar_channel_required",
    "registrar_rate_limit_exceeded",
    "invalid_json",
    "invalid_request",
    "registrar_namespace_not_approved",
    "registrar_channel_not_production_approved",
    "duplicate_idempotency_key_conflict",
    "domain_not_found",
    "auth_info_locked",
    "auth_info_invalid",
    "not_sponsor",
    "zone_closed",
    "domain_not_available",
    "name_blocked",
    "name_disputed",
    "name_reserved",
    "claim_required",
    "allocation_token_invalid",
    "protected_legacy_registration_not_deletable",
    "transfer_pending",
    "status_prohibits",
    "association_prohibits",
    "contact_required",
    "fee_mismatch",
    "insufficient_balance",
    "backend_unavailable",
    "internal_error",
]

# RFC 5730, section 3.
EPP_TEXTS = [
    (1000, "Command completed successfully"),
    (1001, "Command completed successfully; action pending"),
    (1300, "Command completed successfully; no messages"),
    (1301, "Command completed successfully; ack to dequeue"),
    (1500, "Command completed successfully; ending session"),
    (2000, "Unknown command"),
    (2001, "Command syntax error"),
    (2002, "Command use error"),
    (2003, "Required parameter missing"),
    (2004, "Parameter value range error"),
    (2005, "Parameter value syntax error"),
    (2100, "Unimplemented protocol version"),
    (2101, "Unimplemented command"),
    (2102, "Unimplemented option"),
    (2103, "Unimplemented extension"),
    (2104, "Billing failure"),
    (2105, "Object is not eligible for renewal"),
    (2106, "Object is not eligible for transfer"),
    (2200, "Authentication error"),
    (2201, "Authorization error"),
    (2202, "Invalid authorization information"),
    (2300, "Object pending transfer"),
    (2301, "Object not pending transfer"),
    (2302, "Object exists"),
    (2303, "Object does not exist"),
    (2304, "Object status prohibits operation"),
    (2305, "Object association prohibits operation"),
    (2306, "Parameter value policy error"),
    (2307, "Unimplemented object service"),
    (2308, "Data management policy violation"),
    (2400, "Command failed"),
    (2500, "Command failed; server closing connection"),
    (2501, "Authentication error; server closing connection"),
    (2502, "Session limit exceeded; server closing connection"),
]


@pytest.mark.parametrize("code, http, epp, retryable", CONTRACT + OURS)
def test_code_has_the_numbers_of_the_contract(code: str, http: int, epp: int, retryable: bool) -> None:
    kind = BY_CODE[code]
    assert (code, http, epp, retryable) == (kind.code, kind.http_status, kind.epp_result_code, kind.retryable)
    assert errors.epp_text(epp) == kind.epp_result
    assert kind is getattr(errors, code.upper())


def test_every_code_is_in_one_of_the_tables_and_once() -> None:
    assert sorted(row[0] for row in CONTRACT + OURS) == sorted(kind.code for kind in CATALOGUE)


def test_order_is_the_precedence() -> None:
    in_catalogue = [kind.code for kind in CATALOGUE if kind.code in PRECEDENCE]
    assert PRECEDENCE == in_catalogue


@pytest.mark.parametrize("code, text", EPP_TEXTS)
def test_epp_text(code: int, text: str) -> None:
    assert text == errors.epp_text(code)


def test_epp_has_no_other_codes() -> None:
    with pytest.raises(KeyError):
        errors.epp_text(2309)


@pytest.mark.parametrize("kind", CATALOGUE, ids=lambda kind: kind.code)
def test_meaning_is_one_to_three_sentences(kind: errors.Kind) -> None:
    assert kind.meaning[0].isupper()
    assert kind.meaning.endswith(".")
    assert 1 <= kind.meaning.count(". ") + 1 <= 3


def test_refusal_names_field_and_value() -> None:
    refusal = Refusal(errors.DOMAIN_NOT_AVAILABLE, "domain", "x.example")
    assert ("domain", "x.example", ()) == (refusal.field, refusal.value, refusal.details)
    assert f"domain 'x.example': {errors.DOMAIN_NOT_AVAILABLE.meaning}" == refusal.message
    assert f"domain_not_available: {refusal.message}" == str(refusal)


@pytest.mark.parametrize(
    "field, value, message",
    [
        (None, None, errors.MISSING_FIELD.meaning),
        ("years", None, f"years: {errors.MISSING_FIELD.meaning}"),
        ("years", "0", f"years '0': {errors.MISSING_FIELD.meaning}"),
    ],
)
def test_message_from_meaning(field: str | None, value: str | None, message: str) -> None:
    assert message == Refusal(errors.MISSING_FIELD, field, value).message


def test_own_message_details_and_extra_are_kept() -> None:
    fault = Fault("years", "too_many", "At most 10.", "11")
    refusal = Refusal(errors.MISSING_SCOPE, message="Mine.", details=[fault], extra={"missing_scopes": ["a:b"]})
    assert ("Mine.", (fault,), {"missing_scopes": ["a:b"]}) == (refusal.message, refusal.details, dict(refusal.extra))


SECRET = "Tr0ub4dor&3-horse"


@pytest.mark.parametrize(
    "field",
    [
        *sorted(errors.SECRET_FIELDS),
        "authInfo",
        "newPW",
        "apiKey",
        "allocationToken",
        "domain:pw",
        "Authorization",
        "contacts[0].auth_info",
        "auth_info.value",
        "/webhook/secret",
    ],
)
def test_secret_is_never_repeated(field: str) -> None:
    fault = Fault(field, "wrong", f"{SECRET} is wrong", SECRET)
    refusal = Refusal(errors.AUTH_INFO_INVALID, field, SECRET, message=f"no: {SECRET}", details=(fault,))
    assert refusal.value is None
    assert fault.value is None
    assert SECRET not in f"{refusal!r} {refusal} {refusal.message} {refusal.details} {fault.message} {vars(refusal)}"


@pytest.mark.parametrize("field", [None, "domain", "postal_code", "idempotency_key", "ds[0].key_tag", "keyword"])
def test_other_fields_are_not_secret(field: str | None) -> None:
    assert errors.is_secret(field) is False


@pytest.mark.parametrize(
    "value, shown",
    [
        ("bücher", "bücher"),
        ("a\r\nb", "a\\u000d\\u000ab"),
        ("\x00", "\\u0000"),
        ("\x85", "\\u0085"),
        ("\ud800", "\\ud800"),
        ("\uffff", "\\uffff"),
        ("x" * 255, "x" * 255),
        ("x" * 256, "x" * 255 + "…"),
    ],
)
def test_value_is_safe_to_show(value: str, shown: str) -> None:
    assert shown == Refusal(errors.INVALID_REQUEST, "domain", value).value
    assert shown == Fault("domain", "invalid_name", "No.", value).value


def test_message_is_safe_to_show() -> None:
    assert "a\\u000ab" == Refusal(errors.INVALID_REQUEST, message="a\nb").message
    assert "a\\u000ab" == Fault("domain", "invalid_name", "a\nb").message
