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
# Here:    custom_components/heart_rate_relay/destinations/influxdb.py (Dialect.precision)
# Needs:   apt-get of a Debian that has these versions, or both installed; curl; Python 3.9 or later
set -euo pipefail
work=$(mktemp -d)
trap 'kill "${servers[@]}" 2>/dev/null; wait; rm -rf "$work"' EXIT
servers=()

# Unpacks a Debian package; leaves it to what is installed where the package cannot be had
unpack() {
    (cd "$work" && apt-get download "$1=$2" >/dev/null 2>&1 && dpkg-deb -x "$1"_*.deb "$work/root") || true
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
        curl --silent --fail "$server/write?db=home&precision=$precision" --data-binary "pulse_$precision bpm=72 ${now}000000"
    done
done
sleep 2
curl --silent "$victoria/internal/force_flush"

{
    influxd version | sed -E 's/^(\S+ v[0-9.]+).*/\1/'
    for precision in u us; do
        seconds=$(curl --silent --get "$influx/query" --data-urlencode db=home --data-urlencode epoch=s \
            --data-urlencode "q=SELECT * FROM pulse_$precision" | python3 -c '
import json, sys
print(json.load(sys.stdin)["results"][0]["series"][0]["values"][0][0])')
        ((seconds == now)) && echo "precision=$precision: as sent" || echo "precision=$precision: $(date -ud "@$seconds" +%Y)"
    done
    victoria-metrics -version | sed -E 's/.*(victoria-metrics).*-([0-9]+\.[0-9]+\.[0-9]+).*/\1 \2/'
    for precision in u us; do
        milliseconds=$(curl --silent "$victoria/api/v1/export" --data-urlencode "match[]=pulse_${precision}_bpm" | python3 -c '
import json, sys
print(json.load(sys.stdin)["timestamps"][0])')
        ((milliseconds == now * 1000)) && echo "precision=$precision: as sent" || echo "precision=$precision: at $milliseconds ms"
    done
} | tee "$work/seen"

diff - "$work/seen" <<'EXPECTED'
EXPECTED
