"""Job types: what is run on each file, what comes out, and what is tried when it fails."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from sutler import campaigns
from sutler.auth import Action
from sutler.base.errors import InvalidInputError, Problem
from sutler.campaigns import JobType, NewJobType, Parameters, Recovery, RecoveryType
from sutler.pages.addresses import check_id
from sutler.pages.campaign_changes import read_revision
from sutler.pages.door import Door
from sutler.pages.experiments import list_experiment_names, name_experiment
from sutler.pages.forms import list_problems, read_duration, read_number, write_duration
from sutler.pages.login_setups import Named, TemplatesPage, ask_clone, ask_delete, name_template
from sutler.pages.rights import explain_right
from sutler.pages.session import Visit
from sutler.pages.template_users import NO_USERS, USERS_PER_PAGE, UserList
from sutler.pages.troubles import SHOWN, Trouble, choose_status, describe_trouble
from sutler.pages.typed import Rows, Typed, pad_rows, read_typed

RECOVERY_ROWS = 2
"""Empty recoveries that the form offers beside those there are."""


@dataclass(frozen=True)
class RecoveryRow:
    """A recovery in the form; `number` tells its parameters from those of others."""

    number: int
    recovery_type: str
    rows: Rows


@dataclass(frozen=True)
class JobTypePage:
    """A job type with its form, or the form of a new one. `switched` are the stages that are ticked."""

    job_type: JobType | None
    typed: Typed
    parameter_rows: Rows
    recoveries: tuple[RecoveryRow, ...]
    experiments: tuple[str, ...]
    why_not: str
    users: UserList
    switched: frozenset[str]
    trouble: Trouble | None = None
    recovery_types: tuple[str, ...] = tuple(each.value for each in RecoveryType)


class JobTypePages:
    """Job types: looking, saving, copying, deleting."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._db = door.services.db

    async def list_all(self, request: Request) -> Response:
        """The job types of one's experiments."""
        visit = await self._door.admit(request)
        names = await list_experiment_names(self._db, visit)
        found = await campaigns.list_job_types(self._db, visit.who)
        named = (
            Named(each.id, each.name, names.get(each.experiment_id, ""), each.launch_script, each.is_active)
            for each in found
        )
        page = TemplatesPage("Job types", "/job-types", "Script", tuple(named))
        return self._door.show(request, "named_templates.html", page, visit=visit)

    async def show_new(self, request: Request) -> Response:
        """The form of a new job type."""
        visit = await self._door.admit(request)
        empty = NewJobType("", "", "")
        return await self._show(request, visit, None, Typed({**_write(empty), "experiment": (), "name": ()}))

    async def show(self, request: Request, job_type_id: int, after: str | None = None) -> Response:
        """A job type with its form; `after` chooses which of those are listed that use it."""
        visit = await self._door.admit(request)
        job_type = await self._get(visit, job_type_id)
        experiment = await name_experiment(self._db, visit, job_type.experiment_id)
        fields = {"experiment": (experiment,), "revision": (str(job_type.revision),)}
        return await self._show(request, visit, job_type, Typed({**_write(job_type), **fields}), after=after)

    async def save(self, request: Request) -> Response:
        """Create a job type, or change the one of that name; stages that are ticked switch to it."""
        visit = await self._door.admit(request)
        typed = await read_typed(request)
        present = typed.text("id")
        job_type = await self._get(visit, check_id("job type", present)) if present else None
        try:
            new = _read_job_type(typed)
            is_same = job_type is not None and job_type.name == new.name
            saved = await campaigns.save_job_type(
                self._db,
                visit.who,
                new=new,
                revision=read_revision(typed) if is_same else None,
                switch_stage_ids=[] if is_same else typed.numbers("switch"),
            )
        except SHOWN as error:
            return await self._show(request, visit, job_type, typed, describe_trouble(error))
        return self._door.send_to(request, f"/job-types/{saved.id}")

    async def ask_clone(self, request: Request, job_type_id: int) -> Response:
        """Ask for the name of a copy."""
        visit = await self._door.admit(request)
        question = ask_clone("job type", "/job-types", await self._get(visit, job_type_id))
        return self._door.show(request, "question.html", question, visit=visit)

    async def clone(self, request: Request, job_type_id: int) -> Response:
        """Copy a job type, and go to the copy."""
        visit = await self._door.admit(request)
        job_type = await self._get(visit, job_type_id)
        name = (await read_typed(request)).text("name")
        try:
            made = await campaigns.clone_job_type(self._db, visit.who, job_type_id=job_type.id, name=name)
        except SHOWN as error:
            question = ask_clone("job type", "/job-types", job_type, name, describe_trouble(error))
            return self._door.show(
                request, "question.html", question, visit=visit, status=choose_status(question.trouble)
            )
        return self._door.send_to(request, f"/job-types/{made.id}")

    async def ask_delete(self, request: Request, job_type_id: int) -> Response:
        """Ask before a job type is deleted."""
        visit = await self._door.admit(request)
        question = ask_delete("job type", "/job-types", await self._get(visit, job_type_id))
        return self._door.show(request, "question.html", question, visit=visit)

    async def delete(self, request: Request, job_type_id: int) -> Response:
        """Delete a job type that nothing uses, or say what does."""
        visit = await self._door.admit(request)
        job_type = await self._get(visit, job_type_id)
        try:
            await campaigns.delete_job_type(self._db, visit.who, job_type_id=job_type.id)
        except SHOWN as error:
            question = ask_delete("job type", "/job-types", job_type, describe_trouble(error))
            return self._door.show(
                request, "question.html", question, visit=visit, status=choose_status(question.trouble)
            )
        return self._door.send_to(request, "/job-types")

    async def _get(self, visit: Visit, job_type_id: int) -> JobType:
        number = check_id("job type", job_type_id)
        return await campaigns.get_job_type(self._db, visit.who, job_type_id=number)

    async def _list_users(self, visit: Visit, job_type: JobType | None, after: str | None) -> UserList:
        if job_type is None:
            return NO_USERS
        found = await campaigns.list_job_type_users(
            self._db, visit.who, job_type_id=job_type.id, after=after, limit=USERS_PER_PAGE
        )
        return UserList(found, f"/job-types/{job_type.id}", is_first=after is None)

    async def _show(  # noqa: PLR0917
        self,
        request: Request,
        visit: Visit,
        job_type: JobType | None,
        typed: Typed,
        trouble: Trouble | None = None,
        after: str | None = None,
    ) -> Response:
        names = sorted((await list_experiment_names(self._db, visit)).values())
        page = JobTypePage(
            job_type=job_type,
            typed=typed,
            parameter_rows=pad_rows(typed.rows("parameter_key", "parameter_value"), 2),
            recoveries=_list_recovery_rows(typed),
            experiments=tuple(names),
            why_not=explain_right(visit.who, Action.EDIT, name_template("job type", job_type)) if job_type else "",
            users=await self._list_users(visit, job_type, after),
            switched=frozenset(typed.texts("switch")),
            trouble=trouble,
        )
        return self._door.show(request, "job_type.html", page, visit=visit, status=choose_status(trouble))


