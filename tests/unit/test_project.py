"""What no command can bring about by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.api_key import SecretError
from app.project import ConvoyUnusable, Project

if TYPE_CHECKING:
    from typing import NoReturn


class Rotating:
    """An exchange whose key was refused, and can't be read anew."""

    def answer(self, *_: object, **__: object) -> NoReturn:
        raise SecretError("todo/convoy", "it may not be read.")


def test_a_key_that_was_refused_and_can_not_be_read_anew_is_told() -> None:
    project = Project(Rotating(), base_url="http://convoy/api", project_id="p")  # type: ignore[arg-type]

    with pytest.raises(ConvoyUnusable, match=r"^CONVOY_API_KEY_SECRET \(todo/convoy\): it may not"):
        project.check()
