"""Cells of a file and the SQL that reads them: text, codes, times, numbers, identifiers."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pyarrow as pa

from wholeflow.core.errors import InputError
from wholeflow.core.sql import named, quoted
from wholeflow.events import Field
from wholeflow.governance.nhs_number import NHS_NUMBER, WRONG_CHECK_DIGIT
from wholeflow.sources.mapping import Condition, FileMapping, Mapping, Saying, Value

NOT_A_TIME = "a time in none of the declared formats"
NOT_A_NUMBER = "not a number"
NOT_A_CODE = "a code that the mapping does not list"
IS_BLANK = "blank, and it must be there"

PERSON = "person"
"""Whoever maps a column of persons means that every row is about one (`docs/guides`)."""

BLANK_WORD = "blank word"
UNLISTED_CODE = "unlisted code"
UNREAD_TRAIT = "unread trait"

TELLS = {
    part: re.compile(f"%[{directives}]").search
    for part, directives in {"year": "Y", "month": "mbBj", "day": "dj"}.items()
}
"""Whether a format tells a part of a date."""

HOUR = re.compile("%[HI]")
"""Where the hour begins in a format."""

FLAGS = {"true": ("true", "yes", "y", "1"), "false": ("false", "no", "n", "0")}
"""How a flag is written, without regard to case."""

DASHES = "".join(map(chr, (0x2010, 0x2011, 0x2012, 0x2013, 0x2014, 0x2015, 0x2212)))
SPACES = " \t" + "".join(map(chr, (0xA0, 0x2007, 0x2009, 0x202F)))

MACROS = f"""
CREATE OR REPLACE TEMP MACRO folded(words) AS
    lower(translate(words, '{DASHES}{SPACES}', '{"-" * len(DASHES)}'));
CREATE OR REPLACE TEMP MACRO nhs_digits(words) AS translate(words, '-{DASHES}{SPACES}', '');
CREATE OR REPLACE TEMP MACRO is_nhs_number(d) AS
    length(d) = 10 AND translate(d, '0123456789', '') = '' AND d <> repeat(d[1], 10)
    AND (ascii(d[1])*10 + ascii(d[2])*9 + ascii(d[3])*8 + ascii(d[4])*7 + ascii(d[5])*6
         + ascii(d[6])*5 + ascii(d[7])*4 + ascii(d[8])*3 + ascii(d[9])*2 + ascii(d[10])
         - 48*55) % 11 = 0;
"""
"""What cells are read with. ``folded``: without regard to case, spaces and kinds of dash.
``is_nhs_number``: the check digit by modulus 11 (NHS Data Dictionary, NHS NUMBER); ten equal
digits pass it and are placeholders, never a person's number."""


