#!/usr/bin/env bash
# Whoever asks VictoriaMetrics for the very millisecond that a sample was written with gets nothing, for every eighth one.
#
# It keeps milliseconds as whole numbers, and reads "start" and "end" of a question as a number of seconds with a fraction,
# whose thousandfold it cuts off: 1600000000.002 s becomes 1600000000001 ms. As text in RFC 3339 or as a number makes no
# difference but for which ones it hits. A look at one sample finds none; a range loses the sample at its end, and gets one
# too many at its start. Releases of 2026 round.
#
# Seen:    2026-11-30, VictoriaMetrics 1.79.5 (Debian's)
# Instead: ask for a quarter of a millisecond more, which is right whether it is cut off or rounded.
# Here:    ask_victoria_metrics in custom_components/heart_rate_relay/destinations/influxdb/questions.py
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
victoria-metrics -httpListenAddr "$server" -storageDataPath "$work/data" -retentionPeriod 100y >"$work/log" 2>&1 &
servers+=($!)
curl --silent --retry 20 --retry-delay 1 --retry-connrefused "$server/health" >/dev/null

# A sample in each second millisecond of one second, so that none is taken for its neighbour
python3 - "$server" <<'EOF' | tee "$work/seen"
import datetime
import json
import time
import urllib.parse
import urllib.request
import sys

server = "http://" + sys.argv[1]
second = 1_600_000_000
written = range(second * 1000, second * 1000 + 1000, 2)


def found(start, end):
    query = urllib.parse.urlencode({"match[]": '{strap="1"}', "start": start, "end": end})
    with urllib.request.urlopen(f"{server}/api/v1/export?{query}") as answer:
        return [at for line in answer for at in json.loads(line)["timestamps"]]


def text(ms, more=0):
    at = datetime.datetime(1970, 1, 1) + datetime.timedelta(milliseconds=ms, microseconds=more)
    return at.isoformat() + "Z"


lines = "\n".join(f"pulse,strap=1 bpm=72 {at}" for at in written)
urllib.request.urlopen(f"{server}/write?precision=ms", lines.encode())
while len(found(second, second + 2)) < len(written):
    time.sleep(2)
as_text = sum(found(text(at), text(at)) == [at] for at in written)
a_quarter_more = sum(found(text(at, 250), text(at, 250)) == [at] for at in written)
print(f"written, and found in the two seconds around: {len(written)}")
print(f"found at the time that each was written with: {as_text}")
print(f"found a quarter of a millisecond later: {a_quarter_more}")
EOF

diff - "$work/seen" <<'EXPECTED'
written, and found in the two seconds around: 500
found at the time that each was written with: 435
found a quarter of a millisecond later: 500
EXPECTED
