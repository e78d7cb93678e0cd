"""Campaigns, stages, templates, schedules, holds and what comes after a submission, by command."""

from __future__ import annotations

import json

import pytest
from tests.doors.rest.campaign_scene import CAMPAIGN, make_split_stage, make_templates
from tests.doors.rest.test_commands import (
    Run,
    address,  # noqa: F401 - a fixture
    ok,
    run,  # noqa: F401
    signed_in,  # noqa: F401
    surroundings,  # noqa: F401
)

from sutler.client import AsyncClient

pytestmark = pytest.mark.row(134)


@pytest.fixture
async def campaign_id(sutler: AsyncClient) -> int:
    """A campaign of a generator that feeds a second stage."""
    await make_templates(sutler)
    return (await sutler.create_campaign(CAMPAIGN)).id


@pytest.fixture
async def split_id(sutler: AsyncClient) -> int:
    """A stage that splits five files in twos."""
    return await make_split_stage(sutler)


@pytest.mark.row(124, 125)
async def test_a_file_is_planned_applied_and_compared_by_command(
    signed_in: Run,  # noqa: F811
    campaign_id: int,
) -> None:
    do = signed_in
    text = await ok(do("campaign", "export", campaign_id))
    assert "is fine" in await ok(do("campaign", "validate", "-", stdin=text))
    assert "Nothing to change" in await ok(do("campaign", "plan", "-", stdin=text))
    assert "say the same" in await ok(do("campaign", "diff", campaign_id, "-", stdin=text))
    more = text.replace("unit_count = 3", "unit_count = 30")
    planned = await ok(do("campaign", "plan", "-", stdin=more))
    assert "3 → 30" in planned
    assert "0 to add, 1 to change, 0 to remove." in planned
    different = await do("campaign", "diff", campaign_id, "-", stdin=more)
    assert different.code == 1
    assert "~ " in different.out
    declined = await do("campaign", "apply", "-", stdin=more)
    assert declined.code == 1
    assert "is applied" in await ok(do("campaign", "apply", "-", "--yes", stdin=more))
    assert "Nothing to change" in await ok(do("campaign", "apply", "-", stdin=more))
    wrong = await do(
        "campaign", "plan", "-", stdin=more.replace("unit_count = 30", 'unit_count = 30\nsplit_type = "x"')
    )
    assert wrong.code == 1
    assert "Problem: " in wrong.err
    assert (await do("campaign", "validate", "missing.toml")).code == 2
    assert (await do("campaign", "plan", "-", stdin="[campaign")).code == 2
    assert (
        await do("campaign", "diff", campaign_id, "-", stdin=more.replace('name = "spring"', 'name = "x"'))
    ).code == 2
    assert "[campaign" in await ok(do("campaign", "export", campaign_id, "--form", "ini"))


async def test_campaigns_are_changed_and_listed_by_command(signed_in: Run, campaign_id: int) -> None:  # noqa: F811
    do = signed_in
    await ok(do("campaign", "edit", campaign_id, "--set", "completion_pct=80", "--keyword", "beam=off", "--test"))
    shown = await ok(do("campaign", "show", campaign_id))
    assert "completion_pct = 80" in shown
    assert "beam = off" in shown
    await ok(do("campaign", "edit", campaign_id, "--unset", "completion_pct", "--name", "fall"))
    assert "completion_pct" not in await ok(do("campaign", "show", campaign_id))
    wrong = await do("campaign", "edit", campaign_id, "--set", "colour=red")
    assert (wrong.code, "names are" in wrong.err) == (2, True)
    dependencies = await ok(do("campaign", "dependencies", campaign_id, "generate->reconstruct:%.hits"))
    assert "%.hits" in dependencies
    assert (await do("campaign", "dependencies", campaign_id, "generate")).code == 2
    await ok(do("campaign", "tag", campaign_id, "--add", "muons"))
    assert "muons" in await ok(do("campaign", "tags", "mu"))
    assert "fall" in await ok(do("campaign", "list", "--tag", "muons", "--mine", "--production", "--active"))
    await ok(do("campaign", "edit", campaign_id, "--tag", "electrons", "--tag", "late"))
    assert json.loads(await ok(do("campaign", "show", campaign_id, "--json")))["campaign"]["tags"] == [
        "electrons",
        "late",
    ]
    await ok(do("campaign", "watch", campaign_id))
    assert "fall" in await ok(do("campaign", "list", "--watched"))
    await ok(do("campaign", "unwatch", campaign_id))
    assert await ok(do("campaign", "list", "--watched")) == ""
    assert "Marked inactive" in await ok(do("campaign", "deactivate", campaign_id))
    assert "Marked active" in await ok(do("campaign", "activate", campaign_id))
    copied = await ok(do("campaign", "clone", campaign_id, "winter"))
    await ok(do("campaign", "delete", copied.split()[1]))
    assert "is launched" in await ok(do("campaign", "launch", campaign_id))
    assert (await do("campaign", "delete", campaign_id)).code == 6
    assert "monte_carlo" in await ok(do("campaign", "sample"))
    assert "[campaign]" in await ok(do("campaign", "sample", "monte_carlo"))


