"""Colleagues who log in, and their sessions."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from store.columns import json_field, personal_text, utc


class UserRow(SQLModel, table=True):
    __tablename__ = "user_account"
    id: str = Field(primary_key=True)
    login: str = Field(unique=True)
    name: str = personal_text()
    roles: list[str] = json_field()  # approver, ops, evaluator, admin
    password_hash: str
    disabled: bool = False
    created_at: datetime = utc()


class SessionRow(SQLModel, table=True):
    """A login; only the token's digest is kept."""

    __tablename__ = "session"
    token_digest: str = Field(primary_key=True)
    user_id: str = Field(foreign_key="user_account.id", index=True)
    csrf: str
    authenticated_at: datetime = utc()
    seen_at: datetime = utc()
    expires_at: datetime = utc()
