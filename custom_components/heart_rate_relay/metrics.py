"""The table of metrics: what a reading may measure, a row each.

A row is all that is said of a metric anywhere, but for what people read (translations) and
what a service calls it (its module). It is looked up by its key, which is what is stored.
"""

from .metric import Counting, Kind, Metric, Quantity
from .units import plain

__all__ = ["METRICS", "Counting", "Kind", "Metric", "Quantity"]
"""With the rows, each by its own name."""


def _each(*units: str) -> dict[str, float]:
    """Return units that are other names of ours, as units.plain writes them."""
    return {plain(unit): 1.0 for unit in units}


HEART_RATE = Metric("heart_rate", "bpm", (20, 300), Quantity.HEART_RATE)
RESTING_HEART_RATE = Metric(
    "resting_heart_rate", "bpm", (20, 300), Quantity.HEART_RATE, is_daily=True
)
HEART_RATE_VARIABILITY = Metric(
    "heart_rate_variability", "ms", (1, 500), Quantity.TIME, is_daily=True
)
"""The root mean square of successive differences (RMSSD)."""
HEART_RATE_VARIABILITY_SDNN = Metric(
    "heart_rate_variability_sdnn", "ms", (1, 500), Quantity.TIME, is_daily=True
)
"""The standard deviation of all intervals (SDNN)."""
RR_INTERVAL = Metric(
    "rr_interval",
    "ms",
    (200, 3000),
    Quantity.TIME,
    words="rr*, r r interval*, rr interval*, beat to beat*, interbeat*, ibi",
)

STEPS = Metric(
    "steps",
    "steps",
    (1, 30_000),
    Quantity.STEPS,
    Kind.COUNTER,
    counting=Counting(fastest=240, steady=240, highest=10**12, is_whole=True),
)
"""Four in a second are a sprint."""
FLOORS = Metric(
    "floors",
    "floors",
    (0, 1000),
    kind=Kind.COUNTER,
    units=_each("floor", "flights", "flights climbed", "stories", "Etagen", "étages"),
    words="floors, floors climbed, flights*, stories, etagen, stockwerke, pisos, etages, "
    "verdiepingen, pietra, lou ceng",
    counting=Counting(fastest=30, steady=15, highest=10**7, is_whole=True),
)
"""Of three metres: the best run up a tower in six seconds each."""
ENERGY = Metric(
    "energy",
    "kcal",
    (0, 10_000),
    Quantity.ENERGY,
    Kind.COUNTER,
    device_class="energy",
    words="energy*, calorie*, kcal, energie*, kalorie*, energia*, caloria*, ka lu li, "
    "work, qia lu li, re liang, aktivitatskalorien, kalorienverbrauch*",
    unless="basal*, bmr, resting*, grund*, reposo, repos, rust, podstawow*, dietary*, "
    "intake, consumed, eaten, food, goal*, calories in, kalorien in, ingerid*, "
    "consommee*, zugefuhrt*, spozyt*, metabolisme*, ji chu dai xie*, she ru*, "
    "xi shou",
    counting=Counting(fastest=60, steady=20, highest=10**9),
)
"""What was spent by moving: 20 kcal a minute are 330 W on the pedals."""
TOTAL_ENERGY = Metric(
    "total_energy",
    "kcal",
    (0, 15_000),
    Quantity.ENERGY,
    Kind.COUNTER,
    words="total energy*, total calorie*, total kcal, gesamtkalorien, gesamtenergie, "
    "calorias totales, calories totales, totale calorieen, kalorie calkowite, "
    "gesamtkalorien*, total de calorias, total des calories, calkowite kalorie, "
    "zong qia lu li, zong re liang",
    unless="basal*, dietary*, intake, consumed, eaten, food, goal*, ingerid*, consommee*, "
    "she ru*",
    counting=Counting(fastest=60, steady=22, highest=10**9),
)
"""What was spent, with what a body needs at rest."""
DISTANCE = Metric(
    "distance",
    "m",
    (0, 200_000),
    Quantity.DISTANCE,
    Kind.COUNTER,
    device_class="distance",
    words="distance*, walked, distanz, strecke, entfernung, distancia*, afstand, "
    "dystans, odleglosc, ju chi",
    unless="elevation*, stride*, accuracy, height, goal*",
    counting=Counting(fastest=1800, steady=360, highest=10**9),
)
"""On foot, as far as is known: it may be a descent on a bicycle, too, at 30 m/s."""
CYCLING_DISTANCE = Metric(
    "cycling_distance",
    "m",
    (0, 1_000_000),
    Quantity.DISTANCE,
    Kind.COUNTER,
    words="cycling*, cycled, bike*, biking, bicycle*, ride, rad*, fahrrad*, ciclis*, "
    "bicicleta*, velo*, cyclis*, fiets*, rower*, qi xing",
    unless="wheel*, goal*",
    counting=Counting(fastest=1800, steady=900, highest=10**9),
)
"""Nobody keeps up 15 m/s for an hour."""
HYDRATION = Metric(
    "hydration",
    "mL",
    (0, 10_000),
    Quantity.VOLUME,
    Kind.COUNTER,
    words="hydration*, water*, drunk, drink*, fluid*, wasser*, getrunken, agua, eau, "
    "gedronken, nawodnienie, woda, yin shui, hidratacion, hydratation, hydratatie, "
    "he shui, bu shui, shui",
    unless="goal*, extracel*, extrazel*, intracel*, intrazel*",
    counting=Counting(fastest=2000, steady=1000, highest=10**9, is_entered=True),
)
"""Two bottles are written down at once."""

