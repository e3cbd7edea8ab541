"""The console sessions of the README and of the first tutorial print what the pages show."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tests.paths import ROOT
from tests.register import OWN
from tests.support import missing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.e2e.stacks import Stack

PAGES = (ROOT / "README.md", ROOT / "docs" / "first-webhook.md")
"""In the order in which a reader types them."""

VARIES = re.compile(
    r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"  # an event's id
    r"|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(\d{3})?Z"  # occurred_at, created_at
    r"|[0-9A-HJKMNP-TV-Z]{26}"  # an endpoint's id
    r'|(?<="secret":")[\w-]+'
    r"|(?<=date: ).*"
    r"|(?<=content-length: )\d+"  # of a text with the resource's name
)


def sessions(text: str) -> Iterator[tuple[str, str]]:
    """Each command of a document's console blocks, with its output."""
    for block in re.findall(r"```console\n(.*?)```", text, re.DOTALL):
        for entry in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command = re.match(r"(?:.*\\\n)*.*\n", entry)
            assert command
            yield command[0].strip(), entry[command.end() :]


ABOUT_THE_TODO = [page.name for page in PAGES if "8080/todo" in page.read_text()]


@pytest.mark.skipif(
    bool(ABOUT_THE_TODO) and "todo" not in {each.name for each in OWN},
    reason=f"{', '.join(ABOUT_THE_TODO)}: commands of the todo, which the app does not have",
)
def test_each_command_prints_what_its_page_shows(new_stack: Stack) -> None:
    if shutil.which("curl") is None:
        missing("curl", "curl is not installed")
    typed = [session for page in PAGES for session in sessions(page.read_text())]

    for command, shown in typed:
        printed = run(command, new_stack)
        assert VARIES.sub("…", printed) == VARIES.sub("…", shown.rstrip("\n")), command
    assert len(typed) == sum(page.read_text().count("\n$ ") for page in PAGES) > 0


def run(command: str, stack: Stack) -> str:
    places = {
        f"localhost:{urlsplit(url).port}": f"localhost:{port}"
        for port, url in ((8080, stack.api), (8002, stack.inbox))
    }
    for own, shown in places.items():
        command = command.replace(shown, own)
    done = subprocess.run(["sh", "-c", command], check=True, capture_output=True, text=True)
    printed = done.stdout.replace("\r\n", "\n").rstrip("\n")
    for own, shown in places.items():
        printed = printed.replace(own, shown)
    return printed
