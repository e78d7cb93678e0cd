"""Login setups: where jobs run and what gets them ready."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import Response

from sutler import campaigns
from sutler.auth import Action, Role, Thing
from sutler.campaigns import JobType, LoginSetup, LoginSetupTrial, NewLoginSetup
from sutler.pages.addresses import check_id
from sutler.pages.campaign_changes import read_key, read_revision
from sutler.pages.door import Door
from sutler.pages.experiments import list_experiment_names, name_experiment
from sutler.pages.questions import Asked, Crumb, Question
from sutler.pages.rights import explain_right
from sutler.pages.session import Visit
from sutler.pages.template_users import NO_USERS, USERS_PER_PAGE, UserList
from sutler.pages.troubles import SHOWN, Trouble, choose_status, describe_trouble
from sutler.pages.typed import Typed, read_typed


@dataclass(frozen=True)
class Named:
    """A login setup or job type in a list."""

    id: int
    name: str
    experiment: str
    about: str
    is_active: bool


@dataclass(frozen=True)
class TemplatesPage:
    """A list of login setups, or of job types. `path` is where they are."""

    title: str
    path: str
    about: str
    templates: tuple[Named, ...]


@dataclass(frozen=True)
class LoginSetupPage:
    """A login setup with its form, or the form of a new one."""

    setup: LoginSetup | None
    typed: Typed
    experiments: tuple[str, ...]
    backends: tuple[str, ...]
    why_not: str
    users: UserList
    trial_key: str
    trial: LoginSetupTrial | None = None
    trouble: Trouble | None = None


class LoginSetupPages:
    """Login setups: looking, saving, copying, trying, deleting."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._db = door.services.db

    async def list_all(self, request: Request) -> Response:
        """The login setups of one's experiments."""
        visit = await self._door.admit(request)
        names = await list_experiment_names(self._db, visit)
        found = await campaigns.list_login_setups(self._db, visit.who)
        page = TemplatesPage(
            "Login setups",
            "/login-setups",
            "Where",
            tuple(
                Named(
                    each.id,
                    each.name,
                    names.get(each.experiment_id, ""),
                    f"{each.backend} {each.account}{'@' if each.account else ''}{each.host}".strip(),
                    each.is_active,
                )
                for each in found
            ),
        )
        return self._door.show(request, "named_templates.html", page, visit=visit)

    async def show_new(self, request: Request) -> Response:
        """The form of a new login setup."""
        visit = await self._door.admit(request)
        return await self._show(request, visit, None, Typed({"is_active": ("yes",)}))

    async def show(self, request: Request, login_setup_id: int, trial: str = "", after: str | None = None) -> Response:
        """A login setup with its form; `trial` is one that was begun, `after` chooses which of its users are listed."""
        visit = await self._door.admit(request)
        setup = await self._get(visit, login_setup_id)
        tried = None
        if trial:
            tried = await campaigns.view_login_setup_trial(
                self._db, self._door.services.launcher, visit.who, login_setup_id=setup.id, key=trial
            )
        return await self._show(request, visit, setup, await self._write(visit, setup), trial=tried, after=after)

    async def save(self, request: Request) -> Response:
        """Create a login setup, or change the one of that name; or show the form again with what is wrong."""
        visit = await self._door.admit(request)
        typed = await read_typed(request)
        present = typed.text("id")
        setup = await self._get(visit, check_id("login setup", present)) if present else None
        try:
            new = NewLoginSetup(
                experiment=typed.text("experiment"),
                name=typed.text("name"),
                backend=typed.text("backend") or "local",
                host=typed.text("host"),
                account=typed.text("account"),
                setup=typed.raw("setup"),
                is_active=typed.has("is_active"),
            )
            is_same = setup is not None and setup.name == new.name
            revision = read_revision(typed) if is_same else None
            saved = await campaigns.save_login_setup(self._db, visit.who, new=new, revision=revision)
        except SHOWN as error:
            return await self._show(request, visit, setup, typed, trouble=describe_trouble(error))
        return self._door.send_to(request, f"/login-setups/{saved.id}")

    async def try_out(self, request: Request, login_setup_id: int) -> Response:
        """Run the text of a login setup once, and show what it says."""
        visit = await self._door.admit(request)
        setup = await self._get(visit, login_setup_id)
        typed = await read_typed(request)
        try:
            key = await campaigns.try_login_setup(
                self._db, self._door.services.launcher, visit.who, login_setup_id=setup.id, key=read_key(typed)
            )
        except SHOWN as error:
            there = await self._write(visit, setup)
            return await self._show(request, visit, setup, there, trouble=describe_trouble(error))
        return self._door.send_to(request, f"/login-setups/{setup.id}?trial={key}#trial")

    async def ask_clone(self, request: Request, login_setup_id: int) -> Response:
        """Ask for the name of a copy."""
        visit = await self._door.admit(request)
        setup = await self._get(visit, login_setup_id)
        return self._door.show(request, "question.html", ask_clone("login setup", "/login-setups", setup), visit=visit)

    async def clone(self, request: Request, login_setup_id: int) -> Response:
        """Copy a login setup, and go to the copy."""
        visit = await self._door.admit(request)
        setup = await self._get(visit, login_setup_id)
        name = (await read_typed(request)).text("name")
        try:
            made = await campaigns.clone_login_setup(self._db, visit.who, login_setup_id=setup.id, name=name)
        except SHOWN as error:
            question = ask_clone("login setup", "/login-setups", setup, name, describe_trouble(error))
            return self._door.show(
                request, "question.html", question, visit=visit, status=choose_status(question.trouble)
            )
        return self._door.send_to(request, f"/login-setups/{made.id}")

    async def ask_delete(self, request: Request, login_setup_id: int) -> Response:
        """Ask before a login setup is deleted."""
        visit = await self._door.admit(request)
        question = ask_delete("login setup", "/login-setups", await self._get(visit, login_setup_id))
        return self._door.show(request, "question.html", question, visit=visit)

    async def delete(self, request: Request, login_setup_id: int) -> Response:
        """Delete a login setup that nothing uses, or say what does."""
        visit = await self._door.admit(request)
        setup = await self._get(visit, login_setup_id)
        try:
            await campaigns.delete_login_setup(self._db, visit.who, login_setup_id=setup.id)
        except SHOWN as error:
            question = ask_delete("login setup", "/login-setups", setup, describe_trouble(error))
            return self._door.show(
                request, "question.html", question, visit=visit, status=choose_status(question.trouble)
            )
        return self._door.send_to(request, "/login-setups")

    async def _get(self, visit: Visit, login_setup_id: int) -> LoginSetup:
        number = check_id("login setup", login_setup_id)
        return await campaigns.get_login_setup(self._db, visit.who, login_setup_id=number)

    async def _list_users(self, visit: Visit, setup: LoginSetup | None, after: str | None) -> UserList:
        if setup is None:
            return NO_USERS
        found = await campaigns.list_login_setup_users(
            self._db, visit.who, login_setup_id=setup.id, after=after, limit=USERS_PER_PAGE
        )
        return UserList(found, f"/login-setups/{setup.id}", is_first=after is None)

    async def _write(self, visit: Visit, setup: LoginSetup) -> Typed:
        return Typed(
            {
                "experiment": (await name_experiment(self._db, visit, setup.experiment_id),),
                "name": (setup.name,),
                "backend": (setup.backend,),
                "host": (setup.host,),
                "account": (setup.account,),
                "setup": (setup.setup,),
                "is_active": ("yes",) if setup.is_active else (),
                "revision": (str(setup.revision),),
            }
        )

    async def _show(  # noqa: PLR0917
        self,
        request: Request,
        visit: Visit,
        setup: LoginSetup | None,
        typed: Typed,
        trouble: Trouble | None = None,
        trial: LoginSetupTrial | None = None,
        after: str | None = None,
    ) -> Response:
        names = sorted((await list_experiment_names(self._db, visit)).values())
        page = LoginSetupPage(
            setup=setup,
            typed=typed,
            experiments=tuple(names),
            backends=tuple(sorted(self._door.services.launcher.backends)),
            why_not=explain_right(visit.who, Action.EDIT, name_template("login setup", setup)) if setup else "",
            users=await self._list_users(visit, setup, after),
            trial_key=str(uuid4()),
            trial=trial,
            trouble=trouble,
        )
        return self._door.show(request, "login_setup.html", page, visit=visit, status=choose_status(trouble))


