"""Every method of `DataDispatcherClient` of both releases, through scripts that run in its own environment."""

from __future__ import annotations

from typing import Any

from tests.contract.clients.bench import PASSWORD, Bench

FILES = "[{'namespace': 'test', 'name': n} for n in ('a.root', 'b.root', 'c.root')]"


def create(bench: Bench, more: str = "") -> int:
    """Make a virtual project of three files and return its id."""
    made = bench.script(
        f"result = client.create_project({FILES}, project_attributes={{'virtual': True}}{more})['project_id']"
    )
    assert isinstance(made, int)
    return made


def test_versions_and_worker_ids(bench: Bench) -> None:
    found = bench.script(
        "result = [client.version(), client.WorkerID, client.new_worker_id('w7'), client.WorkerID,"
        " client.random_worker_id('p-')[:2], len(client.new_worker_id())]"
    )
    assert found == ["2.0.3", "w1", "w7", "w7", "p-", 8]


def test_a_project_is_made_with_everything(bench: Bench) -> None:
    made = bench.script(
        "files = ['test:a.root', {'namespace': 'test', 'name': 'b.root', 'attributes': {'f': 2}}]\n"
        "result = client.create_project(files,"
        " common_attributes={'f': 1, 'g': [1]}, project_attributes={'n': 5}, query='q', worker_timeout=60,"
        " idle_timeout=None, users=['admin'], roles=['shift_crew'])"
    )
    assert [handle["attributes"] for handle in made["file_handles"]] == [{"f": 1, "g": [1]}, {"f": 2, "g": [1]}]
    expected = {
        "owner": bench.username,
        "state": "active",
        "active": True,
        "attributes": {"n": 5},
        "query": "q",
        "worker_timeout": 60.0,
        "idle_timeout": None,
        "users": ["admin"],
        "roles": ["shift_crew"],
        "retry_count": None,
        "ended_timestamp": None,
    }
    assert {key: made[key] for key in expected} == expected


def test_projects_are_read(new_bench: Bench) -> None:
    number = create(new_bench)
    found = new_bench.script(
        "n = int(sys.argv[1])\n"
        "full, bare = client.get_project(n, with_replicas=True), client.get_project(n, with_files=False)\n"
        "result = [[h['name'] for h in full['file_handles']], ['replicas' in h for h in full['file_handles']],"
        " 'file_handles' in bare, client.get_project(999999), client.get_handle(n, 'test', 'b.root')['name'],"
        " client.get_handle(n, 'test', 'unknown'),"
        " [p['project_id'] for p in client.list_projects()],"
        " [p['project_id'] for p in client.list_projects(owner='nobody')],"
        " [p['project_id'] for p in client.list_projects(attributes={'virtual': True}, with_files=False)],"
        " ['file_handles' in p for p in client.list_projects(with_files=False, with_replicas=True)],"
        " [h['name'] for h in client.list_handles(n, state='initial')],"
        " [h['name'] for h in client.list_handles(n, not_state='initial')]]",
        number,
    )
    names = ["a.root", "b.root", "c.root"]
    assert found == [
        names,
        [True, True, True],
        False,
        None,
        "b.root",
        None,
        [number],
        [],
        [number],
        [False],
        names,
        [],
    ]


def test_projects_are_searched(new_bench: Bench) -> None:
    number = create(new_bench)
    found = new_bench.script(
        "q = 'virtual = true'\n"
        f"found = client.search_projects(q, owner={new_bench.username!r})\n"
        "try:\n    client.search_projects('= =')\n    said = None\n"
        "except Exception as error:\n    said = [error.StatusCode, error.Body]\n"
        "result = [[p['project_id'] for p in found], [len(p['file_handles']) for p in found],"
        " [p['project_id'] for p in client.search_projects(q, owner='nobody')],"
        f" [p['project_id'] for p in client.search_projects(q, owner={new_bench.username!r}, state='all')], said]"
    )
    assert found[:4] == [[number], [3], [], [number]]
    assert found[4][0] == 400
    assert found[4][1]


