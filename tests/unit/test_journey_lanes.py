"""The picture of one journey says in words all that it draws, and holds whatever comes."""

import re
import xml.etree.ElementTree as ET

import pytest
from tests.spec.tables import worked_out
from tests.spec.test_whole_way import ANN, BEN, PLACES

from wholeflow.core.errors import UnsupportedError
from wholeflow.journeys.one_person import journeys_of
from wholeflow.publish import draw_journeys
from wholeflow.publish.journey_lanes import (
    BAR,
    EDGE,
    MOST_LANES,
    SCALED,
    WIDTH,
    draw_anonymous,
)

SVG = "{http://www.w3.org/2000/svg}"


def of(person, events, places=PLACES):
    return journeys_of(worked_out(events, places), person)


def root_of(drawing):
    return ET.fromstring(drawing)  # noqa: S314 - our own text


def described(drawing):
    root = root_of(drawing)
    return root.findtext(f"{SVG}title"), root.findtext(f"{SVG}desc")


def titles(drawing, name):
    groups = [g for g in root_of(drawing).iter(f"{SVG}g") if g.get("class") == name]
    return [g.findtext(f"{SVG}title") for g in groups]


def written(drawing):
    return [text.text for text in root_of(drawing).iter(f"{SVG}text")]


def bars(drawing):
    """From where to where each rectangle of a pattern reaches."""
    boxes = [b for b in root_of(drawing).iter(f"{SVG}rect") if "url(" in b.get("fill", "")]
    return [(float(b.get("x")), float(b.get("x")) + float(b.get("width"))) for b in boxes]


@pytest.mark.parametrize(("person", "events"), [("Ann", ANN), ("Ben", BEN)])
def test_the_text_of_a_picture_is_the_text_of_the_journey_and_every_stretch_is_in_it(
    person, events
):
    journeys = of(person, events)
    drawing = draw_journeys(journeys)
    root = root_of(drawing)
    assert root.get("role") == "img"
    names = {root.find(f"{SVG}title").get("id"), root.find(f"{SVG}desc").get("id")}
    assert set(root.get("aria-labelledby").split()) == names
    title, text = described(drawing)
    assert title.startswith("1 journey of one person, ")
    assert text == str(journeys[0])
    for stretch in journeys[0].stretches:
        assert stretch.what in text
    assert len(titles(drawing, "stretch")) == len(journeys[0].stretches)
    assert len(titles(drawing, "handoff")) == len(journeys[0].handoffs)


def test_each_place_and_list_has_a_lane_in_order_of_coming():
    words = written(draw_journeys(of("Ann", ANN)))
    lanes = [
        w for w in words if w.partition(" (")[0] in ("ED", "Ward 1", "Social work", "Home care")
    ]
    assert lanes == [
        "ED (Trust)", "Ward 1 (Trust)", "Social work (Council)", "Home care (Sunrise)",
    ]  # fmt: skip
    assert words.index("In places") < words.index("ED (Trust)") < words.index("On lists")


def test_the_lanes_of_one_organisation_stand_together():
    places = """
        place  | setting | organisation
        ED     | ed      | North
        Clinic | other   | South
        Ward   | ward    | North
    """
    events = """
        person | at               | kind    | place
        Ann    | 2024-07-01 08:00 | arrived | ED
        Ann    | 2024-07-01 10:00 | arrived | Clinic
        Ann    | 2024-07-01 12:00 | arrived | Ward
        Ann    | 2024-07-02 12:00 | left    | Ward
    """
    words = written(draw_journeys(of("Ann", events, places)))
    lanes = [word for word in words if word.endswith(("(North)", "(South)"))]
    assert lanes == ["ED (North)", "Ward (North)", "Clinic (South)"]


def test_the_story_of_a_report_shows_no_date():
    (journey,) = of("Ann", ANN)
    drawing = draw_anonymous(journey, "One journey")
    assert "2024" not in drawing
    assert not re.search(r"\b(Oct|October|Nov|November)\b", drawing)
    assert "day 7" in written(drawing)
    title, text = described(drawing)
    assert title == "One journey"
    for stretch in journey.stretches:
        assert stretch.what in text