async def test_stages_are_changed_held_and_launched_by_command(
    signed_in: Run,  # noqa: F811
    split_id: int,
) -> None:
    do = signed_in
    campaign = json.loads(await ok(do("stage", "show", split_id, "--json")))["campaign"]["id"]
    await ok(do("stage", "edit", split_id, "--set", "job_count=3", "--set", "merges_overrides=yes"))
    view = json.loads(await ok(do("stage", "show", split_id, "--json")))
    assert (view["stage"]["own"]["job_count"], view["stage"]["merges_overrides"]) == (3, True)
    assert "job_count" in await ok(do("stage", "show", split_id))
    added = json.loads(
        await ok(
            do(
                "stage",
                "add",
                campaign,
                "next",
                "--job-type",
                "simulate",
                "--login-setup",
                "here",
                "--fed-by",
                "split:%.root",
                "--json",
            )
        )
    )
    assert "next" in await ok(do("stage", "list", campaign))
    await ok(do("stage", "remove", added["id"]))
    await ok(do("stage", "hold", split_id, "--reason", "no beam"))
    waiting = await do("stage", "launch", split_id)
    assert (waiting.code, "no beam" in waiting.err, "sutler queue list" in waiting.err) == (6, True, True)
    [queued] = json.loads(await ok(do("queue", "list", "--state", "queued", "--json")))
    assert "no beam" in await ok(do("queue", "list"))
    await ok(do("queue", "delete", queued["id"]))
    assert "no beam" in await ok(do("stage", "rehearse", split_id))
    await ok(do("stage", "release", split_id))
    rehearsed = await ok(do("stage", "rehearse", split_id, "--override", "--events 77"))
    assert "--events 77" in rehearsed
    assert "demo:" in rehearsed
    launched = await ok(do("stage", "launch", split_id, "--dataset", "demo:all"))
    assert "with 5 files" in launched


async def test_splits_are_looked_at_and_moved_by_command(signed_in: Run, split_id: int) -> None:  # noqa: F811
    do = signed_in
    await ok(do("stage", "launch", split_id))
    assert "drainingn(2) (production)" in await ok(do("stage", "splits", split_id))
    assert "files given out   2" in await ok(do("stage", "splits", split_id))
    assert "reset by" in await ok(do("stage", "reset-split", split_id))
    forecast = await ok(do("stage", "forecast", split_id, "drainingn(3)", "mod(0)"))
    assert "Then: " in forecast
    assert "drainingn" in await ok(do("stage", "split-types"))
    await ok(do("stage", "edit", split_id, "--set", "split_type=mod(2)"))
    moved = json.loads(await ok(do("stage", "move-split", split_id, "part=1", "--json")))
    assert moved["position"] == {"part": 1}
    assert (await do("stage", "move-split", split_id, "colour=red")).code == 2


async def test_schedules_and_holds_are_set_by_command(signed_in: Run, split_id: int) -> None:  # noqa: F811
    do = signed_in
    assert (await do("schedule", "show", split_id)).code == 3
    assert len((await ok(do("schedule", "preview", "0 2 * * *", "--count", "3"))).splitlines()) == 3
    assert "is launched next at" in await ok(do("schedule", "set", split_id, "0 2 * * *", "--zone", "Europe/Zurich"))
    assert "Europe/Zurich" in await ok(do("schedule", "list"))
    assert "0 2 * * *" in await ok(do("schedule", "show", split_id))
    await ok(do("schedule", "runs", split_id))
    assert f"schedule of {split_id} is paused" in await ok(do("schedule", "pause", split_id))
    assert "paused before" in await ok(do("schedule", "pause", split_id))
    assert "paused by" in await ok(do("schedule", "show", split_id))
    assert json.loads(await ok(do("schedule", "resume", split_id, "--json"))) == [split_id]
    assert (await do("schedule", "resume", 10**6)).code == 3
    assert (await do("schedule", "set", split_id, "at noon")).code == 2
    await ok(do("schedule", "delete", split_id))
    assert (await do("hold", "set")).code == 2
    await ok(do("hold", "set", "--everywhere", "--reason", "power cut"))
    await ok(do("hold", "set", "-e", "local", "--kind", "followers"))
    held = await ok(do("hold", "list"))
    assert "power cut" in held
    assert "followers" in held
    await ok(do("hold", "release", "--everywhere"))
    await ok(do("hold", "release", "-e", "local", "--kind", "followers"))
    assert await ok(do("hold", "list")) == ""


