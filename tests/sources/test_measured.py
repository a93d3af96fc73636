"""What an entity measures, as its device class, its unit and its words tell."""

import pytest

from custom_components.heart_rate_relay.metrics import METRICS, Kind
from custom_components.heart_rate_relay.sources.detection.candidate import Candidate
from custom_components.heart_rate_relay.sources.measured import metric_of

TOLD = [
    ("sensor.rower_moc", "W", None, "power"),
    ("sensor.rower_predkosc", "km/h", None, "speed"),
    ("sensor.rower_kadencja", "rpm", None, "cadence"),
    ("sensor.zegarek_wysokosc", "m", None, "altitude"),
    ("sensor.zegarek_natlenienie_krwi", "%", None, "oxygen_saturation"),
    ("sensor.zegarek_czestosc_oddechow", "/min", None, "respiratory_rate"),
    ("sensor.cisnienie_skurczowe", "mmHg", None, "blood_pressure_systolic"),
    ("sensor.cisnienie_rozkurczowe", "mmHg", None, "blood_pressure_diastolic"),
    ("sensor.cukier_we_krwi", "mg/dL", None, "blood_glucose"),
    ("sensor.waga_masa_ciala", "kg", None, "weight"),
    ("sensor.waga_tkanka_tluszczowa", "%", None, "body_fat"),
    ("sensor.masa_beztluszczowa", "kg", None, "lean_body_mass"),
    ("sensor.nawodnienie", "mL", None, "hydration"),
    ("sensor.pulap_tlenowy", None, None, "vo2_max"),
    ("sensor.gong_lu", "W", None, "power"),
    ("sensor.su_du", "km/h", None, "speed"),
    ("sensor.ta_pin", "rpm", None, "cadence"),
    ("sensor.hai_ba_gao_du", "m", None, "altitude"),
    ("sensor.xie_yang_bao_he_du", "%", None, "oxygen_saturation"),
    ("sensor.hu_xi_pin_lu", "/min", None, "respiratory_rate"),
    ("sensor.shou_suo_ya", "mmHg", None, "blood_pressure_systolic"),
    ("sensor.shu_zhang_ya", "mmHg", None, "blood_pressure_diastolic"),
    ("sensor.xie_tang", "mmol/L", None, "blood_glucose"),
    ("sensor.ti_zhong", "kg", None, "weight"),
    ("sensor.ti_zhi_lu", "%", None, "body_fat"),
    ("sensor.zhi_fang_bi_li", "%", None, "body_fat"),
    ("sensor.qu_zhi_ti_zhong", "kg", None, "lean_body_mass"),
    ("sensor.gu_ge_ji_liang", "kg", None, "skeletal_muscle_mass"),
    ("sensor.ti_zhi_zhi_shu", None, None, "bmi"),
    ("sensor.zui_da_she_yang_liang", None, None, "vo2_max"),
    ("sensor.yin_shui_liang", "mL", None, "hydration"),
    ("sensor.bike_power", "W", "power", "power"),
    ("sensor.bike_leistung", "kW", None, "power"),
    ("sensor.pedals_power_left", "W", "power", "power_left"),
    ("sensor.pedals_puissance_droite", "W", "power", "power_right"),
    ("sensor.bike_speed", "km/h", "speed", "speed"),
    ("sensor.rad_geschwindigkeit", "m/s", None, "speed"),
    ("sensor.bike_cadence", "rpm", None, "cadence"),
    ("sensor.rolle_trittfrequenz", "U/min", None, "cadence"),
    ("sensor.something", "rpm", None, "cadence"),
    ("sensor.phone_distance", "km", "distance", "distance"),
    ("sensor.watch_cycling_distance", "km", "distance", "cycling_distance"),
    ("sensor.watch_fahrradstrecke", "mi", "distance", "cycling_distance"),
    ("sensor.watch_altitude", "ft", "distance", "altitude"),
    ("sensor.anna_height", "cm", "distance", "height"),
    ("sensor.anna_korpergrosse", "m", "distance", "height"),
    ("sensor.watch_floors_climbed", "floors", None, "floors"),
    ("sensor.watch_stockwerke", "Etagen", None, "floors"),
    ("sensor.watch_active_calories", "kcal", "energy", "energy"),
    ("sensor.bike_energy", "kJ", "energy", "energy"),
    ("sensor.watch_total_calories_burned", "kcal", "energy", "total_energy"),
    ("sensor.bottle_water_intake", "fl. oz.", "volume", "hydration"),
    ("sensor.bike_temperature", "°F", "temperature", "air_temperature"),
    ("sensor.anna_body_temperature", "°C", "temperature", "body_temperature"),
    ("sensor.anna_korpertemperatur", "°C", "temperature", "body_temperature"),
    ("sensor.phone_battery_level", "%", "battery", "battery"),
    ("sensor.phone_akku", "%", None, "battery"),
    ("sensor.phone_gsm_signal", "%", None, "signal_strength"),
    ("sensor.ring_spo2", "%", None, "oxygen_saturation"),
    ("sensor.ring_sauerstoffsattigung", "%", None, "oxygen_saturation"),
    ("sensor.phone_respiratory_rate", "bpm", None, "respiratory_rate"),
    ("sensor.ring_atemfrequenz", "Atemzüge/min", None, "respiratory_rate"),
    ("sensor.meter_systolic", "mmHg", "pressure", "blood_pressure_systolic"),
    ("sensor.meter_diastole", "kPa", None, "blood_pressure_diastolic"),
    ("sensor.cgm", "mmol/L", "blood_glucose_concentration", "blood_glucose"),
    ("sensor.cgm_blutzucker", "mg/dL", None, "blood_glucose"),
    ("sensor.scale_weight", "lb", "weight", "weight"),
    ("sensor.waage_gewicht", "kg", None, "weight"),
    ("sensor.scale_lean_body_mass", "kg", "weight", "lean_body_mass"),
    ("sensor.scale_fat_free_mass", "kg", "weight", "lean_body_mass"),
    ("sensor.scale_skeletal_muscle_mass", "kg", "weight", "skeletal_muscle_mass"),
    ("sensor.scale_fat_mass", "kg", "weight", "body_fat_mass"),
    ("sensor.scale_body_fat", "%", None, "body_fat"),
    ("sensor.scale_bmi", None, None, "bmi"),
    ("sensor.scale_body_mass_index", "kg/m²", None, "bmi"),
    ("sensor.watch_vo2_max", "mL/kg/min", None, "vo2_max"),
    ("sensor.watch_vo2max", None, None, "vo2_max"),
    ("sensor.strap_rr_interval", "ms", "duration", "rr_interval"),
    ("sensor.strap_heart_rate", "bpm", None, "heart_rate"),
    ("sensor.ring_resting_heart_rate", "bpm", None, "resting_heart_rate"),
    ("input_number.resting_heart_rate", "bpm", None, "resting_heart_rate"),
    ("sensor.ring_hrv", "ms", None, "heart_rate_variability"),
    ("sensor.ring_hrv_rmssd", "ms", None, "heart_rate_variability"),
    ("sensor.watch_sdnn", "ms", None, "heart_rate_variability_sdnn"),
    ("sensor.phone_steps", "steps", None, "steps"),
    ("sensor.phone_steps", None, None, "steps"),
]

