"""Take an upload: a file of the bank's that one of the staff uploads, and another approves.

Four eyes, whatever it says: a file confirms payouts and gives money back, and nobody can tell a
statement that the bank wrote from one that its uploader did. The approver sees what it brings, and
of an account's first statement what it opens with. What the bank's own channel puts into the folder
needs nobody: whoever writes there could as well write orders.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final
from uuid import UUID

from wallet.approvals.approve import Approvable
from wallet.clock import reference
from wallet.errors import Code, Refused
from wallet.ledger.facts import Facts, Needs
from wallet.ledger.posting import Decision, Posting
from wallet.ledger.rows import ReadRow, record


@dataclass(frozen=True, slots=True)
class Command:
    """`actor` uploaded the file; `told` is what it brings, in words."""

    KIND: ClassVar[str] = "take_bank_file"

    actor: int
    key: UUID
    file_id: int
    told: tuple[str, ...]
    approved_by: int | None = None

    def needs(self) -> Needs:
        """The upload."""
        return Needs(records=((Upload, self.file_id),))


@record("bank_uploads", lock=False)  # a worker alone changes it, once this has been posted
@dataclass(frozen=True, slots=True)
class Upload(ReadRow):
    """A file that waits."""

    id: int
    received_from: int

    RANK: ClassVar[int] = 250


def decide(command: Command, facts: Facts) -> Decision:
    """Return that it may be taken, which a worker then does; or raise why not."""
    if facts.record(Upload, command.file_id) is None:
        raise Refused(Code.NOT_FOUND)
    if command.approved_by is None:
        raise Refused(Code.APPROVAL_NEEDED)
    return Decision(
        Posting(command.KIND),
        answer={
            "reference": facts.reference,
            "kind": command.KIND,
            "file": reference(command.file_id),
            "posted_at": facts.now.isoformat(),
        },
    )


APPROVABLE: Final = Approvable(Command, decide)
