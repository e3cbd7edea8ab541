"""Applications and routes that the tests of a process share: to build them takes 10 to 30 ms."""

from __future__ import annotations

from collections import defaultdict
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator

Built = TypeVar("Built")


class _Part:
    """Stands in for a part that each test has of its own: passes on attributes and calls."""

    given: Any = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.given, name)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.given(*args, **kwargs)


_unused: dict[Hashable, list[tuple[Any, list[_Part]]]] = defaultdict(list)


@contextmanager
def built_once(
    build: Callable[..., Built], *parts: object, key: Hashable = None
) -> Iterator[Built]:
    """What `build` makes of these parts. Made anew only if every one made before is in use.

    `key` tells those apart that `build` makes differently: what it reads from a part stays that of
    the first. Afterwards a call of a part fails.
    """
    unused = _unused[build, key, len(parts)]
    built, stand_ins = unused.pop() if unused else (None, [_Part() for _ in parts])
    for stand_in, part in zip(stand_ins, parts, strict=True):
        stand_in.given = part
    if built is None:
        built = build(*stand_ins)
    try:
        yield built
    finally:
        for stand_in in stand_ins:
            stand_in.given = None
        unused.append((built, stand_ins))
