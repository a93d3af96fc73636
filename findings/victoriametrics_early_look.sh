#!/usr/bin/env bash
# Who asks VictoriaMetrics for a new series too early does not see it for seconds, where the disk is slow not at all.
#
# A series can be found a second or two after it was written. Whoever asks before gets nothing, and the server remembers
# that nothing was found: the same question is answered so again, from memory, until the next time that it clears what it
# remembers, up to ten seconds later, and only if a new series began since. With a disk that takes 0.2 s to sync (an SD
# card) the same question was answered with nothing for 80 s, by when the test ended, for a third of the series. Another
# question for the same, with a condition that is always true, is answered right.
#
# Seen:    2026-11-29, VictoriaMetrics 1.79.5 (Debian's)
# Instead: never repeat a question: exclude a label that nothing has, another one each time.
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
victoria-metrics -httpListenAddr "$server" -storageDataPath "$work/data" >"$work/log" 2>&1 &
servers+=($!)
curl --silent --retry 20 --retry-delay 1 --retry-connrefused "$server/health" >/dev/null

now=$(date +%s)
# Prints how many samples the server finds of a strap, and of what else is said of it
found() {
    curl --silent "$server/api/v1/export" --data "start=$((now - 1))&end=$((now + 1))" \
        --data-urlencode "match[]={strap=\"$1\"$2}" | wc -l
}
same=0 other=0 straps=8
for strap in $(seq $straps); do
    curl --silent "$server/write?precision=s" --data-binary "pulse,strap=$strap bpm=72 $now"
    found "$strap" "" >/dev/null
    sleep 4
    same=$((same + $(found "$strap" "")))
    other=$((other + $(found "$strap" ',nothing!="1"')))
done
{
    echo "asked at once, and in other words 4 s later: $other of $straps"
    if ((same < straps)); then
        echo "asked at once, and with the same words 4 s later: fewer"
    fi
} | tee "$work/seen"

diff - "$work/seen" <<'EXPECTED'
asked at once, and in other words 4 s later: 8 of 8
asked at once, and with the same words 4 s later: fewer
EXPECTED
