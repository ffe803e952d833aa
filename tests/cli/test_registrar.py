"""`namestead registrar`: nobody may do anything until the operator has said so."""

from __future__ import annotations

from tests.cli.conftest import CommandLine


def test_a_registrar_from_nothing_to_production(cli: CommandLine) -> None:
    made = cli.json("registrar", "create", "delta", "--name", "Delta Ltd")
    assert made["channel_id"].startswith("ch_") and len(made["channel_id"]) >= 24
    assert (False, False, False) == (made["approved"], made["production_approved"], made["dns_module"])
    assert "0.00" == cli.json("account", "balance", "delta")["balance"]["amount"], "its account was opened with it"

    shown = cli.json("registrar", "approve", "delta", "--zone", "example", "--zone", "ote")
    assert {"example": "approved", "ote": "approved"} == shown["listings"]

    shown = cli.json("registrar", "approve", "delta")
    assert (True, False) == (shown["approved"], shown["production_approved"]), "without options, the channel"

    shown = cli.json("registrar", "approve", "delta", "--production", "--dns-module", "--rate-limit", "600")
    assert (True, True, True, 600) == tuple(
        shown[k] for k in ("approved", "production_approved", "dns_module", "rate_limit")
    )
    shown = cli.json("registrar", "approve", "delta", "--no-production", "--rate-limit", "0", "--suspend", "example")
    assert (True, False, None) == tuple(shown[k] for k in ("approved", "production_approved", "rate_limit"))
    assert {"example": "suspended", "ote": "approved"} == shown["listings"]
    assert "delta" in cli("registrar", "list").out


def test_two_registrars_may_share_an_account(cli: CommandLine) -> None:
    cli.json("account", "create", "group", "--name", "Group")
    for slug in ("group-a", "group-b"):
        cli.json("registrar", "create", slug, "--account", "group")
    assert "account_not_found" == cli.refused("account", "balance", "group-a")["error"]


def test_what_is_refused(cli: CommandLine) -> None:
    assert "object_exists" == cli.refused("registrar", "create", "alpha")["error"]
    assert "invalid_request" == cli.refused("registrar", "create", "No Slug")["error"]
    assert "account_not_found" == cli.refused("registrar", "create", "epsilon", "--account", "nobody")["error"]
    assert "registrar_not_found" == cli.refused("registrar", "approve", "nobody")["error"]
    assert "zone_not_found" == cli.refused("registrar", "approve", "beta", "--zone", "nowhere")["error"]
    done = cli("registrar", "approve", "beta", "--zone", "ote", "--suspend", "ote")
    assert (1, True) == (done.status, "at once" in done.err)
