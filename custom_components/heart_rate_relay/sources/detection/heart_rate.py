"""Is this entity a heart-rate sensor, as far as its name and unit tell?

A rule, not a list of integrations. An entity measures a heart rate now when its unit is
that of one, its own words name one, and none of them names something else: an average,
a limit, a breath. Words are compared as Home Assistant writes entity ids (lower case,
ASCII, underscores), so that a name in any script and the entity id made of it agree.
"""

from collections.abc import Callable
from enum import StrEnum
from math import isfinite
import re
from typing import NamedTuple

from ...reading import BPM_PER_UNIT, to_bpm
from .words import any_of, finder, phrases, slug

HEART = (
    "heart rate, heartbeat, heart beat, heart pulse, pulse rate, hrm, fhr",
    "Herzfrequenz, Herzrate, Herzschlag, Herzrhythmus, Pulsfrequenz, Pulsschlag",
    "fréquence cardiaque, rythme cardiaque, battement cardiaque, battements, pouls",
    "frecuencia cardíaca, ritmo cardíaco, latidos, pulsaciones",
    "frequenza cardiaca, battito, battiti, pulsazioni",
    "frequência cardíaca, batimento, batimentos, pulsação, pulsações",
    "hartslag, hartfrequentie, hartritme, polsslag",
    "tętno, częstość akcji serca, częstość pracy serca, rytm serca, bicie serca",
    "tepová frekvence, srdeční tep, srdeční frekvence, srdeční rytmus",
    "tepová frekvencia, srdcový tep, srdcová frekvencia, srdcový rytmus",
    "hjärtfrekvens, hjärtrytm, hjärtslag, hjertefrekvens, hjerterytme, hjerteslag",
    "hjerterate, pulsfrekvens, syke, sykkeet, sykkeen, sykemittaus, sydämen, pulssi",
    "pulzus, pulzusszám, szívverés, szívritmus, szívfrekvencia",
    "ritm cardiac, ritmul cardiac, frecvență cardiacă, bătăi inim*",
    "kalp atış*, kalp hızı, kalp ritmi, kalp atım*, nabız, nabzı",
    "ЧСС, частота сердечных сокращений, сердечный ритм, сердцебиение",
    "частота пульса, частота серцевих скорочень, серцевий ритм, серцебиття",
    "сърдечен ритъм, сърдечна честота, сърдечен пулс, сърдечна дейност",
    "καρδιακός ρυθμός, καρδιακοί παλμοί, καρδιακή συχνότητα, σφυγμός, σφύξεις",
    "σφυγμοί, καρδιακού ρυθμού, καρδιακών παλμών, καρδιακής συχνότητας",
    "otkucaji srca, otkucaja srca, rad srca, srčani ritam, srčana frekvencija",
    "откуцаји срца, откуцаја срца, срчани ритам, срчана фреквенција",
    "srčni utrip, srčnega utripa, utrip srca, srčna frekvenca",
    "südame löögisagedus, südamelöögid, südamerütm, pulss, pulsisagedus",
    "sirdsdarbība, sirdsdarbības, sirds ritms, sirdspuksti",
    "širdies ritmas, širdies ritmo, širdies susitraukimų dažnis, pulsas",
    "širdies dūžiai, 心拍, 心拍数, 脈拍, 脈拍数, ハートレート, 心率, 心跳, 脉搏, 脈搏, 脉率, 脈率",
    "심박, 심박수, 심박동, 심장 박동, 심장박동, 심장 박동수, 맥박, 맥박수",
    "معدل ضربات القلب, ضربات القلب, معدل نبضات القلب, نبضات القلب, معدل القلب",
    "نبض, النبض, دقات القلب, דופק, הדופק, קצב לב, קצב הלב, פעימות לב",
    "हृदय गति, दिल की धड़कन, धड़कन, हार्ट रेट, नाड़ी दर, नब्ज",
    "nhịp tim, nhịp đập tim, detak jantung, denyut jantung, denyut nadi, laju jantung",
    "อัตราการเต้นของหัวใจ, อัตราการเต้นหัวใจ, ชีพจร",
    "ritme cardíac, batecs, pulsacions",
    "Pulsmesser, pulsmeter, pulsómetro, cardiofrequenzimetro, cardiofréquencemètre",
    "hartslagmeter, pulsmåler, sykemittari, pulsometr, pulsoksymetr",
    "bihotz-maiztasun*, bihotz taupad*, bihotz erritmo*",
)
"""Words that name a heart rate, whatever stands beside them."""

