-- The tables and indexes of a database that pupsourcing v1 (PostgreSQL adapter) has made, with all its own indexes.
create table events (
    global_position bigserial primary key,
    bounded_context text not null,
    aggregate_type text not null,
    aggregate_id text not null,
    aggregate_version bigint not null,
    event_id uuid not null unique,
    event_type text not null,
    event_version int not null default 1,
    payload bytea not null,
    trace_id text,
    correlation_id text,
    causation_id text,
    metadata jsonb,
    created_at timestamptz not null default now(),
    unique (bounded_context, aggregate_type, aggregate_id, aggregate_version)
);
create index idx_events_aggregate on events (bounded_context, aggregate_type, aggregate_id, aggregate_version);
create index idx_events_event_type on events (event_type, global_position);
create index idx_events_correlation on events (correlation_id) where correlation_id is not null;

create table aggregate_heads (
    bounded_context text not null,
    aggregate_type text not null,
    aggregate_id text not null,
    aggregate_version bigint not null,
    updated_at timestamptz not null default now(),
    primary key (bounded_context, aggregate_type, aggregate_id)
);
create index idx_aggregate_heads_updated on aggregate_heads (updated_at);

create table projection_checkpoints (
    projection_name text primary key,
    last_global_position bigint not null default 0,
    updated_at timestamptz not null default now()
);
create index idx_projection_checkpoints_updated on projection_checkpoints (updated_at);
