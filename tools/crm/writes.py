"""What can be changed in the CRM: the customer's own phone, address, and a note for colleagues."""

from abc import abstractmethod
from collections.abc import Awaitable, Mapping
from typing import Annotated, Any, ClassVar, TypeVar

from pydantic import StringConstraints

from core.actions import Line, Permit, Preview, Receipt
from core.errors import VendorDown, VendorError, VendorRefused, VendorUnsure
from core.facts import FactSet, FactType, read_facts
from core.ids import ActionId
from core.tool_spec import Risk, ToolSpec
from tools.crm.contact_details import NewAddress, is_address, is_phone, masked_phone, one_line
from tools.crm.customer_facts import CUSTOMER_FACTS, facts_of, own_contact
from tools.crm.port import Contact, Note
from tools.kit import Args, ContactId, Scope, WriteTool
from tools.mail.port import Letter


class OfContact(Args):
    contact_id: ContactId


class NewPhone(OfContact):
    phone: Annotated[str, StringConstraints(min_length=1, max_length=30)]


class ContactAddress(OfContact, NewAddress):
    """A new address of the contact."""


class NewNote(OfContact):
    text: Annotated[str, StringConstraints(min_length=1, max_length=2000)]


A = TypeVar("A", bound=OfContact)
R = TypeVar("R")


class ContactWrite(WriteTool[A]):
    """What the writes share: whose contact it is, and the CRM's own history as evidence."""

    effect: ClassVar[str]
    done_title: ClassVar[str]

    async def owned(self, args: A, scope: Scope) -> bool:
        return await self._own(args, scope) is not None

    async def facts(self, args: A, scope: Scope) -> FactSet:
        contact = await self._own(args, scope)
        if contact is None:
            return FactSet()
        return self._facts(args, contact, scope) | facts_of(contact, scope)

    def targets(self, args: A) -> tuple[str, ...]:
        return (f"contact:{args.contact_id}",)

    async def look_up(self, args: A, action_id: ActionId, scope: Scope) -> Receipt | None:
        at = await scope.systems.crm.find_update(args.contact_id, action_id)
        if at is None:
            return None
        return Receipt(
            vendor=scope.systems.crm.vendor,
            kind=self.effect,
            object=args.contact_id,
            reference=args.contact_id,
            title=self.done_title,
            lines=self._lines(args, None),
            at=at,
        )

    async def _own(self, args: A, scope: Scope) -> Contact | None:
        """The principal's contact when it is the one named; one of somebody else is as if it were not."""
        contact = await own_contact(scope)
        return contact if contact is not None and contact.id == args.contact_id else None

    async def _before(self, args: A, scope: Scope) -> Contact:
        contact = await _before_sending(self._own(args, scope), scope.systems.crm.vendor)
        if contact is None:
            raise VendorRefused(scope.systems.crm.vendor, "the contact is not there any more")
        return contact

    def _receipt(self, args: A, before: Contact, after: Contact, scope: Scope) -> Receipt:
        return Receipt(
            vendor=scope.systems.crm.vendor,
            kind=self.effect,
            object=after.id,
            reference=after.id,
            title=self.done_title,
            lines=self._lines(args, before),
            at=after.updated_at,
        )

    @abstractmethod
    def _facts(self, args: A, contact: Contact, scope: Scope) -> FactSet:
        """The tool's own facts."""

    def _lines(self, args: A, before: Contact | None) -> tuple[Line, ...]:
        """What changed, for the receipt; `before` is not known when it was looked up afterwards."""
        return ()


class UpdatePhone(ContactWrite[NewPhone]):
    """Sets the phone number; the e-mail on file is told before."""

    args = NewPhone
    effect = "phone_change"
    done_title = "Phone number changed"

    def preview(self, args: NewPhone, facts: FactSet) -> Preview:
        return Preview(
            title="Change the phone number",
            lines=(Line(label="Phone", after=args.phone.strip()),),
            note="A notice goes to the e-mail address on file.",
        )

    async def execute(self, args: NewPhone, permit: Permit, scope: Scope) -> Receipt:
        before = await self._before(args, scope)
        await _warn(before, args, permit, scope)
        after = await scope.systems.crm.update_phone(args.contact_id, args.phone.strip(), permit)
        return self._receipt(args, before, after, scope)

    def _facts(self, args: NewPhone, contact: Contact, scope: Scope) -> FactSet:
        return read_facts("arguments", scope.now, phone__well_formed=is_phone(args.phone.strip()))

    def _lines(self, args: NewPhone, before: Contact | None) -> tuple[Line, ...]:
        # The old number stays masked: whoever holds this session may not be who holds that phone.
        old = masked_phone(before.phone) if before is not None else ""
        return (Line(label="Phone", after=args.phone.strip(), before=old or None),)


