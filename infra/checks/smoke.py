"""Checks whether a deployed stage works: `make smoke URL=…`.

Calls `GET /`, creates the example of the first resource in `app/register.py`, reads it and deletes
it. Both changes must reach Convoy. If the environment has TOKEN, the calls carry it as a bearer
token. Else they are signed with the AWS credentials, if there are any and the URL is API Gateway's
own or `--iam` is given.

Exit codes: 0 the stage works, 1 an answer is wrong, 2 wrong usage, 3 it is out of reach or answers
401 or 403.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import boto3
import httpx
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

from app.http.examples import examples_of
from app.register import RESOURCES

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from botocore.credentials import Credentials

    from app.domain.fields import Json

TIMEOUT_S = 35.0
"""Seconds to wait for an answer: the gateway itself answers after 30 s."""

JsonObject = dict[str, object]

WRONG, UNREACHABLE = 1, 3


class SmokeError(Exception):
    """The stage does not work; the message says why. `code` is the exit code."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


class Bearer(httpx.Auth):
    def __init__(self, token: str) -> None:
        self._token = token

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response]:
        request.headers["Authorization"] = f"Bearer {self._token}"
        yield request


class SigV4(httpx.Auth):
    """Signs requests to API Gateway with AWS credentials."""

    requires_request_body = True

    def __init__(self, credentials: Credentials, region: str) -> None:
        self._signer = SigV4Auth(credentials, "execute-api", region)

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response]:
        signed = AWSRequest(request.method, str(request.url), data=request.content)
        self._signer.add_auth(signed)
        request.headers.update(dict(signed.headers))
        yield request


@dataclass(frozen=True)
class Stage:
    http: httpx.Client

    def ask(self, method: str, path: str, expected: int) -> JsonObject:
        """The answer's body. Raises SmokeError if the answer is another."""
        return _body(self._ask(method, path, expected))

    def change(
        self, method: str, path: str, expected: int, body: Mapping[str, Json] | None = None
    ) -> JsonObject:
        """As `ask`. Raises SmokeError too if the event did not reach Convoy."""
        response = self._ask(method, path, expected, body)
        status = response.headers.get("Webhook-Status")
        if status != "accepted":
            problem = "Convoy did not take the event, which waits in the outbox. See the API's log"
            raise SmokeError(f"{method} {path}: Webhook-Status is {status}: {problem}", WRONG)
        return _body(response)

    def _ask(
        self, method: str, path: str, expected: int, body: Mapping[str, Json] | None = None
    ) -> httpx.Response:
        call = f"{method} {path}"
        try:
            response = self.http.request(method, path, json=body)
        except httpx.RequestError as error:
            raise SmokeError(f"{call}: no answer: {error!r}", UNREACHABLE) from error
        answer = f"{response.status_code}: {response.text[:500]}"
        if response.status_code in {401, 403}:
            advice = "Set TOKEN, or give AWS credentials that may execute-api:Invoke"
            raise SmokeError(f"{call}: answered {answer}. {advice}", UNREACHABLE)
        if response.status_code != expected:
            raise SmokeError(f"{call}: expected {expected}, answered {answer}", WRONG)
        print(f"ok  {call}")
        return response


def _body(response: httpx.Response) -> JsonObject:
    try:
        body: JsonObject = response.json()
    except ValueError as error:
        raise SmokeError(f"{response.url}: not JSON: {response.text[:500]}", WRONG) from error
    return body


def check(stage: Stage) -> None:
    """Raises SmokeError. The resource stays if it can't be read or deleted."""
    _expect("GET /", stage.ask("GET", "/", 200), {"message": "Wilkomen!"})
    resource = RESOURCES[0]
    example = examples_of(resource)
    created = stage.change("POST", f"/{resource.name}", 201, example)
    path = f"/{resource.name}/{created.get('id')}"
    found = stage.ask("GET", path, 200)
    stage.change("DELETE", path, 200)
    _expect(f"GET {path}", found, {"data": {"id": created.get("id"), **example, "version": 1}})
    stage.ask("GET", path, 404)


def _expect(call: str, found: JsonObject, expected: JsonObject) -> None:
    if found != expected:
        raise SmokeError(f"{call}: expected {expected}, answered {found}", WRONG)


def main() -> int:
    options = _options()
    with httpx.Client(
        base_url=options.url.rstrip("/"), auth=_auth(options), timeout=TIMEOUT_S
    ) as http:
        try:
            check(Stage(http))
        except SmokeError as error:
            print(f"error: {error}", file=sys.stderr)
            return error.code
    print("The stage works.")
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("url", help="the stage's URL: HttpApiUrl in the outputs of the deployment")
    parser.add_argument("--iam", metavar="REGION", help="sign, for a stage with its own domain")
    options = parser.parse_args()
    url = urlsplit(options.url)
    if url.scheme not in {"https", "http"} or not url.hostname:
        parser.error(f"{options.url!r} is no http or https URL")
    return options


def _auth(options: argparse.Namespace) -> httpx.Auth | None:
    token = os.environ.get("TOKEN")
    if token:
        return Bearer(token)
    region = options.iam or region_of(options.url)
    if region is None:
        return None
    credentials = boto3.Session().get_credentials()
    return SigV4(credentials, region) if credentials else None


def region_of(url: str) -> str | None:
    """The region in a URL of API Gateway's own."""
    host = re.fullmatch(r"\w+\.execute-api\.([\w-]+)\..+", urlsplit(url).hostname or "")
    return host[1] if host else None


if __name__ == "__main__":
    sys.exit(main())
