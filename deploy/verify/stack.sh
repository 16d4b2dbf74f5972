# The compose stack under load: from nothing to lag 0, then more and fewer silos while orders come in.

begin_compose() {
    export PUP_IMAGE=pup-verify-pup SHOP_IMAGE=pup-verify-shop POSTGRES_IMAGE=pup-verify-postgres PROMETHEUS_IMAGE=pup-verify-prometheus SECRETS=$work/secrets COMPOSE_INTERACTIVE_NO_CLI=1
    project=$name
    projects="$name ${name}guide"
    mkdir -p "$SECRETS"
    pw=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
    key=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
    printf %s "$pw" >"$SECRETS/postgres_password"
    printf 'postgres:5432:*:pup:%s\n' "$pw" >"$SECRETS/pgpass"
    printf %s "$key" >"$SECRETS/metrics_key"
    printf '[{"name":"prometheus","key":"%s","role":"read"}]' "$key" >"$SECRETS/api_keys"
}

compose() { composer -p "$project" -f deploy/compose/docker-compose.yml "$@"; }
# What compose says is only of interest when it fails.
quietly() { "$@" >"$work/compose.log" 2>&1 || { tail -n 20 "$work/compose.log" >&2; fail "$*"; }; }
container() { docker ps -q --filter "label=com.docker.compose.project=$project" --filter "label=com.docker.compose.service=$1"; }
silos() { container silo; }
sql() { docker exec "$(container postgres)" psql -h /tmp -U pup -d pup -Atc "$1" || fail "the database does not answer"; }
load() { quietly compose run --rm -T --no-deps shop load --rate "$1" --seconds "$2" --json; grep -q "\"orders\":$(($1 * $2))" "$work/compose.log" || fail "the load did not place its orders: $(tail -n 3 "$work/compose.log")"; }

# Whatever the project's containers are, and what they said last.
show() {
    docker ps -a --filter "label=com.docker.compose.project=$project" >&2
    for one in $(docker ps -aq --filter "label=com.docker.compose.project=$project"); do
        echo "$(docker inspect -f '{{.Name}}' "$one"):" && docker logs --tail 8 "$one" 2>&1 | cut -c 1-500
    done >&2
}

# How far the checkpoint furthest behind is, by the guide's own statement.
behind="select coalesce(max((select coalesce(max(global_position), 0) from events) - last_global_position), -1) from projection_checkpoints"

# The given statement is 0, within so many seconds.
reaches_zero() {
    asked=$(milliseconds)
    until [ "$(sql "$2")" = 0 ]; do
        [ $(($(milliseconds) - asked)) -lt "$1"000 ] || { show; fail "$3: still $(sql "$2") behind after $1 s"; }
        sleep 0.3
    done
}