SPEED = Metric(
    "speed",
    "m/s",
    (0, 350),
    Quantity.SPEED,
    device_class="speed",
    words="speed*, geschwindigkeit*, tempo, velocidad*, vitesse*, snelheid*, predkosc*, "
    "su du",
    unless="wind*, gust*, viento, vent, wiatr*",
)
CADENCE = Metric(
    "cadence",
    "rpm",
    (0, 300),
    units=_each("r/min", "rev/min", "U/min", "1/min", "/min", "tr/min", "omw/min"),
    words="cadence*, cadencia*, trittfrequenz*, kadencja, kadenz*, trapfrequentie, "
    "pedal*, ta pin",
)
POWER = Metric(
    "power",
    "W",
    (0, 5000),
    Quantity.POWER,
    device_class="power",
    words="power*, watt*, leistung*, potencia*, puissance*, vermogen*, moc, gong lu",
)
POWER_LEFT = Metric(
    "power_left",
    "W",
    (0, 5000),
    Quantity.POWER,
    words="left*, link*, izquierd*, gauche*, lewa, lewy, lewej, zuo",
)
POWER_RIGHT = Metric(
    "power_right",
    "W",
    (0, 5000),
    Quantity.POWER,
    words="right*, recht*, derech*, droit*, prawa, prawy, prawej, you",
)
ALTITUDE = Metric(
    "altitude",
    "m",
    (-500, 20_000),
    Quantity.DISTANCE,
    words="altitude*, elevation, hohe, meereshohe, altitud, hoogte, wysokosc, hai ba, "
    "elevacion",
    unless="elevation gain, elevation loss, korper*, body*, change*, cambio*, denivele*, "
    "ascent, descent, climb*, bian hua",
)

LATITUDE = Metric("latitude", "°", (-90, 90), kind=Kind.POSITION)
LONGITUDE = Metric("longitude", "°", (-180, 180), kind=Kind.POSITION)
POSITION_ACCURACY = Metric("position_accuracy", "m", (0, 1_000_000), kind=Kind.POSITION)
BEARING = Metric("bearing", "°", (0, 360), kind=Kind.POSITION)

AIR_TEMPERATURE = Metric(
    "air_temperature",
    "°C",
    (-90, 130),
    Quantity.TEMPERATURE,
    device_class="temperature",
    words="temperatur*, air, wen du",
    unless="skin*, haut*, piel, peau, huid, skor*, battery*, cpu, processor*, cutane*, "
    "pi fu*",
)
BODY_TEMPERATURE = Metric(
    "body_temperature",
    "°C",
    (25, 45),
    Quantity.TEMPERATURE,
    words="body*, core, fever, korper*, corporal*, corporelle*, lichaam*, ciala, ti wen, "
    "corps",
    unless="skin*, haut*, piel, peau, huid, skor*, battery*, cutane*, pi fu*",
)
BATTERY = Metric(
    "battery",
    "%",
    (0, 100),
    device_class="battery",
    words="battery*, batterie*, akku*, bateria*, batterij*, dian chi, dian liang",
)
SIGNAL_STRENGTH = Metric(
    "signal_strength",
    "%",
    (0, 100),
    words="signal*, gsm*, reception, empfang, senal, sygnal*, xin hao",
)

