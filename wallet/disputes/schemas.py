"""What is said and shown in disputes, over HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import marshmallow as ma
from marshmallow import fields, validate

from wallet.disputes import answer
from wallet.disputes.records import LONGEST_TEXT, MOST_ATTACHMENTS, REASONS, STATES, Attachment
from wallet.web import examples
from wallet.web.pages import PageSchema
from wallet.web.receipts import ReceiptSchema
from wallet.web.schemas import AmountField, PinField, ReferenceField
from wallet.web.together import shape

_TEXT: Final = validate.Length(1, LONGEST_TEXT)
_HASH: Final = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_NOTHING: Final = "Left out, it is nothing."
SPLIT_EXAMPLE: Final = {
    "to_payee": {"amount": "150.00", "currency": "KES"},
    "to_payer": {"amount": "100.00", "currency": "KES"},
}
ACCEPTANCE_EXAMPLE: Final = {**SPLIT_EXAMPLE, "pin": examples.CUSTOMER_PIN}
ANSWER_EXAMPLES: Final = {
    "concede": {"value": {"act": "concede", "pin": examples.MERCHANT_PIN}},
    "concede_a_part": {
        "value": {
            "act": "concede",
            "amount": {"amount": "50.00", "currency": "KES"},
            "text": "One bag was wet, the other was dry.",
            "pin": examples.MERCHANT_PIN,
        }
    },
    "contest": {
        "value": {
            "act": "contest",
            "text": "The driver's photo shows both bags dry.",
            "attachments": [{"reference": "photos/delivery.jpg", "sha256": _HASH}],
            "pin": examples.MERCHANT_PIN,
        }
    },
    "propose": {"value": {"act": "propose", **SPLIT_EXAMPLE, "pin": examples.MERCHANT_PIN}},
}


class AttachmentSchema(ma.Schema):
    """A document kept elsewhere: where it is found, and the hash that proves it."""

    reference = fields.Str(
        required=True,
        validate=validate.Length(1, 200),
        metadata={"example": "photos/parcel-open.jpg"},
    )
    sha256 = fields.Str(
        required=True,
        validate=validate.Regexp("^[0-9a-f]{64}$"),
        metadata={"example": _HASH},
    )

    @ma.post_load
    def make(self, data: Mapping[str, str], **_: object) -> Attachment:
        """Return what the flows work with."""
        return Attachment(data["reference"], data["sha256"])


class WordsSchema(ma.Schema):
    """Words and documents, for the other side and for whoever may have to decide."""

    text = fields.Str(validate=_TEXT, metadata={"example": "Half of the bags were wet."})
    attachments = fields.List(
        fields.Nested(AttachmentSchema), validate=validate.Length(max=MOST_ATTACHMENTS)
    )
    pin = PinField(required=True)


class NewDisputeSchema(WordsSchema):
    """Disputes a part of what is held. Without an amount, all that is not disputed yet."""

    amount = AmountField()
    reason_code = fields.Str(
        required=True, validate=validate.OneOf(REASONS), metadata={"example": "damaged"}
    )


class DisputeAnswerSchema(WordsSchema):
    """Concede (an amount, or all), contest, or propose a split of all that is open."""

    act = fields.Str(
        required=True, validate=validate.OneOf(answer.ACTS), metadata={"example": "propose"}
    )
    amount = AmountField(metadata={"description": "What is conceded; without it, all."})
    to_payee = AmountField(metadata={"description": f"Of a proposal. {_NOTHING}"})
    to_payer = AmountField(metadata={"description": f"Of a proposal. {_NOTHING}"})

    TOGETHER: Final = (
        shape(without=("to_payee", "to_payer"), when={"act": "concede"}),
        shape(without=("amount", "to_payee", "to_payer"), when={"act": "contest"}),
        shape("to_payee", without=("amount",), when={"act": "propose"}),
        shape("to_payer", without=("amount",), when={"act": "propose"}),
    )

    @ma.validates_schema
    def check_amounts(self, data: Mapping[str, Any], **_: object) -> None:
        """Refuse amounts that the act does not take, and a proposal of nothing."""
        if "amount" in data and data.get("act") != "concede":
            raise ma.ValidationError("Only of conceding.", "amount")
        proposed = {"to_payee", "to_payer"} & data.keys()
        if bool(proposed) != (data.get("act") == "propose"):
            raise ma.ValidationError("Of a proposal, at least one of the two.", "to_payee")


class DisputeSplitSchema(ma.Schema):
    """What each gets of all that is open; one of the two may be left out."""

    to_payee = AmountField(metadata={"description": _NOTHING})
    to_payer = AmountField(metadata={"description": _NOTHING})

    TOGETHER: Final = (shape("to_payee"), shape("to_payer"))

    @ma.validates_schema
    def check_one(self, data: Mapping[str, Any], **_: object) -> None:
        """Refuse a split of nothing."""
        if not {"to_payee", "to_payer"} & data.keys():
            raise ma.ValidationError("At least one of the two.", "to_payee")


class DisputeAcceptanceSchema(DisputeSplitSchema):
    """Accepts what the other side proposes; the amounts must be those of the proposal."""

    pin = PinField(required=True)


class DisputeDecisionSchema(DisputeSplitSchema):
    """Decides a dispute; both sides are told the reason."""

    reason = fields.Str(
        required=True,
        validate=validate.Length(1, 140),
        metadata={"example": "The photos show one wet bag of two"},
    )


class ProposalSchema(ma.Schema):
    """A split of all that is open."""

    to_payee = AmountField()
    to_payer = AmountField()


class ProposalsSchema(ma.Schema):
    """What each side proposes; null where it proposes nothing."""

    payer = fields.Nested(ProposalSchema, allow_none=True)
    payee = fields.Nested(ProposalSchema, allow_none=True)


class DisputeSchema(ma.Schema):
    """A dispute. open + released + returned is always the amount.

    Until `due_at` it is for the payee to answer (`raised`), the payer (`answered`), both
    (`negotiating`) or the operator (`escalated`); then silence decides.
    """

    reference = ReferenceField(attribute="dispute.id")
    contract = ReferenceField(attribute="dispute.contract_id")
    state = fields.Str(attribute="dispute.state", metadata={"enum": list(STATES)})
    payer = fields.Str(attribute="payer_name", metadata={"example": "Amina Odhiambo"})
    payee = fields.Str(attribute="payee_name", metadata={"example": "Duka la Juma"})
    reason_code = fields.Str(attribute="dispute.reason_code", metadata={"enum": list(REASONS)})
    text = fields.Str(allow_none=True)
    attachments = fields.List(fields.Nested(AttachmentSchema))
    amount = AmountField(attribute="dispute.amount")
    open = AmountField(attribute="dispute.open")
    released = AmountField(attribute="dispute.released")
    returned = AmountField(attribute="dispute.returned")
    proposals = fields.Nested(ProposalsSchema)
    outcome = fields.Str(
        attribute="dispute.outcome", allow_none=True, metadata={"example": "agreed"}
    )
    opened_at = fields.DateTime(attribute="dispute.opened_at")
    due_at = fields.DateTime(attribute="dispute.due_at", allow_none=True)
    period_ends_at = fields.DateTime(attribute="dispute.period_ends_at")
    closed_at = fields.DateTime(attribute="dispute.closed_at", allow_none=True)


class DisputePageSchema(PageSchema):
    """What waits for a decision, newest first."""

    items = fields.List(fields.Nested(DisputeSchema))


class DisputeListSchema(ma.Schema):
    """A contract's disputes, newest first."""

    items = fields.List(fields.Nested(DisputeSchema))


