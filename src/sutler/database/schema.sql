-- What the migrations make. Written by scripts/write_schema.py; read it, change the migrations.

CREATE SCHEMA auth;

CREATE SCHEMA campaigns;

CREATE SCHEMA catalog;

CREATE SCHEMA database;

CREATE SCHEMA dispatch;

CREATE SCHEMA launch;

CREATE SCHEMA replicas;

CREATE FUNCTION catalog.date_member() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    SELECT created_at INTO NEW.created_at FROM catalog.files WHERE id = NEW.file_id;
    RETURN NEW;
END
$$;

CREATE FUNCTION catalog.find_dataset_id(given_namespace text, given_name text, experiment_ids bigint[], namespaces text[]) RETURNS bigint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
    SELECT id FROM catalog.datasets
    WHERE namespace = given_namespace AND name = given_name
        AND (experiment_ids IS NULL OR experiment_id = ANY(experiment_ids))
        AND (namespaces IS NULL OR namespace = ANY(namespaces))
$$;

CREATE FUNCTION catalog.forget_plans() RETURNS void
    LANGUAGE plpgsql
    AS $$
BEGIN
    DISCARD PLANS;
END
$$;

CREATE FUNCTION catalog.keep_namespace() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION 'the namespace % stays: files are known by it', OLD.name USING ERRCODE = 'foreign_key_violation';
END
$$;

CREATE FUNCTION catalog.keep_used_dataset() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF EXISTS (SELECT FROM catalog.dataset_files WHERE dataset_id = OLD.id) THEN
        RAISE EXCEPTION 'the dataset %:% has files', OLD.namespace, OLD.name USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NULL;
END
$$;

CREATE FUNCTION catalog.keep_used_file() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF EXISTS (SELECT FROM catalog.dataset_files WHERE file_id = OLD.id)
        OR EXISTS (SELECT FROM catalog.provenance WHERE parent_id = OLD.id OR child_id = OLD.id)
    THEN
        RAISE EXCEPTION 'the file %:% is in a dataset or has relatives', OLD.namespace, OLD.name
            USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NULL;
END
$$;

CREATE FUNCTION catalog.list_group_values(item jsonb) RETURNS SETOF jsonb
    LANGUAGE sql IMMUTABLE ROWS 1 PARALLEL SAFE
    AS $$
    SELECT named.value
    FROM (
        SELECT CASE pg_catalog.jsonb_typeof(part.value)
            WHEN 'array' THEN part.value OPERATOR(pg_catalog.->) 0
            ELSE part.value
        END AS value
        FROM pg_catalog.jsonb_array_elements(
            CASE pg_catalog.jsonb_typeof(item) WHEN 'array' THEN item ELSE pg_catalog.jsonb_build_array(item) END
        ) AS part (value)
    ) AS named
    WHERE pg_catalog.jsonb_typeof(named.value) IN ('number', 'string')
$$;

CREATE FUNCTION catalog.number_at(metadata jsonb, key text) RETURNS numeric
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
    SELECT CASE pg_catalog.jsonb_typeof(metadata OPERATOR(pg_catalog.->) key)
        WHEN 'number' THEN CASE
            WHEN pg_catalog.length(metadata OPERATOR(pg_catalog.->>) key) OPERATOR(pg_catalog.<) 60
            THEN (metadata OPERATOR(pg_catalog.->) key)::pg_catalog.numeric
            ELSE 'NaN'::pg_catalog.numeric
        END
        WHEN 'array' THEN 'NaN'::pg_catalog.numeric
    END
$$;

