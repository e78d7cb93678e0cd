"""What `MetaCatClient` does with files, through scripts that run in its own environment."""

from __future__ import annotations

from tests.contract.clients.catalog_shelf import REFUSED, Shelf


def test_files_of_datasets(shelf: Shelf) -> None:
    found = shelf.bench.catalog(
        REFUSED + "ns = sys.argv[1]\nclient.create_dataset(ns + ':t')\n"
        "result = [client.add_files(ns + ':t', file_list=[{'name': 'a.root'}, {'fid': ns + '-b'},"
        " {'did': ns + ':c.root'}], namespace=ns), client.add_files('t', namespace=ns, query=f'files from {ns}:all'),"
        " client.add_files(ns + ':t', file_list=[{'fid': 'unknown'}]),"
        " client.remove_files(ns + ':t', file_list=[{'name': 'a.root'}], namespace=ns),"
        " client.remove_files(ns + ':t', query=f'files from {ns}:all where core.run > 2'),"
        " refused(lambda: client.add_files(ns + ':t', query='garbage')),"
        " refused(lambda: client.add_files(ns + ':none', query='files'))]\n"
        "client.update_dataset(ns + ':t', monotonic=True)\n"
        "result.append(refused(lambda: client.remove_files(ns + ':t', query='files')))\n"
        "client.update_dataset(ns + ':t', frozen=True)\n"
        "result.append(refused(lambda: client.add_files(ns + ':t', query='files')))\n",
        shelf.namespace,
    )
    forbidden, bad = ["PermissionDeniedError", 403], ["BadRequestError", 400]
    assert found == [3, 1, 0, 1, 2, bad, ["NotFoundError", 404], forbidden, forbidden]


def test_declaring(shelf: Shelf) -> None:
    found = shelf.bench.catalog(
        REFUSED + "import time\nns = sys.argv[1]\nds = ns + ':all'\n"
        "one = client.declare_file(did=ns + ':one', dataset_did=ds, size=5,"
        " metadata={'core.text': 'caf\\u00e9 \"\\\\\\n'},"
        " checksums={'adler32': '0000000a'}, parents=[{'did': ns + ':a.root'}, {'fid': ns + '-b'}])\n"
        "auto = client.declare_file(namespace=ns, auto_name='f_$fid', dataset_namespace=ns, dataset_name='all')\n"
        "tried = client.declare_files(ds, {'name': 'tried', 'size': 1}, namespace=ns, dry_run=True)\n"
        "full = client.get_file(did=ns + ':one')\n"
        "again = [{'namespace': ns, 'name': n, 'size': 1} for n in ('one', 'new')]\n"
        "try:\n    client.declare_files(ds, again)\n"
        "except Exception as error:\n    words = [type(error).__name__, error.Message]\n"
        "many = client.declare_files(ds, [{'namespace': ns, 'name': f'm{i}', 'size': i} for i in range(2500)])\n"
        "result = [one['metadata'], abs(one['created_timestamp'] - time.time()) < 60, one['creator'],"
        " sorted(p['fid'] for p in full['parents']), full['metadata'], auto['name'] == 'f_' + auto['fid'],"
        " [sorted(t) for t in tried], client.get_file(did=ns + ':tried'), words, len(many), many[-1]['name'],"
        " refused(lambda: client.declare_files(ns + ':none', again[1:])),"
        " refused(lambda: client.declare_files('none:none', again[1:])),"
        " refused(lambda: client.declare_files(ds, [{'namespace': ns, 'name': 'bad+name', 'size': 1}])),"
        " refused(lambda: client.declare_files('test:ds', again[1:])), refused(lambda: client.declare_files(ds, []))]",
        shelf.namespace,
    )
    text = {"core.text": 'café "\\\n'}
    existing = f"The following files already exist:\n  {shelf.did('one')}"
    assert found == [
        text,
        True,
        shelf.namespace,
        [shelf.fid("a"), shelf.fid("b")],
        text,
        True,
        [["fid", "name", "namespace"]],
        None,
        ["AlreadyExistsError", existing],
        2500,
        "m2499",
        ["BadRequestError", 400],
        ["NotFoundError", 404],
        ["BadRequestError", 400],
        ["PermissionDeniedError", 403],
        ["BadRequestError", 400],
    ]


def test_declaring_as_required(shelf: Shelf) -> None:
    if shelf.is_old:
        return
    found = shelf.bench.catalog(
        "ns = sys.argv[1]\nclient.retire_file(did=ns + ':a.root')\n"
        "files = [{'namespace': ns, 'name': n, 'size': 1, 'metadata': {'core.x': 1}} for n in ('a.root', 'new')]\n"
        "made = client.declare_files(ns + ':all', files, as_required='unretire')\n"
        "a = client.get_file(did=ns + ':a.root')\n"
        "result = [[f['name'] for f in made], a['retired'], a['size'], a['metadata']['core.x'],"
        " a['metadata']['core.run']]",
        shelf.namespace,
    )
    assert found == [["a.root", "new"], False, 1, 1, 1]


