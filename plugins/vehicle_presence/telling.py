"""Telling other plugins what happened to vehicles: of all at once, and one by one to those that
listen so."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from core.hooks.contributions import VehicleMoment
from core.hooks.manager import hooks


async def left(session: AsyncSession, vehicles: Sequence[VehicleMoment]) -> None:
    """They left, each at its moment."""
    if not vehicles:
        return
    await hooks().ask_async("vehicles_left", session=session, vehicles=vehicles)
    for each in vehicles:
        await hooks().ask_async("vehicle_left", session=session, job_id=each.job_id, at=each.at)


async def forgotten(session: AsyncSession, vehicles: Sequence[VehicleMoment]) -> None:
    """The clean-up asks about them; their moment is that of their arrival."""
    if not vehicles:
        return
    await hooks().ask_async("vehicles_forgotten", session=session, vehicles=vehicles)
    for each in vehicles:
        await hooks().ask_async(
            "vehicle_forgotten", session=session, job_id=each.job_id, since=each.at
        )


async def arrivals_undone(session: AsyncSession, vehicles: Sequence[VehicleMoment]) -> None:
    """They never arrived at those moments."""
    await hooks().ask_async("vehicle_arrivals_undone", session=session, vehicles=vehicles)


async def departures_undone(session: AsyncSession, vehicles: Sequence[VehicleMoment]) -> None:
    """They never left at those moments."""
    await hooks().ask_async("vehicle_departures_undone", session=session, vehicles=vehicles)
