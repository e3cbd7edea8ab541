"""The table of docs/api.md: each call with its answer, from the OpenAPI document."""

from __future__ import annotations

from typing import Any

NONE = "\N{EN DASH}"


def table(document: dict[str, Any]) -> str:
    """One row for each operation except HEAD. Statuses of every call stand above the table."""
    operations = [
        (method, path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if method != "head"
    ]
    everywhere = set.intersection(*({*each["responses"]} for _, _, each in operations))
    rows = [_row(document, *each, everywhere) for each in operations]
    statuses = ", ".join(sorted(everywhere))
    return "\n".join(
        [
            f"Every call may also be answered with {statuses}.",
            "",
            "| call | answer | or | what it does |",
            "|---|---|---|---|",
            *rows,
        ]
    )


def _row(
    document: dict[str, Any],
    method: str,
    path: str,
    operation: dict[str, Any],
    everywhere: set[str],
) -> str:
    query = [each["name"] for each in operation.get("parameters", ()) if each["in"] == "query"]
    asked = f"?{'&'.join(f'{name}=' for name in query)}" if query else ""
    body = _fields(document, operation.get("requestBody", {}))
    call = " ".join([f"`{method.upper()} {path}{asked}`", *body])
    success, *_ = (status for status in operation["responses"] if status < "300")
    answer = " ".join([success, *_fields(document, operation["responses"][success])])
    others = ", ".join(sorted({*operation["responses"]} - everywhere - {success}))
    does = operation.get("description") or f"{operation['summary'].capitalize()}."
    return f"| {call} | {answer} | {others or NONE} | {' '.join(does.split())} |"


def _fields(document: dict[str, Any], body: dict[str, Any]) -> list[str]:
    """The fields of a JSON body; `?` marks one that may be absent."""
    if "content" not in body:
        return []
    schema = _referred(document, body["content"]["application/json"]["schema"])
    fields = (
        f'"{name}"{"" if name in schema["required"] else "?"}{_type(each)}'
        for name, each in schema["properties"].items()
    )
    return [f"`{{{', '.join(fields)}}}`"]


def _referred(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    name = schema["$ref"].rpartition("/")[2]
    return {"required": (), **document["components"]["schemas"][name]}


def _type(schema: dict[str, Any]) -> str:
    """The name of a schema of the document; of any other one nothing."""
    if "$ref" in schema.get("items", ()):
        return f": [{schema['items']['$ref'].rpartition('/')[2]}, …]"
    return f": {schema['$ref'].rpartition('/')[2]}" if "$ref" in schema else ""
