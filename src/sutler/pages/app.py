"""All addresses of the pages, on one screen."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from fastapi import APIRouter, Depends, FastAPI
from starlette.requests import Request
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from sutler.pages.account import AccountPages
from sutler.pages.api import ApiPages
from sutler.pages.browsing import BrowserPages
from sutler.pages.campaign_changes import CampaignChanges
from sutler.pages.campaign_texts import CampaignTextPages
from sutler.pages.campaigns import CampaignPages
from sutler.pages.completion import CompletionPages
from sutler.pages.datasets import DatasetPages
from sutler.pages.door import Door
from sutler.pages.experiment_services import ExperimentPages
from sutler.pages.exports import ExportPages
from sutler.pages.failures import explain, make_route_class
from sutler.pages.files import FilePages
from sutler.pages.handle import HandlePages
from sutler.pages.holds import HoldPages
from sutler.pages.job_types import JobTypePages
from sutler.pages.key_indexes import KeyIndexPages
from sutler.pages.launching import LaunchPages
from sutler.pages.live import LiveStreams
from sutler.pages.login_setups import LoginSetupPages
from sutler.pages.project_changes import QUESTIONS, ProjectChanges
from sutler.pages.projects import ProjectPages
from sutler.pages.proximity import ProximityPages
from sutler.pages.rendering import STATIC, Renderer
from sutler.pages.saved_queries import SavedQueryPages
from sutler.pages.schedules import SchedulePages
from sutler.pages.search import SearchPages
from sutler.pages.services import Services
from sutler.pages.session import check_form
from sutler.pages.splits import SplitPages
from sutler.pages.stage_switches import StageSwitchPages
from sutler.pages.stages import StagePages
from sutler.pages.storage import StoragePages
from sutler.pages.submission_changes import VERBS, SubmissionChanges
from sutler.pages.submission_search import SubmissionSearchPages
from sutler.pages.submissions import SubmissionPages

LONGEST_FORM_BYTES = 64_000
LONGEST_TEXT_BYTES = 1_100_000
"""For forms that bring a whole map, as browsers write it: one field of 1 MiB and a little beside it."""

Page = Callable[..., Awaitable[Response]]


def create_pages(services: Services, *, api_description: Mapping[str, object]) -> APIRouter:
    """Return the routes of all pages. Errors of rooms become pages here; nothing of them reaches the application.

    `api_description` is the OpenAPI document that the page of the API is made from.
    """
    door = Door(services, Renderer())
    router = APIRouter(route_class=make_route_class(door), include_in_schema=False, max_body_size=LONGEST_FORM_BYTES)
    for path, page in [*_list_campaign_pages(door), *_list_pages(door), ("/api", ApiPages(door, api_description).show)]:
        router.add_api_route(path, page, methods=["GET"])
    for path, page in [*_list_campaign_changes(door), *_list_changes(door)]:
        router.add_api_route(path, page, methods=["POST"], dependencies=[Depends(check_form)])
    for path, page in _list_long_changes(door):
        router.add_api_route(
            path, page, methods=["POST"], dependencies=[Depends(check_form)], max_body_size=LONGEST_TEXT_BYTES
        )
    return router


def mount_static(app: FastAPI) -> None:
    """Serve the style sheet and the scripts below `/static`."""
    app.mount("/static", StaticFiles(directory=STATIC), name="static")


def create_error_pages(services: Services) -> Callable[[Request, Exception], Awaitable[Response]]:
    """Return an exception handler for requests that no route took, like an unknown address in a browser."""
    door = Door(services, Renderer())

    async def answer(request: Request, error: Exception) -> Response:
        return await explain(door, request, error)

    return answer


def _list_pages(door: Door) -> list[tuple[str, Page]]:
    account, submissions = AccountPages(door), SubmissionPages(door)
    projects, changes, handle = ProjectPages(door), ProjectChanges(door), HandlePages(door)
    browser, storage, proximity = BrowserPages(door), StoragePages(door), ProximityPages(door)
    files, datasets, search, live = FilePages(door), DatasetPages(door), SearchPages(door), LiveStreams(door)
    return [
        ("/sign-in", account.show_sign_in),
        ("/submissions", SubmissionSearchPages(door).search),
        ("/submissions/{submission_id}", submissions.show),
        ("/submissions/{submission_id}/progress", submissions.show_progress),
        ("/submissions/{submission_id}/files", submissions.show_files),
        ("/submissions/{submission_id}/outputs", submissions.show_outputs),
        ("/submissions/{submission_id}/pictures/{file_id}", submissions.show_picture),
        ("/submissions/{submission_id}/jobs/{number}", submissions.show_job),
        ("/submissions/{submission_id}/jobs/{number}/part", submissions.show_job_part),
        ("/submissions/{submission_id}/cancel", submissions.ask_cancel),
        ("/projects", browser.browse),
        ("/projects/part", browser.browse_part),
        ("/projects/{project_id}", projects.show),
        ("/projects/{project_id}/part", projects.show_part),
        ("/projects/{project_id}/files", projects.show_files),
        ("/projects/{project_id}/throughput", projects.show_throughput),
        ("/projects/{project_id}/history", projects.show_history),
        ("/projects/{project_id}/alter", changes.ask_settings),
        *((f"/projects/{{project_id}}/{verb}", changes.ask) for verb in QUESTIONS),
        ("/projects/{project_id}/handles/{position}", handle.show),
        ("/projects/{project_id}/handles/{position}/part", handle.show_part),
        ("/projects/{project_id}/handles/{position}/restart", handle.ask_restart),
        ("/experiments/{name}", ExperimentPages(door).show),
        ("/rses", storage.list_rses),
        ("/rses/{experiment}", storage.show_new),
        ("/rses/{experiment}/{rse_name}", storage.show),
        ("/rses/{experiment}/{rse_name}/delete", storage.ask_delete),
        ("/proximity/{experiment}", proximity.show),
        ("/files", files.show_file_of_did),
        ("/files/{namespace}/{name:path}", files.show_file),
        ("/datasets", datasets.show_dataset_of_did),
        ("/datasets/{namespace}/{name:path}", datasets.show_dataset),
        ("/search", search.search),
        ("/search/check", search.check),
        ("/search/words", CompletionPages(door).complete),
        ("/search/export", ExportPages(door).export),
        ("/catalog/indexes", KeyIndexPages(door).list_indexes),
        ("/live", live.follow),
    ]


def _list_campaign_pages(door: Door) -> list[tuple[str, Page]]:
    """Those that are called by a word come before those that are called by a number."""
    campaigns, changes, texts = CampaignPages(door), CampaignChanges(door), CampaignTextPages(door)
    switches = StageSwitchPages(door)
    stages, launches, splits, schedules = StagePages(door), LaunchPages(door), SplitPages(door), SchedulePages(door)
    holds, setups, job_types, submissions = (
        HoldPages(door), LoginSetupPages(door), JobTypePages(door), SubmissionChanges(door),
    )  # fmt: skip
    return [
        ("/", campaigns.list_campaigns),
        ("/campaigns/new", changes.show_new),
        ("/campaigns/text", texts.show_new),
        ("/campaigns/{campaign_id}", campaigns.show_campaign),
        ("/campaigns/{campaign_id}/part", campaigns.show_campaign_part),
        ("/campaigns/{campaign_id}/edit", changes.show_edit),
        ("/campaigns/{campaign_id}/dependencies", changes.show_dependencies),
        ("/campaigns/{campaign_id}/clone", changes.ask_clone),
        ("/campaigns/{campaign_id}/delete", changes.ask_delete),
        ("/campaigns/{campaign_id}/text", texts.show),
        ("/campaigns/{campaign_id}/export", texts.download),
        ("/campaigns/{campaign_id}/stages", switches.list_stages),
        ("/campaigns/{campaign_id}/stages/change", switches.ask),
        ("/campaigns/{campaign_id}/stages/new", stages.show_new),
        ("/samples", texts.list_samples),
        ("/samples/{name}", texts.show_sample),
        ("/stages/{stage_id}", stages.show),
        ("/stages/{stage_id}/part", stages.show_part),
        ("/stages/{stage_id}/edit", stages.show_edit),
        ("/stages/{stage_id}/remove", stages.ask_remove),
        ("/stages/{stage_id}/launch", launches.show),
        ("/stages/{stage_id}/split", splits.show),
        ("/stages/{stage_id}/split/{kind}/reset", splits.ask_reset),
        ("/stages/{stage_id}/forecast", splits.forecast),
        ("/stages/{stage_id}/schedule", schedules.show),
        ("/stages/{stage_id}/schedule/delete", schedules.ask_delete),
        ("/schedules", schedules.list_schedules),
        ("/queue", holds.show_queue),
        ("/holds", holds.show_holds),
        ("/login-setups", setups.list_all),
        ("/login-setups/new", setups.show_new),
        ("/login-setups/{login_setup_id}", setups.show),
        ("/login-setups/{login_setup_id}/clone", setups.ask_clone),
        ("/login-setups/{login_setup_id}/delete", setups.ask_delete),
        ("/job-types", job_types.list_all),
        ("/job-types/new", job_types.show_new),
        ("/job-types/{job_type_id}", job_types.show),
        ("/job-types/{job_type_id}/clone", job_types.ask_clone),
        ("/job-types/{job_type_id}/delete", job_types.ask_delete),
        *((f"/submissions/{{submission_id}}/{verb}", submissions.ask) for verb in VERBS),
        ("/submissions/{submission_id}/recover", submissions.show_recoveries),
        ("/submissions/{submission_id}/compare", submissions.compare),
    ]


def _list_campaign_changes(door: Door) -> list[tuple[str, Page]]:
    changes = CampaignChanges(door)
    stages, launches, splits, schedules = StagePages(door), LaunchPages(door), SplitPages(door), SchedulePages(door)
    holds, setups, job_types, submissions = (
        HoldPages(door), LoginSetupPages(door), JobTypePages(door), SubmissionChanges(door),
    )  # fmt: skip
    return [
        ("/campaigns/new", changes.create),
        ("/campaigns/change", changes.change_many),
        ("/campaigns/{campaign_id}/watch", changes.watch),
        ("/campaigns/{campaign_id}/launch", changes.launch),
        ("/campaigns/{campaign_id}/edit", changes.edit),
        ("/campaigns/{campaign_id}/dependencies", changes.set_dependencies),
        ("/campaigns/{campaign_id}/clone", changes.clone),
        ("/campaigns/{campaign_id}/delete", changes.delete),
        ("/campaigns/{campaign_id}/stages/change", StageSwitchPages(door).change),
        ("/campaigns/{campaign_id}/stages/new", stages.add),
        ("/samples/{name}/clone", CampaignTextPages(door).clone_sample),
        ("/stages/{stage_id}/launch", launches.launch),
        ("/stages/{stage_id}/rehearse", launches.rehearse),
        ("/stages/{stage_id}/hold", stages.hold),
        ("/stages/{stage_id}/release", stages.release),
        ("/stages/{stage_id}/edit", stages.edit),
        ("/stages/{stage_id}/remove", stages.remove),
        ("/stages/{stage_id}/split/{kind}", splits.move),
        ("/stages/{stage_id}/split/{kind}/reset", splits.reset),
        ("/stages/{stage_id}/schedule", schedules.save),
        ("/stages/{stage_id}/schedule/delete", schedules.delete),
        ("/queue/delete", holds.delete_queued),
        ("/holds", holds.switch),
        ("/login-setups", setups.save),
        ("/login-setups/{login_setup_id}/try", setups.try_out),
        ("/login-setups/{login_setup_id}/clone", setups.clone),
        ("/login-setups/{login_setup_id}/delete", setups.delete),
        ("/job-types", job_types.save),
        ("/job-types/{job_type_id}/clone", job_types.clone),
        ("/job-types/{job_type_id}/delete", job_types.delete),
        *((f"/submissions/{{submission_id}}/{verb}", submissions.act) for verb in VERBS),
        ("/submissions/{submission_id}/recover", submissions.recover),
    ]


def _list_changes(door: Door) -> list[tuple[str, Page]]:
    account, submissions = AccountPages(door), SubmissionPages(door)
    projects, handle = ProjectChanges(door), HandlePages(door)
    storage, proximity, queries = StoragePages(door), ProximityPages(door), SavedQueryPages(door)
    experiments = ExperimentPages(door)
    return [
        ("/sign-in", account.sign_in),
        ("/sign-out", account.sign_out),
        ("/submissions/{submission_id}/cancel", submissions.cancel),
        ("/projects/{project_id}/alter", projects.alter),
        ("/projects/{project_id}/cancel", projects.cancel),
        ("/projects/{project_id}/activate", projects.activate),
        ("/projects/{project_id}/restart", projects.restart),
        ("/projects/{project_id}/copy", projects.copy),
        ("/projects/{project_id}/delete", projects.delete),
        ("/projects/{project_id}/handles/{position}/restart", handle.restart),
        ("/experiments/{name}/check", experiments.check),
        ("/experiments/{name}/hosts", experiments.set_hosts),
        ("/experiments/{name}/services/{kind}", experiments.set_service),
        ("/experiments/{name}/services/{kind}/remove", experiments.remove_service),
        ("/experiments/{name}/services/{kind}/credentials", experiments.set_credential),
        ("/experiments/{name}/services/{kind}/credentials/{side}/remove", experiments.remove_credential),
        ("/rses/{experiment}", storage.create),
        ("/rses/{experiment}/{rse_name}", storage.update),
        ("/rses/{experiment}/{rse_name}/delete", storage.delete),
        ("/proximity/{experiment}/pair", proximity.set_pair),
        ("/proximity/{experiment}/url", proximity.take_from_url),
        ("/search/save", queries.save),
        ("/search/forget", queries.forget),
        ("/catalog/indexes/add", KeyIndexPages(door).add),
        ("/catalog/indexes/drop", KeyIndexPages(door).drop),
    ]


def _list_long_changes(door: Door) -> list[tuple[str, Page]]:
    texts = CampaignTextPages(door)
    return [
        ("/proximity/{experiment}/text", ProximityPages(door).set_text),
        ("/campaigns/plan", texts.plan),
        ("/campaigns/apply", texts.apply),
    ]
