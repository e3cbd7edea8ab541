"""Answers that no command can cause by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from app.convoy.api_key import SecretError
from app.convoy_admin.calls import AddressRefused, ConvoyNotFound, ConvoyRefused, ConvoyUnusable
from app.convoy_admin.project import Project

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

    with pytest.raises(ConvoyRefused, match=r"^200: 0 successful, 1 failed\. Is the"):
        project((200, arrived), (200, failed)).resend("d")


def test_an_outage_answered_with_400_is_not_blamed_on_the_project() -> None:
    with pytest.raises(ConvoyRefused, match=r"^400: failed to connect to the database$"):
        project((400, {"status": False, "message": "failed to connect to the database"})).check()


def shown(status: str) -> tuple[int, object]:
    return 200, {"status": True, "message": "", "data": {"uid": "e", "status": status}}


def test_a_pause_that_another_caller_undid_is_repeated() -> None:
    answers = [shown("active"), shown("active"), shown("paused")]

    assert project(*answers).pause_endpoint("e")["status"] == "paused"


def test_a_pause_that_is_undone_again_and_again_is_a_refusal() -> None:
    with pytest.raises(ConvoyRefused, match=r"^202: the endpoint is active. Pause it again.$"):
        project(*[shown("active")] * 3).pause_endpoint("e")


@pytest.mark.parametrize("text", ["", "..", "a/b", "a?b", "é"])
def test_a_text_that_is_no_id_is_not_sent(text: str) -> None:
    """Convoy would answer with a list, or for the project."""
    with pytest.raises(ConvoyNotFound, match=r"^not sent: "):
        project().endpoint(text)


def test_without_its_database_convoy_does_not_say_that_there_is_no_endpoint() -> None:
    answer = (400, {"status": False, "message": "failed to find endpoint"})

    with pytest.raises(ConvoyRefused) as error:
        project(answer).delete_endpoint("e")

    assert type(error.value) is ConvoyRefused


@pytest.mark.parametrize(
    "message",
    [
        'endpoint validation failed: Post "https://a.example": connection refused',
        "only https endpoints allowed",
    ],
)
def test_a_refused_url_has_an_error_of_its_own(message: str) -> None:
    """The stand-in does not ping a URL."""
    answer = (400, {"status": False, "message": message})

    with pytest.raises(AddressRefused, match=r"^400: "):
        project(answer).create_endpoint(name="a", url="https://a.example", owner="ann")


def test_another_refusal_of_a_filter_is_passed_on() -> None:
    answer = (400, {"status": False, "message": "filter with this event type already exists"})

    with pytest.raises(ConvoyRefused, match=r"^400: filter with this event type already exists$"):
        project(answer).add_filter("s", "created")


def test_an_empty_filter_is_not_sent() -> None:
    """Convoy would list the whole project."""
    for asked in (
        project().endpoints(""),
        project().subscriptions(""),
        project().deliveries(endpoint_ids=[""]),
    ):
        with pytest.raises(ValueError, match="is empty"):
            next(asked)


def test_no_endpoints_have_no_deliveries() -> None:
    assert list(project().deliveries(endpoint_ids=[])) == []


def listed(*rows: object) -> tuple[int, object]:
    pages = {"content": rows, "pagination": {"has_next_page": False}}
    return 200, {"status": True, "message": "", "data": pages}


def test_what_was_not_asked_for_is_an_error() -> None:
    """Convoy ignores a filter that it does not know."""
    row = {
        "uid": "x",
        "endpoint_id": "bobs",
        "idempotency_key": "k",
        "endpoint_metadata": {"uid": "bobs"},
    }
    asked = [
        project(listed(row)).deliveries(endpoint_ids=["anns"]),
        project(listed(row)).deliveries(event_id="another"),
        project(listed(row)).subscriptions("anns"),
        project(listed(row | {"endpoint_metadata": None})).subscriptions("anns"),
    ]

    for each in asked:
        with pytest.raises(ConvoyUnusable, match=r"^Convoy lists"):
            next(each)
    assert [*project(listed(row)).deliveries(endpoint_ids=["bobs"], event_id="k")] == [row]


def test_a_search_for_keys_ends() -> None:
    with pytest.raises(ConvoyUnusable, match="more than 100 keys of event e"):
        list(project(*[listed()] * 100).deliveries_of_event("e"))


def page(cursor: str, *entries: object) -> tuple[int, object]:
    pagination = {"has_next_page": True, "next_page_cursor": cursor}
    return 200, {"message": "", "data": {"content": [*entries], "pagination": pagination}}


@pytest.mark.parametrize("cursors", ["aa", "aba", "abcb"])
def test_a_list_that_does_not_end_is_an_error(cursors: str) -> None:
    with pytest.raises(ConvoyUnusable, match="does not end: a page's cursor came twice"):
        list(project(*(page(each, {"uid": each}) for each in cursors)).endpoints())


@pytest.mark.parametrize("data", [None, 1, "x", {}])
def test_a_list_in_another_form_is_an_error(data: object) -> None:
    with pytest.raises(ConvoyUnusable, match="another form than Convoy's"):
        project((200, {"message": "", "data": data})).event_types()
