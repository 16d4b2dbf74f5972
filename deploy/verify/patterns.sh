# The other ways to run it: projections mounted into the stock image, a group of silos for each projection, web and silo in one process,
# and the file of pupsourcing's guide.

placed_by() {
    load 50 2
    reaches_zero 60 "$behind" "$1"
    right "$1"
}

# In place of the silos, which are stopped; all of the stack's projections must have somebody.
per_projection() {
    quietly compose -f deploy/compose/per-projection.yml up -d --no-recreate --no-deps --scale silo=0 silo customers-projection orders-projection stock-projection
    placed_by "a silo for each projection"
    scraped 3 "a silo for each projection"
    quietly compose -f deploy/compose/per-projection.yml rm -sf customers-projection orders-projection stock-projection
}

combined() {
    quietly compose -f deploy/compose/combined.yml up -d --no-recreate --no-deps --scale shop=0 shop shop-and-silo
    placed_by "web and silo in one process, twice"
    for both in $(container shop-and-silo); do
        # The first may have caught up with everything before the second is there.
        for _ in $(seq 60); do docker exec "$both" pup health >"$work/health.log" 2>&1 && break || sleep 0.5; done
        docker exec "$both" pup health >"$work/health.log" 2>&1 || { show; fail "web and silo: not healthy: $(cat "$work/health.log")"; }
    done
    scraped 2 "web and silo in one process, twice"
    quietly compose down -v --remove-orphans --timeout 10
}

guide_compose() { (export PUP_IMAGE=pup-verify-own && composer -p "$project" -f deploy/compose/guide.yml "$@"); }
guide_sql() { docker exec "$(container postgres)" psql -h /tmp -U postgres -d myapp -Atc "$1"; }
guide_events() {
    guide_sql "insert into events (bounded_context, aggregate_type, aggregate_id, aggregate_version, event_id, event_type, payload)
        select 'Test', 'Thing', n % 50, $1 + n / 50, gen_random_uuid(), 'Happened', '{}' from generate_series(0, 999) n" >/dev/null
}
guide_counts() {
    begun=$(milliseconds)
    until [ "$(guide_sql "select coalesce(sum(events), 0), ($behind) from events_of_the_day" 2>/dev/null)" = "$1|0" ]; do
        [ $(($(milliseconds) - begun)) -lt 60000 ] || { show; fail "$2: the read model has not all $1 events: $(guide_sql "select sum(events), ($behind) from events_of_the_day" 2>&1)"; }
        sleep 0.3
    done
    say "$2: the read model has all $1 events once"
}

# The stock image as it is deployed, with whatever is mounted there.
mounted() {
    docker run --label "com.docker.compose.project=$project" --network "${project}_default" --read-only --cap-drop ALL --security-opt no-new-privileges -v "$1:/projections:ro" -e PUP_PROJECTIONS=/projections \
        -e 'DATABASE_URL=postgres://postgres:postgres@postgres:5432/myapp?sslmode=disable' "$2" pup-verify-pup "$3"
}

mounting() {
    project=${name}guide
    quietly guide_compose up -d postgres
    for _ in $(seq 60); do
        guide_sql 'select 1' >/dev/null 2>&1 && docker exec "$(container postgres)" pg_isready -q -h 127.0.0.1 && break
        sleep 0.5
    done
    quietly mounted "$PWD/artifacts/publish/mounted" --rm migrate
    guide_events 1
    quietly mounted "$PWD/artifacts/publish/mounted" -d run
    mounting=$(tail -n 1 "$work/compose.log")
    guide_counts 1000 "projections mounted into the stock image"
    docker stop -t 40 "$mounting" >/dev/null && docker rm -v "$mounting" >/dev/null

    mkdir -p "$work/broken" && printf 'MZ' >"$work/broken/Broken.dll"
    status=0
    mounted "$work/broken" --rm run >"$work/broken.log" 2>&1 || status=$?
    [ $status = 2 ] && grep -q "^pup: .*Broken.dll' is no assembly, or is damaged" "$work/broken.log" || fail "a damaged assembly: exit code $status, $(cat "$work/broken.log")"
    say "a damaged assembly is said in a line, and ends with 2"
}

# An image of one's own is the stock image with projections in it; the four workers share what the one before them had.
guide() {
    printf 'FROM pup-verify-pup\nCOPY . /projections\nENV PUP_PROJECTIONS=/projections\n' >"$work/own.Dockerfile"
    build -f "$work/own.Dockerfile" -t pup-verify-own artifacts/publish/mounted
    quietly guide_compose up -d
    guide_events 21
    shared="select (select count(*) from orleans.orleansmembershiptable where status = 3),
        (select count(*) from projection_checkpoints where projection_name ~ '^events_of_the_day_p[0-3]$')"
    for _ in $(seq 120); do
        [ "$(guide_sql "$shared")" = "4|4" ] && break
        sleep 0.5
    done
    [ "$(guide_sql "$shared")" = "4|4" ] || { show; fail "the guide's workers and its partitions are $(guide_sql "$shared"), not 4|4"; }
    guide_counts 2000 "the guide's own file"
    quietly guide_compose down -v --timeout 10
}

patterns() {
    per_projection
    combined
    mounting
    guide
}