NOT_TOLD = [
    ("sensor.bike_average_power", "W", "power"),
    ("sensor.bike_average_speed", "km/h", "speed"),
    ("sensor.watch_max_speed", "km/h", "speed"),
    ("sensor.watch_distance_goal", "km", "distance"),
    ("sensor.watch_yesterday_calories", "kcal", "energy"),
    ("sensor.watch_basal_calories", "kcal", "energy"),
    ("sensor.roof_wind_speed", "km/h", "wind_speed"),
    ("sensor.roof_wind_speed", "km/h", None),
    ("sensor.ring_skin_temperature", "°C", "temperature"),
    ("sensor.living_room_humidity", "%", "humidity"),
    ("sensor.something", "%", None),
    ("sensor.something", None, None),
    ("sensor.something", "W", None),
    ("sensor.ring_rmssd", "bpm", None),
    ("sensor.barometer", "hPa", "atmospheric_pressure"),
    ("sensor.meter_pressure", "mmHg", "pressure"),
    ("sensor.bike_power", "kcal", "power"),
    ("sensor.bike_incline", "°", None),
]


def candidate(entity_id: str, unit: str | None, device_class: str | None) -> Candidate:
    """Return an entity that shows a number."""
    return Candidate(entity_id, unit, device_class, state="40")


@pytest.mark.parametrize(("entity_id", "unit", "device_class", "key"), TOLD)
def test_told(
    entity_id: str, unit: str | None, device_class: str | None, key: str
) -> None:
    """It is told by a device class, a unit, and words of several languages."""
    assert metric_of(candidate(entity_id, unit, device_class)) is METRICS[key]


@pytest.mark.parametrize(("entity_id", "unit", "device_class"), NOT_TOLD)
def test_not_told(entity_id: str, unit: str | None, device_class: str | None) -> None:
    """What is an average, a goal, or anything else, is none."""
    assert metric_of(candidate(entity_id, unit, device_class)) is None


def test_no_number() -> None:
    """What shows no number measures nothing."""
    assert (
        metric_of(candidate("sensor.power", "W", "power")._replace(state="on")) is None
    )


def test_all_can_be_told() -> None:
    """Each metric but those of a position and of a workout is that of some entity."""
    keys = {key for _, _, _, key in TOLD}
    assert keys == {
        key
        for key, metric in METRICS.items()
        if metric.kind not in (Kind.POSITION, Kind.WORKOUT)
    }
