"""Which requests the servers of this machine refuse."""

from __future__ import annotations

import pytest
from starlette.datastructures import Headers

from infra.loopback import refusal
from tests.foreign_requests import foreign, own

PORT = 8080


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("sender", foreign(PORT))
def test_a_foreign_pages_request_is_refused(sender: str, method: str) -> None:
    reason = refusal(method, "/", Headers(foreign(PORT)[sender]), pages={"/inbox"})

    assert reason is not None
    assert "Call localhost" in reason or "Use a page of this server" in reason


@pytest.mark.parametrize("sender", own(PORT))
def test_a_program_and_an_own_page_are_let_in(sender: str) -> None:
    assert refusal("POST", "/", Headers(own(PORT)[sender])) is None


def test_a_link_may_open_a_page_and_a_frame_may_not() -> None:
    link = foreign(PORT)["a link"]

    assert refusal("GET", "/inbox", Headers(link), pages={"/inbox"}) is None
    for method, path, changed in [
        ("POST", "/inbox", {}),
        ("GET", "/todo", {}),
        ("GET", "/inbox", {"sec-fetch-dest": "iframe"}),
        ("GET", "/inbox", {"origin": "https://attacker.example"}),
    ]:
        assert refusal(method, path, Headers(link | changed), pages={"/inbox"}) is not None
