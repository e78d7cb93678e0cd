"""What may be recorded about storage elements and replicas."""

from datetime import UTC, datetime

import pytest

from sutler.base.did import Did
from sutler.base.errors import InvalidInputError
from sutler.replicas import InvalidProximityError, InvalidReplicaError, NewReplica, Rse
from sutler.replicas.rules import check_replicas, check_rse, choose_distances, look_up, parse_proximity

RSES = {
    name: Rse(number, 1, name, "", "", True, True, False, 0, datetime(2026, 3, 1, tzinfo=UTC))
    for number, name in enumerate(("DISK", "TAPE"))
}


def a_replica(name: str = "a.root", rse: str = "DISK", url: str = "file:///data/a.root") -> NewReplica:
    return NewReplica(Did("dune", name), rse, url)


def test_replicas_on_known_storage_elements_are_taken_in_order() -> None:
    replicas = [a_replica("b"), a_replica("a"), a_replica("a", "TAPE")]
    assert check_replicas(replicas, RSES) == replicas


def test_of_two_entries_for_the_same_place_the_last_counts() -> None:
    earlier, later = a_replica(url="file:///old"), a_replica(url="file:///new")
    assert check_replicas([earlier, a_replica("b"), later], RSES) == [later, a_replica("b")]


def test_nothing_is_fine() -> None:
    assert check_replicas([], RSES) == []


@pytest.mark.parametrize("url", ["", "file:///a b", "file:///a\n", "\t", "file:///a\x00", "file:///a\x7f"])
def test_a_url_with_blanks_or_control_characters_is_refused(url: str) -> None:
    with pytest.raises(InvalidReplicaError, match=r"dune:a\.root at DISK: the URL"):
        check_replicas([a_replica(url=url)], RSES)


def test_a_name_that_no_index_can_hold_is_refused() -> None:
    longest = NewReplica(Did("n" * 1000, "x" * 1000), "DISK", "file:///a")
    assert check_replicas([longest], RSES) == [longest]
    for did in (Did("n" * 1001, "x"), Did("n", "x" * 1001)):
        with pytest.raises(InvalidReplicaError, match="may have 1000 bytes each"):
            check_replicas([NewReplica(did, "DISK", "file:///a")], RSES)


def test_all_that_is_wrong_is_said_at_once() -> None:
    wrong = [a_replica(rse="MOON"), a_replica("a b"), a_replica("good"), a_replica("c", url="")]
    with pytest.raises(InvalidReplicaError) as refusal:
        check_replicas(wrong, RSES)
    assert [problem.where for problem in refusal.value.problems] == [
        "dune:a.root at MOON",
        "dune:a b at DISK",
        "dune:c at DISK",
    ]
    assert "no storage element of that name" in refusal.value.problems[0].what


def test_a_thousand_mistakes_are_told_in_twenty_lines_and_a_count() -> None:
    with pytest.raises(InvalidReplicaError) as refusal:
        check_replicas([a_replica(f"f{number}", rse="MOON") for number in range(1000)], RSES)
    assert len(refusal.value.problems) == 21
    assert refusal.value.problems[-1].what == "and 980 more"


@pytest.mark.parametrize("name", ["", "A B", "a/b", "é", "x" * 65, "A\n"])
def test_a_storage_element_has_a_short_plain_name(name: str) -> None:
    with pytest.raises(InvalidInputError, match="name"):
        check_rse(name, "")
    check_rse("DUNE_US-FNAL.disk", "root://door.lab.org:1094//pnfs")


def test_a_prefix_holds_no_blanks() -> None:
    with pytest.raises(InvalidInputError, match="url_prefix"):
        check_rse("DISK", "file:///my data")


MAP = """\
# site,rse,number
A,DISK1,0
A , DISK2, 20

B,DISK1,30
B,DEFAULT,77
C,DISK1,-1
DEFAULT,DEFAULT,100
"""


@pytest.mark.parametrize(
    ("site", "rse", "expected"),
    [
        ("A", "DISK1", 0),
        ("A", "DISK2", 20),
        ("A", "DISK3", None),
        ("B", "DISK1", 30),
        ("B", "DISK9", 77),
        ("C", "DISK1", -1),
        ("Z", "DISK1", 100),
        (None, "DISK1", 100),
    ],
)
def test_a_distance_is_that_of_the_site_else_that_of_default(site: str | None, rse: str, expected: int | None) -> None:
    by_site: dict[str, dict[str, int]] = {}
    for entry in parse_proximity(MAP):
        by_site.setdefault(entry.site, {})[entry.rse] = entry.distance
    assert look_up(choose_distances(by_site, site), rse) == expected


def test_without_a_map_nothing_has_a_distance() -> None:
    assert look_up(choose_distances({}, "A"), "DISK1") is None


def test_every_wrong_line_of_a_map_is_named_by_its_number() -> None:
    with pytest.raises(InvalidProximityError) as refused:
        parse_proximity("A,DISK1,1\nA,DISK1\n\n,DISK1,3\nA,DISK2,near\nA,DISK1,2\nA,DISK3,99999999999\n")
    assert [problem.where for problem in refused.value.problems] == ["line 2", "line 4", "line 5", "line 6", "line 7"]


def test_a_map_has_fifty_thousand_pairs_at_most() -> None:
    lines = [f"S{number},DISK,1" for number in range(50_001)]
    assert len(parse_proximity("\n".join(lines[:-1]))) == 50_000
    with pytest.raises(InvalidProximityError, match=r"line 50001: is one pair more than the 50,000 of a map"):
        parse_proximity("\n".join(lines))


def test_names_in_a_map_have_two_hundred_bytes_at_most() -> None:
    assert len(parse_proximity(f"{'s' * 200},{'r' * 200},1")) == 1
    for line in (f"{'s' * 201},R,1", f"S,{'r' * 201},1", "\N{SNOWMAN}" * 67 + ",R,1"):
        with pytest.raises(InvalidProximityError, match="line 1: has a name of more than 200 bytes"):
            parse_proximity(line)