PULSE = (
    "pulse, hr, bpm, beats per minute, FC, HF, Puls, pulsen, pulso, polso, pols, tep",
    "pultsua, pulsul, नाड़ी, mạch đập",
)
"""Words that name a heart rate where nothing speaks of machines or music."""

MACHINE = (
    "gas, gaz, water, Wasser, agua, eau, acqua, woda, voda, vatten, vann, vand, vesi",
    "energy, energie, energia, electricity, power, Strom, tibber, kwh, s0, solar",
    "meter, Zähler, zaehler, Stromzähler, Gaszähler, Wasserzähler, teller, licznik",
    "compteur, contador, contatore, flow, flowmeter, rain, wind, fan, pump, motor",
    "engine, rpm, tacho, encoder, pwm, gpio, led, compressor, spindle, spo2, oxygen",
    "tempo, music, song, track, audio, metronome, spotify, sonos, playlist, dj, midi",
    "beat bpm, wled, vinyl, turntable, Musik, musique, música, muziek, muzyka, hudba",
    "musiikki, zene, müzik, музика, μουσική, glazba, 音乐, 歌曲, テンポ, 음악, metronom",
    "metrónomo, موسيقى, מוזיקה, संगीत, nhạc, musikk, темп",
)
"""Words that turn a pulse into that of a meter, a machine or a song."""

