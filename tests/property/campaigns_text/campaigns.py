"""Campaigns of all kinds, made up."""

from __future__ import annotations

from hypothesis import strategies as st

from sutler.campaigns.settings import (
    COMPLETION_TYPES,
    LARGEST_ID,
    LONGEST_TIMEOUT,
    METHODOLOGIES,
    RECOVERY_MODES,
    STAGE_TYPES,
    StageSettings,
)
from sutler.campaigns.text import (
    CampaignText,
    DependencyText,
    JobTypeText,
    LoginSetupText,
    RecoveryText,
    ScheduleText,
    StageText,
)

NASTY = ("None", "none", "null", "%", "%%", "%(dataset)s", "a=b", "a:b", "# a", "; a", "[a]", "a]", "['a']", '["a"]')
NASTIER = ("a\n# b", "a\n  b", "\na", "a\n", " a ", "a,b", 'say "a"', "it's", "é\u2028ß", "a\\b", "a\rb", '"""', "=")

ANY = st.sampled_from(NASTY + NASTIER) | st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\x00") | st.sampled_from('%=:#;[]"\n ,'), max_size=12
)
SAID = ANY.filter(bool)
NAME = (SAID | st.text("abc_-. ", min_size=1, max_size=6)).filter(
    lambda text: text == text.strip() and text.isprintable() and text != ""
)
PAIRS = st.lists(st.tuples(ANY, ANY), max_size=3).map(tuple)


def maybe(strategy: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    """What the strategy gives, or None."""
    return st.none() | strategy


def numbers(least: int, most: int) -> st.SearchStrategy[object]:
    """Whole numbers, often those at the edges."""
    return st.sampled_from((least, most)) | st.integers(least, most)


SECONDS = (st.sampled_from((0.0, 259_200.0, 90.0, 0.5, float(LONGEST_TIMEOUT))) | st.floats(0, LONGEST_TIMEOUT)).map(
    abs
)

SETTINGS = st.builds(
    StageSettings,
    vo_role=maybe(SAID),
    software_version=maybe(SAID),
    dataset_query=maybe(SAID),
    project_id=maybe(numbers(0, LARGEST_ID)),
    split_type=maybe(SAID),
    test_split_type=maybe(SAID),
    clears_schedule=maybe(st.booleans()),
    completion_type=maybe(st.sampled_from(COMPLETION_TYPES)),
    completion_pct=maybe(st.floats(0, 100, exclude_min=True)),
    parameter_overrides=maybe(PAIRS),
    test_parameter_overrides=maybe(PAIRS),
    merges_overrides=maybe(st.booleans()),
    stage_type=maybe(st.sampled_from(STAGE_TYPES)),
    output_ancestor_depth=maybe(numbers(1, 10)),
    idle_timeout_seconds=maybe(SECONDS),
    worker_timeout_seconds=maybe(SECONDS),
    is_virtual=maybe(st.booleans()),
    recovery_mode=maybe(st.sampled_from(RECOVERY_MODES)),
    methodology=maybe(st.sampled_from(METHODOLOGIES)),
    load_limit=maybe(numbers(0, 2**31 - 1)),
    unit_count=maybe(numbers(1, 1_000_000)),
    job_count=maybe(numbers(1, 10_000)),
    sam_dataset=maybe(SAID),
    recovery_limit=maybe(numbers(0, 100)),
)

SCHEDULES = st.builds(
    ScheduleText,
    cron=SAID,
    time_zone=st.sampled_from(("UTC", "Europe/Berlin")),
    overlap=st.sampled_from(("skip", "queue")),
)
LOGIN_SETUPS = st.builds(LoginSetupText, name=NAME, host=ANY, account=ANY, setup=ANY, backend=maybe(SAID))
JOB_TYPES = st.builds(
    JobTypeText,
    name=NAME,
    launch_script=ANY,
    parameters=PAIRS,
    output_file_patterns=st.lists(ANY, max_size=3).map(tuple),
    recoveries=st.lists(st.builds(RecoveryText, type=SAID, parameter_overrides=PAIRS), max_size=2).map(tuple),
    output_namespace=maybe(ANY),
    output_dataset=maybe(ANY),
    output_rse=maybe(ANY),
    files_per_run=maybe(numbers(1, 2**31 - 1)),
    max_attempts=maybe(numbers(1, 2**31 - 1)),
    run_timeout_seconds=maybe(SECONDS),
)
PLACES = st.integers(-(10**9), 10**9).map(float) | st.floats(-1e9, 1e9)
EXTRAS = st.dictionaries(
    st.sampled_from(("campaign", "campaign_defaults", "notes", "notes of [2]")),
    st.dictionaries(
        st.sampled_from(("colour", "owner of it")), st.text("ab =:#%é", max_size=6).map(str.strip), min_size=1
    ),
    max_size=2,
)


@st.composite
def campaigns(draw: st.DrawFn) -> CampaignText:
    """A campaign whose dependencies are among its stages."""
    names = draw(st.lists(NAME, max_size=3, unique=True))
    stages = [
        StageText(
            name=name,
            job_type=draw(st.none() | SAID),
            login_setup=draw(st.none() | SAID),
            schedule=draw(st.none() | SCHEDULES),
            settings=draw(SETTINGS),
        )
        for name in names
    ]
    dependency = st.builds(
        DependencyText, st.sampled_from(names or ["a"]), st.sampled_from(names or ["a"]), file_pattern=SAID
    )
    return CampaignText(
        experiment=draw(ANY),
        name=draw(SAID),
        creator_role=draw(st.sampled_from(("", "production", "analysis"))),
        data_handler=draw(st.sampled_from(("data_dispatcher", "sam"))),
        is_active=draw(st.booleans()),
        is_test=draw(st.booleans()),
        keywords=draw(st.dictionaries(ANY, ANY, max_size=3)),
        tags=tuple(draw(st.lists(ANY, max_size=3))),
        defaults=StageText(job_type=draw(st.none() | SAID), settings=draw(SETTINGS)),
        stages=tuple(stages),
        dependencies=tuple(draw(st.lists(dependency, max_size=4))) if names else (),
        login_setups=tuple(draw(st.lists(LOGIN_SETUPS, max_size=2, unique_by=lambda each: each.name))),
        job_types=tuple(draw(st.lists(JOB_TYPES, max_size=2, unique_by=lambda each: each.name))),
        positions=draw(st.dictionaries(ANY, st.tuples(PLACES, PLACES), max_size=3)),
        extras=draw(EXTRAS),
    )
