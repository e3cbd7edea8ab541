"""The environment's proxy for Convoy is the one that AWS's clients use."""

from __future__ import annotations

import pytest

from app.convoy.proxies import Proxy, ProxyUnusable

HOST = "convoy.test"


@pytest.mark.parametrize(
    ("environment", "proxied"),
    [
        ({}, None),
        ({"HTTPS_PROXY": "http://p:3128"}, b"http://p:3128"),
        ({"https_proxy": "http://p:3128/"}, b"http://p:3128"),
        ({"https_proxy": "http://p:1", "HTTPS_PROXY": "http://q:2"}, b"http://p:1"),
        ({"HTTPS_PROXY": "p:3128"}, b"http://p:3128"),
        ({"HTTPS_PROXY": "https://p"}, b"https://p:443"),
        ({"HTTPS_PROXY": "http://p"}, b"http://p:80"),
        ({"HTTPS_PROXY": "http://xn--ls8h.la"}, b"http://xn--ls8h.la:80"),
        ({"HTTPS_PROXY": ""}, None),
        ({"HTTP_PROXY": "http://p:3128"}, None),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "convoy.test"}, None),
        ({"HTTPS_PROXY": "http://p:1", "no_proxy": ".other, .test"}, None),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "*"}, None),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "convoy.test:8443"}, b"http://p:1"),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "onvoy.test"}, b"http://p:1"),
    ],
)
def test_the_environment_names_the_proxy_as_it_does_for_aws(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], proxied: bytes | None
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    found = Proxy.of_environment(f"https://{HOST}/api")

    assert (found and str(found.origin).encode()) == proxied


@pytest.mark.parametrize(
    ("credentials", "headers"),
    [("me:p%40ss@", [b"Basic bWU6cEBzcw=="]), ("me@", []), ("", [])],
)
def test_credentials_in_the_url_are_the_proxys(
    monkeypatch: pytest.MonkeyPatch, credentials: str, headers: list[bytes]
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://{credentials}p:3128")

    found = Proxy.of_environment(f"https://{HOST}/api")

    assert found is not None
    assert [value for _, value in found.headers] == headers
    assert "Basic" not in repr(found)


UNUSABLE = [
    "http://me:secret@p:port",
    "socks5://me:secret@p:1",
    "http://",
    "http://[p",
    "http://ä:ö@p",
    "http://p:0",
    "http://p:65537",
]


@pytest.mark.parametrize("value", UNUSABLE)
def test_an_invalid_proxy_is_named_without_its_value(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("HTTP_PROXY", value)

    with pytest.raises(ProxyUnusable) as raised:
        Proxy.of_environment(f"http://{HOST}/api")

    assert str(raised.value) == "HTTP_PROXY is not the URL of a proxy: set it to http://host:port."
    assert raised.value.__suppress_context__ or raised.value.__context__ is None
