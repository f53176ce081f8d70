# shellcheck shell=bash
# Sourced by .ci/run: PostgreSQL, MariaDB, Redis and RabbitMQ on 127.0.0.1, started or installed where they do not answer.
# Where the tests cannot log in as they would by themselves, a user of their own is made and TEST_DATABASE_URLS says so.

TEST_DATABASE_URLS=${TEST_DATABASE_URLS:-}

answers() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

wait_for() {
    for _ in $(seq 60); do
        if answers "$2"; then return; fi
        sleep 0.5
    done
    echo "$1 does not answer on port $2." >&2
    return 1
}

install_package() {
    echo "Installing $1."
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    apt-get install -qq --yes --no-install-recommends "$1" >/dev/null
}

is_named() { [[ " ${TEST_DATABASE_URLS//,/ } " == *" $1"* ]]; }

need_postgres() {
    if is_named postgres; then return; fi
    if ! answers 5432; then
        command -v pg_ctlcluster >/dev/null || install_package postgresql
        local version
        version=$(pg_lsclusters --no-header | awk '$3 == 5432 {print $1; exit}')
        pg_ctlcluster --skip-systemctl-redirect "$version" main start || true
        wait_for PostgreSQL 5432
    fi
    if PGCONNECT_TIMEOUT=5 psql --no-password -h 127.0.0.1 -U postgres -d postgres -qc '' 2>/dev/null; then return; fi
    (cd / && runuser -u postgres -- psql -q) <<'SQL'
do $$ begin
    if not exists (select from pg_roles where rolname = 'dj_actions') then create role dj_actions; end if;
end $$;
alter role dj_actions login createdb password 'dj_actions';
SQL
    TEST_DATABASE_URLS+=" postgres://dj_actions:dj_actions@127.0.0.1:5432/postgres"
    export TEST_DATABASE_URLS
}

need_mariadb() {
    if is_named mysql || is_named mariadb; then return; fi
    if ! answers 3306; then
        command -v mariadbd >/dev/null || [ -x /usr/sbin/mariadbd ] || install_package mariadb-server
        install -d -o mysql -g mysql /run/mysqld
        start-stop-daemon --start --oknodo --background --exec /usr/sbin/mariadbd -- --user=mysql \
            --innodb-flush-log-at-trx-commit=0
        wait_for MariaDB 3306
    fi
    if mariadb --connect-timeout=5 -h 127.0.0.1 -u root -e '' 2>/dev/null; then return; fi
    mariadb <<'SQL'
create user if not exists dj_actions@localhost, dj_actions@127.0.0.1;
alter user dj_actions@localhost identified by 'dj_actions', dj_actions@127.0.0.1 identified by 'dj_actions';
grant all on `test\_dj\_actions%`.* to dj_actions@localhost, dj_actions@127.0.0.1;
SQL
    TEST_DATABASE_URLS+=" mysql://dj_actions:dj_actions@127.0.0.1:3306/"
    export TEST_DATABASE_URLS
}

need_redis() {
    if answers 6379; then return; fi
    command -v redis-server >/dev/null || install_package redis-server
    if ! answers 6379; then
        redis-server --bind 127.0.0.1 --port 6379 --save "" --appendonly no --daemonize yes >/dev/null
    fi
    wait_for Redis 6379
}

need_rabbitmq() {
    if answers 5672; then return; fi
    command -v rabbitmq-server >/dev/null || install_package rabbitmq-server
    if ! answers 5672; then
        # On this machine only, also what its nodes and their name server listen on.
        RABBITMQ_NODENAME=rabbit@localhost RABBITMQ_NODE_IP_ADDRESS=127.0.0.1 ERL_EPMD_ADDRESS=127.0.0.1 \
            RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="-kernel inet_dist_use_interface {127,0,0,1}" \
            rabbitmq-server -detached >/dev/null
    fi
    wait_for RabbitMQ 5672
}

# Where it cannot be had, or the machine does not let it work, two tests of the sandbox are skipped.
need_bubblewrap() {
    command -v bwrap >/dev/null || install_package bubblewrap || echo "bubblewrap cannot be installed: its tests are skipped."
}
