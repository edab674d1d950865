"""An output folder that gets everything or nothing."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path
from types import TracebackType

from kdvert.errors import UserError

PARTIAL = ".partial"


class Staging:
    """Write into ``place``, a hidden folder within the output folder; what lies there moves up when all is done.

    Use it as a context manager. After an error or an interruption nothing is left, not even the output folder if it
    was made here. What a kill left is removed by the next one.

    Args:
        folder: the output folder; it need not exist.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.place = folder / PARTIAL
        self._made: list[Path] = []

    def __enter__(self) -> Staging:
        """Make the folder.

        Raises:
            UserError: it holds something, or cannot be made.
        """
        folder = self.folder
        if folder.exists() and (not folder.is_dir() or any(p.name != PARTIAL for p in folder.iterdir())):
            raise UserError(f"{folder} is not an empty folder.", hint="Name a new one with --out.")
        self._made = [path for path in (folder, *folder.parents) if not path.exists()]
        try:
            shutil.rmtree(self.place, ignore_errors=True)
            self.place.mkdir(parents=True)
        except OSError as error:
            self._undo()
            raise UserError(f"{folder} cannot be written ({error.strerror}).", hint="Name another folder.") from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Move everything up, or remove it."""
        if kind is not None:
            self._undo()
            return
        moved: list[Path] = []
        try:
            for path in sorted(self.place.iterdir()):
                moved.append(path.rename(self.folder / path.name))
            self.place.rmdir()
        except BaseException:
            self._undo(moved)
            raise

    def _undo(self, moved: list[Path] | None = None) -> None:
        for path in (self.place, *(moved or [])):
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
        for path in self._made:
            with contextlib.suppress(OSError):
                path.rmdir()
