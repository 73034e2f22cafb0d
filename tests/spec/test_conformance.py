"""§33: how far journeys went as a pathway meant them to."""

import json

import pytest
from tests.spec.tables import KEY, log_of, put, recorded, worked_out
from typer.testing import CliRunner

import wholeflow as wf
from wholeflow.cli import app
from wholeflow.core.errors import InputError, RequestError, UnsupportedError
from wholeflow.diagnosis import Pathway, Step, conform, read_pathway
from wholeflow.journeys import journeys
from wholeflow.store import open_store

pytestmark = pytest.mark.slow  # `make check` leaves it to `make test`

PLACES = """
    place       | holds
    ED          | body
    Ward        | body
    Rehab       | body
    Home care   | caseload
"""

FIVE = """
    person | at               | kind    | place
    Ann    | 2024-07-01 09:00 | arrived | ED
    Ann    | 2024-07-01 12:00 | left    | ED
    Ann    | 2024-07-01 13:00 | arrived | Ward
    Ann    | 2024-07-05 13:00 | left    | Ward
    Ann    | 2024-07-05 15:00 | arrived | Rehab
    Ann    | 2024-07-09 13:00 | left    | Rehab
    Ben    | 2024-07-01 09:00 | arrived | ED
    Ben    | 2024-07-01 12:00 | left    | ED
    Ben    | 2024-07-01 15:00 | arrived | Rehab
    Ben    | 2024-07-05 13:00 | left    | Rehab
    Cat    | 2024-07-01 09:00 | arrived | ED
    Cat    | 2024-07-01 12:00 | left    | ED
    Cat    | 2024-07-01 13:00 | arrived | Rehab
    Cat    | 2024-07-02 13:00 | left    | Rehab
    Cat    | 2024-07-02 14:00 | arrived | Ward
    Cat    | 2024-07-05 13:00 | left    | Ward
    Dan    | 2024-07-01 09:00 | arrived | ED
    Dan    | 2024-07-01 12:00 | left    | ED
    Dan    | 2024-07-01 19:00 | arrived | Ward
    Dan    | 2024-07-05 13:00 | left    | Ward
    Dan    | 2024-07-05 14:00 | arrived | ED
    Dan    | 2024-07-05 15:00 | left    | ED
    Dan    | 2024-07-05 16:00 | arrived | Rehab
    Dan    | 2024-07-09 13:00 | left    | Rehab
    Eve    | 2024-07-01 09:00 | arrived | Clinic
    Eve    | 2024-07-01 12:00 | left    | Clinic
"""

MEANT = Pathway(
    "Way home",
    "places",
    (Step(("ED",)), Step(("Ward",), within_hours=4), Step(("Rehab",), within_hours=4)),
)


@pytest.fixture(scope="module")
def five():
    return worked_out(FIVE, PLACES)


def rows_of(found):
    return {
        (row["deviation"], row["what"], row["step"]): row["journeys"]
        for row in found.rows.to_pylist()
    }


def test_journeys_are_compared_with_what_was_meant(five):
    """Worked by hand. Ann: all as meant. Ben: Ward skipped, 1 of 2 + 3. Cat: Ward and Rehab
    the other way round, 2 of 3 + 3. Dan: ED once more, 1 of 4 + 3, and Ward after 7 h."""
    found = conform(five, MEANT)
    assert (found.every.journeys, found.every.as_meant, found.every.in_time) == (4, 1, 1)
    fitness = sorted(found.each["fitness"].to_pylist())
    assert fitness == pytest.approx([1 - 2 / 6, 1 - 1 / 5, 1 - 1 / 7, 1])
    assert found.every.mean_fitness == pytest.approx((2 / 3 + 4 / 5 + 6 / 7 + 1) / 4)
    assert rows_of(found) == {
        ("skipped", "Ward", 2): 1,
        ("in another order", "Ward", 2): 1,
        ("extra", "ED", None): 1,
        ("too late", "Ward", 2): 1,
    }
    assert found.left_out["journeys that came to none of its steps"] == 1  # Eve


def test_deviations_are_told_in_plain_words(five):
    words = {row["words"] for row in conform(five, MEANT).rows.to_pylist()}
    assert words == {
        "Ward was skipped",
        "Ward came in another order",
        "ED came more often than was meant",
        "Ward came later than 4 h after the end of the step before",
    }


def test_the_result_says_how_many_and_how_sure(five):
    found = conform(five, MEANT)
    # Wilson's range of 1 of 4 is 4.6 % to 69.9 % (Newcombe 1998, method 3)
    assert "25.0% of them (1; 95 % range 4.6% to 69.9%) went as it was meant" in found.says
    assert "Left out: 1 journeys that came to none of its steps." in found.says
    told = found.as_dict()
    assert told["every"]["journeys"] == 4
    assert [step["of"] for step in told["pathway"]["steps"]] == [["ED"], ["Ward"], ["Rehab"]]


def fit_of(view, *steps, **options):
    return conform(view, Pathway("p", "places", steps, **options))


