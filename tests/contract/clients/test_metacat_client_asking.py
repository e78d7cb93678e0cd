"""What `MetaCatClient` asks, and what it keeps to ask and to judge by, through scripts that run in its environment."""

from __future__ import annotations

from tests.contract.clients.bench import Bench
from tests.contract.clients.catalog_shelf import REFUSED, Shelf


def test_queries(shelf: Shelf) -> None:
    found = shelf.bench.catalog(
        REFUSED + "ns = sys.argv[1]\nq = f'files from {ns}:all where core.run > 1'\n"
        "files = list(client.query(q, with_metadata=True, with_provenance=True))\n"
        "unnamed = [f['name'] for f in client.query('files a.root', namespace=ns)]\n"
        "saved = len(list(client.query(q, save_as=ns + ':s')))\n"
        "added = len(list(client.query(f'files {ns}:a.root', add_to=ns + ':s')))\n"
        # The client loses the promise of a query that is over before it looks, and may wait for ever for the others.
        "client.wait_queries()\npromises = [client.async_query(q, data='mine') for _ in range(20)]\n"
        "kept = [promise for promise in promises if promise is not None]\n"
        "asked = [[promise.Data, len(list(promise.wait(timeout=20)))] for promise in kept[:1]]\n"
        "count, keys = client.query(q, summary='count'), client.query(q, summary='keys')\n"
        "if sys.argv[2] == 'new':\n    [count], [keys] = count, keys\n"
        "datasets = sorted(d['name'] for d in client.query(f'datasets matching {ns}:*'))\n"
        "related = list(client.query(f'datasets {ns}:s', with_provenance=True))[0]\n"
        "client.retire_file(did=ns + ':b.root')\n"
        "result = [sorted((f['name'], f['metadata']['core.run'], f['parents']) for f in files), unnamed, saved, added,"
        " client.get_dataset(ns + ':s')['creator'], asked, count, sorted(keys), datasets,"
        " [related['parents'], related['children']], len(list(client.query(q))),"
        " len(list(client.query(q, include_retired_files=True))),"
        " refused(lambda: list(client.query('garbage'))), refused(lambda: list(client.query(q, save_as=ns + ':s'))),"
        " refused(lambda: list(client.query(q, add_to=ns + ':none'))),"
        " refused(lambda: list(client.query('garbage', save_as=ns + ':left'))), client.get_dataset(ns + ':left'),"
        " refused(lambda: list(client.query(q, save_as='test:x')))]",
        shelf.namespace,
        "old" if shelf.is_old else "new",
    )
    bad = ["BadRequestError", 400]
    assert found == [
        [["b.root", 2, []], ["c.root", 3, []], ["d.root", 4, [{"fid": shelf.fid("a")}]]],
        ["a.root"],
        3,
        1,
        shelf.namespace,
        found[5] and [["mine", 3]],
        {"count": 3, "total_size": 900},
        ["core.kind", "core.list", "core.run"],
        ["all", "s"],
        [[], []],
        2,
        3,
        bad,
        ["AlreadyExistsError", 409],
        ["NotFoundError", 404],
        bad,
        None,
        ["PermissionDeniedError", 403],
    ]


def test_queries_in_batches(shelf: Shelf) -> None:
    if shelf.is_old:
        return
    found = shelf.bench.catalog(
        "ns = sys.argv[1]\n"
        "made = client.create_dataset(ns + ':b', files_query=f'files from {ns}:all', batchsize=3)\n"
        "result = [made['file_count'], [f['name'] for f in client.query(f'files from {ns}:all', batch_size=2)]]",
        shelf.namespace,
    )
    assert found == [4, ["a.root", "b.root", "c.root", "d.root"]]


