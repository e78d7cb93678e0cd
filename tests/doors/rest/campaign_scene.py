"""A small campaign for tests of this door: a generator that feeds a second stage, and files to split."""

from __future__ import annotations

from sutler.client import AsyncClient
from sutler.wire.campaigns import NewCampaign, NewDependency, NewJobType, NewLoginSetup, NewStage
from sutler.wire.catalog import NewDataset, NewFile, NewNamespace

JOB_TYPE = NewJobType(
    "local", "simulate", "/bin/true", parameters=(("--events ", "10"), ("-v", "")), run_timeout_seconds=90.0
)
GENERATE = NewStage("generate", "simulate", "here", stage_type="generator", unit_count=3, job_count=2)
RECONSTRUCT = NewStage("reconstruct", "simulate", "here", worker_timeout_seconds=3600.0, idle_timeout_seconds=0)
SPLIT = NewStage("split", "simulate", "here", dataset_query="files from demo:all", split_type="drainingn(2)")
CAMPAIGN = NewCampaign(
    "local",
    "spring",
    {"beam": "on"},
    (GENERATE, RECONSTRUCT),
    (NewDependency("generate", "reconstruct", "%.root"),),
)


async def make_templates(sutler: AsyncClient) -> None:
    """Make what stages refer to."""
    await sutler.save_login_setup(NewLoginSetup("local", "here", setup="export A=1"))
    await sutler.save_job_type(JOB_TYPE)


async def make_files(sutler: AsyncClient, *, count: int = 5) -> None:
    """Make the dataset `demo:all` with some files, `0.root` and so on."""
    await sutler.create_namespace(NewNamespace("local", "demo"))
    await sutler.create_dataset(NewDataset("demo:all"))
    files = [NewFile("demo", f"{n}.root", size_bytes=100) for n in range(count)]
    await sutler.declare_files(files, dataset="demo:all")


async def make_split_stage(sutler: AsyncClient) -> int:
    """Make a campaign of one stage that splits the five files of `demo:all` in twos, and return its stage."""
    await make_templates(sutler)
    await make_files(sutler)
    made = await sutler.create_campaign(NewCampaign("local", "splitting", {}, (SPLIT,)))
    return (await sutler.view_campaign(made.id)).stages[0].id