def test_axes_show_british_dates_and_the_clock_times_of_the_place():
    words = written(draw_journeys(of("Ann", ANN)))
    assert "7 Oct" in words and "4 Nov" in words
    short = """
        person | at               | kind    | place
        Ann    | 2024-10-27 00:30 | arrived | ED
        Ann    | 2024-10-27 02:30 | left    | ED
    """
    words = written(draw_journeys(of("Ann", short)))
    assert "Journey 1: 3 h" in words  # the clocks went back
    assert "27 October 2024, 00:30 to 02:30" in words
    assert [word for word in words if word in ("01:00", "02:00")] == ["01:00", "02:00"]


def test_what_lasted_minutes_of_a_year_is_still_seen_and_nothing_leaves_the_paper():
    events = """
        person | at               | kind    | place
        Ann    | 2024-01-01 08:00 | arrived | ED
        Ann    | 2024-01-01 08:20 | left    | ED
        Ann    | 2024-01-01 08:20 | started | Home care
        Ann    | 2024-12-31 08:00 | left    | Home care
    """
    drawn = bars(draw_journeys(of("Ann", events)))
    assert all(right - left >= 2 for left, right in drawn)
    assert all(left >= 0 and right <= WIDTH for left, right in drawn)


def test_places_beyond_those_that_have_room_share_a_lane_and_none_is_lost():
    rows = "\n".join(
        f"Ann | 2024-07-{1 + n:02d} 08:00 | arrived | Ward {n}" for n in range(MOST_LANES + 5)
    )
    events = f"person | at | kind | place\n{rows}\nAnn | 2024-07-30 08:00 | left | Ward 16"
    journeys = of("Ann", events, "")
    words = written(draw_journeys(journeys))
    assert "6 further places" in words
    text = described(draw_journeys(journeys))[1]
    assert all(f"in Ward {n}:" in text for n in range(MOST_LANES + 5))


def test_a_place_may_be_called_anything():
    places = 'place | setting | organisation\nA&E <"front"> | ed | North & Sons'
    events = """
        person | at               | kind    | place
        Ann    | 2024-07-01 08:00 | arrived | A&E <"front">
        Ann    | 2024-07-01 12:00 | left    | A&E <"front">
    """
    drawing = draw_journeys(of("Ann", events, places))
    assert 'A&E <"front"> (North & Sons)' in written(drawing)
    assert "var(" not in drawing  # word processors know no variables


def test_where_nothing_took_time_there_is_nothing_to_draw():
    events = "person | at | kind | place\nAnn | 2024-07-01 08:00 | contact | ED"
    with pytest.raises(UnsupportedError, match="nothing to draw"):
        draw_journeys(of("Ann", events))


def test_a_bar_is_blank_while_the_person_was_away_and_contacts_are_strokes():
    """Away for the second and third of four days, so for the half in the middle."""
    events = """
        person | at               | kind    | place
        Ann    | 2024-07-01 08:00 | arrived | Ward 1
        Ann    | 2024-07-01 20:00 | contact | Ward 1
        Ann    | 2024-07-02 08:00 | away    | Ward 1
        Ann    | 2024-07-04 08:00 | back    | Ward 1
        Ann    | 2024-07-05 08:00 | left    | Ward 1
    """
    drawing = draw_journeys(of("Ann", events))
    blank = [
        (float(box.get("x")), float(box.get("width")))
        for box in root_of(drawing).iter(f"{SVG}rect")
        if box.get("fill") == "url(#one-journey-unknown)" and float(box.get("height")) == BAR
    ]
    assert blank == [
        (pytest.approx(EDGE + SCALED / 4, abs=0.01), pytest.approx(SCALED / 2, abs=0.01))
    ]
    assert titles(drawing, "contacts") == ["1 July 2024, 20:00: contact, Ward 1 (Trust)"]
