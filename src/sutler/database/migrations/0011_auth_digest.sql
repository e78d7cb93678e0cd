-- Signing in by HTTP Digest, for old clients that cannot do otherwise. It is off unless digest_login has its one row.
CREATE TABLE auth.digest_login (
    is_on boolean PRIMARY KEY DEFAULT true,
    realm text NOT NULL,
    nonce_key text NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT digest_login_is_on_check CHECK (is_on)
);

-- What a response is checked against: kept only for passwords that were set while the setting was on.
CREATE TABLE auth.digest_hashes (
    user_id bigint PRIMARY KEY REFERENCES auth.users (id) ON DELETE CASCADE,
    ha1 text NOT NULL
);

-- Every nonce is good for one sign-in, whichever server process sees it.
CREATE TABLE auth.digest_nonces (
    nonce text PRIMARY KEY,
    expires_at timestamptz NOT NULL
);