# The oracle: what the read models must say, straight from the log. An order applied twice is refused by its key, and would be parked;
# payments and reservations are added up, and would be too many.
right() {
    wrong=$(sql "select (select count(*) from shop_orders) - count(*) filter (where event_type = 'OrderPlaced'),
            (select sum(paid) from shop_orders) - coalesce(sum((convert_from(payload, 'utf8')::jsonb ->> 'amount')::numeric) filter (where event_type = 'PaymentReceived'), 0),
            (select sum(sold) from shop_stock) - sum((convert_from(payload, 'utf8')::jsonb ->> 'quantity')::int) filter (where event_type = 'StockReserved'),
            (select count(*) from projection_dead_letters)
        from events where bounded_context = 'Shop'")
    [ "$(echo "$wrong" | tr -d '0.|')" = "" ] || fail "$1: orders, payments, reservations and dead letters are wrong by $wrong"
    say "$1: the read models have all $(sql 'select count(*) from shop_orders') orders, payments and reservations once"
}

# Milliseconds from a container's start to the silo's word that it is started, of the slowest one.
start_time() {
    slowest=0
    for silo in $(silos); do
        started=$(docker logs -t "$silo" 2>&1 | grep -m 1 '"started"' | cut -d ' ' -f 1)
        [ -n "$started" ] || fail "a silo does not say that it is started: $(docker logs --tail 20 "$silo" 2>&1)"
        took=$(($(date -d "$started" +%s%3N) - $(date -d "$(docker inspect -f '{{.State.StartedAt}}' "$silo")" +%s%3N)))
        [ $took -le $slowest ] || slowest=$took
    done
    echo $slowest
}

# So many silos are in the cluster, and the lag is what so much load leaves at any time, for two seconds on end; within so many milliseconds of
# the end of the step that goes on in the background, if there is one. The largest lag is that of the step, too.
back() {
    stepped=$(milliseconds)
    calm=0 worst=0 last=0
    while [ $calm -lt 6 ]; do
        state=$(sql "select ($behind), (select count(*) from orleans.orleansmembershiptable where status = 3)")
        now=$(milliseconds)
        if [ -n "$step" ] && ! kill -0 "$step" 2>/dev/null; then
            wait "$step" || fail "$3"
            step=
        fi
        [ -z "$step" ] || stepped=$now
        [ "${state%|*}" -le $worst ] || worst=${state%|*}
        if [ -z "$step" ] && [ "${state%|*}" -le "$usual" ] && [ "${state#*|}" = "$1" ]; then calm=$((calm + 1)); else calm=0 last=$((now - stepped)); fi
        [ $last -le "$2" ] || { show; fail "$3: lag|silos is $state after $last ms; it must be within $usual|$1 after $2"; }
        sleep 0.3
    done
    say "$3: lag is back after $last ms of at most $2, and was never above $worst events"
}

scale() {
    quietly compose up -d --no-recreate --no-deps --scale "silo=$1" silo &
    step=$!
}

ten_thousand() {
    begun=$(milliseconds)
    quietly compose up -d
    load 1000 5
    reaches_zero 60 "$behind" "10,000 events on three silos"
    took=$(($(milliseconds) - begun))
    [ $took -le 60000 ] || fail "from up to lag 0 took $took ms, more than 60 s"
    start=$(start_time)
    say "from up to lag 0 with $(sql 'select count(*) from events') events: $((took / 1000)) s, at most 60; a silo starts in $start ms"
    right "three silos"
}

under_load() {
    rate=200
    # Two seconds' worth; an order is two or three events, and positions of what was skipped are written once a second.
    usual=$((rate * 5))
    step=
    quietly compose run -d --name "$name-load" --no-deps shop load --rate $rate --seconds 600
    placed=$(sql "select count(*) from events where event_type = 'OrderPlaced'")
    since=$(milliseconds)
    back 3 30000 "three silos at $rate orders a second"
    scale 6
    back 6 $((3 * start)) "3 silos become 6"
    docker kill -s KILL "$(silos | head -n 1)" >/dev/null
    back 5 30000 "one of 6 silos is killed"
    scale 2
    back 2 $((3 * start)) "they become 2"
    placed=$((($(sql "select count(*) from events where event_type = 'OrderPlaced'") - placed) * 1000 / ($(milliseconds) - since)))
    [ "$(docker inspect -f '{{.State.Running}}' "$name-load")" = true ] || fail "the load ended: $(docker logs --tail 5 "$name-load" 2>&1)"
    [ $placed -ge $((rate * 9 / 10)) ] || fail "only $placed orders a second were placed, not $rate"
    docker rm -fv "$name-load" >/dev/null
    reaches_zero 30 "$behind" "after scaling"
    say "meanwhile $placed orders a second were placed"
    right "after scaling"
}

ask() { docker exec "$(container prometheus)" promtool query instant http://127.0.0.1:9090 "$1" 2>/dev/null | sed -n 's/.*=> \([0-9.]*\).*/\1/p'; }

# Prometheus finds so many silos and no other, and they say that nothing is left to do.
scraped() {
    for _ in $(seq 60); do
        seen="$(ask 'count(up == 1)') of $(ask 'count(up)') with lag $(ask 'max(pupsourcing_projection_lag)')"
        [ "$seen" = "$1 of $1 with lag 0" ] && break
        sleep 1
    done
    [ "$seen" = "$1 of $1 with lag 0" ] || fail "$2: Prometheus scrapes $seen, not $1 of $1 with lag 0"
    say "$2: Prometheus scrapes $seen"
}

silos_are_well() {
    for silo in $(silos); do
        [ "$(docker inspect -f '{{.State.Health.Status}}' "$silo")" = healthy ] || fail "a silo is not healthy: $(docker inspect -f '{{json .State.Health}}' "$silo")"
        docker exec "$silo" id -u | grep -qx 10001 || fail "a silo runs as root"
        docker exec "$silo" sh -c '! touch /app/x 2>/dev/null' || fail "a silo can write to its file system"
    done
    stopped=$(silos | head -n 1)
    docker stop -t 40 "$stopped" >/dev/null
    docker logs "$stopped" 2>&1 | grep -q 'stopped gracefully' || fail "a silo that is stopped does not say so"
    if compose logs 2>/dev/null | grep -q -e "$pw" -e "$key"; then fail "a secret is in the logs"; fi
    say "health, user, file system and graceful stop are right, and no secret is in the logs"
}

stack() {
    begin_compose
    ten_thousand
    under_load
    scraped 2 "two silos"
    silos_are_well
}