def name_template(kind: str, template: LoginSetup | JobType) -> Thing:
    """Return a login setup or job type as permission sees it."""
    return Thing(kind, template.experiment_id, owner_id=template.created_by, owner_role=Role(template.creator_role))


def ask_clone(
    kind: str, path: str, template: LoginSetup | JobType, name: str = "", trouble: Trouble | None = None
) -> Question:
    """Return the question for the name of a copy."""
    return Question(
        title=f"Clone {kind} {template.name}",
        sentences=("The copy belongs to you.",),
        action=f"{path}/{template.id}/clone",
        button="Clone it",
        back=f"{path}/{template.id}",
        crumbs=(Crumb(path, f"{kind.capitalize()}s"), Crumb(f"{path}/{template.id}", template.name)),
        asked=(Asked("name", "Name of the copy", name or f"{template.name} copy"),),
        trouble=trouble,
    )


def ask_delete(kind: str, path: str, template: LoginSetup | JobType, trouble: Trouble | None = None) -> Question:
    """Return the question before deleting."""
    return Question(
        title=f"Delete {kind} {template.name}?",
        sentences=("It is only deleted if no campaign and no stage uses it. This cannot be undone.",),
        action=f"{path}/{template.id}/delete",
        button=f"Delete the {kind}",
        back=f"{path}/{template.id}",
        crumbs=(Crumb(path, f"{kind.capitalize()}s"), Crumb(f"{path}/{template.id}", template.name)),
        is_dangerous=True,
        trouble=trouble,
    )