def test_the_life_of_a_worker(bench: Bench) -> None:
    number = create(bench)
    found = bench.script(
        "n = int(sys.argv[1])\n"
        "ask = lambda **more: client.next_file(n, cpu_site='FNAL', timeout=0, stagger=0, **more)\n"
        "first, second, third = ask(), ask(), ask(worker_id='w2')\n"
        "none = ask()\n"
        "mine = [h['name'] for h in client.reserved_handles(n)]\n"
        "others = [h['name'] for h in client.reserved_handles(n, worker_id='w2')]\n"
        "done = client.file_done(n, 'test:a.root')\n"
        "again = client.file_failed(n, 'test:b.root')\n"
        "retried = ask()\n"
        "final = client.file_failed(n, 'test:b.root', retry=False)\n"
        "last = client.file_done(n, 'test:c.root'" + ("" if bench.is_old else ", worker_id='w2'") + ")\n"
        "try:\n    over = ask()\n"
        "except Exception as error:\n    over = [error.StatusCode, error.Body]\n"
        "result = [first['name'], first['worker_id'], third['worker_id'], none, mine, others,"
        " [(h['state'], h['worker_id'], h['attempts']) for h in (done, again, retried, final, last)], over,"
        " client.get_project(n)['state']]",
        number,
    )
    assert found == [
        "a.root",
        "w1",
        "w2",
        True,
        ["a.root", "b.root"],
        ["c.root"],
        [["done", None, 1], ["initial", None, 1], ["reserved", "w1", 2], ["failed", None, 2], ["done", None, 1]],
        [400, "Inactive project. State=failed"] if bench.is_old else False,
        "failed",
    ]


def test_a_worker_of_the_newer_client_takes_every_error_for_the_end(bench: Bench) -> None:
    found = bench.script(
        "try:\n    result = client.next_file(999999, timeout=0, stagger=0)\n"
        "except Exception as error:\n    result = [type(error).__name__, error.StatusCode, error.Body]\n"
    )
    assert found == (["NotFoundError", 404, "Project not found"] if bench.is_old else False)


def test_handles_are_restarted(bench: Bench) -> None:
    number = create(bench)
    found = bench.script(
        "n = int(sys.argv[1])\n"
        "states = lambda p: [h['state'] for h in p['file_handles']]\n"
        "ways = (lambda d: client.file_done(n, d), lambda d: client.file_failed(n, d, retry=False), lambda d: 0)\n"
        "for finish in ways:\n"
        "    h = client.next_file(n, stagger=0)\n"
        "    finish('test:' + h['name'])\n"
        "result = [states(client.get_project(n)), states(client.restart_handles(n)),"
        " states(client.restart_handles(n, done=True)), states(client.restart_handles(n, handles=['test:b.root'])),"
        " states(client.restart_handles(str(n), all=True))]",
        number,
    )
    assert found == [
        ["done", "failed", "reserved"],
        ["done", "failed", "reserved"],
        ["initial", "failed", "reserved"],
        ["initial", "initial", "reserved"],
        ["initial", "initial", "initial"],
    ]


def test_a_project_is_copied(bench: Bench) -> None:
    number = create(bench, ", worker_timeout=60")
    calls = (
        "client.copy_project(n)",
        "client.copy_project(n, worker_timeout=5)" if bench.is_old else "client.copy_project(n, worker_timeout='2m')",
        "client.copy_project(n, common_attributes={'f': 1}, project_attributes={'n': 2})",
        *(() if bench.is_old else ("client.copy_project(n, worker_timeout='none', idle_timeout='none')",)),
    )
    copies: list[dict[str, Any]] = bench.script(f"n = int(sys.argv[1])\nresult = [{', '.join(calls)}]", number)
    timeouts = [(copy["worker_timeout"], copy["idle_timeout"]) for copy in copies]
    assert timeouts == [
        (60.0, 259200.0),
        (5.0 if bench.is_old else 120.0, 259200.0),
        (60.0, 259200.0),
        *(() if bench.is_old else ((None, None),)),
    ]
    assert copies[2]["attributes"] == {"virtual": True, "n": 2}
    assert {handle["attributes"]["f"] for handle in copies[2]["file_handles"]} == {1}


