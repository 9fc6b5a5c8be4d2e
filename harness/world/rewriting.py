"""What is rewritten in one world: the files, and the sites in them."""

from __future__ import annotations

from types import CodeType

from harness.world.instrument import Site, instrument
from harness.world.program import TargetError


class Rewriting:
    """Rewrites sources, and keeps their paths and the sites that hooks name by number."""

    def __init__(self) -> None:
        self.sites: list[Site] = [Site("", 0, 0, 0, "", "")]  # what the standard library calls for a program
        self.files: set[str] = set()

    def rewrite(self, source: str, path: str) -> CodeType:
        """The module's code with hooks. Raises TargetError for what only the rewriting cannot take."""
        self.files.add(path)
        try:
            return instrument(source, path, self.sites)
        except (SyntaxError, ValueError) as error:
            compile(source, path, "exec", dont_inherit=True)  # what is no Python is the importing program's to handle
            raise TargetError(f"{path}: {getattr(error, 'msg', error)}") from None

    def located(self, number: int) -> Site:
        """The site with that number."""
        return next((site for site in self.sites if site.number == number), self.sites[0])
