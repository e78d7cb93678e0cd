"""The Z → µµ campaign: what is defined, and how it is launched."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sutler.client import Client, ConflictError
from sutler.wire.campaigns import NewCampaign, NewDependency, NewJobType, NewLoginSetup, NewStage
from sutler.wire.catalog import NewNamespace
from sutler.wire.replicas import NewRse

PHYSICS = Path(__file__).parent / "physics"
EXPERIMENT = "demo"
RSE = "LOCAL"


@dataclass(frozen=True)
class Shape:
    """How big the campaign is. One generated file fails on purpose the first time, and succeeds when it is retried."""

    seed: int = 2026
    files: int = 40
    events: int = 2500
    jobs: int = 2
    failing_index: int = 7


@dataclass(frozen=True)
class Defined:
    """The campaign as it was made."""

    campaign_id: int
    name: str
    first_stage_id: int


def define_campaign(client: Client, shape: Shape, *, storage: Path) -> Defined:
    """Make the experiment and all that the campaign needs, then the campaign itself. A further run gets a new name."""
    _ignore_present(lambda: client.create_experiment(EXPERIMENT, full_name="Z → µµ demonstration"))
    namespace = NewNamespace(EXPERIMENT, EXPERIMENT, "Files of the demonstration", owner_role="production")
    _ignore_present(lambda: client.create_namespace(namespace))
    rse = NewRse(EXPERIMENT, RSE, "A directory of this machine", storage.as_uri())
    _ignore_present(lambda: client.create_rse(rse))
    earlier = len(client.list_campaigns(experiment=EXPERIMENT, limit=1000).items)
    suffix = f".{earlier + 1}" if earlier else ""
    client.save_login_setup(
        NewLoginSetup(experiment=EXPERIMENT, name="this machine", backend="local", setup="export OMP_NUM_THREADS=1")
    )
    for job_type in _list_job_types(shape, suffix):
        client.save_job_type(job_type)
    campaign = client.create_campaign(_describe_campaign(shape, suffix))
    view = client.view_campaign(campaign.id)
    return Defined(campaign.id, campaign.name, view.stages[0].id)


def _describe_campaign(shape: Shape, suffix: str) -> NewCampaign:
    setup = "this machine"
    return NewCampaign(
        experiment=EXPERIMENT,
        name=f"zmumu{suffix}",
        keywords={"seed": str(shape.seed), "events": str(shape.events)},
        stages=(
            NewStage(
                name="generate",
                job_type=f"generate{suffix}",
                login_setup=setup,
                stage_type="generator",
                unit_count=shape.files,
                job_count=shape.jobs,
            ),
            NewStage(name="reconstruct", job_type=f"reconstruct{suffix}", login_setup=setup, job_count=shape.jobs),
            NewStage(name="analyse", job_type=f"analyse{suffix}", login_setup=setup, job_count=1),
        ),
        dependencies=(
            NewDependency("generate", "reconstruct", "%.root"),
            NewDependency("reconstruct", "analyse", "%.reco.root"),
        ),
    )


def _list_job_types(shape: Shape, suffix: str) -> tuple[NewJobType, ...]:
    return (
        NewJobType(
            experiment=EXPERIMENT,
            name=f"generate{suffix}",
            launch_script=_script("generate.py", "{name}.root"),
            parameters=(
                ("--seed ", "%(seed)s"),
                ("--events ", "%(events)s"),
                ("--fail-index ", str(shape.failing_index)),
            ),
            output_file_patterns=("*.root",),
            output_namespace=EXPERIMENT,
            output_dataset=f"gen{suffix}",
            output_rse=RSE,
        ),
        NewJobType(
            experiment=EXPERIMENT,
            name=f"reconstruct{suffix}",
            launch_script=_script("reconstruct.py", "{stem}.reco.root", "{file}"),
            parameters=(("--seed ", "%(seed)s"),),
            output_file_patterns=("*.reco.root",),
            output_namespace=EXPERIMENT,
            output_dataset=f"reco{suffix}",
            output_rse=RSE,
        ),
        NewJobType(
            experiment=EXPERIMENT,
            name=f"analyse{suffix}",
            launch_script=_words(sys.executable, PHYSICS / "analyse.py", "{files}"),
            parameters=(
                ("--output-histogram ", f"zmumu{suffix}.mass.root"),
                ("--output-picture ", f"zmumu{suffix}.mass.png"),
            ),
            output_file_patterns=("*.mass.root", "*.mass.png"),
            output_namespace=EXPERIMENT,
            output_dataset=f"ana{suffix}",
            output_rse=RSE,
            files_per_run=max(shape.files, 1),
        ),
    )


def _script(program: str, output: str, *inputs: str) -> str:
    return _words(sys.executable, PHYSICS / program, *inputs, "--output", output)


def _words(*words: object) -> str:
    """Write words as a launch script: quoted, and with percent signs doubled against substitution."""
    return shlex.join(str(word) for word in words).replace("%", "%%")


def _ignore_present(make: Callable[[], object]) -> None:
    try:
        make()
    except ConflictError as error:
        if not error.code.endswith(("exists", "taken")):
            raise
