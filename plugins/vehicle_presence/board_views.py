"""Saved looks at the board: one's own, and those of the whole garage."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import and_, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import now
from core.errors import NotFound, Refused
from plugins.vehicle_presence.board_models import BoardView
from plugins.vehicle_presence.board_repository import ViewRow
from plugins.vehicle_presence.filters import Filters

MOST = 30
LONGEST_NAME = 40


class NameMissing(Refused):
    """A view without a name."""

    status_code = 422

    def __init__(self) -> None:
        super().__init__("Please give the view a name.", field="name")


class NameIsTaken(Refused):
    """There is a view of that name."""

    status_code = 422

    def __init__(self, name: str) -> None:
        super().__init__(
            "There is a view called “%(name)s” already. Please choose another name.",
            field="name",
            name=name,
        )


async def seen_by(session: AsyncSession, staff_id: UUID | None) -> list[BoardView]:
    """The person's own views and the garage's, by name."""
    found = await session.scalars(
        select(BoardView)
        .where(
            BoardView.removed_at.is_(None),
            or_(BoardView.staff_id.is_(None), BoardView.staff_id == staff_id),
        )
        .order_by(BoardView.staff_id.is_(None), BoardView.name)
        .limit(2 * MOST)
    )
    return list(found)


def default_of(views: Sequence[ViewRow]) -> ViewRow | None:
    """What the bare board opens with: the person's own choice, else the garage's."""
    own = [view for view in views if view.is_default and view.staff_id is not None]
    return next(iter([*own, *(view for view in views if view.is_default)]), None)


async def save(
    session: AsyncSession,
    name: str,
    filters: Filters,
    owner: UUID | None,
    *,
    is_default: bool = False,
) -> BoardView:
    """Keep filters under a name, for one person or (owner None) for the garage.

    Raises:
        NameIsTaken: as it says.
        NameMissing, NameIsTaken: as they say.
        Refused: there are too many views.
    """
    name = name.strip()[:LONGEST_NAME]
    if not name:
        raise NameMissing
    of_owner = [view for view in await seen_by(session, owner) if view.staff_id == owner]
    if len(of_owner) >= MOST:
        raise Refused("Please remove a view first: there are %(most)s.", most=MOST)
    if is_default:
        await _no_default(session, owner)
    view = BoardView(staff_id=owner, name=name, query=filters.query(), is_default=is_default)
    try:
        async with session.begin_nested():
            session.add(view)
    except IntegrityError:
        raise NameIsTaken(name) from None
    return view


async def remove(
    session: AsyncSession, view_id: UUID, staff_id: UUID | None, *, for_all: bool
) -> BoardView:
    """Take a view away; :func:`restore` brings it back. `for_all`: the person may change the
    garage's views.

    Raises:
        NotFound: there is none that the person may take away.
    """
    view = await _changeable(session, view_id, staff_id, for_all=for_all)
    view.removed_at = now()
    await session.flush()
    return view


async def restore(
    session: AsyncSession, view_id: UUID, staff_id: UUID | None, *, for_all: bool
) -> BoardView:
    """*Undo* of a removal.

    Raises:
        NotFound: there is none that the person may bring back.
        NameIsTaken: another has its name meanwhile.
    """
    view = await _changeable(session, view_id, staff_id, for_all=for_all)
    if view.is_default:
        await _no_default(session, view.staff_id, but=view.id)
    try:
        async with session.begin_nested():
            view.removed_at = None
    except IntegrityError:
        raise NameIsTaken(view.name) from None
    return view


async def _changeable(
    session: AsyncSession, view_id: UUID, staff_id: UUID | None, *, for_all: bool
) -> BoardView:
    view = await session.scalar(select(BoardView).where(BoardView.id == view_id))
    is_own = view is not None and view.staff_id is not None and view.staff_id == staff_id
    if view is None or not (is_own or (view.staff_id is None and for_all)):
        raise NotFound("view")
    return view


async def _no_default(
    session: AsyncSession, owner: UUID | None, *, but: UUID | None = None
) -> None:
    whose = BoardView.staff_id.is_(None) if owner is None else BoardView.staff_id == owner
    others = whose if but is None else and_(whose, BoardView.id != but)
    await session.execute(
        update(BoardView)
        .where(others, BoardView.is_default)
        .values(is_default=False)
        .execution_options(synchronize_session=False)
    )
