#!/usr/bin/env bash
# Runs a command beside a real Airflow on 127.0.0.1, which ends with it: .ci/airflow.sh COMMAND…
#
# The command finds AIRFLOW_URL, AIRFLOW_USERNAME and AIRFLOW_PASSWORD in its environment; its exit status is this
# script's. Without a command, Airflow runs until Ctrl-C and the three are printed. PYTHON says which Python to use.
#
# Airflow is installed once, in an environment of its own below the user's cache folder (AIRFLOW_VENV for another
# place; remove it to install again). Its database and logs last as long as the run.
set -euo pipefail

WANTED="apache-airflow==3.3.*"
PATIENCE=180 # seconds, for the start

root=$(cd "$(dirname "$0")/.." && pwd)
python=${PYTHON:-$root/.venv/bin/python}
command -v "$python" >/dev/null || python=python3
version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
venv=${AIRFLOW_VENV:-${XDG_CACHE_HOME:-$HOME/.cache}/dj-actions/airflow-3.3-python-$version}

scratch=$(mktemp -d "${TMPDIR:-/tmp}/airflow.XXXXXX")
parts=() # process groups that this script has started
command=""

say() { printf 'Airflow: %s (%s s)\n' "$*" "$SECONDS" >&2; }

lives() { kill -0 -- "-$1" 2>/dev/null; }

# The process groups of everything that this script has started, also of tasks, which Airflow gives groups of their own.
groups() {
    ps -axo pid=,ppid=,pgid= | awk -v root=$$ '
        { parent[$1] = $2; group[$1] = $3 }
        END {
            for (pid in parent) {
                for (above = pid; above in parent && above != root; ) above = parent[above]
                if (above == root && group[pid] != group[root]) print group[pid]
            }
        }'
}

end() {
    local group all
    if [ -n "$command" ] && kill -TERM -- "-$command" 2>/dev/null; then
        for _ in $(seq 50); do
            lives "$command" || break
            sleep 0.2
        done
    fi
    # Airflow's database ends with it, so that there is nothing to wait for.
    all=$(groups 2>/dev/null | sort -u)
    for group in $all $command ${parts[@]+"${parts[@]}"}; do kill -KILL -- "-$group" 2>/dev/null || true; done
    wait 2>/dev/null
    rm -rf "$scratch"
}
trap end EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

install_airflow() {
    if [ -f "$venv/complete" ] && "$venv/bin/python" -c '' 2>/dev/null; then return; fi
    say "installing $WANTED in an environment of its own"
    rm -rf "$venv"
    mkdir -p "$(dirname "$venv")"
    "$python" -m venv "$venv"
    "$venv/bin/python" -m pip install -qq --disable-pip-version-check "$WANTED"
    touch "$venv/complete"
}

random() { "$python" -c 'import secrets; print(secrets.token_urlsafe(32))'; }

configure() {
    port=$("$python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    AIRFLOW_URL=http://127.0.0.1:$port
    AIRFLOW_USERNAME=dj-actions
    AIRFLOW_PASSWORD=$(random)
    (umask 077 && printf '{"%s": "%s"}' "$AIRFLOW_USERNAME" "$AIRFLOW_PASSWORD" >"$scratch/passwords.json")
    settings=(
        AIRFLOW_HOME="$scratch"
        AIRFLOW__DATABASE__SQL_ALCHEMY_CONN="sqlite:///$scratch/airflow.db"
        AIRFLOW__CORE__EXECUTOR=LocalExecutor
        AIRFLOW__CORE__PARALLELISM=2
        AIRFLOW__CORE__DAGS_FOLDER="$root/tests/airflow/dags"
        AIRFLOW__CORE__LOAD_EXAMPLES=False
        AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION=False
        AIRFLOW__CORE__EXECUTION_API_SERVER_URL="$AIRFLOW_URL/execution/"
        AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS="$AIRFLOW_USERNAME:admin"
        AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE="$scratch/passwords.json"
        AIRFLOW__API__BASE_URL="$AIRFLOW_URL"
        AIRFLOW__API__SECRET_KEY="$(random)"
        AIRFLOW__API_AUTH__JWT_SECRET="$(random)"
        AIRFLOW__LOGGING__BASE_LOG_FOLDER="$scratch/logs"
        AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME=0.5
        AIRFLOW__DAG_PROCESSOR__PARSING_PROCESSES=1
        NO_PROXY="127.0.0.1${NO_PROXY:+,$NO_PROXY}"
        no_proxy="127.0.0.1${no_proxy:+,$no_proxy}"
        PATH="$venv/bin:$PATH"
        PYTHONDONTWRITEBYTECODE=1
    )
}

airflow() { exec env "${settings[@]}" "$venv/bin/airflow" "$@"; }

# A process group of its own for each part, so that what it forks ends with it.
start() {
    set -m
    airflow "$@" >"$scratch/$1.log" 2>&1 </dev/null &
    parts+=($!)
    set +m
}

is_healthy() {
    "$python" - "$AIRFLOW_URL/api/v2/monitor/health" 2>/dev/null <<'PYTHON'
import json, sys, urllib.request
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
health = json.load(opener.open(sys.argv[1], timeout=5))
sys.exit(any(health[part]["status"] != "healthy" for part in ("metadatabase", "scheduler", "dag_processor")))
PYTHON
}

give_up() {
    say "$1; the last lines of its logs:"
    tail -n 30 "$scratch"/*.log >&2
    exit 1
}

start_airflow() {
    (airflow db migrate) >"$scratch/migrate.log" 2>&1 || give_up "its database could not be made"
    # Not `airflow standalone`, which listens on every address.
    start api-server --host 127.0.0.1 --port "$port" --workers 1
    start scheduler --skip-serve-logs
    start dag-processor
    local until=$((SECONDS + PATIENCE)) part
    until is_healthy; do
        for part in "${parts[@]}"; do lives "$part" || give_up "a part of it has ended"; done
        [ "$SECONDS" -lt "$until" ] || give_up "it is not ready after $PATIENCE s"
        sleep 0.5
    done
}

install_airflow
configure
say "starting"
start_airflow
say "ready at $AIRFLOW_URL"
export AIRFLOW_URL AIRFLOW_USERNAME AIRFLOW_PASSWORD

if [ $# = 0 ]; then
    for name in AIRFLOW_URL AIRFLOW_USERNAME AIRFLOW_PASSWORD; do echo "export $name=${!name}"; done
    set -- tail -f /dev/null
fi
# In the background, because a signal is only seen while the shell waits.
set -m
"$@" &
command=$!
set +m
status=0
wait "$command" || status=$?
say "ending"
exit "$status"