RESTING = (
    "resting, at rest, rest, rhr, Ruhe*, repos, reposo, riposo, repouso, descanso",
    "rust, rustend*, spoczynk*, klidov*, v klidu, pokojov*, v pokoji, vilo, vilande",
    "i vila, hvile, hvilende, lepo, levossa, nyugalmi, nyugalomban, repaus, odihnă",
    "dinlenme, dinlenik, istirahat, покоя, покое, покой, спокою, спокої, ηρεμία*",
    "ανάπαυση*, mirovanj*, odmor*, počitek, počitku, puhkeolek*, rahuolek*, puhke",
    "miera stāvok*, miera sirds*, miera puls*, ramyb*, poilsio, 安静, 静息, 静止, 안정시, 안정 시",
    "안정, 휴식, 휴식기, الراحة, מנוחה, במנוחה, विश्राम, आराम, khi nghỉ, lúc nghỉ, nghỉ ngơi",
    "ขณะพัก, พัก, atseden, atsedenaldi*, atsedeneko*",
)
AVERAGE = (
    "average, averaged, avg, mean, median, Schnitt, Durchschnitt*, mittel, mittlere*",
    "Mittelwert*, moyen, moyenne, FC moy, media, medio, promedio, gemiddeld*, śr",
    "průměr*, priemer*, medelpuls, medelvärd*, medelhjärt*, genomsnitt*, gennemsnit*",
    "gjennomsnitt*, snitt, snitpuls, keskiarvo*, keskimäär*, keski, átlag*, medie",
    "mediu, ortalama, средн*, среден, середн*, μέσος, μέση, μέσο, μέσοι, μέσων",
    "prosječ*, prosečn*, просеч*, prosečan, prosek, povprečn*, povprečje, keskmi*",
    "vidēj*, vidutin*, vidurk*, 平均, 평균, متوسط, المتوسط, ממוצע, ממוצעת, औसत",
    "trung bình, rata rata, rerata, เฉลี่ย, pols mitjà, cardíac mitjà, mitjana",
    "batez besteko*, batezbesteko*",
)
_PERIOD = (
    "daily, weekly, monthly, nightly, overnight, sleeping heart*, sleeping hr",
    "yesterday, last night, last workout, last activity, last ride, last run, 24h",
    "7 day, 7 days, 30 day, 30 days",
)
EXTREME = (
    "minim*, highest, lowest, maximal*, maksimal*, maxima, massim*, máximo, maximum*",
    "hrmax, mhr, puls maxim, pulsul maxim, cardiac maxim, höchst*, niedrigst*",
    "Spitze*, tiefst*, plus haut*, plus bas*, pulso pico, fc pico, cardíaca pico",
    "pico de, picco, más alt*, más baj*, più alt*, più bass*, hoogste, laagste",
    "maximaal, maksymaln*, najwyższ*, nejvyšší, nejnižší, najvyšší*, högsta, lägsta",
    "højeste, laveste, høyeste, suurin, pienin, korkein, matalin, huippu, maksimi",
    "legmagasabb, legalacsonyabb, legnagyobb, legkisebb, en yüksek, en düşük",
    "azami kalp*, azami nabız, asgari kalp*, asgari nabız, максимум*, наибольш*",
    "наименьш*, найвищ*, найнижч*, пиков*, μέγιστ*, ελάχιστ*, υψηλότερ*, χαμηλότερ*",
    "najviš*, najniž*, največj*, najmanj*, kõrgeim*, madalaim*, suurim, maksimaal*",
    "augstāk*, zemāk*, didžiausi*, mažiausi*, aukščiausi*, žemiausi*, 最大, 最小, 最高, 最低",
    "峰值, 最大値, 최대, 최소, 최고, 최저, الأقصى, الحد الأدنى, القصوى, أقصى معدل, أدنى معدل",
    "أعلى معدل, מקסימלי, מרבי, מינימלי, מזערי, अधिकतम, न्यूनतम, tối đa, tối thiểu",
    "cao nhất, thấp nhất, tertinggi, terendah, สูงสุด, ต่ำสุด, gehien*, gutxien*",
    "handien*",
)
RECOVERY = (
    "recovery, hrr, Erholung*, récupération, recuperación, recupero, recuperação",
    "herstel, regenerac*, zotaven*, återhämtning, restitution*, palautum*",
    "regeneráló*, recuperare, toparlanma, восстановлен*, відновлен*, възстановяван*",
    "αποκατάστασ*, ανάκτησ*, опорав*, okrevan*, taastumi*, atjaunošan*, atsigavim*",
    "恢复, 회복, تعافي, التعافي, התאוששות, रिकवरी, hồi phục, phục hồi, pemulihan, ฟื้นตัว",
    "recuperació, berreskura*",
)
VARIABILITY = (
    "variab*, variabil*, hrv, rmssd, sdnn, sdrr, pnn50, rr, ibi, vfc, zmienno*",
    "wariab*, promjen*, varijab*, вариатив*, мінлив*, промен*, μεταβλητ*, vaihtelu",
    "variáció*, değişken*, muutlik*, mainīg*, kintam*, spremenljiv*, 变异, 変動, 변이, 변이도",
    "변동, 심박변이도, تقلب, تباين, השתנות, שונות, परिवर्तनशील*, biến thiên, biến đổi",
    "แปรปรวน, aldakor*",
)
LIMIT = (
    "zonen, zona, zonas, zóny, zónách, strefa, strefy, soner, sone, vyöhyk*, bölge*",
    "зони, зоне, ζώνες, tsoon, zon, 区间, 心拍ゾーン, 心拍数ゾーン, 구간, 영역, المنطقة, منطقة, אזור",
    "क्षेत्र, गति ज़ोन, vùng, โซน, limit*, threshold*, lthr, alarm*, alert*, target",
    "goal, reserve, Grenz*, Schwell*, Ziel, Zielpuls, Zielherz*, Zielwert",
    "Zielbereich, seuil, cible, objectif, umbral, objetivo, reserva, soglia",
    "obiettivo, riserva, limiar, alvo, drempel*, doel, grens*, próg, cel, docelow*",
    "prah, prag, cíl, tröskel*, målpuls, målpulsen, grænse*, terskel*, raja-arvo*",
    "tavoite*, határ*, țintă, eşik, hedef, sınır, порог, цель, целев*, предел, поріг",
    "ціль, цільов*, όριο, στόχ*, cilj*, eesmärk, lävi, sihtpulss, slieksn*, robež*",
    "mērķa, mērķis, slenkst*, tiksl*, 目標, 上限, 下限, 阈值, 警报, 警告, 목표, 임계, 한계, 경고, 알람",
    "الحد, هدف, الهدف, סף דופק, דופק יעד, लक्ष्य, सीमा, ngưỡng, mục tiêu, giới hạn",
    "ambang, batas, เป้าหมาย, llindar, objectiu, muga, helburu*",
)
WALKING = (
    "walking, gehen, Gehpuls, marche, marchant, caminando, caminar, caminata",
    "camminata, cammino, camminando, caminhada, caminhando, wandelen, wandelend*",
    "wandel, chodu, marszu, chůze, chůzi, chôdz*, gående, promenad*, gåpuls, kävely",
    "séta, gyalogl*, mers, yürüyüş*, yürüme*, ходьб*, ходінн*, ходене, περπάτημα",
    "βάδισ*, hodanj*, hoje, ходањ*, hoji, kõndimi*, kõndides, ejot, staigāš*, ėjimo",
    "vaikšč*, 歩行, 走路, 걷기, 보행, المشي, הליכה, चलते, चलना, đi bộ, berjalan, ขณะเดิน",
    "caminant, oinez, ibiltze*",
)
BREATH = (
    "respir*, breath*, brpm, Atem*, Atmung*, ademhaling*, ademfrequentie, oddech*",
    "oddych*, dechov*, dech, dychov*, dýchan*, andning*, åndedræt*, vejrtrækning*",
    "pustefrekvens, hengity*, légzés*, solunum, nefes, дыхан*, дихан*, дихальн*",
    "дишан*, αναπν*, disanj*, dihanj*, hingam*, elpošan*, elpas, elpu*, kvėpav*, 呼吸",
    "호흡, 호흡수, تنفس, التنفس, נשימה, נשימות, श्वसन, सांस, nhịp thở, hô hấp, napas",
    "pernapasan, pernafasan, หายใจ, การหายใจ, arnasket*",
)
PRESSURE = (
    "blood pressure, bp, sys, systolic, diastolic, Blutdruck*, tension artérielle",
    "pression artérielle, tensiomètre, presión, tensión arterial, pressione, pressão",
    "bloeddruk*, ciśnien*, tlak, tlaku, blodtryck*, blodtryk*, verenpaine*, vérnyom*",
    "tensiune, tansiyon*, давлен*, тиск, тиску, налягане, πίεση*, krvni pritisak",
    "притисак, vererõh*, asinsspied*, kraujospūd*, kraujo spaud*, 血压, 혈압, ضغط الدم",
    "ضغط, לחץ דם, रक्तचाप, huyết áp, tekanan darah, ความดัน, pressió, tentsio*",
)
ABOUT = (
    "score*, age, points, load, count, counter, duration, battery, rssi, signal",
    "percent, percentage, confidence, quality, accuracy, interval, timeout, offset",
    "calibration, steps, calories, distance, cadence, speed, weight, temperature",
    "firmware, event, events, notifications, timestamp, last updated, last sync",
    "stress, floors, per hr, 24 hr, 48 hr, 72 hr, baseline, trend, delta, deviation",
    "stdev, ratio, change",
)
_RATES = (*RESTING, *AVERAGE, *_PERIOD, *EXTREME, *RECOVERY, *VARIABILITY, *WALKING)
_OTHER = (*_RATES, *LIMIT, *BREATH, *PRESSURE, *ABOUT)
"""Words that name something else than a heart rate now, even beside one that does."""

