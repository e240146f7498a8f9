"""Long tables as CSV files: sent page by page, each read in a short transaction of its own."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

from litestar.response import Stream
from sqlalchemy.ext.asyncio import AsyncSession

from core.i18n import current_language, language_scope
from core.web.resources import AnyConnection, resources_of, tenant_of
from core.workshop.csv_lines import BYTE_ORDER_MARK, csv_lines, separator_of

MOST_ROWS = 20_000

Batch = tuple[Sequence[Sequence[object]], Any]
"""Rows, and what the next batch begins behind (None: these were the last)."""
NextBatch = Callable[[AsyncSession, Any], Awaitable[Batch]]


def csv_download(
    connection: AnyConnection,
    name: str,
    head: Sequence[str],
    next_batch: NextBatch,
    *,
    if_cut: str,
) -> Stream:
    """A file of `head` and of all that `next_batch(session, behind)` finds, in the current
    language; `behind` is None at first. After :data:`MOST_ROWS` the file ends with the line
    `if_cut`, so that nobody takes a part for the whole.

    The request's own transaction is over when the file is sent, so its session is not used.
    """
    language = current_language()
    resources, tenant = resources_of(connection), tenant_of(connection)
    separator = separator_of(language)

    async def lines() -> AsyncIterator[bytes]:
        yield BYTE_ORDER_MARK + csv_lines([head], separator)
        behind: Any = None
        sent = 0
        while True:
            with language_scope(language):
                async with resources.database.unit_of_work(tenant.id) as session:
                    rows, behind = await next_batch(session, behind)
                part = csv_lines(rows[: MOST_ROWS - sent], separator)
            sent += len(rows)
            if part:
                yield part
            if behind is None:
                return
            if sent >= MOST_ROWS:
                yield csv_lines([[if_cut]], separator)
                return

    return Stream(
        lines(),
        media_type="text/csv",
        headers={
            "Cache-Control": "no-store",
            "Content-Disposition": f'attachment; filename="{name}"',
        },
    )
