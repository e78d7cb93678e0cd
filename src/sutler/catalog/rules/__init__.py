"""What names, checksums and metadata may be, whether a file is the same again, and rules for metadata. Pure."""

from sutler.catalog.rules.changes import check_change, check_key, check_keys
from sutler.catalog.rules.columns import FACTS, LIST_ITEMS, METADATA, MISFIT, choose_type, fit, read_columns
from sutler.catalog.rules.constraints import check_constraint, check_constraints, check_requirements
from sutler.catalog.rules.file_problems import (
    CATEGORY_RULES_BROKEN,
    DATASET_RULES_BROKEN,
    find_file_problems,
    to_problems,
)
from sutler.catalog.rules.files import (
    DEEPEST_METADATA,
    FID_LENGTH,
    LARGEST_NUMBER,
    LARGEST_SIZE_BYTES,
    LONGEST_NAME,
    check_contents,
    check_did,
    check_fid,
    check_files,
    check_metadata,
    check_namespace_name,
    check_text,
    find_difference,
    find_unusable_metadata,
    make_fids,
)
from sutler.catalog.rules.metadata_rules import ROOT, CategoryRules, RequirementRules, check_path, list_upper_paths
from sutler.catalog.rules.naming import name_files

__all__ = [
    "CATEGORY_RULES_BROKEN",
    "DATASET_RULES_BROKEN",
    "DEEPEST_METADATA",
    "FACTS",
    "FID_LENGTH",
    "LARGEST_NUMBER",
    "LARGEST_SIZE_BYTES",
    "LIST_ITEMS",
    "LONGEST_NAME",
    "METADATA",
    "MISFIT",
    "ROOT",
    "CategoryRules",
    "RequirementRules",
    "check_change",
    "check_constraint",
    "check_constraints",
    "check_contents",
    "check_did",
    "check_fid",
    "check_files",
    "check_key",
    "check_keys",
    "check_metadata",
    "check_namespace_name",
    "check_path",
    "check_requirements",
    "check_text",
    "choose_type",
    "find_difference",
    "find_file_problems",
    "find_unusable_metadata",
    "fit",
    "list_upper_paths",
    "make_fids",
    "name_files",
    "read_columns",
    "to_problems",
]
