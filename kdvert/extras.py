"""Optional packages: a clear error with the install command instead of an ImportError."""

from __future__ import annotations

import importlib
import importlib.util
from types import ModuleType

from kdvert.errors import UserError


def have(module: str) -> bool:
    """Return whether ``module`` can be imported, without importing it."""
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False


def require(module: str, *, install: str, purpose: str) -> ModuleType:
    """Import ``module`` or say what to install.

    Args:
        module: import name.
        install: what to give pip.
        purpose: what the package is needed for, completing "… is needed to".

    Raises:
        UserError: the package is not installed.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name and error.name.split(".")[0] != module.split(".")[0]:
            raise
        raise UserError(f"The package '{module}' is needed to {purpose}.", hint=f'pip install "{install}"') from error