AMBIGUOUS = ("max, maks, maxima, min, high, low, peak, zone, zones",)
"""Words that name something else too, but also persons and places.

They are a name where they stand alone, own something ("Max's"), or go before a thing that
is worn ("Max Watch"). Elsewhere they are not: of "Max Smith heart rate" it cannot be told
whose or which that is, and a wrong no costs a click where a wrong match sends wrong data.
"""

_WORN = (
    "s, watch, apple watch, galaxy watch, pixel watch, garmin watch, smartwatch",
    "iphone, phone, ipad, handy, Uhr, montre, reloj, orologio, relógio, horloge",
    "zegarek, klocka, часы, band, mi band, ring, oura ring, strap, chest strap, belt",
    "Gurt, tracker, bed",
)
_NEUTRAL = (
    "pro max, active max, airpods max, 5 peak, 9 peak, peak pro, pulse ox, hatch rest",
    "walking pad, walkingpad, pulse hr, steel hr, charge hr, alta hr, inspire hr",
    "vivosmart hr, vivoactive hr, breathing and heartbeat, breath and heartbeat",
    "respiration and heartbeat, breathing heartbeat, respiratory and heartbeat",
    "beats min, count min, per min",
)
"""Names of products and units that hold words of the other tables."""

_BEATS = frozenset(unit for unit in BPM_PER_UNIT if unit.startswith(("bpm", "beats")))
_LIVE_PLATFORMS = frozenset(
    {"ble_monitor", "bthome", "esphome", "heart_rate_relay", "hr", "polar_bluetooth"}
)
_DELAYED_PLATFORMS = frozenset(
    {"fitbit", "garmin_connect", "google_fit", "healthsync", "mobile_app", "oura"}
    | {"sleepiq", "strava", "withings"}
)
_LIVE = (
    "current, live, real time, realtime, strap, belt, monitor, ble, bluetooth, hrm",
)


class Verdict(StrEnum):
    """Whether an entity is a heart-rate sensor."""

    MATCH = "match"
    """It is: to be selected unless someone objects."""
    SUGGEST = "suggest"
    """It may be: to be offered."""
    NO = "no"


class Candidate(NamedTuple):
    """What is known of an entity."""

    entity_id: str
    unit: str | None = None
    device_class: str | None = None
    platform: str | None = None
    key: str | None = None
    """The translation key, or the unique id."""
    name: str | None = None
    """The entity's own name, or its friendly name."""
    state_class: str | None = None
    state: str | None = None
    device_name: str | None = None
    """Tells the words of the device from the entity's own."""


