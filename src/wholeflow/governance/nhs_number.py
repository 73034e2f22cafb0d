"""Numbers of people with their scheme; the NHS number has a check digit (rule §25)."""

from __future__ import annotations

NHS_NUMBER = "nhs-number"
"""The scheme whose numbers have a check digit."""

WRONG_CHECK_DIGIT = "wrong check digit"

_DASHES = (0x2D, 0x2010, 0x2011, 0x2012, 0x2013, 0x2014, 0x2015, 0x2212)
_SPACES = (0x20, 0x09, 0xA0, 0x2007, 0x2009, 0x202F)
_BETWEEN = dict.fromkeys((*_DASHES, *_SPACES))
_WRONG = f"{NHS_NUMBER}, {WRONG_CHECK_DIGIT}:"


def is_nhs_number(digits: str) -> bool:
    """True for ten digits, not all equal, with a right check digit (modulus 11).

    Source: NHS Data Dictionary, NHS NUMBER.

    >>> is_nhs_number("9434765919"), is_nhs_number("9434765918")
    (True, False)
    """
    if len(digits) != 10 or not (digits.isascii() and digits.isdigit()) or len(set(digits)) == 1:
        return False
    return (
        sum(int(d) * weight for d, weight in zip(digits, range(10, 0, -1), strict=True)) % 11 == 0
    )


def with_scheme(scheme: str, number: str) -> str:
    """A number of a person as records name it: ``scheme:number``.

    NHS numbers are digits only; a wrong one gets a scheme of its own and so links nobody.

    >>> with_scheme("nhs-number", "943 476 5919")
    'nhs-number:9434765919'
    """
    if scheme != NHS_NUMBER:
        return f"{scheme}:{number.strip(' ')}"
    digits = number.translate(_BETWEEN)
    return (f"{NHS_NUMBER}:" if is_nhs_number(digits) else _WRONG) + digits


def is_wrong(number: str | None) -> bool:
    """True for an NHS number, as records name it, whose check digit is wrong."""
    return number is not None and number.startswith(_WRONG)