def _list_recovery_rows(typed: Typed) -> tuple[RecoveryRow, ...]:
    kinds = [kind for kind in enumerate(typed.texts("recovery")) if kind[1]]
    rows = [
        RecoveryRow(at, kind, pad_rows(typed.rows(f"recovery{number}_key", f"recovery{number}_value"), 2, 1))
        for at, (number, kind) in enumerate(kinds)
    ]
    spare = range(len(rows), len(rows) + RECOVERY_ROWS)
    return (*rows, *(RecoveryRow(number, "", (("", ""),)) for number in spare))


def _read_job_type(typed: Typed) -> NewJobType:
    errors: list[InvalidInputError] = []
    numbers: dict[str, int] = {}
    timeout = None
    try:
        timeout = read_duration("run_timeout", typed.text("run_timeout"))
    except InvalidInputError as error:
        errors.append(error)
    for name in ("files_per_run", "max_attempts"):
        try:
            numbers[name] = read_number(name, typed.text(name), least=1)
        except InvalidInputError as error:
            errors.append(error)
    if errors:
        raise InvalidInputError(list_problems(errors))
    return NewJobType(
        experiment=typed.text("experiment"),
        name=typed.text("name"),
        launch_script=typed.text("launch_script"),
        parameters=typed.pairs("parameter"),
        output_file_patterns=tuple(typed.text("output_file_patterns").split()),
        output_namespace=typed.text("output_namespace"),
        output_dataset=typed.text("output_dataset"),
        output_rse=typed.text("output_rse"),
        run_timeout=timeout,
        recoveries=_read_recoveries(typed),
        is_active=typed.has("is_active"),
        **numbers,
    )


def _read_recoveries(typed: Typed) -> tuple[Recovery, ...]:
    found: list[Recovery] = []
    for number, kind in enumerate(typed.texts("recovery")):
        if not kind:
            continue
        if kind not in set(RecoveryType):
            raise InvalidInputError([Problem("recoveries", f"{kind[:40]!r} is not one of {', '.join(RecoveryType)}")])
        found.append(Recovery(RecoveryType(kind), typed.pairs(f"recovery{number}")))
    return tuple(found)


def _write(job_type: JobType | NewJobType) -> dict[str, tuple[str, ...]]:
    fields: dict[str, tuple[str, ...]] = {
        "name": (job_type.name,),
        "launch_script": (job_type.launch_script,),
        "output_file_patterns": (" ".join(job_type.output_file_patterns),),
        "output_namespace": (job_type.output_namespace,),
        "output_dataset": (job_type.output_dataset,),
        "output_rse": (job_type.output_rse,),
        "files_per_run": (str(job_type.files_per_run),),
        "max_attempts": (str(job_type.max_attempts),),
        "run_timeout": (write_duration(job_type.run_timeout),),
        "is_active": ("yes",) if job_type.is_active else (),
        "recovery": tuple(each.recovery_type.value for each in job_type.recoveries),
        **_write_pairs("parameter", job_type.parameters),
    }
    for number, each in enumerate(job_type.recoveries):
        fields |= _write_pairs(f"recovery{number}", each.parameter_overrides)
    return fields


def _write_pairs(name: str, pairs: Parameters) -> dict[str, tuple[str, ...]]:
    return {f"{name}_key": tuple(key for key, _ in pairs), f"{name}_value": tuple(text for _, text in pairs)}
