"""Is this entity a source of steps, of a resting heart rate, or of its variability?

As in detection.py: a rule on names and units, with tables as words.py reads them.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from ...reading import Metric, to_bpm, to_ms
from . import heart_rate as detection
from .heart_rate import (
    ABOUT,
    AMBIGUOUS,
    AVERAGE,
    BREATH,
    EXTREME,
    HEART,
    LIMIT,
    MACHINE,
    PRESSURE,
    PULSE,
    RECOVERY,
    RESTING,
    VARIABILITY,
    WALKING,
    Candidate,
    Verdict,
    is_in_beats,
    is_number_or_absent,
    may_measure,
    own_words,
)
from .words import finder, slug

_STEPS = (
    "steps, step count*, steps count*, stepcount*, footsteps, pedometer, Schritt*",
    "Schritte, Tagesschritte, Schrittzähler, pas, podomètre, pasos, podómetro, passi",
    "contapassi, passos, stappen, stappenteller, krok*, krokomierz, steg, stegräknare",
    "skridt, skridttæller, skritt, skritteller, askel*, lépés*, pași, pedometru, adım*",
    "шаг*, кроки, кроків, крачк*, βήμα*, βημάτων, korak*, korac*, samm*, soļi, soļu",
    "žingsn*, 歩数, 歩数計, ステップ, 步数, 步數, 计步, 걸음, 걸음수, 걸음 수, 만보기, خطوات, الخطوات",
    "خطوة, צעדים, कदम, bước, số bước, bước chân, langkah, ก้าว, จำนวนก้าว, passes, urrats*",
)
"""Words that name steps."""

_STEP_UNITS = (*_STEPS, "step, 歩, 步, 보, count, counts")
"""Units of steps, of which some count other things, too."""

_NOT_WALKED = (
    "step goal, step target, stepper, motor, servo, encoder, position, focuser, cnc",
    "printer, pump, valve, laser, dishwasher, washer, washing machine, dryer, program*",
    "Spülmaschine, Waschmaschine, cycle, phase, automation, script, routine, recipe",
    "process, update, install*, wizard, setup, volume, brightness, next step",
    "current step, step size, step time, steps per, per mm, per minute, pro Minute",
    "Schrittziel, Schrittmotor, stappendoel, stegmål, skridtmål, skrittmål",
    "askeltavoite*, lépéscél*, remaining, steps left, to go, restant*, verbleibend*",
    "floor*, stair*, stride, length, pace, streak, rank, progress, hourly, per hour",
    "challenge, leaderboard, difference, active minutes, kcal, kalori*, Schrittlänge",
)
_CADENCE = ("cadence, Kadenz, Schrittfrequenz, cadencia, cadenza, cadans, kadenc*",)
_OTHER_DAYS = (
    "yesterday, last day, previous day, weekly, week, weeks, monthly, month, yearly",
    "year, annual, 7 day, 7 days, 7d, 24h, 30 day, 30 days, seven days",
    "gestern, vortag*, Woche*, wöchentlich*, Monat*, Jahr*, hier, semaine, hebdo*, mois",
    "mensuel*, année, ayer, semana*, mes, mensual*, año, anual*, ieri, settiman*, mese",
    "mensil*, ontem, mês, mensal, gisteren, afgelopen week, wekelijks*, maand*",
    "wczoraj*, tydz*, tygod*, miesiąc*, miesięczn*, včera*, týden*, týžd*, měsíc*",
    "igår, i går, vecka*, veckans, månad*, uge*, uke*, måned*, eilen, eilis*, viikko*",
    "kuukau*, tegnap*, heti, havi, ieri, săptămân*, luna, dün, hafta*, aylık, вчера*",
    "недел*, месяц*, вчора*, тижд*, тижн*, місяц*, χθες, εβδομάδ*, μήνα*, jučer*, juče*",
    "tjed*, mjesec*, mesec*, včeraj*, teden*, eile, nädal*, vakar*, nedēļ*, savait*",
    "昨日, 昨天, 本周, 每周, 今週, 先週, 每月, 今月, 어제, 주간, 월간, أمس, أسبوع*, אתמול, שבוע*, कल",
    "सप्ताह, hôm qua, tuần, tháng, kemarin, minggu, bulan, เมื่อวาน, สัปดาห์",
)
"""Words of a period that is not today."""

_OF_A_DAY = (
    "daily, today, per day, day, täglich*, heute, Tagesschritte, pro Tag, quotidien*",
    "par jour, du jour, aujourd hui, diario*, diaria*, hoy, al día, giornalier*, oggi",
    "diário*, diária*, hoje, por dia, dagelijks*, vandaag, per dag, dzienn*, dziś",
    "dzisiaj, denní*, dnes, dagligen, daglig*, idag, i dag, dagens, päivittäi*, tänään",
    "napi, zilnic*, azi, günlük, bugün, ежедневн*, сегодня, за день, щоденн*, сьогодні",
    "за добу, ημερήσι*, σήμερα, dnevn*, danas, danes, päeva*, täna, dienas, šodien",
    "dienos, šiandien, дневн*, днес, 今日, 每日, 今天, 一日, 일일, 오늘, يومي*, اليوم, יומי*, היום",
    "दैनिक, आज, hôm nay, hàng ngày, harian, hari ini, วันนี้, รายวัน, diari*, avui, gaur",
)
"""Words of a count that begins at 0 every day."""

_RESTING_HEART = (
    "rhr, resting hr, Ruhepuls, Ruhe HF, Ruheherz*, rustpols, rusthartslag, vilopuls",
    "hvilepuls, leposyke, leposykkeen",
)
"""Words that name a resting heart rate all by themselves."""

_RMSSD = ("rmssd",)
_HRV = (
    "hrv, vfc, hfv, 심박변이도, Pulsvariab*, zmienność tętna, zmienność rytmu, variabilita tep*",
    "вариативность пульса, вариабельност*, варіабельн*",
)
"""Words that name a variability of the heart rate, however it is told."""

_OTHER_STATISTIC = ("sdnn, sdrr, sdann, pnn50, rr, ibi, ln rmssd, lnrmssd, lf, lf hf",)
_VERDICTS_ON_HRV = ("status, index, balance, balanced, state, level, rating",)
_OF_A_NIGHT = ("last night, nightly, overnight",)


def judge(candidate: Candidate, metric: Metric) -> Verdict:
    """Say whether an entity is a source of a metric."""
    return _JUDGES[metric](candidate)


def is_count_of_steps(unit: str | None) -> bool:
    """Return whether a unit may be that of steps: it is, or there is none."""
    if not unit:
        return True
    is_rate = "/" in unit or len(unit.split()) > 1
    return not is_rate and bool(_STEP_UNIT.search(slug(unit)))


def is_of_a_day(*names: str) -> bool:
    """Return whether names say that a count begins at 0 every day."""
    return any(_DAY_WORDS.search(f"_{slug(name)}_") for name in names)


def _judge_steps(candidate: Candidate) -> Verdict:
    """Say whether an entity counts the steps that someone walks."""
    if not (
        candidate.entity_id.startswith("sensor.")
        and candidate.device_class is None
        and is_number_or_absent(candidate.state)
        and is_count_of_steps(candidate.unit)
    ):
        return Verdict.NO
    words = own_words(candidate)
    named = _STEP_WORDS.search(words)
    in_steps = candidate.unit and _STEP_WORDS.search(slug(candidate.unit))
    if not (named or in_steps) or _NOT_STEPS.search(words):
        return Verdict.NO
    is_total = candidate.state_class in ("total", "total_increasing")
    return Verdict.MATCH if named and (in_steps or is_total) else Verdict.SUGGEST


def _judge_resting(candidate: Candidate) -> Verdict:
    """Say whether an entity tells a heart rate at rest."""
    if not may_measure(candidate, to_bpm):
        return Verdict.NO
    words = own_words(candidate)
    certain = _RESTING_HEART_WORDS.search(words)
    named = certain or (_RESTING_WORDS.search(words) and _HEART_WORDS.search(words))
    if not named or _NOT_RESTING.search(words):
        return Verdict.NO
    return Verdict.MATCH if is_in_beats(candidate) else Verdict.SUGGEST


def _judge_variability(candidate: Candidate) -> Verdict:
    """Say whether an entity tells the variability of a heart rate as RMSSD.

    Where it does not say which statistic it tells, it may be another, as Apple's is.
    """
    if candidate.device_class == "duration":
        candidate = candidate._replace(device_class=None)
    if not may_measure(candidate, to_ms):
        return Verdict.NO
    words = own_words(candidate)
    certain = _RMSSD_WORDS.search(words)
    named = _HRV_WORDS.search(words) or (
        _VARIABILITY_WORDS.search(words) and _HEART_WORDS.search(words)
    )
    if not (certain or named) or _NOT_VARIABILITY.search(words):
        return Verdict.NO
    is_one_night = _AVERAGE_WORDS.search(words)
    is_sure = certain and candidate.unit and not is_one_night
    return Verdict.MATCH if is_sure else Verdict.SUGGEST


_STEP_WORDS = finder(_STEPS)
_STEP_UNIT = finder(_STEP_UNITS)
_NOT_STEPS = finder(
    (*_NOT_WALKED, *_CADENCE, *_OTHER_DAYS, *AVERAGE, *EXTREME, *AMBIGUOUS, *LIMIT)
)
_DAY_WORDS = finder(_OF_A_DAY)
_HEART_WORDS = finder((*HEART, *PULSE))
_RESTING_WORDS = finder(RESTING)
_RESTING_HEART_WORDS = finder(_RESTING_HEART)
_NOT_A_VALUE = (*_OTHER_DAYS, *EXTREME, *AMBIGUOUS, *LIMIT, *PRESSURE, *MACHINE, *ABOUT)
_NOT_RESTING = finder(
    (*_NOT_A_VALUE, *AVERAGE, *RECOVERY, *VARIABILITY, *WALKING, *BREATH)
)
_NOT_VARIABILITY = finder((*_NOT_A_VALUE, *_OTHER_STATISTIC, *_VERDICTS_ON_HRV))
_RMSSD_WORDS = finder(_RMSSD)
_HRV_WORDS = finder(_HRV)
_VARIABILITY_WORDS = finder(VARIABILITY)
_AVERAGE_WORDS = finder((*AVERAGE, *_OF_A_NIGHT))
_JUDGES: Mapping[Metric, Callable[[Candidate], Verdict]] = MappingProxyType(
    {
        Metric.HEART_RATE: detection.judge,
        Metric.RESTING_HEART_RATE: _judge_resting,
        Metric.HEART_RATE_VARIABILITY: _judge_variability,
        Metric.STEPS: _judge_steps,
    }
)
