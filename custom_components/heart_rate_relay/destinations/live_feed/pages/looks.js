"use strict";

// In the order of the form: heart, unit, line, highest heart rate, colour, side; then the sides and the button
const WORDS = {
  en: ["Beating heart", "“bpm” behind the number", "Line of so many minutes", "Highest heart rate, for the zones’ colours (0: none)", "One colour", "Side", "Middle", "Left", "Right", "Copy the address"],
  de: ["Schlagendes Herz", "„bpm“ hinter der Zahl", "Linie über so viele Minuten", "Höchste Herzfrequenz, für die Farben der Zonen (0: keine)", "Eine Farbe", "Seite", "Mitte", "Links", "Rechts", "Adresse kopieren"],
  es: ["Corazón que late", "«bpm» detrás del número", "Línea de tantos minutos", "Frecuencia cardíaca máxima, para los colores de las zonas (0: ninguno)", "Un solo color", "Lado", "Centro", "Izquierda", "Derecha", "Copiar la dirección"],
  fr: ["Cœur qui bat", "« bpm » après le nombre", "Courbe sur tant de minutes", "Fréquence cardiaque maximale, pour les couleurs des zones (0 : aucune)", "Une seule couleur", "Côté", "Milieu", "Gauche", "Droite", "Copier l’adresse"],
  nl: ["Kloppend hart", "‘bpm’ achter het getal", "Lijn over zoveel minuten", "Hoogste hartslag, voor de kleuren van de zones (0: geen)", "Eén kleur", "Kant", "Midden", "Links", "Rechts", "Adres kopiëren"],
  pl: ["Bijące serce", "„bpm” za liczbą", "Linia z tylu minut", "Najwyższe tętno, dla kolorów stref (0: brak)", "Jeden kolor", "Strona", "Środek", "Lewa", "Prawa", "Kopiuj adres"],
  zh: ["跳动的心", "数字后显示“bpm”", "最近多少分钟的曲线", "最高心率，用于区间颜色（0：无）", "单一颜色", "位置", "居中", "靠左", "靠右", "复制地址"],
};

const $ = (selector) => document.querySelector(selector);
const field = (name) => $(`[name=${name}]`);
const page = location.pathname.replace(/\/looks\/*$/, "");
const given = new URLSearchParams(location.search);

const language = navigator.languages.map((tag) => tag.slice(0, 2)).find((tag) => tag in WORDS) ?? "en";
document.documentElement.lang = language;
const texts = document.querySelectorAll("label span, option, button");
texts.forEach((element, index) => { element.textContent = WORDS[language][index]; });

function looks() {
  const query = new URLSearchParams();
  if (!field("heart").checked) query.set("heart", "0");
  if (field("unit").checked) query.set("unit", "1");
  if (Number(field("line").value) > 0) query.set("line", field("line").value);
  if (field("max").value !== "190") query.set("max", field("max").value || "0");
  if (field("own").checked) query.set("color", field("color").value.slice(1));
  if (field("align").value) query.set("align", field("align").value);
  return query;
}

function show() {
  const query = looks().toString();
  const address = new URL(page + (query && `?${query}`), location.href);
  $("#address").value = address;
  $("#preview").src = address;
}

function fill() {
  field("heart").checked = given.get("heart") !== "0";
  field("unit").checked = given.get("unit") === "1";
  field("line").value = given.get("line") ?? "0";
  field("max").value = given.get("max") ?? "190";
  field("own").checked = given.has("color");
  if (given.has("color")) field("color").value = `#${given.get("color")}`;
  field("align").value = given.get("align") ?? "";
}

document.querySelectorAll("[name]").forEach((element) => element.addEventListener("change", show));
$("#copy").addEventListener("click", () => {
  $("#address").select();
  // Without https there is no other way
  if (navigator.clipboard) navigator.clipboard.writeText($("#address").value);
  else document.execCommand("copy");
});

fill();
show();