CREATE FUNCTION catalog.text_at(metadata jsonb, key text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
    SELECT CASE pg_catalog.jsonb_typeof(metadata OPERATOR(pg_catalog.->) key)
        WHEN 'string' THEN pg_catalog."left"(metadata OPERATOR(pg_catalog.->>) key, 200)
        WHEN 'array' THEN U&'\+10FFFF'
    END
$$;

CREATE FUNCTION database.append_event(at timestamp with time zone, experiment_id bigint, actor text, kind text, subject_kind text, subject_id text, facts jsonb) RETURNS void
    LANGUAGE sql
    AS $$
    INSERT INTO database.events (at, experiment_id, actor, kind, subject_kind, subject_id, facts)
    VALUES (at, experiment_id, actor, kind, subject_kind, subject_id, facts)
$$;

CREATE FUNCTION database.create_event_partitions(today timestamp with time zone) RETURNS integer
    LANGUAGE plpgsql
    AS $$
DECLARE
    month timestamptz;
    partition_name text;
    made integer := 0;
BEGIN
    FOR step IN 0..2 LOOP
        month := date_trunc('month', today, 'UTC') + make_interval(months => step);
        partition_name := 'events_' || to_char(month AT TIME ZONE 'UTC', 'YYYY_MM');
        IF to_regclass('database.' || partition_name) IS NULL THEN
            EXECUTE format(
                'CREATE TABLE database.%I PARTITION OF database.events FOR VALUES FROM (%L) TO (%L)',
                partition_name, month, month + interval '1 month'
            );
            made := made + 1;
        END IF;
    END LOOP;
    RETURN made;
END
$$;

CREATE FUNCTION dispatch.ensure_location(wanted bigint[]) RETURNS integer
    LANGUAGE plpgsql
    AS $$
DECLARE
    found integer;
BEGIN
    LOOP
        SELECT location.id INTO found FROM dispatch.locations AS location WHERE location.rse_ids = wanted;
        EXIT WHEN found IS NOT NULL;
        INSERT INTO dispatch.locations (rse_ids) VALUES (wanted) ON CONFLICT DO NOTHING;
    END LOOP;
    RETURN found;
END;
$$;

CREATE FUNCTION dispatch.keep_output() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF EXISTS (SELECT FROM dispatch.attempt_outputs WHERE file_id = OLD.id) THEN
        RAISE EXCEPTION 'the file %:% is an output of a project', OLD.namespace, OLD.name
            USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NULL;
END
$$;

CREATE FUNCTION replicas.note_lost_copies() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO replicas.changes (experiment_id, namespace, name)
        SELECT experiment_id, namespace, name FROM stale WHERE is_staged;
    RETURN NULL;
END;
$$;

CREATE FUNCTION replicas.note_new_copies() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO replicas.changes (experiment_id, namespace, name)
        SELECT experiment_id, namespace, name FROM fresh WHERE is_staged;
    RETURN NULL;
END;
$$;

CREATE FUNCTION replicas.note_other_copies() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO replicas.changes (experiment_id, namespace, name)
        SELECT fresh.experiment_id, namespace, name
        FROM fresh JOIN stale USING (namespace, name, rse_id)
        WHERE fresh.is_staged <> stale.is_staged;
    RETURN NULL;
END;
$$;

CREATE TABLE auth.digest_hashes (
    user_id bigint NOT NULL,
    ha1 text NOT NULL
);

CREATE TABLE auth.digest_login (
    is_on boolean DEFAULT true NOT NULL,
    realm text NOT NULL,
    nonce_key text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT digest_login_is_on_check CHECK (is_on)
);

CREATE TABLE auth.digest_nonces (
    nonce text NOT NULL,
    expires_at timestamp with time zone NOT NULL
);

CREATE TABLE auth.experiments (
    id bigint NOT NULL,
    name text NOT NULL,
    full_name text DEFAULT ''::text NOT NULL,
    is_active boolean DEFAULT true NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT experiments_name_check CHECK ((name ~ '^[a-z][a-z0-9_]{0,31}$'::text))
);

CREATE VIEW auth.experiment_names AS
 SELECT id,
    name
   FROM auth.experiments;

ALTER TABLE auth.experiments ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME auth.experiments_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE auth.group_members (
    group_id bigint NOT NULL,
    user_id bigint NOT NULL
);

CREATE TABLE auth.groups (
    id bigint NOT NULL,
    experiment_id bigint NOT NULL,
    name text NOT NULL,
    description text DEFAULT ''::text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT groups_name_check CHECK ((name ~ '^[A-Za-z0-9_.-]{1,64}$'::text))
);

ALTER TABLE auth.groups ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME auth.groups_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE auth.memberships (
    experiment_id bigint NOT NULL,
    user_id bigint NOT NULL,
    role text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT memberships_role_check CHECK ((role = ANY (ARRAY['analysis'::text, 'production-shifter'::text, 'production'::text, 'superuser'::text])))
);

CREATE TABLE auth.service_credentials (
    experiment_id bigint NOT NULL,
    kind text NOT NULL,
    side text NOT NULL,
    method text NOT NULL,
    username text NOT NULL,
    secret_sealed text NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    changed_by text NOT NULL,
    CONSTRAINT service_credentials_method_check CHECK ((method = ANY (ARRAY['password'::text, 'token'::text]))),
    CONSTRAINT service_credentials_side_check CHECK ((side = ANY (ARRAY['any'::text, 'analysis'::text, 'production'::text])))
);

CREATE TABLE auth.services (
    experiment_id bigint NOT NULL,
    kind text NOT NULL,
    server_url text NOT NULL,
    auth_url text NOT NULL,
    account text DEFAULT ''::text NOT NULL,
    timeout interval NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    updated_by text NOT NULL,
    CONSTRAINT services_kind_check CHECK ((kind = ANY (ARRAY['metacat'::text, 'rucio'::text]))),
    CONSTRAINT services_timeout_check CHECK ((timeout > '00:00:00'::interval))
);

CREATE VIEW auth.service_kinds AS
 SELECT experiment_id,
    kind
   FROM auth.services;

CREATE TABLE auth.signing_keys (
    id bigint NOT NULL,
    key_id text NOT NULL,
    secret text NOT NULL,
    created_at timestamp with time zone NOT NULL
);

ALTER TABLE auth.signing_keys ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME auth.signing_keys_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE auth.tokens (
    jti uuid NOT NULL,
    user_id bigint NOT NULL,
    kind text NOT NULL,
    label text DEFAULT ''::text NOT NULL,
    experiment_id bigint,
    project_id bigint,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    revoked_at timestamp with time zone,
    CONSTRAINT tokens_kind_check CHECK ((kind = ANY (ARRAY['api'::text, 'session'::text, 'job'::text])))
);

CREATE TABLE auth.users (
    id bigint NOT NULL,
    username text NOT NULL,
    display_name text DEFAULT ''::text NOT NULL,
    email text DEFAULT ''::text NOT NULL,
    password_hash text,
    is_admin boolean DEFAULT false NOT NULL,
    is_active boolean DEFAULT true NOT NULL,
    created_at timestamp with time zone NOT NULL,
    signed_in_at timestamp with time zone,
    CONSTRAINT users_username_check CHECK ((username ~ '^[A-Za-z0-9_.@-]{1,64}$'::text))
);

CREATE VIEW auth.user_names AS
 SELECT id,
    username,
    display_name
   FROM auth.users;

ALTER TABLE auth.users ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME auth.users_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE campaigns.campaign_counts (
    campaign_id bigint NOT NULL,
    submission_count bigint NOT NULL,
    open_submission_count bigint NOT NULL,
    failed_file_count bigint DEFAULT 0 NOT NULL,
    CONSTRAINT campaign_counts_failed_check CHECK ((failed_file_count >= 0)),
    CONSTRAINT campaign_counts_submissions_check CHECK (((open_submission_count >= 0) AND (open_submission_count <= submission_count)))
)
WITH (fillfactor='50');

CREATE TABLE campaigns.campaigns (
    id bigint NOT NULL,
    experiment_id bigint NOT NULL,
    name text NOT NULL,
    data_handler text DEFAULT 'data_dispatcher'::text NOT NULL,
    keywords jsonb DEFAULT '{}'::jsonb NOT NULL,
    is_active boolean DEFAULT true NOT NULL,
    created_by bigint NOT NULL,
    creator_role text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone,
    defaults jsonb DEFAULT '{}'::jsonb NOT NULL,
    default_job_type_id bigint,
    default_login_setup_id bigint,
    is_test boolean DEFAULT false NOT NULL,
    layout jsonb DEFAULT '{}'::jsonb NOT NULL,
    extras jsonb DEFAULT '{}'::jsonb NOT NULL,
    revision integer DEFAULT 1 NOT NULL,
    last_launched_at timestamp with time zone,
    stage_count integer DEFAULT 0 NOT NULL,
    CONSTRAINT campaigns_data_handler_check CHECK ((data_handler = ANY (ARRAY['data_dispatcher'::text, 'sam'::text]))),
    CONSTRAINT campaigns_stage_count_check CHECK ((stage_count >= 0))
);

ALTER TABLE campaigns.campaigns ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME campaigns.campaigns_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE campaigns.dependencies (
    id bigint NOT NULL,
    experiment_id bigint NOT NULL,
    campaign_id bigint NOT NULL,
    upstream_stage_id bigint NOT NULL,
    downstream_stage_id bigint NOT NULL,
    file_pattern text DEFAULT '%'::text NOT NULL,
    rank integer DEFAULT 0 NOT NULL
);

ALTER TABLE campaigns.dependencies ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME campaigns.dependencies_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE campaigns.holds (
    id bigint NOT NULL,
    experiment_id bigint,
    kind text NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    held_by bigint NOT NULL,
    held_at timestamp with time zone NOT NULL,
    CONSTRAINT holds_kind_check CHECK ((kind = ANY (ARRAY['launches'::text, 'followers'::text])))
);

ALTER TABLE campaigns.holds ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME campaigns.holds_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE campaigns.intentions (
    id bigint NOT NULL,
    experiment_id bigint NOT NULL,
    key text NOT NULL,
    kind text NOT NULL,
    submission_id bigint NOT NULL,
    dependency_id bigint,
    state text NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    tries integer DEFAULT 0 NOT NULL,
    due_at timestamp with time zone NOT NULL,
    created_at timestamp with time zone NOT NULL,
    settled_at timestamp with time zone,
    facts jsonb DEFAULT '{}'::jsonb NOT NULL,
    CONSTRAINT intentions_kind_check CHECK ((kind = ANY (ARRAY['follow'::text, 'locate'::text, 'recovery'::text, 'dependant'::text]))),
    CONSTRAINT intentions_state_check CHECK ((state = ANY (ARRAY['pending'::text, 'done'::text, 'nothing_to_do'::text, 'refused'::text])))
);

ALTER TABLE campaigns.intentions ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME campaigns.intentions_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE campaigns.job_types (
    id bigint NOT NULL,
    experiment_id bigint NOT NULL,
    name text NOT NULL,
    launch_script text NOT NULL,
    parameters jsonb DEFAULT '[]'::jsonb NOT NULL,
    output_file_patterns text[] DEFAULT '{}'::text[] NOT NULL,
    output_namespace text DEFAULT ''::text NOT NULL,
    output_dataset text DEFAULT '%(campaign)s.%(stage)s.%(submission)s'::text NOT NULL,
    output_rse text DEFAULT ''::text NOT NULL,
    files_per_run integer DEFAULT 1 NOT NULL,
    max_attempts integer DEFAULT 3 NOT NULL,
    run_timeout interval,
    is_active boolean DEFAULT true NOT NULL,
    created_by bigint NOT NULL,
    creator_role text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone,
    revision integer DEFAULT 1 NOT NULL,
    CONSTRAINT job_types_files_per_run_check CHECK ((files_per_run >= 1)),
    CONSTRAINT job_types_max_attempts_check CHECK ((max_attempts >= 1))
);

ALTER TABLE campaigns.job_types ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME campaigns.job_types_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE campaigns.launch_hosts (
    experiment_id bigint NOT NULL,
    role text NOT NULL,
    pattern text NOT NULL,
    CONSTRAINT launch_hosts_role_check CHECK ((role = ANY (ARRAY['analysis'::text, 'production'::text])))
);

CREATE TABLE campaigns.login_setups (
    id bigint NOT NULL,
    experiment_id bigint NOT NULL,
    name text NOT NULL,
    backend text DEFAULT 'local'::text NOT NULL,
    host text DEFAULT ''::text NOT NULL,
    account text DEFAULT ''::text NOT NULL,
    setup text DEFAULT ''::text NOT NULL,
    is_active boolean DEFAULT true NOT NULL,
    created_by bigint NOT NULL,
    creator_role text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone,
    revision integer DEFAULT 1 NOT NULL
);

ALTER TABLE campaigns.login_setups ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME campaigns.login_setups_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE campaigns.queued_launches (
    id bigint NOT NULL,
    experiment_id bigint NOT NULL,
    stage_id bigint NOT NULL,
    launch_key text NOT NULL,
    request jsonb NOT NULL,
    reason text NOT NULL,
    state text NOT NULL,
    outcome text DEFAULT ''::text NOT NULL,
    tries integer DEFAULT 0 NOT NULL,
    queued_by bigint NOT NULL,
    queued_at timestamp with time zone NOT NULL,
    due_at timestamp with time zone NOT NULL,
    settled_at timestamp with time zone,
    CONSTRAINT queued_launches_state_check CHECK ((state = ANY (ARRAY['queued'::text, 'launched'::text, 'refused'::text, 'deleted'::text])))
);

ALTER TABLE campaigns.queued_launches ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME campaigns.queued_launches_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE campaigns.recoveries (
    job_type_id bigint NOT NULL,
    rank integer NOT NULL,
    recovery_type text NOT NULL,
    parameter_overrides jsonb DEFAULT '[]'::jsonb NOT NULL
);

CREATE TABLE campaigns.schedule_runs (
    id bigint NOT NULL,
    schedule_id bigint NOT NULL,
    experiment_id bigint NOT NULL,
    due_at timestamp with time zone NOT NULL,
    state text NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    tries integer DEFAULT 0 NOT NULL,
    submission_id bigint,
    next_try_at timestamp with time zone NOT NULL,
    created_at timestamp with time zone NOT NULL,
    settled_at timestamp with time zone,
    CONSTRAINT schedule_runs_state_check CHECK ((state = ANY (ARRAY['due'::text, 'launched'::text, 'skipped'::text, 'queued'::text, 'nothing'::text, 'refused'::text, 'missed'::text])))
);

ALTER TABLE campaigns.schedule_runs ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME campaigns.schedule_runs_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE campaigns.schedules (
    id bigint NOT NULL,
    experiment_id bigint NOT NULL,
    stage_id bigint NOT NULL,
    cron text NOT NULL,
    time_zone text NOT NULL,
    overlap text NOT NULL,
    is_active boolean DEFAULT true NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    next_due_at timestamp with time zone,
    saved_by bigint NOT NULL,
    saved_at timestamp with time zone NOT NULL,
    CONSTRAINT schedules_overlap_check CHECK ((overlap = ANY (ARRAY['skip'::text, 'queue'::text, 'allow'::text])))
);

ALTER TABLE campaigns.schedules ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME campaigns.schedules_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE campaigns.split_positions (
    stage_id bigint NOT NULL,
    kind text NOT NULL,
    experiment_id bigint NOT NULL,
    epoch integer DEFAULT 1 NOT NULL,
    ledger_id bigint NOT NULL,
    split_type text NOT NULL,
    dataset_query text NOT NULL,
    slice_count integer DEFAULT 0 NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    "position" jsonb DEFAULT '{}'::jsonb NOT NULL,
    reset_by text DEFAULT ''::text NOT NULL,
    reset_at timestamp with time zone,
    CONSTRAINT split_positions_kind_check CHECK ((kind = ANY (ARRAY['production'::text, 'test'::text])))
);

CREATE TABLE campaigns.stage_counts (
    stage_id bigint NOT NULL,
    open_submission_count bigint NOT NULL,
    CONSTRAINT stage_counts_open_check CHECK ((open_submission_count >= 0))
)
WITH (fillfactor='50');

CREATE TABLE campaigns.stages (
    id bigint NOT NULL,
    campaign_id bigint NOT NULL,
    experiment_id bigint NOT NULL,
    name text NOT NULL,
    job_type_id bigint,
    login_setup_id bigint,
    held_by bigint,
    held_at timestamp with time zone,
    created_by bigint NOT NULL,
    creator_role text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone,
    settings jsonb DEFAULT '{}'::jsonb NOT NULL,
    rank integer DEFAULT 0 NOT NULL,
    hold_reason text DEFAULT ''::text NOT NULL,
    removed_at timestamp with time zone,
    submission_count integer DEFAULT 0 NOT NULL,
    last_submission_id bigint
);

ALTER TABLE campaigns.stages ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME campaigns.stages_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE campaigns.submission_history (
    id bigint NOT NULL,
    submission_id bigint NOT NULL,
    experiment_id bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    side text NOT NULL,
    status text NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    actor text NOT NULL,
    CONSTRAINT submission_history_side_check CHECK ((side = ANY (ARRAY['files'::text, 'jobs'::text])))
);

ALTER TABLE campaigns.submission_history ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME campaigns.submission_history_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE campaigns.submissions (
    id bigint NOT NULL,
    experiment_id bigint NOT NULL,
    campaign_id bigint NOT NULL,
    stage_id bigint NOT NULL,
    launch_key text NOT NULL,
    cause text NOT NULL,
    upstream_submission_id bigint,
    is_test boolean DEFAULT false NOT NULL,
    status text NOT NULL,
    batch_status text NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    config jsonb NOT NULL,
    dataset_query text,
    slice_number integer,
    project_id bigint,
    share_id bigint,
    launched_by bigint NOT NULL,
    creator_role text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    original_id bigint,
    recovery_type text,
    recovery_number integer,
    schedule_id bigint,
    parameter_overrides jsonb DEFAULT '[]'::jsonb NOT NULL,
    job_data text,
    slice_note text DEFAULT ''::text NOT NULL,
    is_shared boolean DEFAULT false NOT NULL,
    followed_at timestamp with time zone,
    called_off_as text,
    failed_file_count bigint DEFAULT 0 NOT NULL,
    vouched_by bigint,
    CONSTRAINT submissions_batch_status_check CHECK ((batch_status = ANY (ARRAY['New'::text, 'Awaiting Approval'::text, 'Approved'::text, 'LaunchFailed'::text, 'Idle'::text, 'Running'::text, 'Held'::text, 'Failed'::text, 'Completed'::text, 'Located'::text, 'Cancelled'::text, 'Removed'::text]))),
    CONSTRAINT submissions_called_off_check CHECK ((called_off_as = ANY (ARRAY['Cancelled'::text, 'Removed'::text]))),
    CONSTRAINT submissions_cause_check CHECK ((cause = ANY (ARRAY['manual'::text, 'dependency'::text, 'recovery'::text, 'relaunch'::text, 'schedule'::text]))),
    CONSTRAINT submissions_share_check CHECK (((project_id IS NULL) = (share_id IS NULL))),
    CONSTRAINT submissions_status_check CHECK ((status = ANY (ARRAY['Created'::text, 'Completed'::text, 'Completed with failures'::text])))
);

ALTER TABLE campaigns.submissions ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME campaigns.submissions_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE campaigns.tags (
    campaign_id bigint NOT NULL,
    experiment_id bigint NOT NULL,
    tag text NOT NULL
);

CREATE TABLE campaigns.watches (
    user_id bigint NOT NULL,
    campaign_id bigint NOT NULL,
    since timestamp with time zone NOT NULL
);

CREATE TABLE catalog.categories (
    experiment_id bigint NOT NULL,
    path text NOT NULL,
    owner_user_id bigint,
    owner_role text,
    owner_group text,
    restricted boolean DEFAULT false NOT NULL,
    required boolean DEFAULT false NOT NULL,
    description text DEFAULT ''::text NOT NULL,
    definitions jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone NOT NULL,
    created_by text NOT NULL,
    updated_at timestamp with time zone,
    updated_by text,
    CONSTRAINT categories_owner_check CHECK ((num_nonnulls(owner_user_id, owner_role, owner_group) = 1)),
    CONSTRAINT categories_owner_role_check CHECK ((owner_role = ANY (ARRAY['analysis'::text, 'production-shifter'::text, 'production'::text, 'superuser'::text])))
);

CREATE TABLE catalog.dataset_children (
    parent_id bigint NOT NULL,
    child_id bigint NOT NULL,
    CONSTRAINT dataset_children_self_check CHECK ((parent_id <> child_id))
);

CREATE TABLE catalog.dataset_files (
    dataset_id bigint NOT NULL,
    file_id bigint NOT NULL,
    created_at timestamp with time zone NOT NULL
);

CREATE TABLE catalog.datasets (
    id bigint NOT NULL,
    namespace text NOT NULL,
    name text NOT NULL,
    experiment_id bigint NOT NULL,
    description text DEFAULT ''::text NOT NULL,
    frozen boolean DEFAULT false NOT NULL,
    monotonic boolean DEFAULT false NOT NULL,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    file_count bigint DEFAULT 0 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    created_by text NOT NULL,
    updated_at timestamp with time zone,
    updated_by text,
    requirements jsonb DEFAULT '{}'::jsonb NOT NULL
);

ALTER TABLE catalog.datasets ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME catalog.datasets_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE catalog.files (
    id bigint NOT NULL,
    fid text NOT NULL COLLATE pg_catalog."C",
    namespace text NOT NULL,
    name text NOT NULL,
    experiment_id bigint NOT NULL,
    size_bytes bigint,
    checksums jsonb DEFAULT '{}'::jsonb NOT NULL,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone NOT NULL,
    created_by text NOT NULL,
    updated_at timestamp with time zone,
    updated_by text,
    retired_at timestamp with time zone,
    retired_by text,
    CONSTRAINT files_size_check CHECK ((size_bytes >= 0))
);

ALTER TABLE catalog.files ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME catalog.files_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE catalog.remote_files (
    id bigint DEFAULT nextval('catalog.files_id_seq'::regclass) NOT NULL,
    experiment_id bigint NOT NULL,
    role text NOT NULL,
    fid text NOT NULL COLLATE pg_catalog."C",
    namespace text NOT NULL,
    name text NOT NULL,
    size_bytes bigint NOT NULL,
    checksums jsonb DEFAULT '{}'::jsonb NOT NULL,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    parents text[] DEFAULT '{}'::text[] NOT NULL,
    dataset text,
    share_id bigint,
    state text DEFAULT 'pending'::text NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    created_by text NOT NULL,
    declared_at timestamp with time zone,
    CONSTRAINT remote_files_size_check CHECK ((size_bytes >= 0)),
    CONSTRAINT remote_files_state_check CHECK ((state = ANY (ARRAY['pending'::text, 'declared'::text, 'refused'::text])))
);

CREATE VIEW catalog.file_facts AS
 SELECT files.id,
    files.fid,
    files.namespace,
    files.name,
    files.experiment_id,
    files.size_bytes,
    files.metadata,
    files.created_at,
    files.retired_at
   FROM catalog.files
UNION ALL
 SELECT remote_files.id,
    remote_files.fid,
    remote_files.namespace,
    remote_files.name,
    remote_files.experiment_id,
    remote_files.size_bytes,
    remote_files.metadata,
    remote_files.created_at,
    NULL::timestamp with time zone AS retired_at
   FROM catalog.remote_files;

CREATE TABLE catalog.provenance (
    parent_id bigint NOT NULL,
    child_id bigint NOT NULL,
    CONSTRAINT provenance_self_check CHECK ((parent_id <> child_id))
);

CREATE VIEW catalog.file_parents AS
 SELECT child_id,
    parent_id
   FROM catalog.provenance;

CREATE TABLE catalog.indexed_keys (
    id bigint NOT NULL,
    key text NOT NULL,
    kind text NOT NULL,
    state text NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    created_by text NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    CONSTRAINT indexed_keys_kind_check CHECK ((kind = ANY (ARRAY['number'::text, 'text'::text]))),
    CONSTRAINT indexed_keys_state_check CHECK ((state = ANY (ARRAY['building'::text, 'ready'::text, 'failed'::text, 'dropping'::text])))
);

ALTER TABLE catalog.indexed_keys ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME catalog.indexed_keys_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE catalog.ledger_entries (
    ledger_id bigint NOT NULL,
    file_key text NOT NULL COLLATE pg_catalog."C"
);

CREATE TABLE catalog.ledger_parts (
    ledger_id bigint NOT NULL,
    file_key text NOT NULL COLLATE pg_catalog."C",
    part integer NOT NULL,
    "position" bigint NOT NULL
);

CREATE TABLE catalog.ledgers (
    id bigint NOT NULL,
    experiment_id bigint NOT NULL,
    created_at timestamp with time zone NOT NULL,
    part_count integer,
    taken_digest text,
    taken_created_at timestamp with time zone,
    taken_fid text COLLATE pg_catalog."C",
    CONSTRAINT ledgers_part_count_check CHECK ((part_count > 0)),
    CONSTRAINT ledgers_taken_check CHECK ((num_nonnulls(taken_digest, taken_created_at, taken_fid) = ANY (ARRAY[0, 3])))
);

ALTER TABLE catalog.ledgers ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME catalog.ledgers_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE catalog.named_queries (
    namespace text NOT NULL,
    name text NOT NULL,
    experiment_id bigint NOT NULL,
    source text NOT NULL,
    description text DEFAULT ''::text NOT NULL,
    metadata jsonb DEFAULT '{}'::jsonb NOT NULL,
    parameters jsonb DEFAULT '[]'::jsonb NOT NULL,
    created_at timestamp with time zone NOT NULL,
    created_by text NOT NULL,
    updated_at timestamp with time zone,
    updated_by text
);

CREATE TABLE catalog.namespaces (
    name text NOT NULL,
    experiment_id bigint NOT NULL,
    description text DEFAULT ''::text NOT NULL,
    owner_user_id bigint,
    owner_role text,
    created_at timestamp with time zone NOT NULL,
    created_by text NOT NULL,
    owner_group text,
    CONSTRAINT namespaces_name_check CHECK ((name ~ '^[A-Za-z0-9_./-]+$'::text)),
    CONSTRAINT namespaces_owner_check CHECK ((num_nonnulls(owner_user_id, owner_role, owner_group) = 1)),
    CONSTRAINT namespaces_owner_role_check CHECK ((owner_role = ANY (ARRAY['analysis'::text, 'production-shifter'::text, 'production'::text, 'superuser'::text])))
);

CREATE TABLE catalog.remote_datasets (
    experiment_id bigint NOT NULL,
    did text NOT NULL,
    parent text
);

CREATE TABLE catalog.remote_queues (
    experiment_id bigint NOT NULL,
    role text NOT NULL,
    tries integer DEFAULT 0 NOT NULL,
    due_at timestamp with time zone NOT NULL,
    reason text DEFAULT ''::text NOT NULL
);

CREATE TABLE catalog.selection_files (
    selection_id bigint NOT NULL,
    "position" bigint NOT NULL,
    fid text NOT NULL COLLATE pg_catalog."C",
    namespace text NOT NULL,
    name text NOT NULL,
    size_bytes bigint,
    event_count numeric,
    group_value jsonb
);

CREATE TABLE catalog.selections (
    id bigint NOT NULL,
    experiment_id bigint NOT NULL,
    is_complete boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone NOT NULL
);

ALTER TABLE catalog.selections ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME catalog.selections_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE VIEW catalog.taken_files AS
 SELECT ledger_id,
    file_key
   FROM catalog.ledger_entries;

CREATE TABLE database.event_cursors (
    follower text NOT NULL,
    txid bigint NOT NULL,
    seq bigint NOT NULL
);

CREATE TABLE database.events (
    seq bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    txid bigint DEFAULT ((pg_current_xact_id())::text)::bigint NOT NULL,
    experiment_id bigint,
    actor text NOT NULL,
    kind text NOT NULL,
    subject_kind text NOT NULL,
    subject_id text NOT NULL,
    facts jsonb NOT NULL
)
PARTITION BY RANGE (at);

CREATE TABLE database.events_other (
    seq bigint CONSTRAINT events_seq_not_null NOT NULL,
    at timestamp with time zone CONSTRAINT events_at_not_null NOT NULL,
    txid bigint DEFAULT ((pg_current_xact_id())::text)::bigint CONSTRAINT events_txid_not_null NOT NULL,
    experiment_id bigint,
    actor text CONSTRAINT events_actor_not_null NOT NULL,
    kind text CONSTRAINT events_kind_not_null NOT NULL,
    subject_kind text CONSTRAINT events_subject_kind_not_null NOT NULL,
    subject_id text CONSTRAINT events_subject_id_not_null NOT NULL,
    facts jsonb CONSTRAINT events_facts_not_null NOT NULL
);

ALTER TABLE database.events ALTER COLUMN seq ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME database.events_seq_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE VIEW database.history AS
 SELECT seq,
    at,
    txid,
    experiment_id,
    actor,
    kind,
    subject_kind,
    subject_id,
    facts
   FROM database.events;

CREATE TABLE database.idempotent_calls (
    user_id bigint NOT NULL,
    key text NOT NULL,
    request_digest bytea NOT NULL,
    status integer,
    headers jsonb,
    body bytea,
    begun_at timestamp with time zone NOT NULL,
    holder uuid,
    events jsonb,
    CONSTRAINT idempotent_calls_key_check CHECK (((length(key) >= 1) AND (length(key) <= 128)))
);

CREATE TABLE database.migrations (
    number integer NOT NULL,
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE SEQUENCE dispatch.attempt_ids
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

CREATE TABLE dispatch.attempt_outputs (
    attempt_id bigint NOT NULL,
    file_id bigint NOT NULL,
    project_id bigint NOT NULL,
    share_id bigint,
    media_type text,
    url text
);

CREATE TABLE dispatch.attempts (
    id bigint NOT NULL,
    project_id bigint NOT NULL,
    "position" integer NOT NULL,
    share_id bigint,
    experiment_id bigint NOT NULL,
    attempt integer NOT NULL,
    worker_id text NOT NULL,
    site text,
    batch_job_id text,
    reserved_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone NOT NULL,
    outcome text NOT NULL,
    handle_state text NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    measures jsonb DEFAULT '{}'::jsonb NOT NULL,
    log_tail text DEFAULT ''::text NOT NULL,
    is_put_back boolean DEFAULT false NOT NULL,
    CONSTRAINT attempts_outcome_check CHECK ((outcome = ANY (ARRAY['done'::text, 'failed'::text, 'timed_out'::text, 'worker_lost'::text, 'restarted'::text])))
);

CREATE TABLE dispatch.closed_shares (
    share_id bigint NOT NULL,
    closed_at timestamp with time zone NOT NULL,
    is_over boolean DEFAULT false NOT NULL
);

CREATE VIEW dispatch.done_attempts AS
 SELECT share_id,
    ended_at,
    (ended_at - reserved_at) AS took
   FROM dispatch.attempts
  WHERE (outcome = 'done'::text);

CREATE TABLE dispatch.finished (
    project_id bigint NOT NULL,
    "position" integer NOT NULL,
    share_id bigint
);

CREATE VIEW dispatch.handle_outputs AS
 SELECT output.share_id,
    output.file_id,
    attempt.project_id,
    attempt."position"
   FROM (dispatch.attempt_outputs output
     JOIN dispatch.attempts attempt ON ((attempt.id = output.attempt_id)));

CREATE TABLE dispatch.handles (
    project_id bigint NOT NULL,
    "position" integer NOT NULL,
    share_id bigint,
    namespace text NOT NULL,
    name text NOT NULL,
    fid text,
    size_bytes bigint,
    attributes jsonb DEFAULT '{}'::jsonb NOT NULL,
    state text NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    attempt_id bigint,
    worker_id text,
    reserved_at timestamp with time zone,
    location_id integer,
    CONSTRAINT handles_state_check CHECK ((state = ANY (ARRAY['initial'::text, 'reserved'::text, 'done'::text, 'failed'::text])))
)
WITH (fillfactor='55');

CREATE TABLE dispatch.late_reports (
    id bigint NOT NULL,
    attempt_id bigint NOT NULL,
    worker_id text NOT NULL,
    reported text NOT NULL,
    reason text NOT NULL,
    at timestamp with time zone NOT NULL
);

ALTER TABLE dispatch.late_reports ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME dispatch.late_reports_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE dispatch.leases (
    attempt_id bigint NOT NULL,
    project_id bigint NOT NULL,
    "position" integer NOT NULL,
    share_id bigint,
    experiment_id bigint NOT NULL,
    attempt integer NOT NULL,
    worker_id text NOT NULL,
    site text,
    batch_job_id text,
    request_id uuid NOT NULL,
    request_rank integer NOT NULL,
    lease_for interval,
    reserved_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone
)
WITH (fillfactor='70');

CREATE TABLE dispatch.locations (
    id integer NOT NULL,
    rse_ids bigint[] NOT NULL
);

ALTER TABLE dispatch.locations ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME dispatch.locations_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE dispatch.pools (
    project_id bigint NOT NULL,
    location_id integer NOT NULL
);

CREATE TABLE dispatch.projects (
    id bigint NOT NULL,
    experiment_id bigint NOT NULL,
    owner_id bigint NOT NULL,
    owner_role text NOT NULL,
    state text NOT NULL,
    query text,
    attributes jsonb DEFAULT '{}'::jsonb NOT NULL,
    is_virtual boolean DEFAULT false NOT NULL,
    max_attempts integer,
    worker_timeout interval,
    idle_timeout interval,
    total_count bigint DEFAULT 0 NOT NULL,
    initial_count bigint DEFAULT 0 NOT NULL,
    unlocated_count bigint DEFAULT 0 NOT NULL,
    reserved_count bigint DEFAULT 0 NOT NULL,
    done_count bigint DEFAULT 0 NOT NULL,
    failed_count bigint DEFAULT 0 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    active_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    allowed_users bigint[] DEFAULT '{}'::bigint[] NOT NULL,
    allowed_groups text[] DEFAULT '{}'::text[] NOT NULL,
    retry_on_timeout boolean DEFAULT true NOT NULL,
    retry_pause interval,
    resting_count bigint DEFAULT 0 NOT NULL,
    CONSTRAINT projects_counts_check CHECK (((initial_count >= 0) AND (reserved_count >= 0) AND (done_count >= 0) AND (failed_count >= 0) AND ((((initial_count + reserved_count) + done_count) + failed_count) = total_count) AND ((unlocated_count >= 0) AND (unlocated_count <= initial_count)))),
    CONSTRAINT projects_resting_count_check CHECK (((resting_count >= 0) AND ((unlocated_count + resting_count) <= initial_count))),
    CONSTRAINT projects_state_check CHECK ((state = ANY (ARRAY['active'::text, 'done'::text, 'failed'::text, 'cancelled'::text, 'abandoned'::text])))
)
WITH (fillfactor='50');

CREATE VIEW dispatch.project_states AS
 SELECT id AS project_id,
    experiment_id,
    state,
    attributes
   FROM dispatch.projects;

ALTER TABLE dispatch.projects ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME dispatch.projects_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE dispatch.ready (
    project_id bigint NOT NULL,
    "position" integer NOT NULL,
    share_id bigint,
    attempts integer NOT NULL,
    location_id integer NOT NULL
);

CREATE TABLE dispatch.refusals (
    project_id bigint NOT NULL,
    worker_id text NOT NULL,
    reason text NOT NULL,
    times bigint NOT NULL,
    first_at timestamp with time zone NOT NULL,
    last_at timestamp with time zone NOT NULL
);

CREATE TABLE dispatch.resting (
    project_id bigint NOT NULL,
    "position" integer NOT NULL,
    share_id bigint,
    until timestamp with time zone NOT NULL
);

CREATE TABLE dispatch.share_outcomes (
    share_id bigint NOT NULL,
    "position" integer NOT NULL,
    project_id bigint NOT NULL,
    namespace text NOT NULL,
    name text NOT NULL,
    fid text,
    size_bytes bigint,
    attributes jsonb NOT NULL,
    state text NOT NULL,
    attempts integer NOT NULL,
    reason text NOT NULL,
    taken_by_share_id bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    CONSTRAINT share_outcomes_state_check CHECK ((state = ANY (ARRAY['initial'::text, 'done'::text, 'failed'::text])))
);

CREATE VIEW dispatch.share_outputs AS
 SELECT share_id,
    file_id,
    attempt_id,
    media_type,
    url
   FROM dispatch.attempt_outputs;

CREATE TABLE dispatch.shares (
    id bigint NOT NULL,
    project_id bigint NOT NULL,
    experiment_id bigint NOT NULL,
    total_count bigint DEFAULT 0 NOT NULL,
    initial_count bigint DEFAULT 0 NOT NULL,
    unlocated_count bigint DEFAULT 0 NOT NULL,
    reserved_count bigint DEFAULT 0 NOT NULL,
    done_count bigint DEFAULT 0 NOT NULL,
    failed_count bigint DEFAULT 0 NOT NULL,
    output_count bigint DEFAULT 0 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    resting_count bigint DEFAULT 0 NOT NULL,
    gone_initial_count bigint DEFAULT 0 NOT NULL,
    CONSTRAINT shares_counts_check CHECK (((initial_count >= 0) AND (reserved_count >= 0) AND (done_count >= 0) AND (failed_count >= 0) AND ((((initial_count + reserved_count) + done_count) + failed_count) = total_count) AND ((unlocated_count >= 0) AND (unlocated_count <= initial_count)))),
    CONSTRAINT shares_gone_initial_check CHECK (((gone_initial_count >= 0) AND (((gone_initial_count + unlocated_count) + resting_count) <= initial_count))),
    CONSTRAINT shares_resting_count_check CHECK (((resting_count >= 0) AND ((unlocated_count + resting_count) <= initial_count)))
)
WITH (fillfactor='50');

CREATE VIEW dispatch.share_progress AS
 SELECT id AS share_id,
    project_id,
    total_count,
    initial_count,
    unlocated_count,
    reserved_count,
    done_count,
    failed_count,
    output_count,
    ((initial_count + reserved_count) - gone_initial_count) AS open_count
   FROM dispatch.shares;

ALTER TABLE dispatch.shares ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME dispatch.shares_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE dispatch.throughput (
    project_id bigint NOT NULL,
    minute timestamp with time zone NOT NULL,
    done_count bigint DEFAULT 0 NOT NULL,
    failed_count bigint DEFAULT 0 NOT NULL,
    returned_count bigint DEFAULT 0 NOT NULL
)
WITH (fillfactor='50');

CREATE TABLE dispatch.unlocated (
    project_id bigint NOT NULL,
    "position" integer NOT NULL,
    share_id bigint,
    namespace text NOT NULL,
    name text NOT NULL,
    since timestamp with time zone NOT NULL
);

CREATE TABLE launch.batch_jobs (
    launch_key text NOT NULL,
    number integer NOT NULL,
    experiment_id bigint NOT NULL,
    batch_job_id text NOT NULL,
    state text NOT NULL,
    exit_code integer,
    signal integer,
    reason text DEFAULT ''::text NOT NULL,
    host text DEFAULT ''::text NOT NULL,
    started_at timestamp with time zone,
    ended_at timestamp with time zone,
    changed_at timestamp with time zone NOT NULL,
    cause text DEFAULT ''::text NOT NULL,
    peak_memory_bytes bigint,
    CONSTRAINT batch_jobs_cause_check CHECK ((cause = ANY (ARRAY[''::text, 'memory'::text, 'time'::text, 'signal'::text, 'stopped'::text]))),
    CONSTRAINT batch_jobs_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'held'::text, 'running'::text, 'paused'::text, 'ended'::text, 'stopped'::text, 'unknown'::text, 'lost'::text])))
);

