"""What the API takes and gives, as types: they are checked, and described at ``/openapi.json``."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from consentkit.audit.erase import LARGEST_REASON
from consentkit.audit.search import LONGEST, MOST
from consentkit.audit.trend import KINDS

Text = Annotated[str, Field(max_length=LONGEST, pattern=r"^[^\x00]*$")]
TIME = r"^(\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)?)?)?$"
"""A day or a moment (RFC 3339); UTC where no zone is told."""
Moment = Annotated[str, Field(pattern=TIME, max_length=40)]


class Strict(BaseModel):
    """What is sent: nothing that we do not know of."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class Paged(Strict):
    """Which page of a list."""

    limit: int = Field(50, ge=1, le=MOST, description="Items on a page.")
    after: Text | None = Field(None, description="As the page before told it in `next`.")


class DecisionsAsked(Paged):
    """Which events."""

    visitor: Text | None = Field(None, description="A visitor's id. Officers alone; noted in the log.")
    of: Text | None = Field(
        None, description="All events of the visitor of this event. Officers alone; noted."
    )
    receipt: Text | None = Field(None, description="The id of one event. Officers alone; noted.")
    from_: Moment | None = Field(None, alias="from", description="From this day or moment on.")
    to: Moment | None = Field(None, description="Up to this day or moment, included.")
    act: Text | None = Field(None, description="The act, such as `accept`.")
    jurisdiction: Text | None = Field(None, description="A code such as `FR`; `-` for unknown.")
    policy: Text | None = Field(None, description="The hash of a policy.")


class TrendAsked(Strict):
    """Which counts."""

    kind: Literal[KINDS] = Field("act", description="What is counted.")  # type: ignore[valid-type]
    from_: date | None = Field(None, alias="from", description="First day; 30 days ago where none is told.")
    to: date | None = Field(None, description="Last day, included; today where none is told.")
    zone: Text = Field("UTC", description="Time zone (IANA) whose days and hours are meant.")
    hourly: bool = Field(False, description="By hour instead of by day.")


class ErasureAsked(Strict):
    """Whom to erase, and why. One of `visitor` and `event` is told."""

    visitor: Text | None = Field(None, description="The visitor's id.")
    event: Text | None = Field(None, description="The id of one of their events.")
    reason: str = Field(
        min_length=1,
        max_length=LARGEST_REASON,
        pattern=r"^[^\x00]*\S[^\x00]*$",
        description="Stands in the log for ever: never who.",
    )
    received: date | None = Field(None, description="The day on which the request came.")


class Decision(BaseModel):
    """An event of the log. The columns are those of the export."""

    seq: int
    id: str
    time: str = Field(description="RFC 3339, UTC.")
    act: str
    damaged: bool = Field(False, description="It cannot be read: what follows is empty.")
    site: str = ""
    visitor: str | None = Field(None, description="Told to officers; `null` too where nobody's, or erased.")
    granted: list[str] = []
    denied: list[str] = []
    regime: str | None = None
    regimes: dict[str, str] = {}
    jurisdiction: str | None = None
    signal: str | None = None
    policy: str = ""
    notice: str = ""
    language: str | None = None
    how: str = ""
    decided_after_ms: int | None = None
    statement: str = ""
    subject: list[tuple[int, int]] = []
    leaf: str


class Proof(BaseModel):
    """Where an event stands, and what proves it (RFC 6962)."""

    seq: int
    leaf: str
    fits: bool = Field(description="Whether the leaf is that of the event.")
    size: int | None = Field(
        description="Events that the checkpoint covers; `null` where none covers this one."
    )
    root: str
    hashes: list[str]
    holds: bool = Field(description="Whether the hashes lead from the leaf to the root, recomputed now.")
    checkpoint: str = Field(description="The signed note.")


class DecisionInFull(BaseModel):
    """An event, and its proof."""

    decision: Decision
    proof: Proof


class Decisions(BaseModel):
    """A page of events, newest first."""

    items: list[Decision]
    next: str | None = Field(description="Path of the next page; `null` on the last one.")


class Line(BaseModel):
    """How often one thing happened in each period."""

    name: str
    outcome: str = Field(description="The act, or `granted` or `denied`.")
    counts: list[int]


class Trend(BaseModel):
    """Counts over time."""

    kind: str
    zone: str
    periods: list[str]
    lines: list[Line]


class Run(BaseModel):
    """A verification."""

    id: str
    begun: str
    ended: str | None
    state: Literal["running", "sound", "wrong", "failed", "stopped"]
    size: int
    done: int
    findings: dict[str, int]


class Integrity(BaseModel):
    """How the log stands."""

    size: int = Field(description="Events of the log.")
    covered: int | None = Field(description="Events that the last checkpoint covers.")
    signed: str | None = Field(description="When it was stored.")
    standing: Literal["signed", "unsigned", "wrong-key", "forged"] | None = Field(
        description="What its signature is worth; `null` where no key was given."
    )
    checkpoint: str | None
    verifications: list[Run]


class Request(BaseModel):
    """An entry of the register."""

    seq: int
    id: str
    time: str
    act: str
    kind: Literal["access", "portability", "erasure", "inspection"]
    how: str
    received: date | None
    outcome: str
    subject: list[tuple[int, int]]


class Register(BaseModel):
    """A page of the register, newest first."""

    items: list[Request]
    next: str | None


class Erasure(BaseModel):
    """What was erased."""

    parts: int = Field(description="Events whose visitor id and salt were deleted.")
    event: str | None = Field(description="The id of the event that tells of it.")
    left: list[str] = Field(description="Files in whose bytes the id still stands.")


class Failure(BaseModel):
    """Why not."""

    error: str
