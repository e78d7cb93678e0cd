"""Who asks, and what they may do.

Owns experiments, users, memberships with their roles, groups, tokens and the keys that sign them. A token is good until
it expires or is revoked; it stands for its owner with the roles held at the moment, that of a job only for the files of
one project. `Authenticator.authenticate` turns a token into a `Principal`, the `who` of every operation, and
`permit(who, Action.X, Thing(...))` is the one permission question that all rooms ask.

Signing in: `sign_in`, `sign_out`, `create_token`, `list_tokens`, `revoke_token`, `issue_local_token`, `issue_token_in`,
`exchange_token`; for old clients by HTTP Digest: `set_digest_login`, `find_digest_challenge`, `sign_in_by_digest`.
People: `create_user`, `list_users`, `change_password`, `ensure_first_user`, `get_principal_of`.
Experiments: `create_experiment`, `list_experiments`, `set_member`, `list_members`, `get_experiment_in`.
Groups: `create_group`, `set_group_member`, `list_groups`; `EXPERIMENT_analysis` and `EXPERIMENT_production` follow from
the roles.
Other services of an experiment: `set_service`, `set_credential`, `list_services`; a `Sealer` keeps the secrets, which
only `open_credential` gives out.
"""

from sutler.auth.authenticator import Authenticator
from sutler.auth.digest import DigestChallenge
from sutler.auth.elsewhere import is_private, read_expiry
from sutler.auth.errors import (
    CredentialNotFoundError,
    ExperimentExistsError,
    ExperimentNotFoundError,
    GroupExistsError,
    GroupNotFoundError,
    OldPasswordWrongError,
    SealBrokenError,
    ServiceNotFoundError,
    TokenExpiredError,
    TokenInvalidError,
    TokenNotFoundError,
    TokenRevokedError,
    UnknownUserError,
    UserExistsError,
    UserNotFoundError,
    WeakPasswordError,
    WrongPasswordError,
)
from sutler.auth.model import (
    SYSTEM,
    Action,
    AuthEvent,
    Credential,
    CredentialMethod,
    CredentialSide,
    Experiment,
    FirstUser,
    Group,
    IssuedToken,
    Member,
    NewCredential,
    NewService,
    OpenCredential,
    Principal,
    Role,
    Service,
    ServiceKind,
    ServiceList,
    Thing,
    TokenKind,
    TokenRecord,
    User,
)
from sutler.auth.operations.digest_login import find_digest_challenge, set_digest_login, sign_in_by_digest
from sutler.auth.operations.exchange import exchange_token
from sutler.auth.operations.experiments import (
    create_experiment,
    find_experiment_in,
    get_experiment_in,
    list_experiments,
    list_experiments_in,
    list_members,
    set_member,
)
from sutler.auth.operations.first_user import ensure_first_user
from sutler.auth.operations.groups import create_group, list_groups, list_unknown_groups_in, set_group_member
from sutler.auth.operations.principals import authenticate, get_principal_in, get_principal_of
from sutler.auth.operations.services import (
    find_service,
    find_service_in,
    get_experiment_to_check,
    list_credentials,
    list_services,
    open_credential,
    remove_credential,
    remove_service,
    set_credential,
    set_service,
)
from sutler.auth.operations.tokens import (
    create_token,
    issue_local_token,
    issue_token_in,
    list_tokens,
    load_signer,
    revoke_token,
    sign_in,
    sign_out,
)
from sutler.auth.operations.users import change_password, create_user, list_users
from sutler.auth.permission import may, permit
from sutler.auth.rules import choose_owner_role, is_at_least
from sutler.auth.sealing import Sealer, make_sealing_key
from sutler.auth.service_rules import choose_auth_url, choose_side
from sutler.auth.signing import TokenSigner

__all__ = [
    "SYSTEM",
    "Action",
    "AuthEvent",
    "Authenticator",
    "Credential",
    "CredentialMethod",
    "CredentialNotFoundError",
    "CredentialSide",
    "DigestChallenge",
    "Experiment",
    "ExperimentExistsError",
    "ExperimentNotFoundError",
    "FirstUser",
    "Group",
    "GroupExistsError",
    "GroupNotFoundError",
    "IssuedToken",
    "Member",
    "NewCredential",
    "NewService",
    "OldPasswordWrongError",
    "OpenCredential",
    "Principal",
    "Role",
    "SealBrokenError",
    "Sealer",
    "Service",
    "ServiceKind",
    "ServiceList",
    "ServiceNotFoundError",
    "Thing",
    "TokenExpiredError",
    "TokenInvalidError",
    "TokenKind",
    "TokenNotFoundError",
    "TokenRecord",
    "TokenRevokedError",
    "TokenSigner",
    "UnknownUserError",
    "User",
    "UserExistsError",
    "UserNotFoundError",
    "WeakPasswordError",
    "WrongPasswordError",
    "authenticate",
    "change_password",
    "choose_auth_url",
    "choose_owner_role",
    "choose_side",
    "create_experiment",
    "create_group",
    "create_token",
    "create_user",
    "ensure_first_user",
    "exchange_token",
    "find_digest_challenge",
    "find_experiment_in",
    "find_service",
    "find_service_in",
    "get_experiment_in",
    "get_experiment_to_check",
    "get_principal_in",
    "get_principal_of",
    "is_at_least",
    "is_private",
    "issue_local_token",
    "issue_token_in",
    "list_credentials",
    "list_experiments",
    "list_experiments_in",
    "list_groups",
    "list_members",
    "list_services",
    "list_tokens",
    "list_unknown_groups_in",
    "list_users",
    "load_signer",
    "make_sealing_key",
    "may",
    "open_credential",
    "permit",
    "read_expiry",
    "remove_credential",
    "remove_service",
    "revoke_token",
    "set_credential",
    "set_digest_login",
    "set_group_member",
    "set_member",
    "set_service",
    "sign_in",
    "sign_in_by_digest",
    "sign_out",
]
