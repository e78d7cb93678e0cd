"""Which test runs which command and which method of the old clients of the catalogue: nothing is left out.

The commands and methods are asked of the clients themselves, so that a release with one more fails here.
"""

from __future__ import annotations

from pathlib import Path

from tests.contract.clients.bench import Bench

COMMANDS = {
    "version": "test_versions_and_patience",
    "503": "test_versions_and_patience",
    "auth login": "test_tokens_are_shown_moved_and_used",
    "auth whoami": "test_tokens_are_shown_moved_and_used",
    "auth list": "test_tokens_are_shown_moved_and_used",
    "auth export": "test_tokens_are_shown_moved_and_used",
    "auth import": "test_tokens_are_shown_moved_and_used",
    "auth mydn": "test_certificates_are_refused_with_a_sentence",
    "namespace create": "test_namespaces_are_made_shown_and_listed",
    "namespace list": "test_namespaces_are_made_shown_and_listed",
    "namespace show": "test_namespaces_are_made_shown_and_listed",
    "dataset create": "test_datasets_are_made_and_shown",
    "dataset show": "test_datasets_are_made_and_shown",
    "dataset list": "test_datasets_and_their_files_are_listed",
    "dataset files": "test_datasets_and_their_files_are_listed",
    "dataset update": "test_datasets_are_changed_and_removed",
    "dataset remove": "test_datasets_are_changed_and_removed",
    "dataset add-subset": "test_datasets_are_put_below_each_other",
    "dataset add-files": "test_files_are_put_into_a_dataset_and_taken_out",
    "dataset remove-files": "test_files_are_put_into_a_dataset_and_taken_out",
    "category list": "test_categories_are_made_shown_changed_and_removed",
    "category show": "test_categories_are_made_shown_changed_and_removed",
    "category create": "test_categories_are_made_shown_changed_and_removed",
    "category update": "test_categories_are_made_shown_changed_and_removed",
    "category remove": "test_categories_are_made_shown_changed_and_removed",
    "file declare": "test_a_file_is_declared",
    "file declare-sample": "test_a_file_is_declared",
    "file declare-many": "test_many_files_are_declared_and_again_only_as_required",
    "file show": "test_a_file_is_shown_in_every_way",
    "file fid": "test_a_file_is_shown_in_every_way",
    "file name": "test_a_file_is_shown_in_every_way",
    "file datasets": "test_a_file_is_shown_in_every_way",
    "file update": "test_a_file_is_changed",
    "file update-meta": "test_metadata_of_many_files_are_changed",
    "file retire": "test_files_are_retired_and_brought_back",
    "file move": "test_files_are_moved",
    "file add": "test_files_are_moved",
    "query": "test_queries_print_what_is_asked_for",
    "named_query create": "test_queries_are_kept_under_names",
    "named_query show": "test_queries_are_kept_under_names",
    "named_query list": "test_queries_are_kept_under_names",
    "named_query search": "test_queries_are_kept_under_names",
    "validate": "test_metadata_are_checked_by_the_client_with_the_rules_of_the_server",
    "report": "test_reports_are_for_administrators",
}
METHODS = {
    "add_child_dataset": "test_datasets",
    "add_files": "test_files_of_datasets",
    "async_query": "test_queries",
    "auth_headers": "test_versions_tokens_and_addresses",
    "auth_info": "test_every_way_to_sign_in",
    "create_category": "test_categories",
    "create_dataset": "test_datasets",
    "create_named_query": "test_named_queries",
    "create_namespace": "test_namespaces",
    "declare_file": "test_declaring",
    "declare_files": "test_declaring",
    "delete_file": "test_changing_files",
    "get_category": "test_categories",
    "get_dataset": "test_datasets",
    "get_dataset_counts": "test_datasets",
    "get_dataset_files": "test_datasets",
    "get_file": "test_reading_files",
    "get_files": "test_reading_files",
    "get_json": "test_low_level_calls_that_programs_use",
    "get_json_stream": "test_low_level_calls_that_programs_use",
    "get_named_query": "test_named_queries",
    "get_namespace": "test_namespaces",
    "get_namespaces": "test_namespaces",
    "get_text": "test_low_level_calls_that_programs_use",
    "get_version": "test_versions_tokens_and_addresses",
    "list_categories": "test_categories",
    "list_datasets": "test_datasets",
    "list_named_queries": "test_named_queries",
    "list_namespaces": "test_namespaces",
    "login_digest": "test_every_way_to_sign_in",
    "login_ldap": "test_every_way_to_sign_in",
    "login_password": "test_every_way_to_sign_in",
    "login_token": "test_every_way_to_sign_in",
    "login_x509": "test_every_way_to_sign_in",
    "move_files": "test_moving_files",
    "my_x509_dn": "test_every_way_to_sign_in",
    "post_json": "test_low_level_calls_that_programs_use",
    "post_text": "test_low_level_calls_that_programs_use",
    "query": "test_queries",
    "remove_category": "test_categories",
    "remove_dataset": "test_datasets",
    "remove_files": "test_files_of_datasets",
    "report_metadata_counts_ranges": "test_reports",
    "report_metadata_keys": "test_reports",
    "report_metadata_values": "test_reports",
    "resfresh_token": "test_versions_tokens_and_addresses",
    "retire_file": "test_changing_files",
    "sanitize": "test_versions_tokens_and_addresses",
    "search_named_queries": "test_named_queries",
    "simulate_503": "test_versions_tokens_and_addresses",
    "token": "test_versions_tokens_and_addresses",
    "token_update": "test_versions_tokens_and_addresses",
    "tokens_saved": "test_versions_tokens_and_addresses",
    "update_category": "test_categories",
    "update_dataset": "test_datasets",
    "update_file": "test_changing_files",
    "update_file_meta": "test_changing_files",
    "wait_queries": "test_queries",
}
LEFT_OUT = {"admin"}
"""Works on the database of the original server without asking any server."""
INSIDE = {"async_queue", "retry_request", "send_request", "unpack_json", "unpack_json_data", "unpack_json_seq"}
"""What the other methods are made of."""
LATER = {
    "category create",
    "category remove",
    "category update",
    "create_category",
    "remove_category",
    "report",
    "report_metadata_counts_ranges",
    "report_metadata_keys",
    "report_metadata_values",
    "token_update",
    "update_category",
}
"""What release 3.42.2 does not have."""

