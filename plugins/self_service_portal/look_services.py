"""The verbs of a portal's look: loaded, changed, taken back."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import Refused
from core.workshop.audit.services import Actor, record
from core.workshop.notifications.services import enqueue
from plugins.self_service_portal import look_repository as repository
from plugins.self_service_portal.draft_photos import DELETE_FILES
from plugins.self_service_portal.look import Look
from plugins.self_service_portal.look_models import PortalLook
from plugins.self_service_portal.settings import NAME

CHANGED = f"{NAME}.look_changed"
UNDONE = f"{NAME}.look_undone"
_LOADED = f"{NAME}.look"


class LookChangedMeanwhile(Refused):
    """Somebody else saved the portal after this page was opened."""

    def __init__(self) -> None:
        super().__init__(
            "Somebody else changed the portal in the meantime. What you typed is still here:"
            " open the page again beside it, compare, and save once more."
        )


class NothingToUndo(Refused):
    """Nothing was saved, or somebody saved again since."""

    def __init__(self) -> None:
        super().__init__("There is nothing to undo any more: the portal was changed again.")


async def look_of(session: AsyncSession) -> Look:
    """The garage's look; read once per unit of work."""
    if _LOADED not in session.info:
        found = await repository.row(session)
        session.info[_LOADED] = Look.model_validate(found.content if found else {})
    look: Look = session.info[_LOADED]
    return look


async def revision_of(session: AsyncSession) -> int:
    """How often the look was changed."""
    found = await repository.row(session)
    return found.revision if found else 0


async def change_look(session: AsyncSession, look: Look, revision: int, actor: Actor) -> int:
    """Keep `look`; what was before can be brought back. Returns the new revision.

    Raises:
        LookChangedMeanwhile: `revision` is not the one that the person saw.
    """
    row = await repository.locked_row(session)
    if row.revision != revision:
        raise LookChangedMeanwhile
    if look.model_dump(mode="json") != Look.model_validate(row.content).model_dump(mode="json"):
        await _store(session, row, look, CHANGED, actor)
    return row.revision


async def undo(session: AsyncSession, revision: int, actor: Actor) -> int:
    """Bring back what was before the change that made `revision`; undone twice, it is done again.

    Raises:
        NothingToUndo: nothing was changed, or it was changed again since.
    """
    row = await repository.locked_row(session)
    if row.revision != revision or not revision:
        raise NothingToUndo
    await _store(session, row, Look.model_validate(row.former), UNDONE, actor)
    return row.revision


async def _store(
    session: AsyncSession, row: PortalLook, look: Look, action: str, actor: Actor
) -> None:
    before = Look.model_validate(row.content)
    unneeded = _logo_keys(row.former) - _logo_keys(row.content)
    row.former = row.content
    row.content = look.model_dump(mode="json")
    row.revision += 1
    record(
        session,
        actor,
        action,
        f"portal:{row.id}",
        details={"revision": row.revision, **difference(before, look)},
    )
    await session.flush()
    session.info[_LOADED] = look
    for key in unneeded - _logo_keys(row.content):
        await enqueue(session, DELETE_FILES, {"keys": [key]}, key=f"{DELETE_FILES}:{key}")


def difference(before: Look, after: Look) -> dict[str, list[Any]]:
    """What changed, as `name: [before, after]`; texts as `texts.<language>.<name>`."""
    old, new = _flat(before.model_dump(mode="json")), _flat(after.model_dump(mode="json"))
    return {
        name: [old.get(name), new.get(name)]
        for name in sorted(old.keys() | new.keys())
        if (old.get(name) or None) != (new.get(name) or None)
    }


def _flat(values: Mapping[str, Any], path: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            found |= _flat(value, f"{path}{name}.")
        else:
            found[f"{path}{name}"] = value
    return found


def _logo_keys(content: Mapping[str, Any]) -> set[str]:
    logo = content.get("logo")
    return {logo["key"]} if logo else set()