OXYGEN_SATURATION = Metric(
    "oxygen_saturation",
    "%",
    (30, 100),
    words="spo2, sao2, oxygen*, saturation*, sauerstoff*, oxigeno, saturacion*, oxygene, "
    "zuurstof*, saturacja, xue yang, saturacj*, natlenien*, xie yang*",
)
RESPIRATORY_RATE = Metric(
    "respiratory_rate",
    "breaths/min",
    (2, 100),
    units=_each("bpm", "brpm", "br/min", "/min", "1/min", "breaths/minute")
    | _each("Atemzüge/min", "resp/min", "respirations/min", "oddechów/min"),
    words="respirat*, breath*, atem*, respiracion*, ademhaling*, oddech*, hu xi, "
    "respiratoir*",
)
BLOOD_PRESSURE_SYSTOLIC = Metric(
    "blood_pressure_systolic",
    "mmHg",
    (40, 300),
    Quantity.PRESSURE,
    words="systol*, sistol*, skurczow*, shou suo",
)
BLOOD_PRESSURE_DIASTOLIC = Metric(
    "blood_pressure_diastolic",
    "mmHg",
    (20, 200),
    Quantity.PRESSURE,
    words="diastol*, rozkurczow*, shu zhang",
)
BLOOD_GLUCOSE = Metric(
    "blood_glucose",
    "mg/dL",
    (10, 1000),
    Quantity.BLOOD_GLUCOSE,
    device_class="blood_glucose_concentration",
    words="glucose*, blood sugar*, blutzucker*, glukose*, glucosa*, glycemie*, "
    "bloedsuiker*, glukoz*, xue tang, bloedglucose*, cukier*, xie tang*",
)
_PARTS = (
    "arm, arms, leg, legs, torso, trunk, segment*, arme, bein, beine, rumpf, "
    "brazo*, pierna*, bras, jambe*, torse, linkerarm, rechterarm, linkerbeen, "
    "rechterbeen, romp, ramie*, reka, reki, noga, nogi, tulow*, zuo bi, you bi, zuo tui, you tui, qu gan"
)
"""Of the body: what one of them weighs is not what all of it does."""

WEIGHT = Metric(
    "weight",
    "kg",
    (0.3, 650),
    Quantity.MASS,
    device_class="weight",
    words="weight*, gewicht*, korpergewicht*, peso*, poids*, lichaamsgewicht*, waga, "
    "masa ciala, ti zhong, zhong liang",
    unless="goal*, bone*, knochen*, muscle mass, muskelmasse, water*, doel*, ziel*, cel, "
    "mu biao*",
)
LEAN_BODY_MASS = Metric(
    "lean_body_mass",
    "kg",
    (0.3, 300),
    Quantity.MASS,
    words="lean*, fat free*, fettfrei*, magermasse, masa magra, masse maigre, vetvrije*, "
    "beztluszczow*, masa libre de grasa, masa sin grasa, masse sans graisse, "
    "vrije vetmassa, wu zhi fang*, qu zhi ti zhong, shou ti zhong",
    unless=_PARTS,
)
SKELETAL_MUSCLE_MASS = Metric(
    "skeletal_muscle_mass",
    "kg",
    (0.1, 200),
    Quantity.MASS,
    words="skeletal*, skelett*, esqueletic*, squelettique*, skelet*, szkielet*, gu ge ji*",
    unless=_PARTS,
)
BODY_FAT_MASS = Metric(
    "body_fat_mass",
    "kg",
    (0.1, 500),
    Quantity.MASS,
    words="fat mass, body fat*, fettmasse, korperfett*, masa grasa, masse grasse, "
    "vetmassa, tkanka tluszczowa, zhi fang, grasa corporal, masse graisseuse, "
    "ti zhi*",
    unless="fat free*, fettfrei*, libre de grasa, sin grasa, sans graisse, vetvrij*, "
    "vrije vetmassa, beztluszcz*, wu zhi fang*, visceral*, viszeral*, trzewn*, "
    "nei zang*"
    f", {_PARTS}",
)
BODY_FAT = Metric(
    "body_fat",
    "%",
    (1, 90),
    words="fat, body fat*, fettanteil, korperfett*, grasa*, graisse*, masse grasse, "
    "vetpercentage, lichaamsvet, tluszcz*, zhi fang, vetverhouding, "
    "masse graisseuse, ti zhi*",
    unless="fat free*, visceral*, fettfrei*, libre de grasa, sin grasa, sans graisse, "
    "vetvrij*, vrije vetmassa, beztluszcz*, wu zhi fang*, viszeral*, trzewn*, "
    "nei zang*"
    f", {_PARTS}",
)
HEIGHT = Metric(
    "height",
    "cm",
    (30, 280),
    Quantity.DISTANCE,
    words="height, body height, korpergrosse, estatura, taille, lichaamslengte, wzrost, "
    "shen gao, altura, hauteur",
)
BMI = Metric(
    "bmi",
    "kg/m²",
    (5, 250),
    units=_each("", "kg/m2", "BMI"),
    words="bmi, body mass index*, massindex, indice de masa corporal, imc, ti zhi zhi shu",
)
VO2_MAX = Metric(
    "vo2_max",
    "mL/(kg·min)",
    (5, 100),
    units=_each(
        "", "mL/kg/min", "mL/min/kg", "mL/(min·kg)", "mL/kg·min", "mL/(kg*min)"
    ),
    words="vo2*, vo2 max*, vo2max*, cardio fitness*, maximal oxygen*, pulap tlenowy, "
    "zui da she yang*",
    is_daily=True,
)

WORKOUT = Metric("workout", "s", (1, 7 * 24 * 60 * 60), Quantity.TIME, Kind.WORKOUT)
"""How long a workout took; what it came to is what its source said."""

METRICS: dict[str, Metric] = {
    row.key: row for row in tuple(globals().values()) if isinstance(row, Metric)
}
"""All of them by their keys, in this order."""
