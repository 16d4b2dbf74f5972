-- What kind of fault stopped a partition, where it is one that operators are to tell apart: 'foreign_writer'.
alter table projection_partitions add column if not exists fault_kind text;

-- What the database lacks for a partition that tries again by itself; the next owner, or the next attempt, clears it.
alter table projection_partitions add column if not exists trouble text;

-- A call that was sent again, since its answer was lost, is known by its identity and not run twice.
alter table projection_audit add column if not exists operation uuid;
create unique index if not exists idx_projection_audit_operation on projection_audit (operation);
create index if not exists idx_projection_audit_projection on projection_audit (projection_name, id);
