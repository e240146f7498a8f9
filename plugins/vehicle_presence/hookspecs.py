"""What other plugins may add to the on-site board: asked with the whole page, never per row.

A plugin that implements one marks it `@hookimpl(optionalhook=True)`, because vehicle presence may
not be installed where it is.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from core.db.reading import Reading
from core.hooks.contributions import Column, Panel
from core.hooks.markers import hookspec


@hookspec
def vehicle_presence_board_panels(  # type: ignore[empty-body]
    session: AsyncSession, reading: Reading, job_ids: Sequence[UUID], language: str
) -> Sequence[Panel]:
    """Blocks above the vehicles of a page of the board."""


@hookspec
def vehicle_presence_board_columns(  # type: ignore[empty-body]
    session: AsyncSession, reading: Reading, job_ids: Sequence[UUID], language: str
) -> Sequence[Column]:
    """Columns of the board, with marks by job."""
