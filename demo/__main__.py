"""`make demo`: from nothing to a running campaign and its mass peak."""

from __future__ import annotations

import argparse
import secrets
import sys
import time
from pathlib import Path
from urllib.parse import unquote, urlsplit

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from demo.campaign import Defined, Shape, define_campaign
from demo.following import StageProgress, follow_campaign, read_progress
from demo.server import DemoError, DemoServer
from sutler.client import Client, ClientError
from sutler.wire.submissions import CampaignView

PLAIN_WIDTH = 110  # where there is no terminal to ask
console = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else PLAIN_WIDTH)


def main() -> int:
    """Run the demo and return its exit code."""
    arguments = read_arguments()
    server = DemoServer(arguments.data_dir.absolute(), arguments.port)
    shape = Shape(arguments.seed, arguments.files, arguments.events, arguments.jobs)
    is_to_stay = False
    try:
        run(server, shape)
        is_to_stay = not arguments.exit
    except (DemoError, ClientError) as error:
        console.print(f"[red]The demo cannot go on:[/] {error}", style=None)
        if isinstance(error, DemoError) and "--port" in str(error):
            console.print("With make it is:  make demo PORT=8090")
        return error.exit_code if isinstance(error, DemoError) else 1
    except KeyboardInterrupt:
        console.print("Stopped.")
        return 130
    finally:
        if not is_to_stay:
            server.stop()
    assert server.process is not None
    if is_to_stay:
        console.print(f"The server goes on at [bold]{server.url}[/]. To stop it:  kill {server.process.pid}")
    return 0


def run(server: DemoServer, shape: Shape) -> None:
    """Start the server, run the campaign, tell what came of it. Raises DemoError, ClientError."""
    began_at = time.monotonic()
    console.print("[bold]Sutler[/]: a Z → µµ campaign, generate → reconstruct → analyse")
    is_new = not (server.data_dir / "postgres").exists()
    console.print(f"Starting the database and the server in {server.data_dir} …")
    server.environment.setdefault("SUTLER_ADMIN_PASSWORD", read_password(server.data_dir, is_new=is_new))
    server.start()
    with Client(url=server.url, token=server.create_token()) as client:
        defined = define_campaign(client, shape, storage=server.data_dir / "storage")
        submission_id = client.launch_stage(defined.first_stage_id, key=f"demo-{defined.name}")
        console.print(f"Live page: [bold]{server.url}/submissions/{submission_id}[/]")
        console.print(
            f"Sign in as [bold]admin[/] with password [bold]{read_password(server.data_dir, is_new=False)}[/]"
        )
        view = show_progress(client, defined, shape)
        tell_results(client, view, took=time.monotonic() - began_at)


def show_progress(client: Client, defined: Defined, shape: Shape) -> CampaignView:
    """Show a bar for each stage until the last one has ended."""
    with Progress(
        TextColumn("{task.description:<12}"),
        BarColumn(bar_width=40),
        MofNCompleteColumn(),
        TextColumn("{task.fields[status]:<10}"),
        TimeElapsedColumn(),
        console=console,
        transient=not console.is_terminal,
    ) as progress:
        bars = {
            name: progress.add_task(name, total=shape.files, start=False, status="waits")
            for name in ("generate", "reconstruct", "analyse")
        }

        def show(stages: list[StageProgress]) -> None:
            for stage in stages:
                move_bar(progress, bars[stage.name], stage)

        return follow_campaign(client, defined.campaign_id, show=show)


def move_bar(progress: Progress, bar: TaskID, stage: StageProgress) -> None:
    """Bring one bar up to date."""
    submission = stage.submission
    if submission is None:
        return
    if not progress.tasks[bar].started:
        progress.start_task(bar)
    status = submission.batch_status if submission.ended_at is None else submission.status
    progress.update(
        bar, total=submission.total_count, completed=submission.done_count + submission.failed_count, status=status
    )
    if submission.ended_at is not None:
        progress.stop_task(bar)


def tell_results(client: Client, view: CampaignView, *, took: float) -> None:
    """Print the summary of the campaign and where its picture is."""
    table = Table("stage", "submission", "status", "files done", "failed", "retried", "outputs")
    picture = None
    for stage in read_progress(view):
        submission = stage.submission
        if submission is None:
            raise DemoError(f"Stage {stage.name} was never launched.")
        handles = client.list_submission_handles(submission.id, limit=1000).items
        retried = [handle for handle in handles if handle.attempts > 1]
        table.add_row(
            stage.name,
            str(submission.id),
            submission.status,
            f"{submission.done_count} of {submission.total_count}",
            str(submission.failed_count),
            str(len(retried)),
            str(submission.output_count),
        )
        pictures = client.view_submission(submission.id).pictures
        picture = pictures[0] if pictures else picture
    console.print(table, soft_wrap=False)
    console.print(f"The campaign is complete after {took:.0f} s.")
    if picture is None or picture.url is None:
        raise DemoError("The last stage left no picture.")
    console.print(f"Mass peak: [bold]{unquote(urlsplit(picture.url).path)}[/]")


def read_password(data_dir: Path, *, is_new: bool) -> str:
    """The password of the demo's first user, kept beside its data so that a further run can tell it again."""
    place = data_dir / "admin.password"
    if is_new and not place.exists():
        data_dir.mkdir(parents=True, exist_ok=True)
        place.touch(mode=0o600)
        place.write_text(make_password())
    return place.read_text().strip() if place.exists() else "(the one you chose)"


def make_password() -> str:
    """A password that can be typed."""
    return "-".join(secrets.token_hex(2) for _ in range(4))


def read_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--port", type=int, default=8080, help="port of the server (default 8080)")
    parser.add_argument("--data-dir", type=Path, default=Path("demo-data"), help="where everything is kept")
    parser.add_argument("--seed", type=int, default=Shape.seed, help="seed of the generator")
    parser.add_argument("--files", type=int, default=Shape.files, help="files to generate")
    parser.add_argument("--events", type=int, default=Shape.events, help="events in a file")
    parser.add_argument("--jobs", type=int, default=Shape.jobs, help="jobs of a submission")
    parser.add_argument("--exit", action="store_true", help="stop the server at the end")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
