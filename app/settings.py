"""Settings, read once from the environment or `.env`. An error names the variable."""

import re
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    Field,
    HttpUrl,
    SecretStr,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.convoy.api_key import usable
from app.http.callers import MAX_OWNER_BYTES, SignIn, can_own

Name = Annotated[str, StringConstraints(strip_whitespace=True)]

DEFAULT_OWNER_CLAIM = "sub"


class SettingsError(Exception):
    """The application can't start with these settings; the message names each variable."""


def _api_root(value: str) -> str:
    try:
        url = HttpUrl(value.strip())
    except ValidationError as error:
        raise ValueError(error.errors()[0]["msg"]) from None
    if url.username is not None or url.password is not None:
        raise ValueError("must have no user name and no password: the API key signs in")
    if "?" in value or "#" in value:
        raise ValueError("must have no query and no fragment")
    if not (url.path or "").rstrip("/").endswith("/api"):
        raise ValueError("must end in /api: elsewhere Convoy serves its dashboard")
    return str(url).rstrip("/")


def _api_key(value: SecretStr, others: ValidationInfo) -> SecretStr:
    key = value.get_secret_value().strip()
    by_reference = bool(others.data["convoy_api_key_secret"])
    if not key and not by_reference:
        raise ValueError("neither it nor CONVOY_API_KEY_SECRET is set; set one of them")
    if key and by_reference:
        raise ValueError("both it and CONVOY_API_KEY_SECRET are set; set one of them")
    return SecretStr(usable(key) if key else "")


def _owner(value: str) -> str:
    if not can_own(value):
        raise ValueError(f"has over {MAX_OWNER_BYTES} bytes, or a null character")
    return value


Owner = Annotated[Name, AfterValidator(_owner)]


def _base_path(value: str) -> str:
    if not value:
        return value
    path = value.strip().strip("/")
    if re.fullmatch(r"[\w.~!$&'()*+,;=:@-]+(/[\w.~!$&'()*+,;=:@-]+)*", path, re.ASCII) is None:
        raise ValueError("must be a path such as /v1, without % and without empty parts")
    return f"/{path}"


def _sign_in(value: SignIn, others: ValidationInfo) -> SignIn:
    if value == "anonymous" and not others.data.get("convoy_app_id"):
        raise ValueError("anonymous needs CONVOY_APP_ID, the owner of everything: set it")
    return value


def _owner_claim(value: str, others: ValidationInfo) -> str:
    sign_in = others.data.get("sign_in", "jwt")
    if value != DEFAULT_OWNER_CLAIM and sign_in not in {"jwt", "lambda"}:
        raise ValueError(f"SIGN_IN={sign_in} has no claims: leave it out")
    return value


class ConvoySettings(BaseSettings):
    """The settings for managing Convoy's project."""

    model_config = SettingsConfigDict(
        env_file=".env", extra="ignore", hide_input_in_errors=True, frozen=True
    )

    convoy_api_key_secret: Annotated[str, StringConstraints(strip_whitespace=True)] = ""
    """Name or ARN of the AWS secret that holds the key, as `CONVOY_API_KEY` in a JSON object."""
    convoy_api_key: Annotated[SecretStr, AfterValidator(_api_key), Field(validate_default=True)] = (
        SecretStr("")
    )
    """The project's API key: set this or `CONVOY_API_KEY_SECRET`."""
    convoy_app_id: Owner = ""
    """Owner of a deployment without sign-in: needed on a laptop, and with `SIGN_IN=anonymous`."""
    convoy_project_id: Name
    """The outgoing project."""
    convoy_base_url: Annotated[Name, AfterValidator(_api_root)]
    """Convoy's API root, ending in `/api`: `https://us.getconvoy.cloud/api`, for example. It has no
    default: the API key and every event go there."""
    convoy_deadline_s: Annotated[float, Field(gt=0, le=10)] = 2.0
    """Seconds that one publish may take in all."""
    tracing: Literal["Active", "PassThrough"] = "PassThrough"
    """On Lambda, `Active` sends X-Ray each call to DynamoDB and Convoy."""

    @model_validator(mode="before")
    @classmethod
    def _blank_means_the_default(cls, values: dict[str, Any]) -> dict[str, Any]:
        """pydantic-settings' `env_ignore_empty` would take the value of `.env` instead."""
        return {name: value for name, value in values.items() if str(value).strip()}

    @classmethod
    def load(cls) -> Self:
        """Raises SettingsError, which names every variable that is missing or wrong."""
        try:
            return cls()
        except ValidationError as error:
            raise SettingsError(_explain(error)) from None
        except UnicodeDecodeError as error:
            raise SettingsError(f".env is not text in UTF-8: {error.reason}.") from None


