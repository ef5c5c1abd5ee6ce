#!/usr/bin/env bash
# Install from Debian the brokers that Hoofbeat is measured beside, and leave none of them running:
# what is measured is started by the benchmarks. Packages that are here already stay as they are.
set -euo pipefail

packages=(rabbitmq-server activemq nats-server redis-server mosquitto)
services=("${packages[@]}" epmd.service epmd.socket)
policy=/usr/sbin/policy-rc.d
missing=()
known=()

refuse() {
    echo "bench-peers: $1" >&2
    exit 1
}

is_installed() {
    [ "$(dpkg-query --show --showformat '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

has_service() {
    [ -e "/etc/init.d/$1" ] || [ -e "/lib/systemd/system/$1" ] || [ -e "/lib/systemd/system/$1.service" ]
}

# The scripts of Debian's packages ask policy-rc.d before they start a service: for now, none.
forbid_starts() {
    if [ -e "$policy" ]; then
        cp --preserve=all "$policy" "$policy.before-bench"
        trap 'mv "$policy.before-bench" "$policy"' EXIT
    else
        trap 'rm -f "$policy"' EXIT
    fi
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
}

# Nor is a service that came with these packages to start with the machine.
disable_new() {
    local service
    for service in "${services[@]}"; do
        if [[ " ${known[*]} " == *" $service "* ]] || ! has_service "$service"; then
            continue
        elif [ -d /run/systemd/system ]; then
            systemctl disable --quiet "$service" || true
        else
            update-rc.d "$service" disable || true
        fi
    done
}

command -v dpkg-query >/dev/null || refuse "this is not Debian: install ${packages[*]} in your own way"
for package in "${packages[@]}"; do
    is_installed "$package" || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
    [ "$(id -u)" = 0 ] || refuse "only root can install ${missing[*]}: sudo make bench-peers"
    for service in "${services[@]}"; do
        ! has_service "$service" || known+=("$service")
    done
    forbid_starts
    apt-get update -qq </dev/null >/dev/null
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" </dev/null >/dev/null
    disable_new
fi
for plugin in rabbitmq_stomp rabbitmq_web_stomp; do
    compgen -G "/usr/lib/rabbitmq/lib/rabbitmq_server-*/plugins/$plugin-*" >/dev/null ||
        refuse "RabbitMQ came without its plugin $plugin"
done
dpkg-query --show --showformat '${Package} ${Version}\n' "${packages[@]}"
