"""Settings: which place wins, what each takes, and that a mistake is told with its place."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from namestead.settings import FILE, Settings, SettingsProblem, load, variable


def test_the_command_line_wins_over_the_environment_over_the_file(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("http_port = 1\nworkers = 2\nlog_format = 'json'\n")
    environment = {"NAMESTEAD_HTTP_PORT": "3", "NAMESTEAD_WORKERS": "4", "NAMESTEAD_DATA": str(tmp_path)}
    settings = load(environment, {"http_port": 5, "workers": None})
    assert (5, 4, "json", tmp_path) == (settings.http_port, settings.workers, settings.log_format, settings.data)


def test_without_anything_the_defaults_hold(tmp_path: Path) -> None:
    assert Settings(data=tmp_path) == load({}, {"data": tmp_path})


def test_lists_and_flags(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(
        "trusted_proxies = ['10.0.0.0/8', '::1']\nplain_http_on_any_address = true\nonly = 'http'\n"
    )
    settings = load({}, {"data": tmp_path})
    assert (("10.0.0.0/8", "::1/128"), True, ("http",)) == (
        settings.trusted_proxies,
        settings.plain_http_on_any_address,
        settings.only,
    )
    assert settings.serves("http") and not settings.serves("jobs")


@pytest.mark.parametrize(
    "file, environment, given, says",
    [
        ("htp_port = 1", {}, {}, "Did you mean http_port?"),
        ("http_port = 'x'", {}, {}, "http_port takes a number from 0 to 65535, not 'x'"),
        ("http_port = ", {}, {}, "cannot be read"),
        ("", {"NAMESTEAD_WORKERS": "0"}, {}, "NAMESTEAD_WORKERS takes a number from 1 to 256, not '0'"),
        ("", {"NAMESTEAD_ACCESS_LOG": "maybe"}, {}, "NAMESTEAD_ACCESS_LOG takes true or false"),
        ("", {}, {"log_format": "xml"}, "--log-format takes one of console, json, not 'xml'"),
        ("", {}, {"trusted_proxies": "10.0.0.1/8"}, "takes networks like 10.0.0.0/8"),
        ("", {}, {"only": "dns"}, "--only takes one of http, jobs, epp, whois"),
        ("data = '/elsewhere'", {}, {}, "no setting 'data' to be made here"),
    ],
)
def test_a_mistake_is_told_with_its_place(
    tmp_path: Path, file: str, environment: dict[str, str], given: dict[str, Any], says: str
) -> None:
    (tmp_path / FILE).write_text(file)
    with pytest.raises(SettingsProblem) as caught:
        load(environment, {"data": tmp_path, **given})
    assert says in str(caught.value)


@pytest.mark.parametrize("field", fields(Settings), ids=lambda field: field.name)
def test_every_setting_says_what_it_means(field: Any) -> None:
    assert field.metadata["meaning"].endswith(".")
    assert variable(field.name) == f"NAMESTEAD_{field.name.upper()}"