class Settings(ConvoySettings):
    """The settings of the functions."""

    resources_table: Name
    """Name of the DynamoDB table of all resources."""
    outbox_table: Name
    """Name of the DynamoDB table of events that Convoy has not handled yet."""
    events_table: Name
    """Name of the DynamoDB table of the log: every event, for `EVENT_RETENTION_DAYS`."""
    idempotency_table: Name
    """Name of the DynamoDB table of idempotency keys."""
    settle_after_s: Annotated[float, Field(ge=0, le=3600)] = 60.0
    """Seconds until the relay asks Convoy what became of an event: longer than the gateway's
    30 s."""
    events_visible_after_s: Annotated[float, Field(ge=0, le=3600)] = 30.0
    """Seconds until `GET /events` shows an event: longer than a request lasts. `make run`
    sets 2."""
    event_retention_days: Annotated[int, Field(ge=1, le=3650)] = 30
    """Days that the log keeps an event. After you raise it, `GET /events` reports no `gap` for the
    events that have expired before."""
    publish_reads: bool = True
    """Whether `ping` and `retrieved`, the events of reads, are published."""
    access_log: Literal["short", "full"] = "short"
    """On Lambda, `full` logs each request's owner and actor, as hashes."""
    metrics_namespace: Annotated[
        str,
        StringConstraints(
            strip_whitespace=True, max_length=255, pattern="^[0-9A-Za-z_./#-][0-9A-Za-z_./#: -]*$"
        ),
    ] = "TodoConvoy"
    """CloudWatch namespace of the metrics: each stage of an account needs its own."""
    sign_in: Annotated[SignIn, AfterValidator(_sign_in)] = "jwt"
    """On Lambda, the one kind of identity that is a caller: `jwt`, `iam`, `lambda` (a Lambda
    authorizer), or `anonymous`: everybody, as `CONVOY_APP_ID`."""
    owner_claim: Annotated[Name, AfterValidator(_owner_claim)] = DEFAULT_OWNER_CLAIM
    """The claim of the JWT, or the field of the Lambda authorizer's context, that names the
    owner."""
    base_path: Annotated[str, AfterValidator(_base_path)] = ""
    """On Lambda, what a custom domain or a proxy puts before this API's paths: `/v1`, for
    example."""
    max_endpoints: Annotated[int, Field(ge=1, le=100)] = 10
    """Endpoints that one owner may have."""
    local_endpoints: bool = False
    """Whether endpoints may be at `http://localhost`. `make run` sets `true`."""


class LocalSettings(Settings):
    """The settings of the API outside Lambda, where nobody signs in."""

    convoy_app_id: Owner


def _explain(error: ValidationError) -> str:
    lines = []
    for problem in error.errors(include_url=False, include_input=False):
        name = str(problem["loc"][0]).upper()
        message = problem["msg"].removeprefix("Value error, ")
        lines.append(
            f"{name} is not set." if problem["type"] == "missing" else f"{name}: {message}."
        )
    return "\n".join([*lines, "Set it in the environment or in .env; .env.example lists them all."])
