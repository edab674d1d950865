"""The one base class of every settings model, and the error that an unknown or wrong setting gets."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from kdvert.errors import UserError
from kdvert.registry import suggest


class ConfigBase(BaseModel):
    """Settings: closed, immutable, strict about names."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, use_attribute_docstrings=True)


C = TypeVar("C", bound=BaseModel)


def validate(model: type[C], value: Any, *, where: str) -> C:
    """Build ``model`` from plain data or explain what is wrong.

    Args:
        where: where the value stands, for the message ("kdvert.yaml: elicit").

    Raises:
        UserError: a key is unknown (the nearest known one is named) or a value does not fit.
    """
    try:
        return model.model_validate(value)
    except ValidationError as error:
        problems = [_problem(model, e) for e in error.errors()]
        lines = "\n".join(f"  - {p}" for p in problems)
        raise UserError(f"{where}:\n{lines}", hint="Correct the file, or the --set option.") from None


def _problem(model: type[BaseModel], error: Any) -> str:
    path = ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        parent = _model_at(model, error["loc"][:-1])
        known = parent.model_fields if parent else {}
        return f"unknown key '{path}'. {suggest(str(error['loc'][-1]), known)}"
    given = error.get("input")
    shown = f" (got {given!r})" if isinstance(given, str | int | float | bool) else ""
    said = error["msg"].removeprefix("Value error, ")  # pydantic's mark of what a validator of ours raised
    return f"{path}: {said}{shown}" if path else f"{said}{shown}"


def _model_at(model: type[BaseModel], path: tuple[Any, ...]) -> type[BaseModel] | None:
    current: Any = model
    for part in path:
        if isinstance(part, int):
            continue
        field = getattr(current, "model_fields", {}).get(part)
        if field is None:
            continue  # the tag of a union, not a field
        current = _inner_model(field.annotation)
        if current is None:
            return None
    return current


def _inner_model(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in getattr(annotation, "__args__", ()):
        found = _inner_model(argument)
        if found is not None:
            return found
    return None
