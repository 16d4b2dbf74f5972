# What can be verified without an engine. ManifestTests ask more of the manifests; here they meet their schemas.

# Each overlay as it is applied, where there is a kubectl that can build it; else each file as it stands.
manifests() {
    rm -rf "$work/manifests" && mkdir -p "$work/manifests"
    if has kubectl && kubectl kustomize deploy/kubernetes/base >/dev/null 2>&1; then
        for folder in deploy/kubernetes/base deploy/kubernetes/overlays/*; do
            kubectl kustomize "$folder" >"$work/manifests/${folder##*/}.yaml" 2>"$work/kubectl.log" || fail "$folder cannot be built: $(cat "$work/kubectl.log")"
        done
        say "Kubernetes: base and overlays build"
    else
        for file in deploy/kubernetes/base/*.yaml deploy/kubernetes/overlays/*/*.yaml; do
            [ "${file##*/}" = kustomization.yaml ] || cp "$file" "$work/manifests/$(echo "$file" | tr / -)"
        done
        say "Kubernetes: no kubectl here; overlays are not built"
    fi
    cp deploy/verify/schemas/* "$work/manifests/"
    has npm || install nodejs npm || { skip "the manifests' schemas: npm cannot be installed"; return; }
    npm --prefix "$work/manifests" ci --ignore-scripts --no-audit --no-fund --fetch-retries=1 --fetch-timeout=60000 >"$work/npm.log" 2>&1 ||
        { skip "the manifests' schemas cannot be installed: $(tail -n 3 "$work/npm.log" | tr '\n' ' ')"; return; }
    node "$work/manifests/check.mjs" "$work"/manifests/*.yaml || fail "manifests"
}

unit() {
    has systemd-analyze || install systemd || { skip "the unit: systemd cannot be installed"; return; }
    # The program itself need not be there; a unit with unknown or wrong keys is told about in words, not by the exit code.
    sed 's#^ExecStart=/opt/pup/pup#ExecStart=/bin/true#' deploy/systemd/pup@.service >"$work/pup@.service"
    said=$(systemd-analyze verify "$work/pup@1.service" 2>&1 | grep -v -i 'failed to prepare filename' || true)
    [ -z "$said" ] || fail "systemd: $said"
    exposure=$(systemd-analyze security --offline=true "$work/pup@.service" 2>/dev/null | tail -n 1 | grep -o '[0-9]*\.[0-9] [A-Z]*')
    [ "${exposure%%.*}" -lt 2 ] || fail "systemd: the unit's exposure is $exposure"
    say "systemd: the unit is valid, its exposure is $exposure"
}

rules() {
    has promtool || install prometheus || { skip "the rules: prometheus cannot be installed"; return; }
    promtool check rules deploy/prometheus/*-rules.yml >"$work/rules.log" 2>&1 || fail "rules: $(cat "$work/rules.log")"
    promtool test rules deploy/prometheus/*-tests.yml >"$work/rules.log" 2>&1 || fail "rules: $(cat "$work/rules.log")"
    promtool check config --syntax-only deploy/compose/prometheus.yml >"$work/rules.log" 2>&1 || fail "prometheus.yml: $(cat "$work/rules.log")"
    say "Prometheus: rules checked and tested"
}

compose_files() {
    has_composer || install docker-compose || { skip "the compose files: docker-compose cannot be installed"; return; }
    for files in docker-compose.yml "docker-compose.yml per-projection.yml" "docker-compose.yml combined.yml" guide.yml; do
        # shellcheck disable=SC2046
        composer $(printf -- '-f deploy/compose/%s ' $files) config -q || fail "$files is not valid"
    done
    say "$(composer version | head -n 1): all files are valid"
}