def test_reading_files(shelf: Shelf) -> None:
    found = shelf.bench.catalog(
        "ns = sys.argv[1]\n"
        "d = client.get_file(name='d.root', namespace=ns, with_datasets=True)\n"
        "bare = client.get_file(fid=ns + '-d', with_metadata=False, with_provenance=False)\n"
        "many = client.get_files([{'fid': ns + '-a'}, {'did': ns + ':d.root'}, {'fid': 'unknown'}])\n"
        "result = [d['parents'], d['children'], d['datasets'], d['metadata']['core.run'], sorted(bare),"
        " sorted((f['name'], [p['fid'] for p in f['parents']], [c['fid'] for c in f['children']]) for f in many),"
        " ['metadata' in f for f in client.get_files([{'fid': ns + '-a'}], with_metadata=False,"
        " with_provenance=False)], client.get_file(did=ns + ':unknown'), client.get_file(fid='unknown')]",
        shelf.namespace,
    )
    assert found == [
        [{"fid": shelf.fid("a")}],
        [],
        [{"namespace": shelf.namespace, "name": "all"}],
        4,
        [
            "checksums",
            "created_timestamp",
            "creator",
            "fid",
            "name",
            "namespace",
            "retired",
            "retired_by",
            "retired_timestamp",
            "size",
            "updated_by",
            "updated_timestamp",
        ],
        [["a.root", [], [shelf.fid("d")]], ["d.root", [shelf.fid("a")], []]],
        [False],
        None,
        None,
    ]


def test_changing_files(shelf: Shelf) -> None:
    found = shelf.bench.catalog(
        REFUSED + "ns = sys.argv[1]\n"
        "b = client.update_file(did=ns + ':b.root', size=7, checksums={'md5': '0' * 32}, metadata={'core.x': 1},"
        " parents=[{'fid': ns + '-a'}], children=[{'did': ns + ':c.root'}])\n"
        "r = client.update_file(fid=ns + '-b', replace=True, metadata={'core.y': 1}, children=[])\n"
        "m = client.update_file_meta({'core.z': 1}, fids=[ns + '-a'], names=['b.root'], namespace=ns,"
        " dids=[ns + ':c.root'], files=[{'fid': ns + '-d'}])\n"
        "o = client.update_file_meta({'core.z': 2}, fids=[ns + '-a'], mode='replace')\n"
        "retired = client.retire_file(did=ns + ':a.root')\n"
        "back = client.retire_file(fid=ns + '-a', retire=False)\n"
        "deleted = client.delete_file(name='a.root', namespace=ns)\n"
        "result = [b['size'], sorted(b['checksums']), b['metadata']['core.run'], b['parents'], b['children'],"
        " r['metadata'], r['parents'], r['children'], sorted(f['name'] for f in m), sorted(m[0]), o[0]['metadata'],"
        " retired['retired'], 'metadata' in retired, back['retired'], back['retired_by'], deleted,"
        " client.get_file(fid=ns + '-a'), client.get_file(fid=ns + '-d')['parents'],"
        " refused(lambda: client.update_file(did=ns + ':b.root', parents=[{'fid': 'unknown'}])),"
        " refused(lambda: client.update_file(fid='unknown', size=1)),"
        " refused(lambda: client.update_file(fid='fid-a', size=1)),"
        " refused(lambda: client.update_file_meta({'nodot': 1}, fids=[ns + '-b'])),"
        " refused(lambda: client.update_file_meta({'core.x': 1}, fids=['fid-a'])),"
        " refused(lambda: client.retire_file(fid='fid-a')), refused(lambda: client.delete_file(fid='unknown'))]",
        shelf.namespace,
    )
    forbidden, missing = ["PermissionDeniedError", 403], ["NotFoundError", 404]
    assert found == [
        7,
        ["adler32", "md5"],
        2,
        [{"fid": shelf.fid("a")}],
        [{"fid": shelf.fid("c")}],
        {"core.y": 1},
        [{"fid": shelf.fid("a")}],
        [],
        ["a.root", "b.root", "c.root", "d.root"],
        ["fid", "metadata", "name", "namespace"],
        {"core.z": 2},
        True,
        False,
        False,
        None,
        {"fid": shelf.fid("a")},
        None,
        [],
        missing,
        missing,
        forbidden,
        ["BadRequestError", 400],
        forbidden,
        forbidden,
        missing,
    ]


def test_moving_files(shelf: Shelf) -> None:
    found = shelf.bench.catalog(
        REFUSED + "ns = sys.argv[1]\nto = ns + '_to'\nclient.create_namespace(to)\n"
        "listed = client.move_files(to, file_list=[{'did': ns + ':a.root'}, {'fid': 'fid-a'}])\n"
        "queried = client.move_files(to, query=f'files from {ns}:all where core.run > 2')\n"
        "result = [listed[0], len(listed[1]), listed[2], list(queried),"
        " sorted(f['name'] for f in client.query(f'files where namespace = {to}')),"
        " refused(lambda: client.move_files('test', file_list=[{'fid': ns + '-a'}])),"
        " refused(lambda: client.move_files('nowhere', file_list=[{'fid': ns + '-a'}]))]",
        shelf.namespace,
    )
    names = ["a.root", "c.root", "d.root"]
    assert found[:5] == [1, 1, 1, [2, [], 0], names]
    assert found[5:] == [["PermissionDeniedError", 403], ["NotFoundError", 404]]
