"""What a launch would start, from the stage and everything it refers to: needed for launching and for rehearsing."""

from __future__ import annotations

from dataclasses import dataclass

from sutler import catalog, launch, replicas
from sutler.auth import Principal
from sutler.base.did import Did
from sutler.base.errors import InvalidInputError, Problem
from sutler.campaigns import rules, store
from sutler.campaigns.errors import StageIncompleteError
from sutler.campaigns.model import Campaign, JobType, LoginSetup, Parameters, Stage
from sutler.campaigns.operations.loading import load_campaign
from sutler.campaigns.rules import Surface
from sutler.database import Tx


@dataclass(frozen=True)
class Site:
    """What the installation knows and a plan needs: its own address, and the command that starts a worker."""

    public_url: str
    worker_command: tuple[str, ...]


@dataclass(frozen=True)
class Surroundings:
    """A stage with what it refers to, and what texts may name."""

    campaign: Campaign
    stage: Stage
    job_type: JobType
    login_setup: LoginSetup
    variables: dict[str, str]
    parameters: Parameters


async def load_surroundings(
    tx: Tx, stage: Stage, who: Principal, *, data: str, is_test: bool, overrides: Parameters
) -> Surroundings:
    """Read what a stage refers to. `data` is what `%(dataset)s` stands for. Raises StageIncompleteError."""
    campaign = await load_campaign(tx, stage.campaign_id)
    if stage.job_type_id is None or stage.login_setup_id is None:
        missing = "job type" if stage.job_type_id is None else "login setup"
        raise StageIncompleteError(
            [Problem(f"stage {stage.name}", f"has no {missing}, and its campaign has none for its stages")]
        )
    job_type = await store.get_job_type(tx, job_type_id=stage.job_type_id)
    return Surroundings(
        campaign=campaign,
        stage=stage,
        job_type=job_type,
        login_setup=await store.get_login_setup(tx, login_setup_id=stage.login_setup_id),
        variables=rules.list_variables(
            keywords=campaign.keywords,
            campaign=campaign.name,
            stage=stage.name,
            version=stage.software_version,
            experiment=campaign.experiment,
            launcher=who.username,
            dataset=data,
        ),
        parameters=rules.merge_parameters(
            job_type.parameters,
            stage.parameter_overrides,
            stage.test_parameter_overrides if is_test else (),
            overrides,
        ),
    )


def build_plan(site: Site, around: Surroundings, surface: Surface, *, work_count: int | None) -> launch.LaunchPlan:
    """Put together what the back-end starts. `work_count` is how many files there are, None when nobody knows.

    Jobs with files run a worker, which runs the command for each; others run the command itself. Raises
    UnknownVariableError, CampaignShapeError, InvalidInputError.
    """
    _, request = rules.split_requests(around.parameters)
    arguments = build_command(around, submission_id=surface.submission_id)
    job_count = around.stage.job_count
    setup = around.login_setup
    return launch.LaunchPlan(
        arguments=arguments if surface.project_id is None else (*site.worker_command, "--", *arguments),
        job_count=job_count if work_count is None else max(1, min(job_count, work_count)),
        setup=rules.substitute_in_shell(setup.setup, around.variables, where="login setup"),
        environment=rules.build_environment(around.campaign, around.stage, around.job_type, surface),
        host=rules.substitute(setup.host, around.variables, where="host of the login setup"),
        account=rules.substitute(setup.account, around.variables, where="account of the login setup"),
        request=request,
    )


def build_command(around: Surroundings, *, submission_id: int) -> tuple[str, ...]:
    """Return what is run for the files: the script's words and the parameters. Raises as `build_plan` does."""
    parameters, _ = rules.split_requests(around.parameters)
    variables = {**around.variables, "submission": str(submission_id)}
    return rules.build_arguments(around.job_type.launch_script, parameters, variables)


@dataclass(frozen=True)
class Outputs:
    """Where the outputs of a submission go; empty when it has none."""

    namespace: str = ""
    dataset: str = ""
    url: str = ""


async def prepare_outputs(tx: Tx, around: Surroundings, who: Principal, *, submission_id: int) -> Outputs:
    """Make the output dataset and find where outputs are copied to. Raises InvalidInputError for an unknown RSE."""
    job_type, campaign = around.job_type, around.campaign
    if not job_type.output_file_patterns:
        return Outputs()
    namespace = rules.check_output_namespace(job_type, campaign.experiment)
    name, above = rules.name_output_dataset(job_type.output_dataset, around.variables, submission_id=submission_id)
    parent = None if above is None else Did.parse(f"{namespace}:{above}")
    dataset = Did.parse(f"{namespace}:{name}")
    await _prepare_dataset(tx, campaign, who, dataset=dataset, parent=parent)
    return Outputs(namespace, str(dataset), await _find_output_url(tx, campaign, job_type))


async def _find_output_url(tx: Tx, campaign: Campaign, job_type: JobType) -> str:
    if not job_type.output_rse:
        return ""
    rse = await replicas.find_rse_in(tx, experiment_id=campaign.experiment_id, name=job_type.output_rse)
    if rse is None:
        what = f"job type {job_type.name} names the RSE {job_type.output_rse}, which is unknown"
        raise InvalidInputError([Problem("output_rse", what)])
    return rse.url_prefix


async def _prepare_dataset(tx: Tx, campaign: Campaign, who: Principal, *, dataset: Did, parent: Did | None) -> None:
    """Make the dataset; where the catalogue is elsewhere, it is made there ahead of its first file."""
    if await catalog.is_remote_in(tx, experiment_id=campaign.experiment_id):
        await catalog.plan_dataset_in(tx, experiment_id=campaign.experiment_id, did=dataset, parent=parent)
        return
    await catalog.ensure_namespace_in(
        tx, name=dataset.namespace, experiment_id=campaign.experiment_id, user_id=who.user_id, username=who.username
    )
    if parent is not None:
        await catalog.ensure_dataset_in(tx, did=parent, username=who.username)
    await catalog.ensure_dataset_in(tx, did=dataset, username=who.username, parent=parent)
