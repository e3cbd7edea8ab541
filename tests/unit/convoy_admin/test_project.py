"""Answers that no command can cause by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from app.convoy.api_key import SecretError
from app.convoy_admin.project import ConvoyRefused, ConvoyUnusable, Project

if TYPE_CHECKING:
    from typing import NoReturn


class Rotating:
    """An exchange whose key was refused, and can't be read again."""

    def answer(self, *_: object, **__: object) -> NoReturn:
        raise SecretError("todo/convoy", "it may not be read.")


def test_a_refused_key_that_can_not_be_read_again_is_reported() -> None:
    project = Project(Rotating(), base_url="http://convoy/api", project_id="p")  # type: ignore[arg-type]

    with pytest.raises(ConvoyUnusable, match=r"^CONVOY_API_KEY_SECRET \(todo/convoy\): it may not"):
        project.check()


class Scripted:
    """An exchange that gives these answers, in turn."""

    def __init__(self, *answers: tuple[int, object]) -> None:
        self._answers = iter(answers)

    def answer(self, *_: object, **__: object) -> httpx.Response:
        status, body = next(self._answers)
        return httpx.Response(status, json=body)

    def redacted(self, text: str) -> str:
        return text


def project(*answers: tuple[int, object]) -> Project:
    return Project(Scripted(*answers), base_url="http://convoy/api", project_id="p")  # type: ignore[arg-type]


def test_a_failed_resend_is_a_refusal_although_convoy_answers_200() -> None:
    """Convoy answers like this if the endpoint is paused."""
    arrived = {"status": True, "message": "", "data": {"status": "Success"}}
    failed = {"status": True, "message": "0 successful, 1 failed", "data": None}

    with pytest.raises(ConvoyRefused, match=r"^200: 0 successful, 1 failed$"):
        project((200, arrived), (200, failed)).resend("d")


def test_an_outage_answered_with_400_is_not_blamed_on_the_project() -> None:
    with pytest.raises(ConvoyRefused, match=r"^400: failed to connect to the database$"):
        project((400, {"status": False, "message": "failed to connect to the database"})).check()