class UpdateAddress(ContactWrite[ContactAddress]):
    """Sets the contact's postal address; orders already placed keep theirs."""

    args = ContactAddress
    effect = "address_change"
    done_title = "Address changed"

    def preview(self, args: ContactAddress, facts: FactSet) -> Preview:
        return Preview(
            title="Change the address of the account",
            lines=(Line(label="Address", after=one_line(args.address)),),
            note="Orders that were already placed keep their address.",
        )

    async def execute(self, args: ContactAddress, permit: Permit, scope: Scope) -> Receipt:
        before = await self._before(args, scope)
        after = await scope.systems.crm.update_address(args.contact_id, args.address, permit)
        return self._receipt(args, before, after, scope)

    def _facts(self, args: ContactAddress, contact: Contact, scope: Scope) -> FactSet:
        current = None if contact.address is None else contact.address.country
        return read_facts(
            scope.systems.crm.vendor,
            scope.now,
            address__well_formed=is_address(args.address),
            address__same_country=None if current is None else current == args.country,
        )

    def _lines(self, args: ContactAddress, before: Contact | None) -> tuple[Line, ...]:
        old = one_line(before.address) if before is not None else ""
        return (Line(label="Address", after=one_line(args.address), before=old or None),)


class AddNote(ContactWrite[NewNote]):
    """Leaves a note for colleagues on the contact's timeline; the customer does not see it."""

    args = NewNote
    effect = "note"
    done_title = "Passed on to the team"

    def preview(self, args: NewNote, facts: FactSet) -> Preview:
        return Preview(
            title="Pass your report on to the team", lines=(Line(label="In your words", after=args.text),)
        )

    async def execute(self, args: NewNote, permit: Permit, scope: Scope) -> Receipt:
        await self._before(args, scope)
        crm = scope.systems.crm
        # A note has no key of its own at HubSpot, so a repeat of this action must find the first one.
        note = await _before_sending(crm.find_note(args.contact_id, permit.action_id), crm.vendor)
        if note is None:
            note = await crm.add_note(args.contact_id, args.text, permit)
        return self._noted(note, crm.vendor)

    async def look_up(self, args: NewNote, action_id: ActionId, scope: Scope) -> Receipt | None:
        note = await scope.systems.crm.find_note(args.contact_id, action_id)
        return None if note is None else self._noted(note, scope.systems.crm.vendor)

    def _noted(self, note: Note, vendor: str) -> Receipt:
        return Receipt(
            vendor=vendor,
            kind=self.effect,
            object=note.contact,
            reference=note.id,
            title=self.done_title,
            at=note.created_at,
        )

    def _facts(self, args: NewNote, contact: Contact, scope: Scope) -> FactSet:
        return read_facts("arguments", scope.now, note__length=len(args.text))


async def _before_sending(reading: Awaitable[R], vendor: str) -> R:
    """A read before a write: whatever goes wrong with it, nothing was sent."""
    try:
        return await reading
    except VendorUnsure:
        raise VendorDown(vendor, "could not be read before the write; nothing was sent") from None


async def _warn(contact: Contact, args: NewPhone, permit: Permit, scope: Scope) -> None:
    """Tells the e-mail on file before the number changes; without that, nothing is changed."""
    vendor = scope.systems.crm.vendor
    if "@" not in contact.email:
        raise VendorRefused(vendor, "there is no e-mail on file that could be told of the change")
    letter = Letter(
        to=contact.email,
        subject="The phone number of your account is being changed",
        text=(
            "Hello,\n\nas asked in our support chat, the phone number of your account is being changed "
            f"to {masked_phone(args.phone)}.\n\nIf this was not you, answer this mail at once.\n"
        ),
        key=f"{permit.action_id}-old-contact",
    )
    try:
        await scope.systems.mail.send(letter)
    except VendorError as error:
        # Whatever became of the letter, nothing was sent to the CRM.
        raise VendorDown(
            vendor, f"the e-mail on file could not be told, nothing was changed ({error.code})"
        ) from None


def _spec(
    name: str, args: type[Args], risk: Risk, description: str, facts: Mapping[str, FactType]
) -> ToolSpec:
    return ToolSpec(
        name=name,
        version=1,
        kind="write",
        family="crm",
        risk=risk,
        description=description,
        schema=args.model_json_schema(),
        facts={**facts, **CUSTOMER_FACTS},
    )


UpdatePhone.spec = _spec(
    "update_phone",
    NewPhone,
    "medium",
    "Changes the phone number on the customer's own contact record. Give it with its country code.",
    {"phone.well_formed": "bool"},
)
UpdateAddress.spec = _spec(
    "update_address",
    ContactAddress,
    "medium",
    "Changes the postal address on the customer's own contact record; placed orders keep theirs.",
    {"address.same_country": "bool", "address.well_formed": "bool"},
)
AddNote.spec = _spec(
    "add_note",
    NewNote,
    "low",
    "Leaves a note for colleagues on the customer's contact record. The customer does not see it.",
    {"note.length": "int"},
)

WRITES: tuple[WriteTool[Any], ...] = (UpdatePhone(), UpdateAddress(), AddNote())