CREATE TABLE launch.launches (
    key text NOT NULL,
    experiment_id bigint NOT NULL,
    backend text NOT NULL,
    plan jsonb NOT NULL,
    state text NOT NULL,
    failure text DEFAULT ''::text NOT NULL,
    output text DEFAULT ''::text NOT NULL,
    stop_reason text,
    waiting_count integer DEFAULT 0 NOT NULL,
    held_count integer DEFAULT 0 NOT NULL,
    running_count integer DEFAULT 0 NOT NULL,
    ended_count integer DEFAULT 0 NOT NULL,
    failed_count integer DEFAULT 0 NOT NULL,
    intended_at timestamp with time zone NOT NULL,
    submitted_at timestamp with time zone,
    ended_at timestamp with time zone,
    tries integer DEFAULT 0 NOT NULL,
    due_at timestamp with time zone NOT NULL,
    CONSTRAINT launches_state_check CHECK ((state = ANY (ARRAY['intended'::text, 'submitted'::text, 'failed'::text, 'stopping'::text, 'ended'::text])))
);

CREATE VIEW launch.launch_progress AS
 SELECT key,
    backend,
    state,
    failure,
    waiting_count,
    held_count,
    running_count,
    ended_count,
    failed_count,
    submitted_at,
    ended_at
   FROM launch.launches;

