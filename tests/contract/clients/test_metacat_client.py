"""Every method of `MetaCatClient` of both releases, through scripts that run in its own environment."""

from __future__ import annotations

from tests.contract.clients.bench import PASSWORD, Bench
from tests.contract.clients.catalog_shelf import REFUSED, Shelf


def test_versions_tokens_and_addresses(shelf: Shelf) -> None:
    found = shelf.bench.catalog(
        "token = client.token()\n"
        "if hasattr(client, 'token_update'):\n    client.token_update()\n"
        "found = [client.get_version(), client.simulate_503(), client.auth_info()[0], token.subject, bool(token.tid),"
        " client.auth_headers() == {'X-Authentication-Token': token.encode()}, client.tokens_saved()]\n"
        "client.resfresh_token()\n"
        "result = found + [client.sanitize('a', b='c')]"
    )
    assert found == ["4.1.5", "OK", shelf.namespace, shelf.namespace, True, True, True, None]


def test_every_way_to_sign_in(bench: Bench) -> None:
    found = bench.catalog(
        REFUSED + "user, password = sys.argv[1:]\n"
        "ways = [client.login_password(user, password), client.login_ldap(user, password),"
        " client.login_digest(user, password), client.login_token(user, client.Token.encode()), client.auth_info()]\n"
        "result = [[name for name, _ in ways]] + [refused(call)[0] for call in ("
        "lambda: client.login_password(user, 'wrong'), lambda: client.login_token('admin', client.Token.encode()),"
        " lambda: client.login_x509(user, 'none.pem'), lambda: client.my_x509_dn('none.pem'))]",
        bench.username,
        PASSWORD,
    )
    assert found[0] == [bench.username] * 5
    assert found[1:3] == ["AuthenticationError"] * 2
    assert "none" not in found[3:]


def test_namespaces(shelf: Shelf) -> None:
    found = shelf.bench.catalog(
        "own = sys.argv[1]\n"
        "made = client.create_namespace(own + '_b', owner_role='local_analysis', description='a b & c')\n"
        "result = [made['owner_role'], made['description'], client.get_namespace(own)['owner_user'],"
        " client.get_namespace('unknown'), [n['name'] for n in client.get_namespaces([own, own + '_b', 'unknown'])],"
        " [n['name'] for n in client.list_namespaces(own + '*')],"
        " [n['name'] for n in client.list_namespaces(owner_user=own, directly=True)],"
        " [n['name'] for n in client.list_namespaces(own + '*', owner_role='local_analysis')]]",
        shelf.namespace,
    )
    own, other = shelf.namespace, f"{shelf.namespace}_b"
    assert found == ["local_analysis", "a b & c", own, None, [own, other], [own, other], [own], [other]]


def test_datasets(shelf: Shelf) -> None:
    found = shelf.bench.catalog(
        REFUSED + "ns = sys.argv[1]\n"
        "made = client.create_dataset(ns + ':ds', monotonic=True, metadata={'a.b': 1},"
        " metadata_requirements={'core.run': {'required': True}}, files_query=f'files from {ns}:all',"
        " subsets_query=f'datasets {ns}:all', description='some words')\n"
        "changed = client.update_dataset(ns + ':ds', metadata={'a.c': 2}, description='other', monotonic=False)\n"
        "replaced = client.update_dataset(ns + ':ds', metadata={'a.d': 2}, mode='replace', frozen=True)\n"
        "client.create_dataset(ns + ':top')\n"
        "child = client.add_child_dataset(ns + ':top', ns + ':ds')\n"
        "listed = sorted(d['name'] for d in client.list_datasets(ns, '*s'))\n"
        "counted = [d['file_count'] for d in client.list_datasets(ns, 'd*', with_counts=True)]\n"
        "counts = client.get_dataset_counts(ns + ':ds')\n"
        "files = sorted(f['name'] for f in client.get_dataset_files(ns + ':ds', with_metadata=True))\n"
        "result = [made['file_count'], made['file_meta_requirements'], changed['metadata'], changed['description'],"
        " replaced['metadata'], replaced['frozen'], child, listed, counted, counts, files,"
        " client.get_dataset(ns + ':ds', exact_file_count=True)['file_count'], client.get_dataset(ns + ':none'),"
        " client.get_dataset_counts(ns + ':none'), refused(lambda: list(client.get_dataset_files(ns + ':none'))),"
        " refused(lambda: client.create_dataset(ns + ':ds')), refused(lambda: client.create_dataset('none:ds')),"
        " refused(lambda: client.create_dataset('test:ds2')), refused(lambda: client.create_dataset(ns + ':x',"
        " metadata={'nodot': 1})), refused(lambda: client.create_dataset(ns + ':y', files_query='garbage')),"
        " refused(lambda: client.add_child_dataset(ns + ':ds', ns + ':ds')),"
        " refused(lambda: client.add_child_dataset(ns + ':all', ns + ':top')), client.remove_dataset(ns + ':top'),"
        " client.get_dataset(ns + ':top')]",
        shelf.namespace,
    )
    names = ["a.root", "b.root", "c.root", "d.root"]
    assert found == [
        4,
        {"core.run": {"required": True}},
        {"a.b": 1, "a.c": 2},
        "other",
        {"a.d": 2},
        True,
        "OK",
        ["ds"],
        [4],
        {
            "dataset": shelf.did("ds"),
            "file_count": 4,
            "parent_count": 1,
            "child_count": 1,
            "superset_count": 1,
            "subset_count": 1,
        },
        names,
        4,
        None,
        None,
        ["NotFoundError", 404],
        ["AlreadyExistsError", 409],
        ["NotFoundError", 404],
        ["PermissionDeniedError", 403],
        ["BadRequestError", 400],
        ["BadRequestError", 400],
        ["BadRequestError", 400],
        ["BadRequestError", 400],
        "OK",
        None,
    ]


def test_low_level_calls_that_programs_use(shelf: Shelf) -> None:
    found = shelf.bench.catalog(
        "ns = sys.argv[1]\n"
        "result = [client.get_text('data/version'), client.post_text('data/realm', ''),"
        " client.get_json(f'data/dataset?dataset={ns}:all')['name'],"
        " len(client.post_json('data/files', [{'fid': ns + '-a'}])),"
        " len(list(client.get_json_stream(f'data/dataset_files?dataset={ns}:all')))]",
        shelf.namespace,
    )
    assert found == ["4.1.5", "sutler", "all", 1, 4]
