"""What all tables share: one metadata, one naming convention, ids, audit columns."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from decimal import Decimal
from typing import Annotated, Any

from sqlalchemy import (
    ARRAY,
    DateTime,
    Double,
    Enum,
    FetchedValue,
    MetaData,
    Numeric,
    String,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

NAMING_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

Money = Annotated[Decimal, mapped_column(Numeric(12, 2))]
Score = Annotated[Decimal, mapped_column(Numeric(3, 2))]


class Base(DeclarativeBase):
    """The declarative base; its metadata holds every table."""

    metadata = MetaData(naming_convention=NAMING_CONVENTION)
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy declares it as an instance attribute
        dict[str, Any]: JSONB,
        dt.datetime: DateTime(timezone=True),
        float: Double,
        list[Any]: JSONB,
        list[str]: ARRAY(String),
        uuid.UUID: Uuid,
    }


class Entity(Base):
    """A table whose rows have an id that the database makes."""

    __abstract__ = True

    id: Mapped[uuid.UUID] = mapped_column(
        primary_key=True, server_default=text("gen_random_uuid()"), sort_order=-1
    )


class ExtraMetadata:
    """Whatever has no column of its own; `metadata` is taken by SQLAlchemy."""

    extra_metadata: Mapped[dict[str, Any]] = mapped_column(
        server_default=text("'{}'::jsonb"), sort_order=50
    )


class _Authorship:
    # Who did it may be a user, an employee or an agent: plain ids, no foreign keys.
    created_at: Mapped[dt.datetime] = mapped_column(server_default=text("now()"), sort_order=100)
    created_by: Mapped[uuid.UUID | None] = mapped_column(sort_order=102)
    updated_by: Mapped[uuid.UUID | None] = mapped_column(sort_order=103)
    deleted_at: Mapped[dt.datetime | None] = mapped_column(sort_order=104)
    deleted_by: Mapped[uuid.UUID | None] = mapped_column(sort_order=105)


class Audit(_Authorship):
    """Who created, changed and deleted a row, and when."""

    updated_at: Mapped[dt.datetime | None] = mapped_column(sort_order=101)


class TouchedAudit(_Authorship):
    """The same, with an `updated_at` that a trigger keeps."""

    updated_at: Mapped[dt.datetime] = mapped_column(
        server_default=text("now()"), server_onupdate=FetchedValue(), sort_order=101
    )


def native_enum(members: type[enum.StrEnum], name: str) -> Enum:
    """A PostgreSQL enum type whose labels are the members' values, not their names."""
    return Enum(members, name=name, values_callable=_values)


def _values(members: type[enum.StrEnum]) -> list[str]:
    return [member.value for member in members]