class Cell:
    """A field of a saying with the SQL that reads it.

    ``schema`` is that of the file; Parquet times need no format.
    """

    def __init__(
        self,
        spec: Field,
        value: Value,
        schema: pa.Schema,
        mapping: Mapping,
        layout: FileMapping,
    ) -> None:
        self.name = spec.name
        self.spec = spec
        self.value = value
        self.is_time = spec.type == "instant" and bool(value.columns)
        self._kinds = [schema.field(column).type for column in value.columns]
        self.native = len(self._kinds) == 1 and tells_a_day(self._kinds[0])
        if (self.is_time or value.take) and not self.native and not value.formats:
            raise InputError(
                f"the mapping does not say how the times in column {value.column} look",
                where=mapping.source,
                repair="Add times = ['%d/%m/%Y %H:%M'], or the format that the file has.",
            )
        self.is_day = self.native and pa.types.is_date(self._kinds[0])
        self.has_zone = self.native and not self.is_day and self._kinds[0].tz is not None
        self.scheme = value.scheme or _scheme(spec, mapping, layout)
        self.column = value.column or spec.name
        self.others = [Cell(spec, other, schema, mapping, layout) for other in value.others]
        self._blank = layout.blank

    @property
    def text(self) -> str:
        """The cell as text, NULL when blank."""
        if not self.value.columns:
            return quoted(self.value.constant or "")
        first, *rest = map(self._one, self.value.columns, self._kinds)
        if not rest:
            return first
        return f"CASE WHEN {first} IS NOT NULL THEN concat_ws(' ', {', '.join([first, *rest])}) END"

    def _one(self, column: str, kind: pa.DataType) -> str:
        if self.is_time and len(self._kinds) > 1:
            if tells_a_day(kind):
                return f"CAST(CAST({named(column)} AS DATE) AS VARCHAR)"
            if pa.types.is_time(kind):
                return f"strftime(DATE '2000-01-01' + {named(column)}, '{NATIVE_TIME}')"
        return filled_text(column, self._blank, kind)

    @property
    def filled(self) -> str:
        """SQL that is NULL when the cell says nothing."""
        if self.native and self.is_time:
            return named(self.value.columns[0])
        if self.name == "nhs_number":  # of a wrong one nobody knows whose it is
            return self.own_identifier
        return self.identifier if self.others or self.scheme else self.text

    @property
    def identifier(self) -> str:
        """The number with its scheme: of several that name a person the first that is right."""
        right = [cell.own_identifier for cell in (self, *self.others)]
        wrong = [cell.wrong_number for cell in (self, *self.others) if cell.scheme == NHS_NUMBER]
        return first_of([*right, *wrong])

    @property
    def own_identifier(self) -> str:
        """The number of this cell with its scheme; NULL when blank or wrong."""
        if self.scheme == NHS_NUMBER:
            digits = f"nhs_digits({self.text})"
            return f"CASE WHEN is_nhs_number({digits}) THEN '{NHS_NUMBER}:' || {digits} END"
        return f"{quoted(self.scheme + ':')} || {self._compared}"

    @property
    def wrong_number(self) -> str:
        """A number with a wrong check digit: it names this person and is nobody else's."""
        return f"'{NHS_NUMBER}, {WRONG_CHECK_DIGIT}:' || nhs_digits({self.text})"

    @property
    def _compared(self) -> str:
        """What an identifier or trait is compared by."""
        if self.value.take:
            return f"CAST({self._part} AS VARCHAR)"
        text = self._translated(self.text) if self.value.codes else self.text
        return f"folded({text})" if self.is_trait else text

    @property
    def _part(self) -> str:
        """The part of a date that is wanted; NULL where its format does not tell it."""
        part = self.value.take
        if self.native:
            return f"date_part('{part}', {self.moment})"
        whens = [
            f"WHEN {self._try(form)} IS NOT NULL THEN "
            + (f"date_part('{part}', {self._try(form)})" if TELLS[part](form) else "NULL")
            for form in self.value.formats
        ]
        return f"CASE {' '.join(whens)} END"

    @property
    def is_trait(self) -> bool:
        """True for what people are compared by, and not known by."""
        return self.scheme == self.name.replace("_", " ") and self.spec.type == "identifier"

    def select(self) -> Iterator[str]:
        """The columns of the answer that this cell needs."""
        if self.is_time:
            yield f"epoch_us({self.moment}) AS {named(self.name)}"
            yield f"{self._format_used()} AS {named('format of ' + self.name)}"
        elif self.spec.type in ("number", "integer"):
            kind = "DOUBLE" if self.spec.type == "number" else "BIGINT"
            yield f"try_cast({self.text} AS {kind}) AS {named(self.name)}"
        elif self.spec.type == "flag":
            yield f"{self._flag} AS {named(self.name)}"
        elif self.scheme:
            yield f"{self.filled} AS {named(self.name)}"
        elif self.value.codes:
            yield f"{self._translated(self._kept_code)} AS {named(self.name)}"
        else:
            yield f"{self.text} AS {named(self.name)}"

    def faults(self) -> Iterator[tuple[str, str]]:
        """What makes its row useless: SQL conditions and what is then wrong."""
        needed = self.spec.required or self.name == PERSON
        if needed and self.value.columns and not self.spec.default:
            yield f"{self.filled} IS NULL", IS_BLANK
        if self.is_time and not self.native:
            yield f"{self.text} IS NOT NULL AND {self.moment} IS NULL", NOT_A_TIME
        if self.spec.type in ("number", "integer"):
            yield f"{self.text} IS NOT NULL AND ({self._no_number()})", NOT_A_NUMBER
        if self.value.codes and self.spec.choice_list:
            yield f"{self.text} IS NOT NULL AND {self._translated('NULL')} IS NULL", NOT_A_CODE
        if self.spec.type == "flag":
            yield f"{self.text} IS NOT NULL AND {self._flag} IS NULL", NOT_A_CODE

    def doubts(self) -> Iterator[tuple[str, str, str]]:
        """What may be wrong with a cell of a row that is used: column, SQL condition, doubt."""
        for column in self.value.columns if self._blank else ():
            words = ", ".join(quoted(word) for word in self._blank)
            yield column, f"{trimmed(column)} IN ({words})", BLANK_WORD
        if self.scheme == NHS_NUMBER:
            digits = f"nhs_digits({self.text})"
            wrong = f"{self.text} IS NOT NULL AND NOT is_nhs_number({digits})"
            yield self.column, wrong, WRONG_CHECK_DIGIT
        if self.value.codes and not self.spec.choice_list:
            unlisted = f"{self.text} IS NOT NULL AND {self._translated('NULL')} IS NULL"
            yield self.column, unlisted, UNLISTED_CODE
        if self.value.take == "year":
            yield self.column, f"{self.text} IS NOT NULL AND {self.moment} IS NULL", UNREAD_TRAIT
        for other in self.others:
            yield from other.doubts()

    @property
    def _flag(self) -> str:
        """True or false; NULL where the cell says neither."""
        text = self._translated(self.text) if self.value.codes else self.text
        whens = " ".join(
            f"WHEN folded({text}) IN ({', '.join(map(quoted, words))}) THEN {means}"
            for means, words in FLAGS.items()
        )
        return f"CASE {whens} END"

    def _no_number(self) -> str:
        value = f"try_cast({self.text} AS DOUBLE)"
        if self.spec.type == "number":
            return f"NOT coalesce(isfinite({value}), false)"
        whole = f"try_cast({self.text} AS BIGINT)"
        return f"{whole} IS NULL OR {value} <> {whole}"

    @property
    def moment(self) -> str:
        """The time on the source's own clock."""
        if self.native:
            return f"CAST({named(self.value.columns[0])} AS {self._native_type})"
        return first_of([self._try(form) for form in self.value.formats])

    @property
    def _native_type(self) -> str:
        return "TIMESTAMPTZ" if self.has_zone else "TIMESTAMP"

    def _format_used(self) -> str:
        if self.native or len(self.value.formats) == 1:
            return "0"
        whens = [
            f"WHEN {self._try(form)} IS NOT NULL THEN {number}"
            for number, form in enumerate(self.value.formats)
        ]
        return f"CASE {' '.join(whens)} END"

    def _try(self, form: str) -> str:
        return f"try_strptime({self.text}, {quoted(self._as_stored(form))})"

    def _as_stored(self, form: str) -> str:
        """The format with its day, or its hour, as a column that is no text gives it."""
        if len(self._kinds) < 2:
            return form
        found = HOUR.search(form)
        day, hour = (form[: found.start()].rstrip(), form[found.start() :]) if found else (form, "")
        day = "%Y-%m-%d" if tells_a_day(self._kinds[0]) else day
        hour = NATIVE_TIME if hour and any(map(pa.types.is_time, self._kinds)) else hour
        return f"{day} {hour}".strip()

    @property
    def _kept_code(self) -> str:
        """What an unlisted code becomes: itself in an open list, nothing in a closed one."""
        return "NULL" if self.spec.choice_list else self.text

    def _translated(self, otherwise: str) -> str:
        """The cell by its codes: as they are written, else folded."""
        exact = " ".join(f"WHEN {quoted(code)} THEN {quoted(to)}" for code, to in self.value.codes)
        like = " ".join(
            f"WHEN folded({quoted(code)}) THEN {quoted(to)}" for code, to in self.value.codes
        )
        return (
            f"CASE {self.text} {exact} ELSE CASE folded({self.text}) {like} "
            f"ELSE {otherwise} END END"
        )


