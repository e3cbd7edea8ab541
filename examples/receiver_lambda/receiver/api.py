"""The API's events, and its resources."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlencode

import urllib3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Headers = Mapping[str, str]

LIMIT = 100
"""Events, or resources, of one answer."""

# No redirect: it would take the token to another host. No repetition: the next run is one.
_HTTP = urllib3.PoolManager(
    timeout=urllib3.Timeout(total=30), retries=urllib3.Retry(0, redirect=False)
)


class ApiError(Exception):
    """The API, or the issuer of its tokens, did not give what was asked for."""


class Page(NamedTuple):
    """Events, oldest first, and the `after` of the next page.

    `until`: no event before this time (RFC 3339) can still come. `is_last`: there is nothing more
    before it. `gap`: events that this page or an earlier one should have had have expired.
    """

    events: list[dict[str, Any]]
    after: str
    until: str
    is_last: bool
    gap: bool


class Api:
    """`headers` gives the headers that sign a GET of this URL in."""

    def __init__(self, url: str, headers: Callable[[str], Headers]) -> None:
        self._url = url.rstrip("/")
        self._headers = headers

    def events(self, after: str | None) -> Page:
        """Raises ApiError."""
        answer = self._get("events", {} if after is None else {"after": after})
        following = answer.get("next")
        data, until = _field(answer, "data"), _field(answer, "until")
        gap = answer.get("gap", False)
        return Page(data, following or until, until, following is None, gap)

    def resources(self, kind: str, cursor: str | None) -> tuple[list[dict[str, Any]], str | None]:
        """A page of a kind, as it is now, and the cursor of the next page. Raises ApiError."""
        answer = self._get(kind, {} if cursor is None else {"cursor": cursor})
        return _field(answer, "data"), answer.get("next")

    def _get(self, path: str, query: Mapping[str, str]) -> dict[str, Any]:
        url = f"{self._url}/{path}?{urlencode({'limit': LIMIT, **query})}"
        return _json("GET", url, self._headers(url))


def _json(method: str, url: str, headers: Headers, **options: Any) -> dict[str, Any]:  # noqa: ANN401
    try:
        answer = _HTTP.request(method, url, headers=headers, redirect=False, **options)
    except urllib3.exceptions.HTTPError as error:
        raise ApiError(f"{method} {url} got no answer: {error}") from error
    if answer.status != 200:
        raise ApiError(f"{method} {url} was answered with {answer.status}: {answer.data[:300]!r}")
    try:
        found = json.loads(answer.data)
    except ValueError as error:
        raise ApiError(f"{method} {url} was answered with no JSON: {error}") from error
    if not isinstance(found, dict):
        raise ApiError(f"{method} {url} was not answered with a JSON object")
    return found


def _field(answer: Mapping[str, Any], name: str) -> Any:  # noqa: ANN401
    if name not in answer:
        raise ApiError(f"the answer has no {name}, only {', '.join(answer)}")
    return answer[name]


def without_sign_in(_url: str) -> Headers:
    return {}


def with_token(token: Mapping[str, str]) -> Callable[[str], Headers]:
    """Sign-in by JWT, with a token of OAuth's client credentials, which is asked for at once.

    `token` has the issuer's `url`; its other fields are sent there: `client_id`, `client_secret`,
    and `scope` or `audience` where the issuer wants one. Raises ApiError.
    """
    form = {name: value for name, value in token.items() if name != "url"}
    body = urlencode({"grant_type": "client_credentials", **form})
    of_form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = _json("POST", token["url"], of_form, body=body)
    headers = {"Authorization": f"Bearer {_field(answer, 'access_token')}"}
    return lambda _url: headers


def with_iam(credentials: Mapping[str, str]) -> Callable[[str], Headers]:
    """Sign-in by IAM, with the credentials that STS gave for the role that owns the resources."""
    signer = SigV4Auth(
        Credentials(
            credentials["AccessKeyId"], credentials["SecretAccessKey"], credentials["SessionToken"]
        ),
        "execute-api",
        os.environ["AWS_REGION"],
    )

    def headers(url: str) -> Headers:
        request = AWSRequest("GET", url)
        signer.add_auth(request)
        return dict(request.headers.items())

    return headers