CREATE TABLE replicas.changes (
    seq bigint NOT NULL,
    experiment_id bigint NOT NULL,
    namespace text NOT NULL,
    name text NOT NULL,
    horizon xid8
);

ALTER TABLE replicas.changes ALTER COLUMN seq ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME replicas.changes_seq_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE replicas.replicas (
    namespace text NOT NULL,
    name text NOT NULL,
    rse_id bigint NOT NULL,
    experiment_id bigint NOT NULL,
    url text NOT NULL,
    is_staged boolean DEFAULT true NOT NULL,
    created_at timestamp with time zone NOT NULL
);

CREATE VIEW replicas.copies AS
 SELECT namespace,
    name,
    experiment_id,
    rse_id
   FROM replicas.replicas
  WHERE is_staged;

CREATE TABLE replicas.proximity (
    experiment_id bigint NOT NULL,
    site text NOT NULL,
    rse_name text NOT NULL,
    distance integer NOT NULL
);

CREATE VIEW replicas.recorded AS
 SELECT namespace,
    name,
    experiment_id,
    rse_id,
    is_staged
   FROM replicas.replicas;

CREATE TABLE replicas.rses (
    id bigint NOT NULL,
    experiment_id bigint NOT NULL,
    name text NOT NULL,
    description text DEFAULT ''::text NOT NULL,
    url_prefix text DEFAULT ''::text NOT NULL,
    is_enabled boolean DEFAULT true NOT NULL,
    is_available boolean DEFAULT true NOT NULL,
    is_tape boolean DEFAULT false NOT NULL,
    preference integer DEFAULT 0 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    pin_url text,
    poll_url text,
    remove_prefix text,
    add_prefix text,
    pin_prefix text,
    interface text,
    CONSTRAINT rses_name_check CHECK ((name ~ '^[A-Za-z0-9_.-]{1,64}$'::text))
);

