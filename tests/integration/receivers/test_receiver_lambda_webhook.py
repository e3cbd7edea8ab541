"""The webhook of the receiver for Lambda: signatures, one conditional write, its secret."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import pytest

from app.domain.events import PING
from examples.receiver_lambda.receiver import clients
from examples.receiver_lambda.receiver.signature import verified
from infra.docs.signatures import VECTORS
from tests.integration.receivers.lambda_world import SECRET

if TYPE_CHECKING:
    from tests.integration.receivers.lambda_world import Place
    from tests.support import JsonObject


def test_one_conditional_write_drops_repeats_and_older_changes(place: Place) -> None:
    created = place.change()
    place.api.change(1, "newer", delete=False)
    updated = place.api.payloads[-1]

    for each in (updated, created, updated):
        assert place.receiver.deliver(each) == 204

    row = place.receiver.rows()["todo/1"]
    assert (row["version"], row["event_id"]) == ({"N": "2"}, {"S": updated["id"]})
    assert json.loads(row["state"]["S"]) == updated["todo"]


def test_a_deleted_resource_keeps_its_version_for_90_days(place: Place) -> None:
    created = place.change()
    place.api.change(1, "", delete=True)
    deleted = place.api.payloads[-1]
    place.receiver.deliver(deleted)
    place.receiver.deliver(created)

    assert place.receiver.todos() == {}
    assert "expires_at" in place.receiver.rows()["todo/1"]

    place.api.change(1, "again", delete=False)
    place.receiver.deliver(place.api.payloads[-1])

    assert place.receiver.todos() == place.api.todos()
    assert "expires_at" not in place.receiver.rows()["todo/1"]


def test_it_rejects_what_convoy_did_not_sign(place: Place) -> None:
    event = place.change()
    assert place.receiver.deliver(event, "another secret") == 401
    assert place.receiver.deliver(event, headers={}) == 401
    assert place.receiver.deliver(event, body=json.dumps(event) + " ") == 401
    assert place.receiver.rows() == {}


def test_it_takes_either_secret_while_one_is_rotated(place: Place) -> None:
    place.store_another_secret({"endpoint_secrets": ["the new one", SECRET]})

    assert place.receiver.deliver(place.change()) == 204
    assert place.receiver.deliver(place.change(), "the new one") == 204
    assert place.receiver.deliver(place.change(), "another", "the new one") == 204
    assert place.receiver.todos() == place.api.todos()


def test_a_secret_may_begin_with_a_byte_order_mark(place: Place) -> None:
    place.store_another_secret("\ufeff" + json.dumps({"endpoint_secrets": [SECRET]}))

    assert place.receiver.deliver(place.change()) == 204


def test_a_body_in_base64_is_the_same_body(place: Place) -> None:
    event = place.change()
    body = base64.b64encode(json.dumps(event, ensure_ascii=False).encode()).decode()

    assert place.receiver.deliver(event, body=body, isBase64Encoded=True) == 204
    assert place.receiver.todos() == place.api.todos()


@pytest.mark.parametrize("event", [{"event": "todo.archived", "todo": {}}, {}, [], None, "x",
                                   {"event": PING.event, "id": "e1"}])  # fmt: skip
def test_other_events_change_nothing(place: Place, event: object) -> None:
    assert place.receiver.deliver(event) == 204
    assert place.receiver.rows() == {}


SECRETS = ["no JSON", [], {}, {"endpoint_secrets": []}, {"endpoint_secrets": "text"},
           {"endpoint_secrets": [""]}, {"endpoint_secrets": [7]}]  # fmt: skip


@pytest.mark.parametrize("stored", SECRETS, ids=str)
def test_a_wrong_secret_is_an_error_that_says_what_to_store(place: Place, stored: object) -> None:
    place.store_another_secret(stored)
    place.environ.setenv("API_SIGN_IN", "jwt")

    with pytest.raises(
        clients.SecretError, match=r"The secret another-\d+ has no endpoint_secrets. Store"
    ):
        place.receiver.deliver(place.change())
    with pytest.raises(clients.SecretError, match=r"The secret another-\d+ has no token. Store"):
        place.receiver.catch_up()


@pytest.mark.parametrize("vector", json.loads(VECTORS.read_text()), ids=lambda each: each["name"])
def test_it_judges_each_signature_correctly(vector: JsonObject) -> None:
    body = base64.b64decode(vector["body_base64"])

    valid = verified(vector["secret"], body, vector["header"], vector["now"])

    assert valid is vector["valid"]


@pytest.mark.parametrize(("method", "status"), [("HEAD", 204), ("GET", 405)])
def test_convoy_finds_an_answer_before_it_takes_the_url(
    place: Place, method: str, status: int
) -> None:
    assert place.receiver.deliver({}, requestContext={"http": {"method": method}}) == status
    assert place.receiver.rows() == {}
