#!/usr/bin/env bash
# InfluxDB 1 takes a precision that it does not know for nanoseconds, says 204, and stores the year 1970.
#
# Microseconds are "u" to InfluxDB 1 and "us" to InfluxDB 2, and "microsecond" to 3. Whoever sends version 2's word to
# /write of version 1 is told that all is well; the points are in January 1970, or beyond the retention of a database
# that has one. VictoriaMetrics, which takes the same writes, guesses the unit from the size of the number instead, so
# a test against it does not show the mistake.
#
# Seen:    2026-11-29, InfluxDB 1.6.7, VictoriaMetrics 1.79.5 (both of Debian)
# Instead: choose the word by the version, and read one point back before you trust a setup.
# Here:    custom_components/heart_rate_relay/destinations/influxdb (a word for each version)
# Needs:   apt-get of a Debian that has these versions, or both installed; curl; Python 3.9 or later
set -euo pipefail
work=$(mktemp -d)
servers=()
trap 'kill "${servers[@]}" 2>/dev/null; wait; rm -rf "$work"' EXIT

# Unpacks a Debian package where it can be had; what is installed does where it is the same
unpack() {
    if (cd "$work" && apt-get download "$1=$2" && dpkg-deb -x "$1"_*.deb root) >/dev/null 2>&1; then
        return
    fi
    [[ $(dpkg-query --show --showformat='${Version}' "$1") == "$2" ]]
}
free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}
unpack influxdb '1.6.7~rc0-1+b13'
unpack victoria-metrics '1.79.5+ds1-2+b5'
PATH=$work/root/usr/bin:$PATH

influx=127.0.0.1:$(free_port)
victoria=127.0.0.1:$(free_port)
cat > "$work/influxdb.conf" <<CONF
reporting-disabled = true
bind-address = "127.0.0.1:$(free_port)"
[meta]
dir = "$work/meta"
[data]
dir = "$work/data"
wal-dir = "$work/wal"
[http]
bind-address = "$influx"
CONF
influxd -config "$work/influxdb.conf" >"$work/influxdb.log" 2>&1 &
servers+=($!)
victoria-metrics -httpListenAddr "$victoria" -storageDataPath "$work/victoria" >"$work/victoria.log" 2>&1 &
servers+=($!)
curl --silent --retry 20 --retry-delay 1 --retry-connrefused "$influx/ping" "$victoria/health" >/dev/null
curl --silent "$influx/query" --data-urlencode 'q=CREATE DATABASE home' >/dev/null

now=$(date +%s)
for precision in u us; do
    for server in "$influx" "$victoria"; do
        status=$(curl --silent --write-out '%{http_code}' "$server/write?db=home&precision=$precision" \
            --data-binary "pulse_$precision bpm=72 ${now}000000")
        [[ $status == 204 ]]
    done
done
sleep 2
curl --silent "$victoria/internal/force_flush"

# Tells whether a time in milliseconds is the one that was sent
stored() {
    python3 -c '
import sys
told, now = int(sys.argv[2]), int(sys.argv[3]) * 1000
print(sys.argv[1] + ":", "as sent" if told == now else "January 1970" if told < 31 * 86_400_000 else told)
' "$1" "$2" "$now"
}
for precision in u us; do
    stored "InfluxDB 1.6.7, precision=$precision" "$(
        curl --silent --get "$influx/query" --data-urlencode db=home --data-urlencode epoch=ms \
            --data-urlencode "q=SELECT * FROM pulse_$precision" |
            python3 -c 'import json, sys; print(json.load(sys.stdin)["results"][0]["series"][0]["values"][0][0])'
    )"
    stored "VictoriaMetrics 1.79.5, precision=$precision" "$(
        curl --silent "$victoria/api/v1/export" --data-urlencode "match[]=pulse_${precision}_bpm" |
            python3 -c 'import json, sys; print(json.load(sys.stdin)["timestamps"][0])'
    )"
done | tee "$work/seen"

diff - "$work/seen" <<'EXPECTED'
InfluxDB 1.6.7, precision=u: as sent
VictoriaMetrics 1.79.5, precision=u: as sent
InfluxDB 1.6.7, precision=us: January 1970
VictoriaMetrics 1.79.5, precision=us: as sent
EXPECTED