ALTER TABLE replicas.rses ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME replicas.rses_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE VIEW replicas.usable AS
 SELECT replica.namespace,
    replica.name,
    replica.experiment_id,
    replica.url,
    rse.id AS rse_id,
    rse.name AS rse,
    rse.preference
   FROM (replicas.replicas replica
     JOIN replicas.rses rse ON ((rse.id = replica.rse_id)))
  WHERE (rse.is_enabled AND rse.is_available AND replica.is_staged);

CREATE VIEW replicas.whereabouts AS
 SELECT replica.namespace,
    replica.name,
    replica.experiment_id,
    array_agg(replica.rse_id ORDER BY replica.rse_id) AS rse_ids,
    bool_or((rse.is_enabled AND rse.is_available)) AS is_usable
   FROM (replicas.replicas replica
     JOIN replicas.rses rse ON ((rse.id = replica.rse_id)))
  WHERE replica.is_staged
  GROUP BY replica.namespace, replica.name, replica.experiment_id;

ALTER TABLE ONLY database.events ATTACH PARTITION database.events_other DEFAULT;

ALTER TABLE ONLY auth.digest_hashes
    ADD CONSTRAINT digest_hashes_pkey PRIMARY KEY (user_id);

ALTER TABLE ONLY auth.digest_login
    ADD CONSTRAINT digest_login_pkey PRIMARY KEY (is_on);

ALTER TABLE ONLY auth.digest_nonces
    ADD CONSTRAINT digest_nonces_pkey PRIMARY KEY (nonce);

ALTER TABLE ONLY auth.experiments
    ADD CONSTRAINT experiments_name_key UNIQUE (name);

ALTER TABLE ONLY auth.experiments
    ADD CONSTRAINT experiments_pkey PRIMARY KEY (id);

ALTER TABLE ONLY auth.group_members
    ADD CONSTRAINT group_members_pkey PRIMARY KEY (group_id, user_id);

ALTER TABLE ONLY auth.groups
    ADD CONSTRAINT groups_name_key UNIQUE (name);

ALTER TABLE ONLY auth.groups
    ADD CONSTRAINT groups_pkey PRIMARY KEY (id);

ALTER TABLE ONLY auth.memberships
    ADD CONSTRAINT memberships_pkey PRIMARY KEY (experiment_id, user_id);

ALTER TABLE ONLY auth.service_credentials
    ADD CONSTRAINT service_credentials_pkey PRIMARY KEY (experiment_id, kind, side);

ALTER TABLE ONLY auth.services
    ADD CONSTRAINT services_pkey PRIMARY KEY (experiment_id, kind);

ALTER TABLE ONLY auth.signing_keys
    ADD CONSTRAINT signing_keys_key_id_key UNIQUE (key_id);

ALTER TABLE ONLY auth.signing_keys
    ADD CONSTRAINT signing_keys_pkey PRIMARY KEY (id);

ALTER TABLE ONLY auth.tokens
    ADD CONSTRAINT tokens_pkey PRIMARY KEY (jti);

ALTER TABLE ONLY auth.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);

ALTER TABLE ONLY auth.users
    ADD CONSTRAINT users_username_key UNIQUE (username);

ALTER TABLE ONLY campaigns.campaign_counts
    ADD CONSTRAINT campaign_counts_pkey PRIMARY KEY (campaign_id);

ALTER TABLE ONLY campaigns.campaigns
    ADD CONSTRAINT campaigns_experiment_name_key UNIQUE (experiment_id, name);

ALTER TABLE ONLY campaigns.campaigns
    ADD CONSTRAINT campaigns_pkey PRIMARY KEY (id);

ALTER TABLE ONLY campaigns.dependencies
    ADD CONSTRAINT dependencies_pkey PRIMARY KEY (id);

ALTER TABLE ONLY campaigns.dependencies
    ADD CONSTRAINT dependencies_stages_key UNIQUE (upstream_stage_id, downstream_stage_id, file_pattern);

ALTER TABLE ONLY campaigns.holds
    ADD CONSTRAINT holds_experiment_kind_key UNIQUE NULLS NOT DISTINCT (experiment_id, kind);

ALTER TABLE ONLY campaigns.holds
    ADD CONSTRAINT holds_pkey PRIMARY KEY (id);

ALTER TABLE ONLY campaigns.intentions
    ADD CONSTRAINT intentions_key_key UNIQUE (key);

ALTER TABLE ONLY campaigns.intentions
    ADD CONSTRAINT intentions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY campaigns.job_types
    ADD CONSTRAINT job_types_experiment_name_key UNIQUE (experiment_id, name);

ALTER TABLE ONLY campaigns.job_types
    ADD CONSTRAINT job_types_pkey PRIMARY KEY (id);

ALTER TABLE ONLY campaigns.launch_hosts
    ADD CONSTRAINT launch_hosts_pkey PRIMARY KEY (experiment_id, role, pattern);

ALTER TABLE ONLY campaigns.login_setups
    ADD CONSTRAINT login_setups_experiment_name_key UNIQUE (experiment_id, name);

ALTER TABLE ONLY campaigns.login_setups
    ADD CONSTRAINT login_setups_pkey PRIMARY KEY (id);

ALTER TABLE ONLY campaigns.queued_launches
    ADD CONSTRAINT queued_launches_launch_key_key UNIQUE (launch_key);

ALTER TABLE ONLY campaigns.queued_launches
    ADD CONSTRAINT queued_launches_pkey PRIMARY KEY (id);

ALTER TABLE ONLY campaigns.recoveries
    ADD CONSTRAINT recoveries_pkey PRIMARY KEY (job_type_id, rank);

ALTER TABLE ONLY campaigns.schedule_runs
    ADD CONSTRAINT schedule_runs_due_key UNIQUE (schedule_id, due_at);

ALTER TABLE ONLY campaigns.schedule_runs
    ADD CONSTRAINT schedule_runs_pkey PRIMARY KEY (id);

ALTER TABLE ONLY campaigns.schedules
    ADD CONSTRAINT schedules_pkey PRIMARY KEY (id);

ALTER TABLE ONLY campaigns.schedules
    ADD CONSTRAINT schedules_stage_key UNIQUE (stage_id);

ALTER TABLE ONLY campaigns.split_positions
    ADD CONSTRAINT split_positions_pkey PRIMARY KEY (stage_id, kind);

ALTER TABLE ONLY campaigns.stage_counts
    ADD CONSTRAINT stage_counts_pkey PRIMARY KEY (stage_id);

ALTER TABLE ONLY campaigns.stages
    ADD CONSTRAINT stages_pkey PRIMARY KEY (id);

ALTER TABLE ONLY campaigns.submission_history
    ADD CONSTRAINT submission_history_pkey PRIMARY KEY (id);

ALTER TABLE ONLY campaigns.submissions
    ADD CONSTRAINT submissions_launch_key_key UNIQUE (launch_key);

ALTER TABLE ONLY campaigns.submissions
    ADD CONSTRAINT submissions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY campaigns.submissions
    ADD CONSTRAINT submissions_share_key UNIQUE (share_id);

ALTER TABLE ONLY campaigns.tags
    ADD CONSTRAINT tags_pkey PRIMARY KEY (campaign_id, tag);

ALTER TABLE ONLY campaigns.watches
    ADD CONSTRAINT watches_pkey PRIMARY KEY (user_id, campaign_id);

ALTER TABLE ONLY catalog.categories
    ADD CONSTRAINT categories_pkey PRIMARY KEY (experiment_id, path);

ALTER TABLE ONLY catalog.dataset_children
    ADD CONSTRAINT dataset_children_pkey PRIMARY KEY (parent_id, child_id);

ALTER TABLE ONLY catalog.dataset_files
    ADD CONSTRAINT dataset_files_pkey PRIMARY KEY (dataset_id, file_id);

ALTER TABLE ONLY catalog.datasets
    ADD CONSTRAINT datasets_namespace_name_key UNIQUE (namespace, name);

ALTER TABLE ONLY catalog.datasets
    ADD CONSTRAINT datasets_pkey PRIMARY KEY (id);

ALTER TABLE ONLY catalog.files
    ADD CONSTRAINT files_fid_key UNIQUE (fid);

ALTER TABLE ONLY catalog.files
    ADD CONSTRAINT files_namespace_name_key UNIQUE (namespace, name);

ALTER TABLE ONLY catalog.files
    ADD CONSTRAINT files_pkey PRIMARY KEY (id) INCLUDE (size_bytes, experiment_id, retired_at);

ALTER TABLE ONLY catalog.indexed_keys
    ADD CONSTRAINT indexed_keys_key_kind_key UNIQUE (key, kind);

ALTER TABLE ONLY catalog.indexed_keys
    ADD CONSTRAINT indexed_keys_pkey PRIMARY KEY (id);

ALTER TABLE ONLY catalog.ledger_entries
    ADD CONSTRAINT ledger_entries_pkey PRIMARY KEY (ledger_id, file_key);

ALTER TABLE ONLY catalog.ledger_parts
    ADD CONSTRAINT ledger_parts_pkey PRIMARY KEY (ledger_id, file_key);

ALTER TABLE ONLY catalog.ledgers
    ADD CONSTRAINT ledgers_pkey PRIMARY KEY (id);

ALTER TABLE ONLY catalog.named_queries
    ADD CONSTRAINT named_queries_pkey PRIMARY KEY (namespace, name);

ALTER TABLE ONLY catalog.namespaces
    ADD CONSTRAINT namespaces_pkey PRIMARY KEY (name);

ALTER TABLE ONLY catalog.provenance
    ADD CONSTRAINT provenance_pkey PRIMARY KEY (parent_id, child_id);

ALTER TABLE ONLY catalog.remote_datasets
    ADD CONSTRAINT remote_datasets_pkey PRIMARY KEY (experiment_id, did);

ALTER TABLE ONLY catalog.remote_files
    ADD CONSTRAINT remote_files_fid_key UNIQUE (fid);

ALTER TABLE ONLY catalog.remote_files
    ADD CONSTRAINT remote_files_name_key UNIQUE (experiment_id, namespace, name);

ALTER TABLE ONLY catalog.remote_files
    ADD CONSTRAINT remote_files_pkey PRIMARY KEY (id);

ALTER TABLE ONLY catalog.remote_queues
    ADD CONSTRAINT remote_queues_pkey PRIMARY KEY (experiment_id, role);

ALTER TABLE ONLY catalog.selection_files
    ADD CONSTRAINT selection_files_pkey PRIMARY KEY (selection_id, "position");

ALTER TABLE ONLY catalog.selection_files
    ADD CONSTRAINT selection_files_selection_id_fid_key UNIQUE (selection_id, fid);

ALTER TABLE ONLY catalog.selections
    ADD CONSTRAINT selections_pkey PRIMARY KEY (id);

ALTER TABLE ONLY database.event_cursors
    ADD CONSTRAINT event_cursors_pkey PRIMARY KEY (follower);

ALTER TABLE ONLY database.idempotent_calls
    ADD CONSTRAINT idempotent_calls_pkey PRIMARY KEY (user_id, key);

ALTER TABLE ONLY database.migrations
    ADD CONSTRAINT migrations_pkey PRIMARY KEY (number);

ALTER TABLE ONLY dispatch.attempt_outputs
    ADD CONSTRAINT attempt_outputs_pkey PRIMARY KEY (attempt_id, file_id);

ALTER TABLE ONLY dispatch.attempts
    ADD CONSTRAINT attempts_pkey PRIMARY KEY (id);

ALTER TABLE ONLY dispatch.closed_shares
    ADD CONSTRAINT closed_shares_pkey PRIMARY KEY (share_id);

ALTER TABLE ONLY dispatch.finished
    ADD CONSTRAINT finished_pkey PRIMARY KEY (project_id, "position");

ALTER TABLE ONLY dispatch.handles
    ADD CONSTRAINT handles_did_key UNIQUE (namespace, name, project_id);

ALTER TABLE ONLY dispatch.handles
    ADD CONSTRAINT handles_pkey PRIMARY KEY (project_id, "position");

