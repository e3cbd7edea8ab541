"""The versions of a resource at which a request is to be done."""

from __future__ import annotations

from typing import NamedTuple


class Versions(NamedTuple):
    """`only`: the versions that the request takes; None: every version.

    `none_of`: the versions that the request does not take; None: every version, so that the
    request takes none.
    """

    only: frozenset[int] | None = None
    none_of: frozenset[int] | None = frozenset()

    def misses(self, version: int) -> bool:
        """Whether it is not one of `only`."""
        return self.only is not None and version not in self.only

    def excludes(self, version: int) -> bool:
        """Whether `none_of` rules it out."""
        return self.none_of is None or version in self.none_of

    def allows(self, version: int) -> bool:
        return not self.misses(version) and not self.excludes(version)

    def of_request(self) -> tuple[object, ...]:
        """For a request's fingerprint. `none_of` came later: without it, older records match."""
        if self.none_of == frozenset():
            return (self.only,)
        return self.only, "*" if self.none_of is None else self.none_of


ANY = Versions()