def test_named_queries(shelf: Shelf) -> None:
    found = shelf.bench.catalog(
        REFUSED + "ns = sys.argv[1]\nq = f'files from {ns}:all'\n"
        "made = client.create_named_query(ns, 'q1', q, parameters=['x'])\n"
        "again = refused(lambda: client.create_named_query(ns, 'q1', q))\n"
        "client.create_named_query(ns, 'q1', q + ' limit 2', update=True)\n"
        "result = [made['source'], again, client.get_named_query(ns, 'q1')['source'],"
        " client.get_named_query(ns, 'none'), [n['name'] for n in client.list_named_queries(ns)],"
        " ns in [n['namespace'] for n in client.list_named_queries()],"
        " [n['name'] for n in client.search_named_queries(f'queries matching {ns}:q*')],"
        " refused(lambda: client.search_named_queries(q)), refused(lambda: client.create_named_query(ns, 'q2', 'bad')),"
        " refused(lambda: client.create_named_query('test', 'q2', q)),"
        " refused(lambda: client.create_named_query('none', 'q2', q))]",
        shelf.namespace,
    )
    query = f"files from {shelf.dataset}"
    bad, taken = ["BadRequestError", 400], ["AlreadyExistsError", 409]
    forbidden, missing = ["PermissionDeniedError", 403], ["NotFoundError", 404]
    assert found == [query, taken, f"{query} limit 2", None, ["q1"], True, ["q1"], bad, bad, forbidden, missing]


def test_categories(admin_bench: Bench, shelf: Shelf) -> None:
    path = f"cat{shelf.namespace}"
    if shelf.is_old:
        found = shelf.bench.catalog("result = [client.list_categories('x'), client.get_category(sys.argv[1])]", path)
        assert found == [[], None]
        return
    found = admin_bench.catalog(
        REFUSED + "path = sys.argv[1]\n"
        "made = client.create_category(path, definitions={'n': {'type': 'int'}}, description='d', required=True)\n"
        "changed = client.update_category(path, restricted=True, definitions={'m': {'type': 'text'}})\n"
        "replaced = client.update_category(path, definitions={'k': {'type': 'any'}}, mode='replace')\n"
        "child = client.create_category(path + '.sub', owner_role='local_analysis', definitions={})\n"
        "result = [made['owner_user'], made['required'], sorted(changed['definitions']), changed['restricted'],"
        " changed['description'], sorted(replaced['definitions']), child['owner_role'],"
        " [c['path'] for c in client.list_categories(path)], client.get_category(path)['creator'],"
        " client.get_category(path + 'none'), refused(lambda: client.create_category(path, definitions={})),"
        " refused(lambda: client.update_category(path + 'none', description='x')),"
        " bool(client.remove_category(path + '.sub')), bool(client.remove_category(path)), client.get_category(path)]",
        path,
    )
    assert found == [
        "admin",
        True,
        ["m", "n"],
        True,
        "d",
        ["k"],
        "local_analysis",
        [f"{path}.sub"],
        "admin",
        None,
        ["AlreadyExistsError", 409],
        ["NotFoundError", 404],
        True,
        True,
        None,
    ]
    refused = shelf.bench.catalog(REFUSED + "result = refused(lambda: client.create_category(sys.argv[1]))", path)
    assert refused == ["PermissionDeniedError", 403]


def test_reports(admin_bench: Bench, shelf: Shelf) -> None:
    if shelf.is_old:
        return
    found = admin_bench.catalog(
        "keys = client.report_metadata_keys()\n"
        "ranges = client.report_metadata_counts_ranges(['core.run', 'core.kind'])\n"
        "result = [keys == sorted(keys), 'core.run' in keys, sorted(ranges), ranges['core.kind.min'],"
        " client.report_metadata_values('core.kind')]"
    )
    names = [f"core.{key}.{word}" for key in ("kind", "run") for word in ("count", "max", "min")]
    assert found == [True, True, names, "raw", ["raw", "reco"]]
    refused = shelf.bench.catalog(REFUSED + "result = refused(client.report_metadata_keys)")
    assert refused == ["PermissionDeniedError", 403]
