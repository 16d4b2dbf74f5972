-- One sequence for all epochs: an epoch never repeats, also not for a checkpoint row that was deleted and made anew.
create sequence if not exists projection_epochs as bigint;

-- Pup's own columns; pupsourcing's statements name theirs and do not see these.
alter table projection_checkpoints add column if not exists epoch bigint not null default 0;
alter table projection_checkpoints add column if not exists applied jsonb;

-- One row a projection: what it is, and what an operator wants of it.
create table if not exists projections (
    name text primary key,
    partitions int not null check (partitions between 1 and 10000),
    configured_partitions int not null,
    state text not null default 'running' check (state in ('running', 'paused', 'rebuilding', 'needs_rebuild')),
    state_reason text,
    key_signature text not null,
    scope_signature text not null,
    read_model_version int not null default 0,
    rebuild_started_at timestamptz,
    rebuild_target bigint,
    updated_at timestamptz not null default now()
);

-- What is remembered of a partition beyond its checkpoint: a fault that stopped it, takeovers without progress, an event that
-- may have killed its process. No foreign key here or below: it would lock the projections row from within a batch.
create table if not exists projection_partitions (
    projection_name text not null,
    partition int not null,
    fault text,
    faulted_at timestamptz,
    takeover_position bigint not null default 0,
    takeovers int not null default 0,
    suspect_position bigint,
    suspect_attempts int not null default 0,
    primary key (projection_name, partition)
);

-- Events that could not be applied, and those that queue behind them in the same ordering key.
-- The payload stays where it is: in the log, by position.
create table if not exists projection_dead_letters (
    id bigint generated always as identity primary key,
    projection_name text not null,
    ordering_key text not null,
    global_position bigint not null,
    key_hash bigint not null,
    event_id uuid not null,
    event_type text not null,
    status text not null check (status in ('failed', 'queued', 'skipped')),
    attempts int not null default 0,
    error text,
    requested text check (requested in ('retry', 'discard')),
    created_at timestamptz not null default now()
);
-- A document's key may be longer than an index entry can be, hence the digest.
create unique index if not exists idx_projection_dead_letters_event
    on projection_dead_letters (projection_name, global_position, md5(ordering_key));

-- How far the log can no longer change, as last seen, and the sequence it was seen with.
create table if not exists projection_log_mark (
    singleton boolean primary key default true check (singleton),
    mark bigint not null,
    sequence_filenode bigint not null,
    updated_at timestamptz not null default now()
);

-- Who did what to a projection, when, and how it ended.
create table if not exists projection_audit (
    id bigint generated always as identity primary key,
    at timestamptz not null default now(),
    actor text not null,
    action text not null,
    projection_name text,
    detail jsonb,
    result text not null
);
