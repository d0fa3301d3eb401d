"""Parts as a plain Flask and SQLAlchemy ORM application lists them, for `gunicorn`.

It reads the same rows and answers the same JSON as `GET /api/parts/`.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from flask import Flask, Response, jsonify, request
from sqlalchemy import Text, create_engine, func, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

SCOPE = "project:default"


class Base(DeclarativeBase):
    pass


class Part(Base):
    __tablename__ = "parts"

    id: Mapped[int] = mapped_column(primary_key=True)
    scope: Mapped[str]
    type: Mapped[str | None]
    name: Mapped[str | None]
    part_number: Mapped[str]
    material: Mapped[str]
    material_thickness: Mapped[str | None]
    amount: Mapped[int]
    subsystem: Mapped[str]
    assigned: Mapped[str | None]
    status: Mapped[str]
    category: Mapped[str]
    notes: Mapped[str | None]
    file: Mapped[str | None]
    onshape_url: Mapped[str | None]
    claimed_at: Mapped[datetime | None]
    misc_info: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    def to_dict(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "type": self.type,
            "name": self.name,
            "partId": self.part_number,
            "material": self.material,
            "materialThickness": self.material_thickness,
            "amount": self.amount,
            "subsystem": self.subsystem,
            "assigned": self.assigned,
            "status": self.status,
            "category": self.category,
            "notes": self.notes,
            "file": self.file,
            "onshapeUrl": self.onshape_url,
            "claimedDate": self.claimed_at.isoformat() + "+00:00" if self.claimed_at else None,
            "miscInfo": json.loads(self.misc_info) if self.misc_info else None,
            "createdAt": self.created_at.isoformat() + "+00:00",
            "updatedAt": self.updated_at.isoformat() + "+00:00",
        }


def application(database: str) -> Flask:
    app = Flask(__name__)
    engine = create_engine(f"sqlite:///{database}")

    @app.get("/api/parts/")
    def list_parts() -> Response:
        query = select(Part).where(Part.scope == SCOPE)
        if category := request.args.get("category"):
            query = query.where(Part.category == category)
        with Session(engine) as session:
            total = session.scalar(select(func.count()).select_from(query.subquery()))
            parts = session.scalars(query.order_by(Part.created_at.desc(), Part.id.desc())).all()
            found = [part.to_dict() for part in parts]
        return jsonify({"parts": found, "total": total, "limit": None, "offset": 0})

    return app
