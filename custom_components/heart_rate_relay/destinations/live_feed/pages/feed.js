"use strict";

const SILENCE = 2000; // ms without a sign of life after which nothing is known
const GONE = 4410; // the code that says that this address is good no more
const SOONEST = 500;
const LATEST = 10000; // ms between two tries to connect
const ZONES = [0.5, 0.6, 0.7, 0.8, 0.9]; // where they begin, of the highest heart rate
const SPAN = 20; // bpm that the line shows at least

const $ = (id) => document.getElementById(id);
const query = new URLSearchParams(location.search);
const number = (name, otherwise) => {
  const value = Number(query.get(name) ?? otherwise);
  return Number.isFinite(value) ? value : otherwise;
};
const looks = {
  heart: query.get("heart") !== "0",
  unit: query.get("unit") === "1",
  minutes: Math.min(Math.max(number("line", 0), 0), 60),
  highest: number("max", 190),
  color: /^[0-9a-f]{6}$/i.test(query.get("color") ?? "") ? `#${query.get("color")}` : "",
  align: ["left", "right"].find((side) => side === query.get("align")),
};

const beat = $("heart").animate(
  [
    { transform: "scale(1)" },
    { transform: "scale(1.18)", offset: 0.12 },
    { transform: "scale(1)", offset: 0.4 },
    { transform: "scale(1)" },
  ],
  { duration: 1000, iterations: Infinity, easing: "ease-out" },
);
beat.pause();
const isStill = matchMedia("(prefers-reduced-motion: reduce)").matches;

$("heart").toggleAttribute("hidden", !looks.heart);
$("unit").toggleAttribute("hidden", !looks.unit);
$("line").toggleAttribute("hidden", !looks.minutes);
document.body.classList.toggle("lined", looks.minutes > 0);
if (looks.align) document.body.classList.add(looks.align);
if (looks.color) document.body.style.setProperty("--color", looks.color);

let past = []; // [ms, bpm], bpm being null where nothing was measured
let socket;
let wait = SOONEST;
let watchdog;

function show(bpm) {
  $("number").textContent = bpm === null ? "–" : Math.round(bpm);
  document.body.classList.toggle("silent", bpm === null);
  if (looks.highest > 0 && !looks.color) {
    const share = bpm === null ? 0 : bpm / looks.highest;
    document.body.dataset.zone = ZONES.filter((begin) => share >= begin).length;
  }
  if (bpm === null || isStill) {
    beat.cancel();
  } else {
    beat.updatePlaybackRate(bpm / 60);
    if (beat.playState !== "running") beat.play();
  }
  if (looks.minutes) remember(bpm);
}

function remember(bpm) {
  const now = performance.now();
  past.push([now, bpm]);
  draw(now);
}

function draw(now) {
  const span = looks.minutes * 60000;
  past = past.filter(([at]) => now - at <= span);
  const known = past.map(([, bpm]) => bpm).filter((bpm) => bpm !== null);
  const middle = (Math.max(...known) + Math.min(...known)) / 2;
  const half = Math.max(SPAN, Math.max(...known) - Math.min(...known)) / 2 + 2;
  const { clientWidth: width, clientHeight: height } = $("line");
  let pen = "M";
  let path = "";
  for (const [at, bpm] of past) {
    if (bpm === null) {
      pen = "M";
      continue;
    }
    const x = width * (1 - (now - at) / span);
    const y = height * (0.5 - (bpm - middle) / (2 * half));
    path += `${pen}${x.toFixed(1)} ${y.toFixed(1)}`;
    pen = "L";
  }
  $("line").firstElementChild.setAttribute("d", path);
}

function connect() {
  const url = new URL(`${location.pathname.replace(/\/+$/, "")}/socket`, location.href);
  url.protocol = url.protocol.replace("http", "ws");
  socket = new WebSocket(url);
  socket.onmessage = (event) => {
    wait = SOONEST;
    watch();
    const told = JSON.parse(event.data);
    if ("heart_rate" in told) show(told.heart_rate?.value ?? null);
  };
  socket.onclose = (event) => leave(event.code !== GONE);
}

// A connection that is dead says nothing, and what was said last is not of now
function watch() {
  clearTimeout(watchdog);
  watchdog = setTimeout(() => leave(true), SILENCE);
}

function leave(returns) {
  clearTimeout(watchdog);
  show(null);
  socket.onmessage = socket.onclose = null;
  socket.close();
  if (!returns) return;
  setTimeout(connect, wait * (0.5 + Math.random() / 2));
  wait = Math.min(wait * 2, LATEST);
}

show(null);
connect();
