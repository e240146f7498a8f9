"""Telling other plugins what happened to vehicles: of all at once, and one by one to those that
listen so."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from core.hooks.contributions import (
    VehicleHandedOver,
    VehicleMoment,
    VehicleTimes,
    VehicleTimesChanged,
)
from core.hooks.manager import hooks
from plugins.vehicle_presence.models import Stay


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


def times_of(stay: Stay) -> VehicleTimes:
    """As they are known now: to be taken before they are changed."""
    return VehicleTimes(stay.arrived_at, stay.left_at)


async def times_changed(session: AsyncSession, stay: Stay, before: VehicleTimes) -> None:
    """Its vehicle came or left at another moment than was known; nothing is told if not."""
    after = times_of(stay)
    if after != before:
        changed = VehicleTimesChanged(stay.job_id, before, after)
        await hooks().ask_async("vehicle_times_changed", session=session, vehicles=[changed])


async def handed_over(session: AsyncSession, vehicles: Sequence[VehicleHandedOver]) -> None:
    """They stay for other jobs than those for which they came."""
    await hooks().ask_async("vehicle_handed_over", session=session, vehicles=vehicles)
