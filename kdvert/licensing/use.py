"""What the student is made for: the use that sources, teacher and student are judged against."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from kdvert.configuration import ConfigBase

Distribution = Literal["internal", "hosted", "distributed"]


class Use(ConfigBase):
    """What the student is made for. The license check judges sources and teacher against this.

    Attributes:
        distribution: who gets it: ``internal`` (only you), ``hosted`` (others use it through you) or ``distributed``
            (others get the weights).
        commercial: whether it serves a commercial purpose.
        eu: whether the licensee is domiciled, or has its principal place of business, in the European Union (null: not
            stated).
        field: the field the student answers in, such as medicine (null: the vertical's id).
        monthly_users: active users a month of the licensee's products (null: not stated).
        monthly_revenue_usd: the licensee's revenue a month, in US dollars (null: not stated).
        license: the license the student is handed on under: an SPDX id, or LicenseRef-Proprietary (null: not decided).
        name: the name the student is offered under (null: the project's name, with a prefix that a license asks for).
    """

    distribution: Distribution = "internal"
    commercial: bool = True
    eu: bool | None = None
    field: str | None = None
    monthly_users: int | None = Field(default=None, ge=0)
    monthly_revenue_usd: float | None = Field(default=None, ge=0)
    license: str | None = None
    name: str | None = None