def test_a_number_as_time_out_of_a_copy_crashes_the_newer_client(bench: Bench) -> None:
    number = create(bench)
    found = bench.script(
        "try:\n    result = client.copy_project(int(sys.argv[1]), worker_timeout=5)['worker_timeout']\n"
        "except TypeError as error:\n    result = 'TypeError'\n",
        number,
    )
    assert found == (5.0 if bench.is_old else "TypeError")


def test_a_project_is_cancelled_activated_and_deleted(bench: Bench) -> None:
    number = create(bench)
    found = bench.script(
        "n = int(sys.argv[1])\n"
        "result = [client.cancel_project(n)['state'], client.activate_project(n)['state'], client.delete_project(n),"
        " client.get_project(n)]",
        number,
    )
    assert found == ["cancelled", "active", None, None]


def test_storage_elements(admin_bench: Bench) -> None:
    found = admin_bench.script(
        "result = ['DISK1' in [r['name'] for r in client.list_rses()], client.get_rse('DISK1')['description'],"
        " client.get_rse('NOWHERE'), client.set_rse_availability('DISK3', False)['is_available'],"
        " client.set_rse_availability('DISK3', True)['is_available'], client.set_rse_availability('NOWHERE', True)]"
    )
    assert found == [True, "disk", None, False, True, None]


def test_every_way_to_sign_in(bench: Bench) -> None:
    found = bench.script(
        "import time\n"
        "user, password = sys.argv[1:]\n"
        "ways = [client.login_password(user, password), client.login_ldap(user, password),"
        " client.login_digest(user, password)]\n"
        "ways.append(client.login_token(user, client.Token.encode()))\n"
        "ways.append(client.auth_info())\n"
        "refused = []\n"
        "for call in (lambda: client.login_password(user, 'wrong'), lambda: client.login_digest(user, 'wrong'),"
        " lambda: client.login_token('admin', client.Token.encode()), lambda: client.login_x509(user, 'none.pem'),"
        " lambda: client.my_x509_dn('none.pem')):\n"
        "    try:\n        call()\n        refused.append(None)\n"
        "    except Exception as error:\n        refused.append(type(error).__name__)\n"
        "result = [[name for name, _ in ways], [round((end - time.time()) / 86400) for _, end in ways], refused]",
        bench.username,
        PASSWORD,
    )
    assert found[0] == [bench.username] * 5
    assert found[1] == [7] * 5
    assert None not in found[2]
    assert found[2][:3] == ["AuthenticationError"] * 3


def test_the_client_finds_the_authentication_service_below_the_server_by_itself(bench: Bench) -> None:
    found = bench.script(
        "own = DataDispatcherClient(client.ServerURL, worker_id='w1')\n"
        "result = [own.AuthURL, own.login_password(*sys.argv[1:])[0]]",
        bench.username,
        PASSWORD,
        DATA_DISPATCHER_AUTH_URL="",
    )
    assert found == [f"{bench.url}/auth", bench.username]


def test_calls_that_the_server_never_had_or_lost_say_so(bench: Bench) -> None:
    found = bench.script(
        "result = [client.get_file('test', 'a.root')]\n"
        "for call in (lambda: client.replica_available('test', 'a.root', 'DISK1', url='u'),"
        " lambda: client.replica_unavailable('test', 'a.root', 'DISK1')):\n"
        "    try:\n        result.append(call())\n"
        "    except Exception as error:\n        result.append(error.StatusCode)\n"
    )
    # For a POST the clients turn 404 into None by themselves.
    assert found == [None, None, 404]


def test_many_files_arrive_whole(bench: Bench) -> None:
    found = bench.script(
        "made = client.create_project([f'test:f{i:05d}' for i in range(4000)], project_attributes={'virtual': True})\n"
        "shown = client.get_project(made['project_id'], with_replicas=True)\n"
        "result = [len(made['file_handles']), len(shown['file_handles']), shown['file_handles'][-1]['name']]"
    )
    assert found == [4000, 4000, "f03999"]
