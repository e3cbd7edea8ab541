"""Lambda's entry points."""

from mangum import Mangum

from app.wiring import lambda_api

# Mangum base64-encodes what it does not know to be text.
api = Mangum(
    lambda_api(),
    lifespan="off",
    text_mime_types=["text/", "application/json", "application/problem+json"],
)