def judge(candidate: Candidate) -> Verdict:
    """Say whether an entity is a heart-rate sensor."""
    if not may_measure(candidate, to_bpm):
        return Verdict.NO
    words = own_words(candidate)
    certain = _HEART_WORDS.search(words)
    named = certain or _PULSE_WORDS.search(words)
    in_beats = is_in_beats(candidate)
    if not (named or in_beats) or _OTHER_WORDS.search(words):
        return Verdict.NO
    if not certain and _MACHINE_WORDS.search(words):
        return Verdict.NO
    return Verdict.MATCH if named and in_beats else Verdict.SUGGEST


def rank(candidate: Candidate) -> tuple[int, bool, bool, str]:
    """Return a sort key: who measures here and now comes before who tells later."""
    return (
        _delay(candidate.platform),
        not _LIVE_WORDS.search(own_words(candidate._replace(device_name=None))),
        candidate.state_class != "measurement",
        candidate.entity_id,
    )


def _delay(platform: str | None) -> int:
    """Return how late the readings of a platform may be: 0 not, 1 unknown, 2 late."""
    if platform in _LIVE_PLATFORMS:
        return 0
    return 2 if platform in _DELAYED_PLATFORMS else 1


def may_measure(
    candidate: Candidate, convert: Callable[[float, str | None], float | None]
) -> bool:
    """Return whether all but the words is as it is for what has such a unit."""
    return (
        candidate.entity_id.startswith("sensor.")
        and candidate.device_class is None
        and candidate.state_class in (None, "measurement")
        and convert(1.0, candidate.unit) is not None
        and is_number_or_absent(candidate.state)
    )


def is_in_beats(candidate: Candidate) -> bool:
    """Return whether an entity counts beats, and not anything a minute."""
    return candidate.unit is not None and candidate.unit.strip().lower() in _BEATS


def is_number_or_absent(state: str | None) -> bool:
    """Return whether a state is what a sensor of numbers may have."""
    if state in (None, "unknown", "unavailable"):
        return True
    try:
        return isfinite(float(state))
    except ValueError:
        return False


def own_words(candidate: Candidate) -> str:
    """Return the words of an entity, each text of it between underscores."""
    device = candidate.device_name or ""
    texts = (candidate.entity_id.partition(".")[2], candidate.name, candidate.key)
    # Capitals part the words of "avgHeartRate", not those of "HEARTrate": read both ways.
    spelt = {
        spell(text): spell(device)
        for text in texts
        if text
        for spell in (_part_at_capitals, str)
    }
    return " ".join(
        _without_names(_without_device(slug(text), slug(name)))
        for text, name in spelt.items()
    )


def _part_at_capitals(text: str) -> str:
    """Write "avgHeartRate" as "avg Heart Rate"."""
    return _CAPITAL.sub(" ", text)


def _without_device(text: str, device: str) -> str:
    """Leave out the device's name, unless it ends the text: then it is the entity's."""
    before, _, after = f"_{text}_".partition(f"_{device}_")
    return f"{before}_{after}" if after else f"_{text}_"


def _without_names(text: str) -> str:
    """Part compounds, and leave out what only looks like a word of the tables."""
    parted = _COMPOUND.sub(lambda match: _part(match[0]), text)
    return _NAME.sub("", _NEUTRAL_PHRASE.sub("", parted))


def _part(token: str) -> str:
    """Write "restingheartrate" as "resting_heartrate": all its parts must be known."""
    parts = _KNOWN.findall(token)
    return "_".join(parts) if "".join(parts) == token else token


_CAPITAL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_COMPOUND = re.compile(r"[a-z]+")
_KNOWN = re.compile(
    "|".join(
        phrase.replace("_", "")
        for phrase in phrases((*HEART, *PULSE, *MACHINE, *_OTHER, *AMBIGUOUS))
        if not phrase.endswith("*")
    )
)
_NAME = re.compile(
    f"_(?:{any_of(AMBIGUOUS)})(?=_(?:{any_of(_WORN)})_)|^_(?:{any_of(AMBIGUOUS)})(?=_$)"
)
_NEUTRAL_PHRASE = re.compile(f"_(?:{any_of(_NEUTRAL)})(?=_)")
_HEART_WORDS = finder(HEART)
_PULSE_WORDS = finder(PULSE)
_MACHINE_WORDS = finder(MACHINE)
_OTHER_WORDS = finder((*_OTHER, *AMBIGUOUS))
_LIVE_WORDS = finder(_LIVE)