MODULES = (
    "test_metacat_commands.py",
    "test_metacat_file_commands.py",
    "test_metacat_client.py",
    "test_metacat_client_files.py",
    "test_metacat_client_asking.py",
)


def list_tests() -> set[str]:
    """Return the names of the tests of the clients of the catalogue."""
    texts = [(Path(__file__).parent / name).read_text(encoding="utf-8") for name in MODULES]
    return {line.removeprefix("def ").partition("(")[0] for text in texts for line in text.splitlines()}


def test_the_tests_of_the_table_are_there() -> None:
    assert {*COMMANDS.values(), *METHODS.values()} <= list_tests()


def test_every_command_has_its_test(bench: Bench) -> None:
    found = bench.catalog(
        "from metacat.ui import metacat_ui\nfrom metacat.ui.cli import CLI\nhave = []\n"
        "def note(self, *_args, **_more):\n    have.append(self)\n"
        "CLI.run = note\n"
        "try:\n    metacat_ui.main()\nexcept SystemExit:\n    pass\n"
        "def walk(cli, words):\n"
        "    for word, one in cli.Interpreters.items():\n"
        "        yield from walk(one, words + [word]) if isinstance(one, CLI) and word != 'admin' else"
        " [' '.join(words + [word])]\n"
        "result = list(walk(have[0], []))"
    )
    expected = COMMANDS.keys() | LEFT_OUT
    assert set(found) == (expected - LATER if bench.is_old else expected)


def test_every_method_has_its_test(bench: Bench) -> None:
    found = bench.catalog("result = [name for name in dir(MetaCatClient) if name[0].islower()]")
    expected = METHODS.keys() | INSIDE
    assert set(found) == (expected - LATER if bench.is_old else expected)
