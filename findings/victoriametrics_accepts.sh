#!/usr/bin/env bash
# VictoriaMetrics says 204 to what it does not keep, keeps a point twice that is sent twice, and makes text a 0.
#
# It takes the writes of InfluxDB 1, but does not answer like InfluxDB: a point before its retention (a month unless told
# otherwise) or more than two days ahead, and a line that is none, are dropped, and text becomes 0, all with 204. And
# where InfluxDB overwrites, a client that sends again because it got no answer doubles what it sent. Microseconds
# become milliseconds: readings of one millisecond are samples of the same time.
#
# Seen:    2026-11-29, VictoriaMetrics 1.79.5 (Debian's)
# Instead: do not take 204 for stored: read back what matters. -dedup.minScrapeInterval=1ms keeps one sample of each
#          millisecond, and so none twice.
# Here:    docs/influxdb.md; custom_components/heart_rate_relay/destinations/influxdb
# Needs:   apt-get of a Debian that has this version, or it installed; curl; Python 3.9 or later
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
unpack victoria-metrics '1.79.5+ds1-2+b5'
PATH=$work/root/usr/bin:$PATH

server=127.0.0.1:$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
victoria-metrics -httpListenAddr "$server" -storageDataPath "$work/data" >"$work/log" 2>&1 &
servers+=($!)
curl --silent --retry 20 --retry-delay 1 --retry-connrefused "$server/health" >/dev/null

now=$(date +%s)
day=86400
write() {
    curl --silent --output /dev/null --write-out "$1: %{http_code}\n" "$server/write?db=home&precision=$2" --data-binary "$3"
}
{
    write 'now' s "pulse,sent=now bpm=72 $now"
    write '40 days old' s "pulse,sent=old bpm=72 $((now - 40 * day))"
    write '3 days ahead' s "pulse,sent=ahead bpm=72 $((now + 3 * day))"
    write 'text' s "pulse,sent=text bpm=\"seventy\" $now"
    write 'no line' s "pulse,sent=nothing"
    write 'once' us "pulse,sent=twice bpm=72 ${now}000001"
    write 'once more' us "pulse,sent=twice bpm=72 ${now}000001"
    sleep 2
    curl --silent "$server/internal/force_flush"
    # All time, since an export ends now
    curl --silent "$server/api/v1/export" --data "start=$((now - 100 * day))&end=$((now + 100 * day))" \
        --data-urlencode 'match[]=pulse_bpm' | python3 -c '
import json, sys
for series in sorted(map(json.loads, sys.stdin), key=lambda series: series["metric"]["sent"]):
    print("kept of", series["metric"]["sent"] + ":", *series["values"])'
} | tee "$work/seen"

diff - "$work/seen" <<'EXPECTED'
now: 204
40 days old: 204
3 days ahead: 204
text: 204
no line: 204
once: 204
once more: 204
kept of now: 72
kept of text: 0
kept of twice: 72 72
EXPECTED
