"""Every page shows a seeded campaign, to those who may see it, and is safe to open."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from tests.doors.pages.browser import Browser, ServicesUnderTest, make_app
from tests.integration.campaigns.scene import Scene

from sutler import auth, campaigns, catalog, dispatch
from sutler.auth import Role
from sutler.base.did import Did
from sutler.campaigns import NewCampaign, NewStage, StageSettings
from sutler.dispatch import Outcome, Output, Report
from sutler.pages.addresses import check_id
from sutler.pages.advice import make_advice
from sutler.pages.errors import NoSuchPageError

HOSTILE = "<script>alert('x')</script>"
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20


@pytest.fixture
async def submission(scene: Scene, stages: list[int], services: ServicesUnderTest) -> int:
    """A submission of four files: done with a picture, failed with reason and log, reserved, and initial."""
    submission_id = await scene.launch(stages[0])
    done, failed, _ = await scene.reserve(submission_id, 3)
    picture = services.storage / "peak.png"
    picture.write_bytes(PNG)
    outputs = (
        Output(
            "nova", f"out.{done.name}", 5, {"adler32": "0" * 8}, {"core.note": HOSTILE}, rse="DISK", url="file:///o"
        ),
        Output(
            "nova", "peak.png", len(PNG), {"adler32": "1" * 8}, rse="DISK", url=picture.as_uri(), media_type="image/png"
        ),
    )
    good = Report("w1", (done.attempt_id,), Outcome.DONE, outputs=outputs)
    bad = Report(
        "w1",
        (failed.attempt_id,),
        Outcome.FAILED,
        reason=f"exited with code 3 {HOSTILE}",
        may_retry=False,
        measures={"wall_seconds": 65.0, "max_rss_bytes": 834_000_000},
        log_tail=f"cannot open geometry {HOSTILE}",
    )
    for report in (good, bad):
        assert all(answer.is_accepted for answer in await dispatch.report(scene.db, scene.producer, report=report))
    return submission_id


async def _list_addresses(scene: Scene, submission_id: int) -> list[str]:
    view = await scene.view(submission_id)
    submission = view.submission
    page = await campaigns.list_submission_handles(scene.db, scene.producer, submission_id=submission_id)
    handles = {handle.state.value: handle for handle in page.items}
    at = f"submissions/{submission_id}"
    project = f"projects/{submission.project_id}"
    return [
        "",
        "?name=c*",
        f"campaigns/{submission.campaign_id}",
        f"campaigns/{submission.campaign_id}/part",
        f"stages/{submission.stage_id}",
        f"stages/{submission.stage_id}/part",
        at,
        f"{at}?state=failed",
        f"{at}/progress",
        f"{at}/files?state=initial",
        f"{at}/outputs",
        f"{at}/cancel",
        *(f"{at}/jobs/{job.number}" for job in view.jobs[:1]),
        *(f"{at}/jobs/{job.number}/part" for job in view.jobs[:1]),
        *(f"{at}/pictures/{picture.file_id}" for picture in view.pictures),
        project,
        f"{project}/part",
        f"{project}/files",
        f"{project}/throughput",
        f"{project}/history",
        f"{project}/alter",
        *(f"{project}/{verb}" for verb in ("cancel", "restart", "copy", "delete")),
        f"{project}/handles/{handles['failed'].position}/restart",
        "projects",
        "projects/part",
        "projects?q=state = active&attribute=x=1",
        "rses",
        "rses/nova",
        "rses/nova/DISK",
        "rses/nova/DISK/delete",
        "proximity/nova",
        *(f"{project}/handles/{handle.position}" for handle in handles.values()),
        *(f"{project}/handles/{handle.position}/part" for handle in handles.values()),
        f"files/nova/{handles['done'].name}",
        f"files/nova/out.{handles['done'].name}",
        f"files?did=nova:{handles['done'].name}",
        "datasets/nova/raw",
        "datasets?did=nova:raw",
        "search",
        "search?q=files from nova:raw where core.number > 3",
        "api",
        "api?q=launch",
    ]


async def test_every_page_renders_and_carries_the_headers(producer: Browser, scene: Scene, submission: int) -> None:
    addresses = await _list_addresses(scene, submission)
    assert sum("/pictures/" in address for address in addresses) == 1
    assert sum("/handles/" in address for address in addresses) == 9
    for address in addresses:
        reply = await producer.get(address)
        assert reply.status_code == 200, f"{address}: {reply.text}"
        assert "default-src" in reply.headers["content-security-policy"]
        assert reply.headers["x-content-type-options"] == "nosniff"
        assert reply.headers["referrer-policy"] == "same-origin"
        if reply.headers["content-type"].startswith("text/html"):
            _assert_nothing_inline(reply.text, address)


def _assert_nothing_inline(text: str, address: str) -> None:
    """What the content policy would block, or a hostile text would smuggle in."""
    assert "<script>" not in text, address
    tags = re.findall(r"<[a-zA-Z][^>]*>", re.sub(r"<meta[^>]*htmx-config[^>]*>", "", text))
    assert not [tag for tag in tags if re.search(r"\s(style|on[a-z]+)\s*=", tag)], address
    assert all(re.search(r'src="/static/', tag) for tag in tags if tag.startswith("<script")), address


async def test_submission_page_says_what_happened(producer: Browser, submission: int) -> None:
    text = (await producer.get(f"submissions/{submission}")).text
    assert re.search(r'id="percent">50<', text)
    assert "exited with code 3" in text
    assert "1 done, 1 failed, 1 reserved, 1 not submitted, of 4" in text
    assert 'src="/submissions/' in text
    failed = (await producer.get(f"submissions/{submission}/files?state=failed")).text
    assert failed.count("<tr>") == 2
    assert "/handles/" in failed


async def test_submission_page_says_what_to_do_when_files_failed_and_nothing_when_all_is_well(
    producer: Browser, scene: Scene, stages: list[int], submission: int
) -> None:
    open_page = (await producer.get(f"submissions/{submission}")).text
    assert f'href="/submissions/{submission}?state=failed#files">see why' in open_page
    assert "sutler project restart" not in open_page
    view = await scene.view(submission)
    ended = replace(view.submission, ended_at=view.submission.created_at)
    advice = make_advice(replace(view, submission=ended, jobs=()))
    assert (advice.failed_count, advice.restart, advice.start_worker, advice.job_number) == (1, True, True, None)
    cancelled = replace(ended, batch_status=campaigns.BatchStatus.CANCELLED, failed_count=0)
    assert not make_advice(replace(view, submission=cancelled))
    well = replace(ended, initial_count=0, reserved_count=0, failed_count=0, done_count=4)
    assert not make_advice(replace(view, submission=well, jobs=()))


async def test_submission_page_leads_to_the_job_that_did_not_end_well(scene: Scene, submission: int) -> None:
    view = await scene.view(submission)
    good, bad = (replace(view.jobs[0], number=number, exit_code=code) for number, code in ((1, 0), (2, 4)))
    assert make_advice(replace(view, jobs=(good, bad))).job_number == 2
    assert make_advice(replace(view, jobs=(good,))).job_number is None


async def test_submission_page_advises_to_launch_again_only_those_who_may(scene: Scene, submission: int) -> None:
    view = await scene.view(submission)
    refused = replace(view.submission, batch_status=campaigns.BatchStatus.LAUNCH_FAILED)
    assert make_advice(replace(view, submission=refused, may_cancel=True)).launch_again
    assert not make_advice(replace(view, submission=refused, may_cancel=False)).launch_again


async def test_output_of_a_job_is_asked_for_again_while_it_may_grow(
    producer: Browser, scene: Scene, submission: int
) -> None:
    job = (await scene.view(submission)).jobs[0]
    assert not job.state.is_final
    assert 'hx-trigger="every 2s"' in (await producer.get(f"submissions/{submission}/jobs/{job.number}")).text
    assert (await producer.get(f"submissions/{submission}/jobs/{job.number + 500}")).status_code == 404


async def test_page_of_a_failed_file_shows_reason_measures_and_log(
    producer: Browser, scene: Scene, submission: int
) -> None:
    page = await campaigns.list_submission_handles(
        scene.db, scene.producer, submission_id=submission, state=dispatch.HandleState.FAILED
    )
    handle = page.items[0]
    text = (await producer.get(f"projects/{handle.project_id}/handles/{handle.position}")).text
    assert "exited with code 3 &lt;script&gt;" in text
    assert "cannot open geometry &lt;script&gt;" in text
    assert "1 min 5 s" in text
    assert "834 MB" in text


async def test_file_page_shows_metadata_and_both_directions_of_provenance(producer: Browser, submission: int) -> None:
    listing = (await producer.get(f"submissions/{submission}/files?state=done")).text
    found = re.search(r'href="(/files/nova/[^"]+)"', listing)
    assert found is not None
    parent = found[1]
    name = parent.rpartition("/")[2]
    assert f'href="/files/nova/out.{name}"' in (await producer.get(parent[1:])).text
    child = (await producer.get(f"files/nova/out.{name}")).text
    assert f'href="{parent}"' in child
    assert "&lt;script&gt;alert" in child
    assert "file:///o" in child


async def test_list_of_files_is_paged_by_the_last_one_seen(producer: Browser, scene: Scene, stages: list[int]) -> None:
    many = [catalog.NewFile("nova", f"many{number:03d}") for number in range(60)]
    await catalog.create_dataset(scene.db, scene.producer, did=Did("nova", "many"))
    await catalog.declare_files(scene.db, scene.producer, files=many, dataset=Did("nova", "many"))
    [stage_id] = await scene.make_campaign(
        NewStage("all", "copy", "here", settings=StageSettings(dataset_query="files from nova:many"))
    )
    submission_id = await scene.launch(stage_id)
    first = (await producer.get(f"submissions/{submission_id}?state=initial")).text
    assert first.count("/files/nova/many") == 50
    found = re.search(r'id="files-next" href="/([^"#]+)', first)
    assert found is not None
    assert "state=initial&amp;after=" in first or "state=initial&after=" in first
    second = (await producer.get(found[1].replace("&amp;", "&"))).text
    assert second.count("/files/nova/many") == 10
    assert set(re.findall(r"many\d{3}", first)) & set(re.findall(r"many\d{3}", second)) == set()


async def test_search_shows_where_a_query_is_wrong(producer: Browser) -> None:
    reply = await producer.get("search?q=files form nova:raw")
    assert reply.status_code == 422
    assert '<pre class="excerpt">files form nova:raw' in reply.text
    assert "^" in reply.text


async def test_campaigns_are_found_by_any_part_of_their_name(producer: Browser, scene: Scene) -> None:
    for name in ("Zmumu 2026", "minerva 100%_x"):
        await campaigns.create_campaign(scene.db, scene.producer, new=NewCampaign("nova", name))
    assert "Zmumu 2026" in (await producer.get("?name=mumu")).text
    assert "minerva" not in (await producer.get("?name=mumu")).text
    assert "minerva" in (await producer.get("?name=*100%25_*")).text
    assert "No campaign is called like" in (await producer.get("?name=100_x")).text


async def test_empty_installation_says_what_to_do_first(producer: Browser) -> None:
    text = (await producer.get("")).text
    assert "No campaigns yet" in text
    assert "login setup" in text


async def test_hostile_names_are_shown_as_text(producer: Browser, scene: Scene) -> None:
    campaign = await campaigns.create_campaign(
        scene.db,
        scene.producer,
        new=NewCampaign(
            "nova",
            HOSTILE,
            {"k": '"><img src=x>'},
            (
                NewStage(
                    HOSTILE,
                    "copy",
                    "here",
                    settings=StageSettings(unit_count=1, stage_type=campaigns.StageType.GENERATOR),
                ),
            ),
        ),
    )
    view = await campaigns.view_campaign(scene.db, scene.producer, campaign_id=campaign.id)
    for address in ("", f"campaigns/{campaign.id}", f"stages/{view.stages[0].id}", f"search?q={HOSTILE}"):
        text = (await producer.get(address)).text
        assert "&lt;script&gt;" in text
        assert "<img" not in text
        _assert_nothing_inline(text, address)


async def test_members_of_other_experiments_see_nothing(
    browser: Browser, scene: Scene, submission: int, services: ServicesUnderTest
) -> None:
    admin = await auth.get_principal_of(scene.db, user_id=await _find_user(scene, "admin"))
    await auth.create_experiment(scene.db, admin, name="other")
    await auth.create_user(scene.db, admin, username="eve", password="correct horse")
    await auth.set_member(scene.db, admin, experiment="other", username="eve", role=Role.SUPERUSER)
    await browser.sign_in("eve")
    for address in await _list_addresses(scene, submission):
        if (
            address in ("", "?name=c*", "rses")
            or address.startswith(("search", "api", "projects?"))
            or address
            in (
                "projects",
                "projects/part",
            )
        ):
            told = "f0" if "?q=files" in address else "nova"  # a query is shown as it was typed
            # Neither does the anti-forgery token count, which may hold any letters.
            shown = re.sub(r"<textarea.*?</textarea>|[0-9a-f]{64}", "", (await browser.get(address)).text)
            assert told not in shown, address
        else:
            assert (await browser.get(address)).status_code in (403, 404), address


async def _find_user(scene: Scene, username: str) -> int:
    async with scene.db.connection() as connection:
        return int(await connection.fetchval("SELECT id FROM auth.users WHERE username = $1", username))


async def test_buttons_are_only_shown_to_those_who_may(
    services: ServicesUnderTest, stages: list[int], submission: int
) -> None:
    browser = Browser(make_app(services))
    await browser.sign_in("ann")
    stage = await browser.get(f"stages/{stages[0]}")
    assert "/launch" not in stage.text
    assert "/cancel" not in (await browser.get(f"submissions/{submission}")).text
    reply = await browser.post(f"stages/{stages[0]}/hold", stage)
    assert reply.status_code == 403
    assert "Not permitted" in reply.text


@pytest.mark.parametrize(
    "address",
    [
        "nowhere",
        "campaigns/x",
        "campaigns/99999",
        "campaigns/99999999999999999999999",
        "stages/-1",
        "submissions/0",
        "projects/7/handles/99999999999",
        "files/nova/none",
        "files/no%00pe/none",
        "datasets/nova/none",
        "static/none.css",
    ],
)
async def test_what_is_not_there_is_a_page_too(producer: Browser, address: str) -> None:
    reply = await producer.get(address)
    assert reply.status_code == 404
    assert "Not found" in reply.text
    assert "Sign out" in reply.text


@pytest.mark.parametrize("key", ["", "-1", "x", "\N{SUPERSCRIPT TWO}", str(2**63), "0" * 20, "0" * 5_000, -1, 2**63])
def test_number_that_the_database_cannot_hold_belongs_to_nothing(key: int | str) -> None:
    with pytest.raises(NoSuchPageError):
        check_id("project", key)
    assert check_id("project", str(2**63 - 1)) == 2**63 - 1


async def test_unusable_choices_are_named(producer: Browser, submission: int) -> None:
    reply = await producer.get(f"submissions/{submission}?state=lost")
    assert reply.status_code == 422
    assert "&#39;lost&#39; is not one of initial, reserved, done, failed" in reply.text
    assert (await producer.get(f"submissions/{submission}?after=nonsense")).status_code == 422


async def test_defect_gives_an_incident_id_and_no_detail(producer: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise KeyError("secret detail")

    monkeypatch.setattr(campaigns, "view_campaign", fail)
    reply = await producer.get("campaigns/1")
    assert reply.status_code == 500
    assert re.search(r"Incident <code>[0-9a-f]{8}</code>", reply.text)
    assert "secret detail" not in reply.text


async def test_picture_outside_the_storage_is_not_served(
    producer: Browser, scene: Scene, submission: int, services: ServicesUnderTest, tmp_path: Path
) -> None:
    picture = (await scene.view(submission)).pictures[0]
    address = f"submissions/{submission}/pictures/{picture.file_id}"
    reply = await producer.get(address)
    assert (reply.content, reply.headers["content-type"]) == (PNG, "image/png")
    secret = tmp_path / "secret.png"
    secret.write_bytes(PNG)
    (services.storage / "peak.png").unlink()
    (services.storage / "peak.png").symlink_to(secret)
    assert (await producer.get(address)).status_code == 404


async def test_static_files_are_served_with_their_mark(producer: Browser) -> None:
    page = (await producer.get("")).text
    addresses = re.findall(r'(?:src|href)="/(static/[^"]+)"', page)
    assert len(addresses) == 5
    for address in addresses:
        assert re.search(r"\?v=[0-9a-f]{10}$", address)
        assert (await producer.get(address)).status_code == 200
