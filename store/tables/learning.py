"""What is learnt from reviews: correction notes that a category's prompt shows once a person has released them."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field, SQLModel

from store.columns import personal_text, utc


class CorrectionRow(SQLModel, table=True):
    """A note drafted from one review; `release` is the batch of its category that brought it into the prompt."""

    __tablename__ = "correction"
    __table_args__ = (
        CheckConstraint(
            "state in ('draft', 'approved', 'released', 'leaving', 'withdrawn')", name="correction_state"
        ),
        Index("correction_shown", "category", "state"),
    )
    id: str = Field(primary_key=True)
    category: str
    # One note per review: asking twice gives the same one.
    review_id: str = Field(foreign_key="review.id", unique=True)
    action_id: str = Field(foreign_key="action.id")
    # Checked by a person for names before it is approved; blanked with the customer it came from all the same.
    text: str = personal_text()
    state: str = "draft"
    drafted_by: str
    drafted_at: datetime = utc()
    approved_by: str | None = None
    approved_at: datetime | None = utc(null=True)
    release: int | None = None
    released_at: datetime | None = utc(null=True)
