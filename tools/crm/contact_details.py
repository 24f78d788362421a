"""Addresses and phone numbers as arguments: what they may hold, whether they make sense, how they are shown."""

import re
from typing import Annotated

from pydantic import StringConstraints

from tools.crm.countries import COUNTRIES
from tools.crm.port import Address
from tools.kit import Args

Text = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Zip = Annotated[str, StringConstraints(min_length=1, max_length=20)]
Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]

_PLACE = re.compile(r"[\w .,'’/#&()°-]+")
_ZIP = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 -]{1,8})[A-Za-z0-9]")
_PHONE = re.compile(r"\+?\d[\d ().-]*\d")


class NewAddress(Args):
    """The fields of an address in a tool's arguments."""

    line1: Text
    city: Text
    zip: Zip
    country: Country

    @property
    def address(self) -> Address:
        """The address without stray spaces."""
        return Address(
            line1=self.line1.strip(), city=self.city.strip(), zip=self.zip.strip(), country=self.country
        )


def is_address(address: Address) -> bool:
    """True for a street, a city, a postcode and a country that exists; no links, no line breaks."""
    words = (address.line1, address.city)
    if not all(_PLACE.fullmatch(word) and any(c.isalpha() for c in word) for word in words):
        return False
    return bool(_ZIP.fullmatch(address.zip)) and address.country in COUNTRIES


def is_phone(phone: str) -> bool:
    """True for 7 to 15 digits, the most an international number may have, with the usual marks between."""
    digits = sum(c.isdigit() for c in phone)
    return phone.isascii() and 7 <= digits <= 15 and bool(_PHONE.fullmatch(phone))


def masked_phone(phone: str) -> str:
    """The last two digits, such as "••• 00"; "" when there is no number."""
    digits = re.sub(r"\D", "", phone)
    return f"••• {digits[-2:]}" if digits else ""


def one_line(address: Address | None) -> str:
    """The address as people write it; "" when there is none."""
    if address is None:
        return ""
    return f"{address.line1}, {address.city} {address.zip}, {address.country}"
