"""The answer of each error of the customers' routes, in one place."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from app.convoy_admin.calls import ConvoyError
from app.customers.errors import Conflict, NotFound, UrlRefused
from app.http.problems import SAFE_METHODS, Answer, fault, problem

if TYPE_CHECKING:
    from fastapi import FastAPI, Request

log = logging.getLogger(__name__)

RETRY_AFTER_S = 5
"""Seconds. An outage of Convoy lasts longer than a contention of the store."""

TRY_AGAIN = "Try again."
LOOK_FIRST = "Wait, then look at the endpoint before you repeat the request."
"""Convoy may have done it: a repeated `rotate` makes another secret."""


def install(app: FastAPI) -> None:
    app.add_exception_handler(NotFound, _not_found)
    app.add_exception_handler(Conflict, _conflict)
    app.add_exception_handler(UrlRefused, _url_refused)
    app.add_exception_handler(ConvoyError, _unavailable)


async def _not_found(_: Request, error: Exception) -> Answer:
    return problem(404, str(error))


async def _conflict(_: Request, error: Exception) -> Answer:
    return problem(409, str(error))


async def _url_refused(_: Request, error: Exception) -> Answer:
    return problem(422, f"url: {error}.", errors=[fault("body", "url", str(error))])


async def _unavailable(request: Request, error: Exception) -> Answer:
    """Its message is for the operator: it may name a setting, or an address."""
    log.warning("a customer's request failed in Convoy: %s", error)
    next_step = TRY_AGAIN if request.method in SAFE_METHODS else LOOK_FIRST
    return problem(
        503,
        f"The webhook service did not answer. {next_step}",
        headers={"Retry-After": str(RETRY_AFTER_S)},
    )