ALTER TABLE ONLY dispatch.late_reports
    ADD CONSTRAINT late_reports_pkey PRIMARY KEY (id);

ALTER TABLE ONLY dispatch.late_reports
    ADD CONSTRAINT late_reports_report_key UNIQUE (attempt_id, worker_id, reported);

ALTER TABLE ONLY dispatch.leases
    ADD CONSTRAINT leases_handle_key UNIQUE (project_id, "position");

ALTER TABLE ONLY dispatch.leases
    ADD CONSTRAINT leases_pkey PRIMARY KEY (attempt_id);

ALTER TABLE ONLY dispatch.leases
    ADD CONSTRAINT leases_request_key UNIQUE (request_id, request_rank);

ALTER TABLE ONLY dispatch.locations
    ADD CONSTRAINT locations_pkey PRIMARY KEY (id);

ALTER TABLE ONLY dispatch.locations
    ADD CONSTRAINT locations_rse_ids_key UNIQUE (rse_ids);

ALTER TABLE ONLY dispatch.pools
    ADD CONSTRAINT pools_pkey PRIMARY KEY (project_id, location_id);

ALTER TABLE ONLY dispatch.projects
    ADD CONSTRAINT projects_pkey PRIMARY KEY (id);

ALTER TABLE ONLY dispatch.ready
    ADD CONSTRAINT ready_pkey PRIMARY KEY (project_id, location_id, attempts, "position");

ALTER TABLE ONLY dispatch.refusals
    ADD CONSTRAINT refusals_pkey PRIMARY KEY (project_id, worker_id, reason);

ALTER TABLE ONLY dispatch.resting
    ADD CONSTRAINT resting_pkey PRIMARY KEY (project_id, "position");

ALTER TABLE ONLY dispatch.share_outcomes
    ADD CONSTRAINT share_outcomes_pkey PRIMARY KEY (share_id, "position");

ALTER TABLE ONLY dispatch.shares
    ADD CONSTRAINT shares_pkey PRIMARY KEY (id);

ALTER TABLE ONLY dispatch.throughput
    ADD CONSTRAINT throughput_pkey PRIMARY KEY (project_id, minute);

ALTER TABLE ONLY dispatch.unlocated
    ADD CONSTRAINT unlocated_pkey PRIMARY KEY (project_id, "position");

ALTER TABLE ONLY launch.batch_jobs
    ADD CONSTRAINT batch_jobs_pkey PRIMARY KEY (launch_key, number);

ALTER TABLE ONLY launch.launches
    ADD CONSTRAINT launches_pkey PRIMARY KEY (key);

ALTER TABLE ONLY replicas.changes
    ADD CONSTRAINT changes_pkey PRIMARY KEY (seq);

ALTER TABLE ONLY replicas.proximity
    ADD CONSTRAINT proximity_pkey PRIMARY KEY (experiment_id, site, rse_name);

ALTER TABLE ONLY replicas.replicas
    ADD CONSTRAINT replicas_pkey PRIMARY KEY (namespace, name, rse_id);

ALTER TABLE ONLY replicas.rses
    ADD CONSTRAINT rses_experiment_name_key UNIQUE (experiment_id, name);

ALTER TABLE ONLY replicas.rses
    ADD CONSTRAINT rses_pkey PRIMARY KEY (id);

CREATE INDEX group_members_user_idx ON auth.group_members USING btree (user_id);

CREATE INDEX groups_experiment_idx ON auth.groups USING btree (experiment_id);

CREATE INDEX memberships_user_idx ON auth.memberships USING btree (user_id);

CREATE INDEX tokens_expires_idx ON auth.tokens USING btree (expires_at);

CREATE INDEX tokens_user_idx ON auth.tokens USING btree (user_id);

CREATE INDEX campaigns_default_job_type_idx ON campaigns.campaigns USING btree (default_job_type_id);

CREATE INDEX campaigns_default_login_setup_idx ON campaigns.campaigns USING btree (default_login_setup_id);

CREATE INDEX dependencies_campaign_idx ON campaigns.dependencies USING btree (campaign_id, rank, id);

CREATE INDEX dependencies_downstream_idx ON campaigns.dependencies USING btree (downstream_stage_id);

CREATE INDEX intentions_due_idx ON campaigns.intentions USING btree (due_at) WHERE (state = 'pending'::text);

CREATE INDEX intentions_submission_idx ON campaigns.intentions USING btree (submission_id);

CREATE INDEX queued_launches_experiment_idx ON campaigns.queued_launches USING btree (experiment_id, id);

CREATE INDEX queued_launches_stage_idx ON campaigns.queued_launches USING btree (stage_id, id);

CREATE INDEX queued_launches_turn_idx ON campaigns.queued_launches USING btree (stage_id, id) WHERE (state = 'queued'::text);

CREATE INDEX queued_launches_waiting_idx ON campaigns.queued_launches USING btree (due_at, id) WHERE (state = 'queued'::text);

CREATE INDEX schedule_runs_open_idx ON campaigns.schedule_runs USING btree (next_try_at, id) WHERE (state = 'due'::text);

CREATE INDEX schedule_runs_submission_idx ON campaigns.schedule_runs USING btree (submission_id) WHERE (submission_id IS NOT NULL);

CREATE INDEX schedules_due_idx ON campaigns.schedules USING btree (next_due_at) WHERE is_active;

CREATE INDEX schedules_experiment_idx ON campaigns.schedules USING btree (experiment_id, id);

CREATE INDEX stages_campaign_idx ON campaigns.stages USING btree (campaign_id, rank, id);

CREATE UNIQUE INDEX stages_campaign_name_key ON campaigns.stages USING btree (campaign_id, name) WHERE (removed_at IS NULL);

CREATE INDEX stages_experiment_idx ON campaigns.stages USING btree (experiment_id, id);

CREATE INDEX stages_job_type_idx ON campaigns.stages USING btree (job_type_id);

CREATE INDEX stages_login_setup_idx ON campaigns.stages USING btree (login_setup_id);

CREATE INDEX submission_history_submission_idx ON campaigns.submission_history USING btree (submission_id, id);

CREATE INDEX submissions_called_off_idx ON campaigns.submissions USING btree (id) WHERE ((called_off_as IS NOT NULL) AND (ended_at IS NULL));

CREATE INDEX submissions_campaign_idx ON campaigns.submissions USING btree (campaign_id, id);

CREATE INDEX submissions_created_idx ON campaigns.submissions USING btree (stage_id, created_at);

CREATE INDEX submissions_experiment_idx ON campaigns.submissions USING btree (experiment_id, id);

CREATE INDEX submissions_going_idx ON campaigns.submissions USING btree (campaign_id, share_id) WHERE (ended_at IS NULL);

CREATE INDEX submissions_launcher_idx ON campaigns.submissions USING btree (launched_by, id);

CREATE INDEX submissions_open_idx ON campaigns.submissions USING btree (stage_id, id) WHERE (ended_at IS NULL);

CREATE INDEX submissions_original_idx ON campaigns.submissions USING btree (original_id, id) WHERE (original_id IS NOT NULL);

CREATE INDEX submissions_project_idx ON campaigns.submissions USING btree (project_id, id);

CREATE INDEX submissions_schedule_idx ON campaigns.submissions USING btree (schedule_id) WHERE (schedule_id IS NOT NULL);

CREATE INDEX submissions_since_idx ON campaigns.submissions USING btree (experiment_id, created_at);

CREATE INDEX submissions_stage_idx ON campaigns.submissions USING btree (stage_id, id);

CREATE INDEX submissions_upstream_idx ON campaigns.submissions USING btree (upstream_submission_id);

CREATE INDEX tags_tag_idx ON campaigns.tags USING btree (experiment_id, tag text_pattern_ops);

CREATE INDEX watches_campaign_idx ON campaigns.watches USING btree (campaign_id);

CREATE INDEX dataset_children_child_idx ON catalog.dataset_children USING btree (child_id);

CREATE INDEX dataset_files_created_idx ON catalog.dataset_files USING btree (dataset_id, created_at);

CREATE INDEX dataset_files_file_idx ON catalog.dataset_files USING btree (file_id, dataset_id);

CREATE INDEX datasets_experiment_idx ON catalog.datasets USING btree (experiment_id, id);

CREATE INDEX files_created_idx ON catalog.files USING btree (created_at, fid);

CREATE INDEX files_metadata_idx ON catalog.files USING gin (metadata jsonb_path_ops);

CREATE INDEX files_name_idx ON catalog.files USING btree (name COLLATE "C");

CREATE INDEX files_retired_at_idx ON catalog.files USING btree (retired_at) WHERE (retired_at IS NOT NULL);

CREATE INDEX files_updated_idx ON catalog.files USING btree (updated_at) WHERE (updated_at IS NOT NULL);

CREATE INDEX ledger_parts_part_idx ON catalog.ledger_parts USING btree (ledger_id, part, "position");

CREATE INDEX named_queries_experiment_idx ON catalog.named_queries USING btree (experiment_id, namespace, name);

CREATE INDEX namespaces_experiment_idx ON catalog.namespaces USING btree (experiment_id, name);

CREATE INDEX provenance_child_idx ON catalog.provenance USING btree (child_id, parent_id);

CREATE INDEX remote_files_pending_idx ON catalog.remote_files USING btree (experiment_id, role, id) WHERE (state = 'pending'::text);

CREATE INDEX remote_files_refused_idx ON catalog.remote_files USING btree (experiment_id, id) WHERE (state = 'refused'::text);

CREATE INDEX remote_files_undeclared_idx ON catalog.remote_files USING btree (share_id, state) WHERE (state <> 'declared'::text);

CREATE INDEX events_subject_idx ON ONLY database.events USING btree (subject_kind, subject_id, seq);

CREATE INDEX events_other_subject_kind_subject_id_seq_idx ON database.events_other USING btree (subject_kind, subject_id, seq);

CREATE INDEX events_txid_seq_idx ON ONLY database.events USING btree (txid, seq);

CREATE INDEX events_other_txid_seq_idx ON database.events_other USING btree (txid, seq);

CREATE INDEX idempotent_calls_begun_idx ON database.idempotent_calls USING btree (begun_at);

CREATE INDEX attempt_outputs_file_idx ON dispatch.attempt_outputs USING btree (file_id);

CREATE INDEX attempt_outputs_project_idx ON dispatch.attempt_outputs USING btree (project_id);

CREATE INDEX attempt_outputs_share_idx ON dispatch.attempt_outputs USING btree (share_id, file_id);

CREATE INDEX attempts_ended_idx ON dispatch.attempts USING btree (project_id, handle_state, "position") WHERE ((handle_state = ANY (ARRAY['done'::text, 'failed'::text])) AND (NOT is_put_back));

CREATE INDEX attempts_handle_idx ON dispatch.attempts USING btree (project_id, "position", id);

CREATE INDEX attempts_pace_idx ON dispatch.attempts USING btree (share_id, ended_at) WHERE (outcome = 'done'::text);

CREATE INDEX handles_share_idx ON dispatch.handles USING btree (share_id, "position");

CREATE INDEX leases_batch_job_idx ON dispatch.leases USING btree (batch_job_id) WHERE (batch_job_id IS NOT NULL);

CREATE INDEX leases_expires_idx ON dispatch.leases USING btree (expires_at);

CREATE INDEX projects_attributes_idx ON dispatch.projects USING gin (attributes jsonb_path_ops);

CREATE INDEX projects_experiment_idx ON dispatch.projects USING btree (experiment_id, id);

CREATE INDEX projects_idle_idx ON dispatch.projects USING btree (id) WHERE ((state = 'active'::text) AND (idle_timeout IS NOT NULL));

CREATE INDEX projects_owner_idx ON dispatch.projects USING btree (owner_id, id);