def test_a_step_may_be_left_out_or_repeat_where_the_pathway_says_so(five):
    ed, ward, rehab = Step(("ED",)), Step(("Ward",), optional=True), Step(("Rehab",))
    assert fit_of(five, ed, ward, rehab).every.as_meant == 2  # Ann, and Ben without Ward
    anywhere = Step(("ED", "Ward"), repeats=True)
    assert fit_of(five, anywhere, rehab).every.as_meant == 3  # Ann, Ben and Dan


def test_any_place_of_a_step_will_do(five):
    found = fit_of(five, Step(("ED",)), Step(("Ward", "Rehab")))
    assert found.every.as_meant == 1  # Ben; the others came to both


def test_what_is_no_step_may_be_ignored(five):
    steps = Step(("ED",)), Step(("Rehab",))
    assert fit_of(five, *steps).every.as_meant == 1  # Ben
    assert fit_of(five, *steps, ignore_others=True).every.as_meant == 3  # Dan came to ED twice


def test_a_step_is_late_by_the_end_or_by_the_start_of_the_step_before(five):
    def late(hours, after):
        step = Step(("Ward",), within_hours=hours, after=after)
        found = fit_of(five, Step(("ED",)), step, ignore_others=True)
        return rows_of(found).get(("too late", "Ward", 2), 0)

    # hours from leaving ED: Ann 1, Cat 26, Dan 7; from coming to it: 4, 29, 10
    assert [late(hours, "end") for hours in (0.5, 1, 6.9, 7, 26)] == [3, 2, 2, 1, 0]
    assert [late(hours, "start") for hours in (3.9, 4, 10, 29)] == [3, 2, 1, 0]


def test_steps_that_may_be_left_out_are_passed_over_in_time(five):
    steps = Step(("ED",)), Step(("Ward",), optional=True), Step(("Rehab",), within_hours=2.5)
    late = rows_of(fit_of(five, *steps))
    # Ben came to Rehab 3 h after ED, for he needed no Ward; Cat 1 h after ED (her Ward is extra);
    # Ann 2 h and Dan 3 h after the Ward
    assert late[("too late", "Rehab", 3)] == 2


def test_after_a_skipped_step_nobody_can_tell_whether_the_next_was_in_time(five):
    steps = Step(("ED",)), Step(("Ward",)), Step(("Rehab",), within_hours=0.1)
    found = fit_of(five, *steps)
    assert rows_of(found)[("too late", "Rehab", 3)] == 2  # Ann and Dan; not Ben
    assert any("nobody can tell" in limit for limit in found.limits)


def test_an_end_that_nobody_recorded_is_unknown_and_nobody_is_late_by_it():
    view = worked_out("""
        person | at               | kind    | place
        Ann    | 2024-07-01 09:00 | arrived | ED
        Ann    | 2024-07-02 09:00 | arrived | Ward
        Ann    | 2024-07-03 09:00 | left    | Ward
    """)
    found = fit_of(view, Step(("ED",)), Step(("Ward",), within_hours=4))
    assert (found.every.as_meant, found.every.in_time) == (1, 1)
    assert any("1 times nobody can tell" in limit for limit in found.limits)


def test_a_journey_under_way_may_yet_come_to_what_it_lacks():
    view = worked_out("""
        person | at               | kind    | place
        Ann    | 2024-07-01 09:00 | arrived | ED
        Ben    | 2024-07-01 09:00 | arrived | ED
        Ben    | 2024-07-01 12:00 | left    | ED
        Cat    | 2024-07-01 09:00 | arrived | ED
        Cat    | 2024-07-01 12:00 | left    | ED
        Cat    | 2024-07-01 12:00 | arrived | Ward
        Cat    | 2024-07-02 12:00 | left    | Ward
    """)
    found = fit_of(view, Step(("ED",)), Step(("Ward",)))
    assert (found.every.journeys, found.every.as_meant) == (3, 1)
    assert (found.over.journeys, found.over.as_meant) == (2, 1)
    (skipped,) = found.rows.to_pylist()
    assert (skipped["journeys"], skipped["still_open"]) == (2, 1)
    assert any("1 of the journeys are still under way" in limit for limit in found.limits)


def test_a_stay_that_came_to_nothing_is_no_step():
    view = worked_out(
        """
        person | at               | kind      | place
        Ann    | 2024-07-01 09:00 | arrived   | ED
        Ann    | 2024-07-01 10:00 | referred  | Home care
        Ann    | 2024-07-01 12:00 | left      | ED
        Ann    | 2024-07-01 13:00 | cancelled | Home care
    """,
        PLACES,
    )
    assert fit_of(view, Step(("ED",))).every.as_meant == 1


def test_only_journeys_through_something_are_compared_when_asked(five):
    found = conform(five, MEANT, through="Ward")
    assert found.every.journeys == 3
    assert found.left_out["journeys that did not pass through Ward"] == 2


STORED = """
    pathway  | step | place | within_hours
    Way home | 1    | ED    |
    Way home | 2    | Ward  | 4
    Way home | 3    | Rehab | 4
"""


