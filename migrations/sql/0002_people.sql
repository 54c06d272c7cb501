-- People: holders, their secrets, their roles, their sign-ins.

CREATE TABLE holders (
    id bigint PRIMARY KEY,
    msisdn text,                    -- E.164; null for a business that has no phone
    name text NOT NULL,
    language text NOT NULL,
    market text NOT NULL,           -- the country whose tariff, limits and calendar apply
    tier smallint NOT NULL,         -- how well we know them (KYC)
    status text NOT NULL DEFAULT 'active',
    pin_kid text,                   -- which key made the verifier
    pin_salt bytea,
    pin_mac bytea,
    pins_before bytea[] NOT NULL DEFAULT '{}',   -- verifiers of the last PINs, newest first
    pin_failures smallint NOT NULL DEFAULT 0,    -- wrong attempts since the last right one or lock
    pin_locks smallint NOT NULL DEFAULT 0,       -- locks since the last right PIN
    pin_locked_until timestamptz,
    registered_at timestamptz NOT NULL,
    registered_by bigint,           -- the agent, where one did it
    CONSTRAINT holders_id_is_not_the_workers CHECK (id > 0),   -- who is actor 0 of its postings
    CONSTRAINT holders_msisdn_is_e164 CHECK (msisdn ~ '^\+[1-9][0-9]{6,14}$'),
    CONSTRAINT holders_status_is_known CHECK (status IN ('active', 'frozen', 'closed')),
    CONSTRAINT holders_pin_is_whole CHECK (
        (pin_mac IS NULL) = (pin_salt IS NULL) AND (pin_mac IS NULL) = (pin_kid IS NULL))
) WITH (fillfactor = 80);

CREATE UNIQUE INDEX holders_msisdn_once ON holders (msisdn);

CREATE TABLE agents (
    holder_id bigint PRIMARY KEY REFERENCES holders (id),
    number text NOT NULL UNIQUE,    -- what a customer types to cash out
    name text NOT NULL
);

CREATE TABLE partners (             -- remittance houses, banks, makers: they come by API
    holder_id bigint PRIMARY KEY REFERENCES holders (id),
    client_id text NOT NULL UNIQUE,
    secret_mac bytea NOT NULL,
    role text NOT NULL,
    CONSTRAINT partners_role_is_known CHECK (role IN ('partner', 'maker'))
);

CREATE TABLE operators (
    holder_id bigint PRIMARY KEY REFERENCES holders (id)
);

CREATE TABLE sign_ins (             -- a one-time code is out
    id bigint PRIMARY KEY,
    msisdn text NOT NULL,
    code_mac bytea NOT NULL,
    attempts smallint NOT NULL DEFAULT 0,
    expires_at timestamptz NOT NULL,
    used_at timestamptz
);
CREATE INDEX sign_ins_of_msisdn ON sign_ins (msisdn, id);   -- how many lately
CREATE INDEX sign_ins_lapsed ON sign_ins (expires_at);      -- the worker clears them

CREATE TABLE refresh_tokens (
    token_hash bytea PRIMARY KEY,
    family_id bigint NOT NULL,      -- all tokens that descend from one sign-in
    holder_id bigint NOT NULL REFERENCES holders (id),
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    revoked_at timestamptz
);
CREATE INDEX refresh_tokens_of_family ON refresh_tokens (family_id);
CREATE INDEX refresh_tokens_lapsed ON refresh_tokens (expires_at);   -- the worker clears them