CREATE INDEX ready_share_idx ON dispatch.ready USING btree (share_id, location_id, attempts, "position");

CREATE INDEX resting_project_idx ON dispatch.resting USING btree (project_id, until);

CREATE INDEX resting_until_idx ON dispatch.resting USING btree (until);

CREATE INDEX share_outcomes_state_idx ON dispatch.share_outcomes USING btree (share_id, state, "position");

CREATE INDEX shares_project_idx ON dispatch.shares USING btree (project_id);

CREATE INDEX batch_jobs_id_idx ON launch.batch_jobs USING btree (batch_job_id);

CREATE INDEX launches_due_idx ON launch.launches USING btree (due_at, key) WHERE (state = 'intended'::text);

CREATE INDEX launches_open_idx ON launch.launches USING btree (state, intended_at) WHERE (state = ANY (ARRAY['intended'::text, 'submitted'::text, 'stopping'::text]));

CREATE INDEX replicas_rse_idx ON replicas.replicas USING btree (rse_id);

ALTER INDEX database.events_subject_idx ATTACH PARTITION database.events_other_subject_kind_subject_id_seq_idx;

ALTER INDEX database.events_txid_seq_idx ATTACH PARTITION database.events_other_txid_seq_idx;

CREATE TRIGGER dataset_files_date BEFORE INSERT ON catalog.dataset_files FOR EACH ROW WHEN ((new.created_at IS NULL)) EXECUTE FUNCTION catalog.date_member();

CREATE TRIGGER datasets_keep_used AFTER DELETE ON catalog.datasets FOR EACH ROW EXECUTE FUNCTION catalog.keep_used_dataset();

CREATE TRIGGER files_keep_outputs AFTER DELETE ON catalog.files FOR EACH ROW EXECUTE FUNCTION dispatch.keep_output();

CREATE TRIGGER files_keep_used AFTER DELETE ON catalog.files FOR EACH ROW EXECUTE FUNCTION catalog.keep_used_file();

CREATE TRIGGER namespaces_keep_name BEFORE UPDATE OF name, experiment_id ON catalog.namespaces FOR EACH ROW WHEN (((old.name <> new.name) OR (old.experiment_id <> new.experiment_id))) EXECUTE FUNCTION catalog.keep_namespace();

CREATE TRIGGER namespaces_stay BEFORE DELETE ON catalog.namespaces FOR EACH ROW EXECUTE FUNCTION catalog.keep_namespace();

CREATE TRIGGER note_lost_copies AFTER DELETE ON replicas.replicas REFERENCING OLD TABLE AS stale FOR EACH STATEMENT EXECUTE FUNCTION replicas.note_lost_copies();

CREATE TRIGGER note_new_copies AFTER INSERT ON replicas.replicas REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION replicas.note_new_copies();

CREATE TRIGGER note_other_copies AFTER UPDATE ON replicas.replicas REFERENCING OLD TABLE AS stale NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION replicas.note_other_copies();

ALTER TABLE ONLY auth.digest_hashes
    ADD CONSTRAINT digest_hashes_user_id_fkey FOREIGN KEY (user_id) REFERENCES auth.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY auth.group_members
    ADD CONSTRAINT group_members_group_id_fkey FOREIGN KEY (group_id) REFERENCES auth.groups(id) ON DELETE CASCADE;

ALTER TABLE ONLY auth.group_members
    ADD CONSTRAINT group_members_user_id_fkey FOREIGN KEY (user_id) REFERENCES auth.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY auth.groups
    ADD CONSTRAINT groups_experiment_id_fkey FOREIGN KEY (experiment_id) REFERENCES auth.experiments(id) ON DELETE CASCADE;

ALTER TABLE ONLY auth.memberships
    ADD CONSTRAINT memberships_experiment_id_fkey FOREIGN KEY (experiment_id) REFERENCES auth.experiments(id) ON DELETE CASCADE;

ALTER TABLE ONLY auth.memberships
    ADD CONSTRAINT memberships_user_id_fkey FOREIGN KEY (user_id) REFERENCES auth.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY auth.service_credentials
    ADD CONSTRAINT service_credentials_experiment_id_kind_fkey FOREIGN KEY (experiment_id, kind) REFERENCES auth.services(experiment_id, kind) ON DELETE CASCADE;

ALTER TABLE ONLY auth.services
    ADD CONSTRAINT services_experiment_id_fkey FOREIGN KEY (experiment_id) REFERENCES auth.experiments(id) ON DELETE CASCADE;

ALTER TABLE ONLY auth.tokens
    ADD CONSTRAINT tokens_experiment_id_fkey FOREIGN KEY (experiment_id) REFERENCES auth.experiments(id) ON DELETE CASCADE;

ALTER TABLE ONLY auth.tokens
    ADD CONSTRAINT tokens_user_id_fkey FOREIGN KEY (user_id) REFERENCES auth.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY campaigns.campaign_counts
    ADD CONSTRAINT campaign_counts_campaign_id_fkey FOREIGN KEY (campaign_id) REFERENCES campaigns.campaigns(id) ON DELETE CASCADE;

ALTER TABLE ONLY campaigns.campaigns
    ADD CONSTRAINT campaigns_created_by_fkey FOREIGN KEY (created_by) REFERENCES auth.users(id);

ALTER TABLE ONLY campaigns.campaigns
    ADD CONSTRAINT campaigns_default_job_type_id_fkey FOREIGN KEY (default_job_type_id) REFERENCES campaigns.job_types(id);

ALTER TABLE ONLY campaigns.campaigns
    ADD CONSTRAINT campaigns_default_login_setup_id_fkey FOREIGN KEY (default_login_setup_id) REFERENCES campaigns.login_setups(id);

ALTER TABLE ONLY campaigns.campaigns
    ADD CONSTRAINT campaigns_experiment_id_fkey FOREIGN KEY (experiment_id) REFERENCES auth.experiments(id);

ALTER TABLE ONLY campaigns.dependencies
    ADD CONSTRAINT dependencies_campaign_id_fkey FOREIGN KEY (campaign_id) REFERENCES campaigns.campaigns(id) ON DELETE CASCADE;

ALTER TABLE ONLY campaigns.dependencies
    ADD CONSTRAINT dependencies_downstream_stage_id_fkey FOREIGN KEY (downstream_stage_id) REFERENCES campaigns.stages(id) ON DELETE CASCADE;

ALTER TABLE ONLY campaigns.dependencies
    ADD CONSTRAINT dependencies_experiment_id_fkey FOREIGN KEY (experiment_id) REFERENCES auth.experiments(id);

ALTER TABLE ONLY campaigns.dependencies
    ADD CONSTRAINT dependencies_upstream_stage_id_fkey FOREIGN KEY (upstream_stage_id) REFERENCES campaigns.stages(id) ON DELETE CASCADE;

ALTER TABLE ONLY campaigns.holds
    ADD CONSTRAINT holds_experiment_id_fkey FOREIGN KEY (experiment_id) REFERENCES auth.experiments(id);

ALTER TABLE ONLY campaigns.holds
    ADD CONSTRAINT holds_held_by_fkey FOREIGN KEY (held_by) REFERENCES auth.users(id);

ALTER TABLE ONLY campaigns.intentions
    ADD CONSTRAINT intentions_dependency_id_fkey FOREIGN KEY (dependency_id) REFERENCES campaigns.dependencies(id) ON DELETE SET NULL;

ALTER TABLE ONLY campaigns.intentions
    ADD CONSTRAINT intentions_experiment_id_fkey FOREIGN KEY (experiment_id) REFERENCES auth.experiments(id);

ALTER TABLE ONLY campaigns.intentions
    ADD CONSTRAINT intentions_submission_id_fkey FOREIGN KEY (submission_id) REFERENCES campaigns.submissions(id) ON DELETE CASCADE;

ALTER TABLE ONLY campaigns.job_types
    ADD CONSTRAINT job_types_created_by_fkey FOREIGN KEY (created_by) REFERENCES auth.users(id);

ALTER TABLE ONLY campaigns.job_types
    ADD CONSTRAINT job_types_experiment_id_fkey FOREIGN KEY (experiment_id) REFERENCES auth.experiments(id);

ALTER TABLE ONLY campaigns.launch_hosts
    ADD CONSTRAINT launch_hosts_experiment_id_fkey FOREIGN KEY (experiment_id) REFERENCES auth.experiments(id);

ALTER TABLE ONLY campaigns.login_setups
    ADD CONSTRAINT login_setups_created_by_fkey FOREIGN KEY (created_by) REFERENCES auth.users(id);

ALTER TABLE ONLY campaigns.login_setups
    ADD CONSTRAINT login_setups_experiment_id_fkey FOREIGN KEY (experiment_id) REFERENCES auth.experiments(id);

ALTER TABLE ONLY campaigns.queued_launches
    ADD CONSTRAINT queued_launches_experiment_id_fkey FOREIGN KEY (experiment_id) REFERENCES auth.experiments(id);

ALTER TABLE ONLY campaigns.queued_launches
    ADD CONSTRAINT queued_launches_queued_by_fkey FOREIGN KEY (queued_by) REFERENCES auth.users(id);

ALTER TABLE ONLY campaigns.queued_launches
    ADD CONSTRAINT queued_launches_stage_id_fkey FOREIGN KEY (stage_id) REFERENCES campaigns.stages(id) ON DELETE CASCADE;

ALTER TABLE ONLY campaigns.recoveries
    ADD CONSTRAINT recoveries_job_type_id_fkey FOREIGN KEY (job_type_id) REFERENCES campaigns.job_types(id) ON DELETE CASCADE;

ALTER TABLE ONLY campaigns.schedule_runs
    ADD CONSTRAINT schedule_runs_experiment_id_fkey FOREIGN KEY (experiment_id) REFERENCES auth.experiments(id);

ALTER TABLE ONLY campaigns.schedule_runs
    ADD CONSTRAINT schedule_runs_schedule_id_fkey FOREIGN KEY (schedule_id) REFERENCES campaigns.schedules(id) ON DELETE CASCADE;

ALTER TABLE ONLY campaigns.schedule_runs
    ADD CONSTRAINT schedule_runs_submission_id_fkey FOREIGN KEY (submission_id) REFERENCES campaigns.submissions(id) ON DELETE SET NULL;

ALTER TABLE ONLY campaigns.schedules
    ADD CONSTRAINT schedules_experiment_id_fkey FOREIGN KEY (experiment_id) REFERENCES auth.experiments(id);

ALTER TABLE ONLY campaigns.schedules
    ADD CONSTRAINT schedules_saved_by_fkey FOREIGN KEY (saved_by) REFERENCES auth.users(id);

ALTER TABLE ONLY campaigns.schedules
    ADD CONSTRAINT schedules_stage_id_fkey FOREIGN KEY (stage_id) REFERENCES campaigns.stages(id) ON DELETE CASCADE;

ALTER TABLE ONLY campaigns.split_positions
    ADD CONSTRAINT split_positions_experiment_id_fkey FOREIGN KEY (experiment_id) REFERENCES auth.experiments(id);

ALTER TABLE ONLY campaigns.split_positions
    ADD CONSTRAINT split_positions_ledger_id_fkey FOREIGN KEY (ledger_id) REFERENCES catalog.ledgers(id);

ALTER TABLE ONLY campaigns.split_positions
    ADD CONSTRAINT split_positions_stage_id_fkey FOREIGN KEY (stage_id) REFERENCES campaigns.stages(id) ON DELETE CASCADE;

ALTER TABLE ONLY campaigns.stage_counts
    ADD CONSTRAINT stage_counts_stage_id_fkey FOREIGN KEY (stage_id) REFERENCES campaigns.stages(id) ON DELETE CASCADE;