def _scheme(spec: Field, mapping: Mapping, layout: FileMapping) -> str:
    """What makes an identifier unlike the same characters of another scheme."""
    if spec.type != "identifier":
        return ""
    return layout.people if spec.name in ("person", "same_as") else mapping.source


NATIVE_TIME = "%H:%M:%S.%f"


def tells_a_day(kind: pa.DataType) -> bool:
    """True of a column whose cells are dates or times of a day, and not text."""
    return bool(pa.types.is_timestamp(kind) or pa.types.is_date(kind))


def is_clock(kind: pa.DataType) -> bool:
    """True of a column whose cells are dates or times, and not text."""
    return tells_a_day(kind) or bool(pa.types.is_time(kind))


def trimmed(column: str) -> str:
    """A column as text without spaces around it."""
    return f"trim(CAST({named(column)} AS VARCHAR))"


def first_of(choices: list[str]) -> str:
    """SQL of the first that is not NULL; NULL of none."""
    return f"coalesce({', '.join([*choices, 'NULL'])})" if len(choices) != 1 else choices[0]


def filled_text(column: str, blank: tuple[str, ...], kind: pa.DataType | None = None) -> str:
    """A column as text, NULL where it is blank or holds a word that stands for that.

    Of whole numbers, where ``kind`` says that they are, there are no spaces to take away.
    """
    text = f"nullif({trimmed(column)}, '')"
    if kind is not None and pa.types.is_integer(kind):
        text = f"CAST({named(column)} AS VARCHAR)"
    for word in blank:
        text = f"nullif({text}, {quoted(word)})"
    return text


def holds(condition: Condition) -> str:
    """SQL that is true for the rows that a condition is about."""
    text = f"coalesce({trimmed(condition.column)}, '')"
    if not condition.values:
        return f"{text} <> ''" if condition.filled else f"{text} = ''"
    exact = ", ".join(quoted(value) for value in condition.values)
    like = ", ".join(f"folded({quoted(value)})" for value in condition.values)
    return f"CASE WHEN {text} IN ({exact}) THEN true ELSE folded({text}) IN ({like}) END"


def applies(saying: Saying) -> Iterator[str]:
    """SQL of the conditions under which a row says it: all must be true."""
    yield from (holds(condition) for condition in saying.when)
    yield from (f"NOT ({holds(condition)})" for condition in saying.unless)


def a_time(name: str) -> Field:
    """A field that is read as a time and belongs to no table."""
    return Field(name, "instant", "", False, "", "")
