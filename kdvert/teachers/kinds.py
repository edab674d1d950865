"""The kinds of teachers, one file each, and how one is opened from settings."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from kdvert.teachers.protocol import Teacher
from kdvert.teachers.settings import REPLAY, TeacherSettings


@dataclass(frozen=True)
class Kind:
    """One kind.

    Attributes:
        module: where it is opened: the module's ``opened(settings, root)``.
        fits: whether these settings mean it.
    """

    module: str
    fits: Callable[[TeacherSettings], bool]


KINDS = {
    "replay": Kind("kdvert.teachers.replay", lambda s: s.model.startswith(REPLAY)),
    "local": Kind("kdvert.teachers.local", lambda s: s.local),
    "endpoint": Kind("kdvert.teachers.endpoint", lambda s: bool(s.reached())),
    "provider": Kind("kdvert.teachers.chat", lambda s: True),
}
"""The first that fits is taken."""


def kind_of(settings: TeacherSettings) -> str:
    """Return which of `KINDS` these settings mean."""
    return next(name for name, kind in KINDS.items() if kind.fits(settings))


def open_teacher(settings: TeacherSettings, *, root: Path) -> Teacher:
    """Open the teacher that ``settings`` name.

    Args:
        settings: what the project says of it.
        root: the folder that relative paths of weights and cassettes start from.

    Raises:
        UserError: the model or the provider is not known, its package is not installed, the key is not set, or the
            cassette is none.
        WorkFailed: local weights could not be fetched or read, or a cassette was changed.
    """
    opened: Callable[[TeacherSettings, Path], Teacher] = importlib.import_module(KINDS[kind_of(settings)].module).opened
    return opened(settings, root)