class EventSchema(ma.Schema):
    """What somebody did with a contract. `nobody` is time: a deadline, or silence."""

    reference = ReferenceField(attribute="id")
    kind = fields.Str(metadata={"example": "dispute_propose"})
    who = fields.Str(metadata={"enum": ["payer", "payee", "operator", "nobody"]})
    at = fields.DateTime()
    details = fields.Dict(metadata={"example": {"text": "Half of the bags were wet."}})


class TimelineSchema(ma.Schema):
    """Who did what when, oldest first."""

    items = fields.List(fields.Nested(EventSchema))


class DisputeReceiptSchema(ReceiptSchema):
    """An act in a dispute; `disputed` is what is still open after it."""

    contract = ReferenceField()
    dispute = ReferenceField()
    state = fields.Str(metadata={"enum": list(STATES)})
    disputed = AmountField()
    due_at = fields.DateTime(allow_none=True)
    outcome = fields.Str(allow_none=True)
    reason_code = fields.Str(metadata={"enum": list(REASONS)})
    text = fields.Str(allow_none=True)
    attachments = fields.List(fields.Nested(AttachmentSchema))
    held = AmountField()


class DisputeSplitReceiptSchema(DisputeReceiptSchema):
    """Likewise, with a split: what was proposed, conceded, agreed or decided."""

    to_payee = AmountField()
    to_payer = AmountField()


class DisputeDecisionReceiptSchema(DisputeSplitReceiptSchema):
    """What was decided; or, above the market's amount, what waits for another operator."""

    class Meta:
        unknown = ma.INCLUDE

    reason = fields.Str()
    approval = ReferenceField()
    approval_state = fields.Str(metadata={"example": "waiting"})
