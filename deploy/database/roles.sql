-- Four roles, each with what it needs and no more. For psql, as a superuser, in the database of the log:
--   psql -d pup -f deploy/database/roles.sql     before the first `pup migrate`, and again after it (grants on tables need the tables)
-- Passwords are set elsewhere (\password pup_silo), and reach Pup by a Passfile. Idempotent.
--
--   pup_migration  owns the tables; runs `pup migrate`
--   pup_silo       runs projections: reads the log, cannot write it; owns the read models, in a schema of their own
--   pup_app        appends events, waits for projections, asks for status
--   pup_report     reads the read models, nothing else
do $$
declare
    name text;
begin
    foreach name in array array['pup_migration', 'pup_silo', 'pup_app', 'pup_report'] loop
        if not exists (select from pg_roles where rolname = name) then
            execute format('create role %I login', name);
        end if;
        execute format('grant connect on database %I to %I', current_database(), name);
    end loop;
    execute format('grant create on database %I to pup_migration', current_database());
    execute format('revoke temporary on database %I from public', current_database());
end
$$;

revoke create on schema public from public;
grant usage, create on schema public to pup_migration;
grant usage on schema public to pup_silo, pup_app;

create schema if not exists read_models;
alter schema read_models owner to pup_silo;
grant usage on schema read_models to pup_report, pup_app;
alter default privileges for role pup_silo in schema read_models grant select on tables to pup_report, pup_app;
-- The read models are made first where they are unqualified; the log is found behind them.
alter role pup_silo set search_path = read_models, public;
alter role pup_app set search_path = public, read_models;
alter role pup_report set search_path = read_models;

-- Whose pid blocks whom, and since when. Without it `pup doctor`, health and status still say that the mark is held back, by which
-- process and since when they have seen it, but not by which application.
grant pg_read_all_stats to pup_silo;

do $$
begin
    if to_regclass('public.projections') is null then
        raise notice 'There are no tables yet: run `pup migrate` as pup_migration, then this again.';
        return;
    end if;

    -- The log. To ask the sequence how far it is takes USAGE; nothing here can change an event.
    grant select on public.events, public.aggregate_heads to pup_silo;
    grant usage, select on sequence public.events_global_position_seq to pup_silo;
    grant select, insert on public.events to pup_app;
    grant usage, select on sequence public.events_global_position_seq to pup_app;
    grant select, insert, update on public.aggregate_heads to pup_app;

    -- What Pup keeps.
    grant select, insert, update, delete on public.projection_checkpoints, public.projections, public.projection_partitions,
        public.projection_dead_letters, public.projection_log_mark, public.projection_silos to pup_silo;
    grant select, insert, update (result, detail) on public.projection_audit to pup_silo;
    grant usage on sequence public.projection_epochs to pup_silo;
    grant select on public.projection_checkpoints, public.projections, public.projection_partitions, public.projection_dead_letters,
        public.projection_log_mark, public.projection_silos to pup_app;
    if to_regclass('public.projection_migrations') is not null then
        grant select on public.projection_migrations to pup_silo, pup_app;
    end if;

    -- The cluster: silos keep it, clients read where the gateways are.
    grant usage on schema orleans to pup_silo, pup_app;
    grant select, insert, update, delete on all tables in schema orleans to pup_silo;
    grant select on all tables in schema orleans to pup_app;
end
$$;