async def test_templates_are_saved_cloned_and_deleted_by_command(signed_in: Run, campaign_id: int) -> None:  # noqa: F811
    do = signed_in
    setup = json.dumps({"experiment": "local", "name": "there", "setup": "export B=2"})
    saved = json.loads(await ok(do("login-setup", "save", "-", "--json", stdin=setup)))
    assert "export B=2" in await ok(do("login-setup", "show", saved["id"]))
    assert (await do("login-setup", "save", "-", "--revision", "9", stdin=setup)).code == 6
    await ok(do("login-setup", "clone", saved["id"], "third"))
    assert "third" in await ok(do("login-setup", "list"))
    await ok(do("login-setup", "delete", saved["id"]))
    assert "gpvm" in await ok(do("login-setup", "hosts", "local", "--role", "production", "--host", "gpvm"))
    [here] = [one for one in json.loads(await ok(do("login-setup", "list", "--json"))) if one["name"] == "here"]
    still = await do("login-setup", "try", here["id"], "--timeout", "0")
    assert (still.code, "still at work" in still.err) == (1, True)
    document = {
        "experiment": "local",
        "name": "look",
        "launch_script": "/bin/true",
        "recoveries": [{"recovery_type": "state_failed", "parameter_overrides": [["--memory=", "8GB"]]}],
    }
    stages = json.loads(await ok(do("stage", "list", campaign_id, "--json")))
    job_type = json.loads(
        await ok(do("job-type", "save", "-", "--switch", stages[0]["id"], "--json", stdin=json.dumps(document)))
    )
    assert "state_failed with --memory=8GB" in await ok(do("job-type", "show", job_type["id"]))
    assert "look" in await ok(do("stage", "list", campaign_id))
    assert (await do("job-type", "delete", job_type["id"])).code == 6
    users = json.loads(await ok(do("job-type", "users", job_type["id"], "--json")))
    assert [(one["campaign_id"], one["stage_id"], one["is_inherited"]) for one in users] == [
        (campaign_id, stages[0]["id"], False)
    ]
    assert "generate" in await ok(do("login-setup", "users", here["id"], "--limit", "1"))
    assert (await do("login-setup", "users", 10**6)).code == 3
    await ok(do("job-type", "clone", job_type["id"], "look2"))
    assert "look2" in await ok(do("job-type", "list"))


async def test_what_comes_after_a_submission_is_done_by_command(
    signed_in: Run,  # noqa: F811
    split_id: int,
) -> None:
    do = signed_in
    first = json.loads(await ok(do("stage", "launch", split_id, "--json")))["submission"]["id"]
    second = json.loads(await ok(do("stage", "launch", split_id, "--json")))["submission"]["id"]
    assert "launched with the same" in await ok(do("submission", "compare", first, second))
    assert "state_failed" in await ok(do("submission", "recoveries", first))
    assert (await do("submission", "recover", first, "state_failed")).code == 6
    assert "good enough" in await ok(do("submission", "complete", first, "--reason", "good enough"))
    assert "Located" in await ok(do("submission", "locate", first))
    assert "recovers" in await ok(do("submission", "recover", first, "reprocess_all", "--override", "--events 9"))
    assert "is launched on the files" in await ok(do("submission", "relaunch", first))
    listed = await ok(do("submission", "list", "--cause", "recovery", "--stage", "spl*"))
    assert f"recovery reprocess_all {first}" in " ".join(listed.split())
    assert len(json.loads(await ok(do("submission", "list", "--campaign", "splitting", "--json")))) == 4
    assert len(json.loads(await ok(do("submission", "list", "--stage", split_id, "--no-test", "--json")))) == 4
    filters = ("--batch", "Located", "--since", "2000-01-01")
    assert [one["id"] for one in json.loads(await ok(do("submission", "list", *filters, "--json")))] == [first]
    assert await ok(do("submission", "list", "--by", "nobody")) == ""
    assert (await do("submission", "list", "--since", "yesterday")).code == 2
    await ok(do("submission", "remove", second, "--reason", "not needed"))
    for verb in ("approve", "unapprove", "retry"):
        assert (await do("submission", verb, first)).code == 6