ALTER TABLE ONLY campaigns.stages
    ADD CONSTRAINT stages_campaign_id_fkey FOREIGN KEY (campaign_id) REFERENCES campaigns.campaigns(id);

ALTER TABLE ONLY campaigns.stages
    ADD CONSTRAINT stages_created_by_fkey FOREIGN KEY (created_by) REFERENCES auth.users(id);

ALTER TABLE ONLY campaigns.stages
    ADD CONSTRAINT stages_experiment_id_fkey FOREIGN KEY (experiment_id) REFERENCES auth.experiments(id);

ALTER TABLE ONLY campaigns.stages
    ADD CONSTRAINT stages_held_by_fkey FOREIGN KEY (held_by) REFERENCES auth.users(id);

ALTER TABLE ONLY campaigns.stages
    ADD CONSTRAINT stages_job_type_id_fkey FOREIGN KEY (job_type_id) REFERENCES campaigns.job_types(id);

ALTER TABLE ONLY campaigns.stages
    ADD CONSTRAINT stages_login_setup_id_fkey FOREIGN KEY (login_setup_id) REFERENCES campaigns.login_setups(id);

ALTER TABLE ONLY campaigns.submission_history
    ADD CONSTRAINT submission_history_experiment_id_fkey FOREIGN KEY (experiment_id) REFERENCES auth.experiments(id);

ALTER TABLE ONLY campaigns.submission_history
    ADD CONSTRAINT submission_history_submission_id_fkey FOREIGN KEY (submission_id) REFERENCES campaigns.submissions(id) ON DELETE CASCADE;

ALTER TABLE ONLY campaigns.submissions
    ADD CONSTRAINT submissions_campaign_id_fkey FOREIGN KEY (campaign_id) REFERENCES campaigns.campaigns(id);

ALTER TABLE ONLY campaigns.submissions
    ADD CONSTRAINT submissions_experiment_id_fkey FOREIGN KEY (experiment_id) REFERENCES auth.experiments(id);

ALTER TABLE ONLY campaigns.submissions
    ADD CONSTRAINT submissions_launched_by_fkey FOREIGN KEY (launched_by) REFERENCES auth.users(id);

ALTER TABLE ONLY campaigns.submissions
    ADD CONSTRAINT submissions_original_id_fkey FOREIGN KEY (original_id) REFERENCES campaigns.submissions(id);

ALTER TABLE ONLY campaigns.submissions
    ADD CONSTRAINT submissions_project_id_fkey FOREIGN KEY (project_id) REFERENCES dispatch.projects(id);

ALTER TABLE ONLY campaigns.submissions
    ADD CONSTRAINT submissions_schedule_id_fkey FOREIGN KEY (schedule_id) REFERENCES campaigns.schedules(id) ON DELETE SET NULL;

ALTER TABLE ONLY campaigns.submissions
    ADD CONSTRAINT submissions_share_id_fkey FOREIGN KEY (share_id) REFERENCES dispatch.shares(id);

ALTER TABLE ONLY campaigns.submissions
    ADD CONSTRAINT submissions_stage_id_fkey FOREIGN KEY (stage_id) REFERENCES campaigns.stages(id);

ALTER TABLE ONLY campaigns.submissions
    ADD CONSTRAINT submissions_upstream_submission_id_fkey FOREIGN KEY (upstream_submission_id) REFERENCES campaigns.submissions(id);

ALTER TABLE ONLY campaigns.submissions
    ADD CONSTRAINT submissions_vouched_by_fkey FOREIGN KEY (vouched_by) REFERENCES auth.users(id);

ALTER TABLE ONLY campaigns.tags
    ADD CONSTRAINT tags_campaign_id_fkey FOREIGN KEY (campaign_id) REFERENCES campaigns.campaigns(id) ON DELETE CASCADE;

ALTER TABLE ONLY campaigns.tags
    ADD CONSTRAINT tags_experiment_id_fkey FOREIGN KEY (experiment_id) REFERENCES auth.experiments(id);

ALTER TABLE ONLY campaigns.watches
    ADD CONSTRAINT watches_campaign_id_fkey FOREIGN KEY (campaign_id) REFERENCES campaigns.campaigns(id) ON DELETE CASCADE;

ALTER TABLE ONLY campaigns.watches
    ADD CONSTRAINT watches_user_id_fkey FOREIGN KEY (user_id) REFERENCES auth.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY catalog.categories
    ADD CONSTRAINT categories_experiment_id_fkey FOREIGN KEY (experiment_id) REFERENCES auth.experiments(id);

ALTER TABLE ONLY catalog.categories
    ADD CONSTRAINT categories_owner_user_id_fkey FOREIGN KEY (owner_user_id) REFERENCES auth.users(id);

ALTER TABLE ONLY catalog.dataset_children
    ADD CONSTRAINT dataset_children_child_id_fkey FOREIGN KEY (child_id) REFERENCES catalog.datasets(id);

ALTER TABLE ONLY catalog.dataset_children
    ADD CONSTRAINT dataset_children_parent_id_fkey FOREIGN KEY (parent_id) REFERENCES catalog.datasets(id);

ALTER TABLE ONLY catalog.datasets
    ADD CONSTRAINT datasets_experiment_id_fkey FOREIGN KEY (experiment_id) REFERENCES auth.experiments(id);

ALTER TABLE ONLY catalog.datasets
    ADD CONSTRAINT datasets_namespace_fkey FOREIGN KEY (namespace) REFERENCES catalog.namespaces(name);

ALTER TABLE ONLY catalog.ledger_entries
    ADD CONSTRAINT ledger_entries_ledger_id_fkey FOREIGN KEY (ledger_id) REFERENCES catalog.ledgers(id) ON DELETE CASCADE;

ALTER TABLE ONLY catalog.ledger_parts
    ADD CONSTRAINT ledger_parts_ledger_id_fkey FOREIGN KEY (ledger_id) REFERENCES catalog.ledgers(id) ON DELETE CASCADE;

ALTER TABLE ONLY catalog.ledgers
    ADD CONSTRAINT ledgers_experiment_id_fkey FOREIGN KEY (experiment_id) REFERENCES auth.experiments(id);

ALTER TABLE ONLY catalog.named_queries
    ADD CONSTRAINT named_queries_experiment_id_fkey FOREIGN KEY (experiment_id) REFERENCES auth.experiments(id);

ALTER TABLE ONLY catalog.named_queries
    ADD CONSTRAINT named_queries_namespace_fkey FOREIGN KEY (namespace) REFERENCES catalog.namespaces(name);

ALTER TABLE ONLY catalog.namespaces
    ADD CONSTRAINT namespaces_experiment_id_fkey FOREIGN KEY (experiment_id) REFERENCES auth.experiments(id);

ALTER TABLE ONLY catalog.namespaces
    ADD CONSTRAINT namespaces_owner_user_id_fkey FOREIGN KEY (owner_user_id) REFERENCES auth.users(id);

ALTER TABLE ONLY catalog.remote_datasets
    ADD CONSTRAINT remote_datasets_experiment_id_fkey FOREIGN KEY (experiment_id) REFERENCES auth.experiments(id);

ALTER TABLE ONLY catalog.remote_files
    ADD CONSTRAINT remote_files_experiment_id_fkey FOREIGN KEY (experiment_id) REFERENCES auth.experiments(id);

ALTER TABLE ONLY catalog.remote_queues
    ADD CONSTRAINT remote_queues_experiment_id_fkey FOREIGN KEY (experiment_id) REFERENCES auth.experiments(id);

ALTER TABLE ONLY catalog.selection_files
    ADD CONSTRAINT selection_files_selection_id_fkey FOREIGN KEY (selection_id) REFERENCES catalog.selections(id);

ALTER TABLE ONLY catalog.selections
    ADD CONSTRAINT selections_experiment_id_fkey FOREIGN KEY (experiment_id) REFERENCES auth.experiments(id);

ALTER TABLE ONLY dispatch.attempt_outputs
    ADD CONSTRAINT attempt_outputs_attempt_id_fkey FOREIGN KEY (attempt_id) REFERENCES dispatch.attempts(id) ON DELETE CASCADE;

ALTER TABLE ONLY dispatch.attempt_outputs
    ADD CONSTRAINT attempt_outputs_project_id_fkey FOREIGN KEY (project_id) REFERENCES dispatch.projects(id) ON DELETE CASCADE;

ALTER TABLE ONLY dispatch.attempts
    ADD CONSTRAINT attempts_project_id_fkey FOREIGN KEY (project_id) REFERENCES dispatch.projects(id) ON DELETE CASCADE;

ALTER TABLE ONLY dispatch.closed_shares
    ADD CONSTRAINT closed_shares_share_id_fkey FOREIGN KEY (share_id) REFERENCES dispatch.shares(id) ON DELETE CASCADE;

ALTER TABLE ONLY dispatch.pools
    ADD CONSTRAINT pools_location_id_fkey FOREIGN KEY (location_id) REFERENCES dispatch.locations(id);

ALTER TABLE ONLY dispatch.pools
    ADD CONSTRAINT pools_project_id_fkey FOREIGN KEY (project_id) REFERENCES dispatch.projects(id) ON DELETE CASCADE;

ALTER TABLE ONLY dispatch.projects
    ADD CONSTRAINT projects_experiment_id_fkey FOREIGN KEY (experiment_id) REFERENCES auth.experiments(id);

ALTER TABLE ONLY dispatch.projects
    ADD CONSTRAINT projects_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES auth.users(id);

ALTER TABLE ONLY dispatch.refusals
    ADD CONSTRAINT refusals_project_id_fkey FOREIGN KEY (project_id) REFERENCES dispatch.projects(id) ON DELETE CASCADE;

ALTER TABLE ONLY dispatch.share_outcomes
    ADD CONSTRAINT share_outcomes_share_id_fkey FOREIGN KEY (share_id) REFERENCES dispatch.shares(id) ON DELETE CASCADE;

ALTER TABLE ONLY dispatch.shares
    ADD CONSTRAINT shares_experiment_id_fkey FOREIGN KEY (experiment_id) REFERENCES auth.experiments(id);

ALTER TABLE ONLY dispatch.shares
    ADD CONSTRAINT shares_project_id_fkey FOREIGN KEY (project_id) REFERENCES dispatch.projects(id) ON DELETE CASCADE;

ALTER TABLE ONLY dispatch.throughput
    ADD CONSTRAINT throughput_project_id_fkey FOREIGN KEY (project_id) REFERENCES dispatch.projects(id) ON DELETE CASCADE;

ALTER TABLE ONLY launch.batch_jobs
    ADD CONSTRAINT batch_jobs_experiment_id_fkey FOREIGN KEY (experiment_id) REFERENCES auth.experiments(id);

ALTER TABLE ONLY launch.batch_jobs
    ADD CONSTRAINT batch_jobs_launch_key_fkey FOREIGN KEY (launch_key) REFERENCES launch.launches(key) ON DELETE CASCADE;

ALTER TABLE ONLY launch.launches
    ADD CONSTRAINT launches_experiment_id_fkey FOREIGN KEY (experiment_id) REFERENCES auth.experiments(id);

ALTER TABLE ONLY replicas.proximity
    ADD CONSTRAINT proximity_experiment_id_fkey FOREIGN KEY (experiment_id) REFERENCES auth.experiments(id) ON DELETE CASCADE;

ALTER TABLE ONLY replicas.replicas
    ADD CONSTRAINT replicas_experiment_id_fkey FOREIGN KEY (experiment_id) REFERENCES auth.experiments(id);

ALTER TABLE ONLY replicas.replicas
    ADD CONSTRAINT replicas_rse_id_fkey FOREIGN KEY (rse_id) REFERENCES replicas.rses(id);

ALTER TABLE ONLY replicas.rses
    ADD CONSTRAINT rses_experiment_id_fkey FOREIGN KEY (experiment_id) REFERENCES auth.experiments(id);
