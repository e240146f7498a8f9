"""Vehicles and their plates."""

from datetime import date
from uuid import UUID

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from core.db.base import TenantScoped, Timestamped, tenant_foreign_key


class Vehicle(Timestamped, TenantScoped):
    """A vehicle, known by its VIN where the garage has it.

    A Belgian plate follows the owner and not the car, so the plate here is only the current
    one; :class:`VehiclePlate` keeps those before it. `plate` is what was typed,
    `plate_normalised` what is searched.
    """

    __tablename__ = "vehicles"
    __table_args__ = (
        tenant_foreign_key("customer_id", "customers"),
        Index(
            "uq_vehicles_vin",
            "tenant_id",
            "vin",
            unique=True,
            postgresql_where=text("vin is not null"),
        ),
        Index("ix_vehicles_plate", "tenant_id", "plate_normalised"),
        Index("ix_vehicles_customer", "tenant_id", "customer_id"),
    )

    customer_id: Mapped[UUID]
    vin: Mapped[str | None]
    plate: Mapped[str]
    plate_normalised: Mapped[str]
    plate_country: Mapped[str] = mapped_column(server_default="BE")
    make: Mapped[str | None]
    model: Mapped[str | None]
    colour: Mapped[str | None]
    first_registration: Mapped[date | None]
    details: Mapped[str | None]


class VehiclePlate(TenantScoped):
    """A plate that a vehicle carried, from its first day here until `until` (exclusive)."""

    __tablename__ = "vehicle_plates"
    __table_args__ = (
        tenant_foreign_key("vehicle_id", "vehicles", ondelete="CASCADE"),
        Index("ix_vehicle_plates_vehicle", "tenant_id", "vehicle_id"),
    )

    vehicle_id: Mapped[UUID]
    plate: Mapped[str]
    plate_normalised: Mapped[str]
    plate_country: Mapped[str] = mapped_column(server_default="BE")
    since: Mapped[date]
    until: Mapped[date | None]
