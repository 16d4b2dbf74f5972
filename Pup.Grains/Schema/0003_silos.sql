-- Which silos host which projections; a silo says so when it starts, and again from time to time.
create table if not exists projection_silos (
    silo text not null,
    projection_name text not null,
    configured_partitions int not null,
    updated_at timestamptz not null default now(),
    primary key (silo, projection_name)
);

-- Who took ownership of a partition last: where it runs, while that silo lives.
alter table projection_partitions add column if not exists silo text;
