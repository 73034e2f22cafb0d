# ruff: noqa: E501 (drawn tables are as wide as they are)
"""§37: each message with the handoff that it travelled with."""

from tests.spec.tables import expect, worked_out

PLACES = """
    place     | setting   | holds    | organisation
    ED        | ed        | body     | Trust
    Ward      | ward      | body     | Trust
    Care home | care_home | body     | Willow
"""

EVENTS = """
    person | at               | kind    | place     | precision
    Ann    | 2024-07-01 09:00 | arrived | ED        |
    Ann    | 2024-07-01 12:00 | left    | ED        |
    Ann    | 2024-07-01 12:00 | arrived | Ward      |
    Ann    | 2024-07-20 12:00 | left    | Ward      |
    Ben    | 2024-07-02 09:00 | arrived | Ward      |
    Ben    | 2024-07-03 22:00 | left    | Ward      |
    Ben    | 2024-07-04       | arrived | Care home | day
"""

MESSAGES = """
    person | kind   | to_place  | sent_at          | received_at      | acted_at
    Ann    | letter | Ward      | 2024-07-01 11:00 | 2024-07-01 11:30 |
    Ann    | letter | Ward      | 2024-07-01 13:00 | 2024-07-01 14:00 |
    Ann    | plan   | Ward      | 2024-07-01 11:00 |                  |
    Ann    | told   | Trust     | 2024-07-01 11:00 |                  | 2024-07-01 12:00
    Ann    | letter | Council   | 2024-07-01 11:00 | 2024-07-01 11:15 |
    Ann    | plan   | Ward      | 2024-07-09 11:00 | 2024-07-09 12:00 |
    Ben    | letter | care_home | 2024-07-03 20:00 | 2024-07-04 15:00 |
    Ben    | plan   | Care home | 2024-07-04 12:00 | 2024-07-05 00:00 |
"""


def test_s37_a_message_travels_with_a_handoff_or_with_nobody():
    """To the ward, to its organisation and to a kind of setting; too late for any on 9 July."""
    view = worked_out(EVENTS, PLACES, messages=MESSAGES)
    expect(
        view,
        "information",
        """
        person | kind   | to_place  | sent_at          | nth | came         | travel_hours | after_hours
        Ann    | letter | Ward      | 2024-07-01 11:00 | 1   | before       | 0.5          | -0.5
        Ann    | letter | Ward      | 2024-07-01 13:00 | 2   | after        | 1            | 2
        Ann    | plan   | Ward      | 2024-07-01 11:00 | 1   | not received |              |
        Ann    | told   | Trust     | 2024-07-01 11:00 | 1   | before       | 1            | 0
        Ann    | letter | Council   | 2024-07-01 11:00 | 1   | no handoff   | 0.25         |
        Ann    | plan   | Ward      | 2024-07-09 11:00 | 1   | no handoff   | 1            |
        Ben    | letter | care_home | 2024-07-03 20:00 | 1   | same day     | 19           | 15
        Ben    | plan   | Care home | 2024-07-04 12:00 | 1   | after        | 12           | 24
        """,
    )