def stored(pathways):
    store = open_store()
    log = wf.EventLog.from_rows(
        "book",
        events=recorded("events", FIVE),
        places=recorded("places", PLACES),
        pathways=recorded("pathways", pathways),
    )
    wf.load(store, log, key=KEY)
    return journeys(store)


def test_a_pathway_of_the_store_is_found_by_itself_or_by_name(five):
    view, wanted = stored(STORED), conform(five, MEANT).as_dict()
    assert conform(view).as_dict() == wanted
    assert conform(view, "Way home").as_dict() == wanted
    with pytest.raises(RequestError, match="no pathway called 'Way out'"):
        conform(view, "Way out")


def test_rows_of_one_step_may_stand_for_each_other():
    view = stored(STORED + "    Way home | 2 | Clinic | 4\n    Other | 1 | ED |\n")
    assert conform(view, "Way home").pathway.steps[1].of == ("Clinic", "Ward")
    with pytest.raises(RequestError, match="which pathway"):
        conform(view)


def test_a_store_without_a_pathway_says_so(five):
    with pytest.raises(RequestError, match="holds no pathway"):
        conform(five)


TOML = """
pathway = "Way home"
[[step]]
place = "ED"
[[step]]
place = "Ward"
within_hours = 4
[[step]]
place = ["Rehab"]
within_hours = 4
after = "end"
optional = false
"""

CSV = "step,place,within_hours\n3,Rehab,4\n1,ED,\n2,Ward,4\n"


@pytest.mark.parametrize(("name", "text"), [("p.toml", TOML), ("Way home.csv", CSV)])
def test_a_pathway_is_read_from_a_small_file(five, tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    assert conform(five, path).as_dict() == conform(five, MEANT).as_dict()


def test_a_csv_file_says_all_that_a_toml_file_does(tmp_path):
    path = tmp_path / "p.csv"
    path.write_text(
        "pathway,step,activity,within_hours,after,optional,repeats\n"
        "Tests,1,Seen,,,,\nTests,2,Blood,0.5,start,yes,true\nTests,2,Urine,,,,\n",
        encoding="utf-8",
    )
    wanted = Step(("Blood", "Urine"), 0.5, "start", True, True)
    assert read_pathway(path) == Pathway("Tests", "activities", (Step(("Seen",)), wanted))


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("p.toml", None, "can't be read"),
        ("p.toml", "step = 1", "not \\[\\[step\\]\\] tables"),
        ("p.toml", "[[step]", "not TOML"),
        ("p.toml", "", "places or activities"),
        ("p.toml", 'title = "x"', "no 'title'"),
        ("p.toml", '[[step]]\nplace = "A"\n[[step]]\nactivity = "B"', "places or activities"),
        ("p.toml", '[[step]]\nplace = "A"\nwithin = 4', "no 'within'"),
        ("p.toml", '[[step]]\nplace = "A"\nwithin_hours = "4"', "not a number"),
        ("p.toml", '[[step]]\nplace = "A"\nwithin_hours = -1', "not a number"),
        ("p.toml", '[[step]]\nplace = "A"\nafter = "left"', "after is 'left'"),
        ("p.toml", '[[step]]\nplace = "A"\noptional = "no"', "true or false"),
        ("p.toml", '[[step]]\nplace = "A"\noptional = true', "not optional"),
        ("p.toml", "[[step]]\nplace = 7", "names nothing"),
        ("p.toml", 'ignore_others = "yes"\n[[step]]\nplace = "A"', "true or false"),
        ("p.csv", "step,place\none,A\n", "are numbers"),
        ("p.csv", "step,place\n1,A,B\n", "too many or too few"),
        ("p.csv", "pathway,step,place\nx,1,A\ny,1,A\n", "several pathways"),
        ("p.csv", "", "places or activities"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_pathway_is_refused(tmp_path, name, text, words):
    path = tmp_path / name
    if text is not None:
        path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=words):
        read_pathway(path)


def test_a_misspelt_step_is_refused_and_not_skipped_by_everybody(five):
    with pytest.raises(RequestError, match="no place called 'Wrad'") as refused:
        fit_of(five, Step(("ED",)), Step(("Wrad",)))
    assert "Ward" in refused.value.repair


def test_a_pathway_that_nobody_took_a_step_of_is_refused(five):
    with pytest.raises(UnsupportedError, match="no journey came to any step"):
        fit_of(five, Step(("Home care",)))


def test_on_shifted_clocks_journeys_are_compared_all_the_same():
    view = worked_out(FIVE, PLACES, clock="shifted_per_person")
    assert conform(view, MEANT).every.as_meant == 1


def test_the_command_conform_tells_the_same_as_python(five, tmp_path):
    place, pathway = tmp_path / "place.duckdb", tmp_path / "home.toml"
    pathway.write_text(TOML, encoding="utf-8")
    with open_store(place) as store:
        put(store, log_of(FIVE, PLACES))
    said = CliRunner().invoke(app, ["conform", str(place), str(pathway), "--json"])
    assert json.loads(said.output) == conform(five, MEANT).as_dict()
    words = CliRunner().invoke(app, ["conform", str(place), str(pathway)]).output
    assert conform(five, MEANT).says in words
    assert "Ward came in another order" in words
