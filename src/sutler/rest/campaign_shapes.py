"""Between what the rooms know of campaigns, stages, job types and what the wire says of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace

from sutler import campaigns
from sutler.base.errors import Problem
from sutler.rest.errors import InvalidRequestError
from sutler.rest.showing import show, to_duration
from sutler.wire import campaigns as wire
from sutler.wire.stage_settings import StageSettings

SETTINGS = tuple(field.name for field in fields(StageSettings))


def show_campaign(campaign: campaigns.Campaign) -> wire.Campaign:
    """Make the shape of a campaign."""
    return show(wire.Campaign, campaign, defaults=show(StageSettings, campaign.defaults))


def show_stage(stage: campaigns.Stage) -> wire.Stage:
    """Make the shape of a stage: what is in force, and what it says itself."""
    return show(wire.Stage, stage, own=show(StageSettings, stage.own))


def show_job_type(job_type: campaigns.JobType, experiment: str) -> wire.JobType:
    """Make the shape of a job type."""
    recoveries = tuple(show(wire.Recovery, one, recovery_type=one.recovery_type.value) for one in job_type.recoveries)
    return show(wire.JobType, job_type, experiment=experiment, recoveries=recoveries)


def show_login_setup(login_setup: campaigns.LoginSetup, experiment: str) -> wire.LoginSetup:
    """Make the shape of a login setup."""
    return show(wire.LoginSetup, login_setup, experiment=experiment)


def read_job_type(body: wire.NewJobType) -> campaigns.NewJobType:
    """Return what a job type is to be saved with. Raises InvalidInputError."""
    values = dict(vars(body))
    values["run_timeout"] = to_duration(values.pop("run_timeout_seconds"), "run_timeout_seconds")
    values["recoveries"] = tuple(
        campaigns.Recovery(campaigns.RecoveryType(one.recovery_type), one.parameter_overrides)
        for one in body.recoveries
    )
    return campaigns.NewJobType(**values)


def read_settings(body: StageSettings) -> campaigns.StageSettings:
    """Return settings as the room knows them."""
    return campaigns.StageSettings(**{name: getattr(body, name) for name in SETTINGS})


def change_settings(
    present: campaigns.StageSettings, given: StageSettings | None, unset: Sequence[str], where: str
) -> campaigns.StageSettings:
    """Return settings with those that are given changed, and those that are unset no more said.

    Raises InvalidRequestError for a name of no setting.
    """
    unknown = [f"{where}[{at}]" for at, name in enumerate(unset) if name not in SETTINGS]
    if unknown:
        raise InvalidRequestError([Problem(each, f"must be one of {', '.join(SETTINGS)}") for each in unknown])
    said = {name: getattr(given, name) for name in SETTINGS if getattr(given, name, None) is not None}
    return replace(present, **{**dict.fromkeys(unset, None), **said})


def read_stage(body: wire.NewStage) -> campaigns.NewStage:
    """Return what a stage is to be saved with."""
    return campaigns.NewStage(body.name, body.job_type or None, body.login_setup or None, read_settings(body))


def read_dependencies(body: Sequence[wire.NewDependency]) -> tuple[campaigns.NewDependency, ...]:
    """Return what dependencies are to be saved with."""
    return tuple(campaigns.NewDependency(**vars(dependency)) for dependency in body)
