"""A token for a token: old clients bring one that was made elsewhere and keep another."""

from __future__ import annotations

from sutler.auth.errors import TokenExpiredError
from sutler.auth.model import Action, IssuedToken, Principal, Thing, TokenKind
from sutler.auth.operations.tokens import issue_token_in
from sutler.auth.permission import permit
from sutler.auth.signing import TokenSigner
from sutler.database import Database


async def exchange_token(db: Database, signer: TokenSigner, who: Principal, *, token: str) -> IssuedToken:
    """Return a new token of the user who shows this one; it ends at the same instant.

    Raises NotPermittedError (a job cannot make tokens), TokenInvalidError, TokenExpiredError.
    """
    permit(who, Action.CREATE, Thing("token", None, owner_id=who.user_id))
    async with db.write() as tx:
        lifetime = signer.read(token, now=tx.now).expires_at - tx.now.replace(microsecond=0)
        if lifetime.total_seconds() < 1:
            raise TokenExpiredError
        return await issue_token_in(
            tx, signer, user_id=who.user_id, kind=TokenKind.API, label="exchanged", lifetime=lifetime
        )
