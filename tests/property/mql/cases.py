"""Queries written out with the files they must give, on a catalogue of fourteen files in two namespaces."""

from __future__ import annotations

from tests.property.mql.catalogue import NEW_YEAR, Catalogue, Dataset, File, Metadata

_NEW_YEAR = NEW_YEAR.timestamp()
_HALF_DAY = 43200.0
_DAY = 86400.0
_YEAR = 365

_RAW: tuple[Metadata, ...] = (
    {
        "core.run": 1, "core.events": 10, "core.type": "raw", "core.version": "1.0", "core.quality": 0.5,
        "core.ok": True, "core.runs": [1, 2, 3], "det.mods": ["a1", "a2"], "det.cfg": {"muon": 1, "el": 0},
        "core.time": _NEW_YEAR,
    },
    {
        "core.run": 2, "core.events": 20, "core.type": "raw", "core.version": "1.1", "core.quality": 0.75,
        "core.ok": True, "core.runs": [2], "det.mods": ["a2", "a3"], "det.cfg": {"muon": 0, "el": 1},
        "core.time": _NEW_YEAR + _HALF_DAY,
    },
    {
        "core.run": 3, "core.events": 30, "core.type": "raw", "core.version": "2.0", "core.quality": 1.0,
        "core.ok": False, "core.runs": [], "det.mods": ["b1"], "core.time": _NEW_YEAR + _DAY,
    },
    {
        "core.run": 4, "core.events": 40, "core.type": "Raw", "core.version": "2.0", "core.quality": 1.5,
        "core.ok": False, "core.runs": [4, 5], "core.time": _NEW_YEAR + 2 * _DAY,
    },
    {"core.run": "5", "core.type": "calib", "core.quality": None, "core.note": "string run"},
    {},
    {"core.run": 7, "core.events": 70, "core.type": "raw", "core.ok": True},
)  # fmt: skip

_RECO: tuple[Metadata, ...] = (
    {"core.run": 1, "core.events": 10, "core.type": "reco", "core.runs": [1], "det.mods": ["a1"]},
    {"core.run": 2, "core.events": 20, "core.type": "reco", "core.runs": [2]},
    {"core.run": 3, "core.events": 70, "core.type": "reco", "core.runs": [3, 4]},
)

_ANA: tuple[Metadata, ...] = (
    {"core.type": "ana", "ana.cut": -1.5, "ana.label": "it-works_100%", "core.runs": ["1", "x"]},
    {"core.type": "ana", "ana.cut": 0, "ana.label": "second", "core.runs": 3},
    {"core.type": "ana", "ana.cut": 2.5, "ana.label": "child of retired"},
)

EXAMPLE = Catalogue(
    files=(
        *(
            File(number, "t", f"raw_{number:03}.dat", facts, size=number * 100, came_on_day=number - 1,
                 is_retired=number == 7)
            for number, facts in enumerate(_RAW, start=1)
        ),
        *(
            File(number, "t", f"reco_{number - 7:03}.root", facts, size=1000, came_on_day=_YEAR + number,
                 parents={8: (1,), 9: (2,), 10: (3, 4)}[number])
            for number, facts in enumerate(_RECO, start=8)
        ),
        *(
            File(number, "u", f"ana_{number - 10:03}.root", facts, size=10, came_on_day=2 * _YEAR + number,
                 parents={11: (8, 9), 12: (10,), 13: (7,)}[number])
            for number, facts in enumerate(_ANA, start=11)
        ),
        File(14, "t", "2num.dat", {"core.type": "raw", "core.run": 14}, size=14, came_on_day=3 * _YEAR),
    ),
    datasets=(
        Dataset(1, "t", "raw", {"ds.kind": "raw", "ds.year": 2021}, files=(1, 2, 3, 4, 5, 6, 7)),
        Dataset(2, "t", "reco", {"ds.kind": "reco", "ds.year": 2022}, files=(8, 9, 10)),
        Dataset(3, "t", "all", {"ds.kind": "container"}, children=(1, 5)),
        Dataset(4, "t", "empty", {}),
        Dataset(5, "u", "mix", {"ds.kind": "mix", "ds.year": 2022}, files=(8, 11, 12, 13), children=(2,)),
        Dataset(6, "t", "2numeric", {"ds.kind": "raw"}, files=(14,)),
    ),
)  # fmt: skip

CASES = {
    # Sets.
    "files from t:raw": "1 2 3 4 5 6",
    "files from t:nosuch": "",
    "files from t:all with subsets": "1 2 3 4 5 6 8 11 12 13",
    "files from t:all with subsets recursively": "1 2 3 4 5 6 8 9 10 11 12 13",
    "files from matching t:r* having ds.kind = reco": "8 9 10",
    "files from matching regexp t:'^2'": "14",
    "files from t:raw having ds.kind = reco": "",
    "files from t:raw, t:reco having ds.year = 2022": "1 2 3 4 5 6 8 9 10",
    "files t:raw_001.dat, raw_007.dat, u:ana_001.root": "1 7 11",
    "fids f01, nosuch, f07": "1 7",
    "parents(files from t:reco where core.run = 3)": "3 4",
    "parents(fids f13)": "",
    "children(files from t:raw)": "8 9 10",
    "children(fids f07)": "13",
    "join(files from t:reco, files from u:mix)": "8",
    "{files from t:reco, files from u:mix}": "8",
    "[files from t:reco, files from u:mix]": "8 9 10 11 12 13",
    "files from t:raw - parents(children(files from t:raw))": "5 6",
    "files from t:reco - files from u:mix where core.run = 1": "9 10",
    "files from t:raw skip 2 limit 2": "3 4",
    "files from t:raw limit 3 skip 2": "3",
    "files from t:raw limit 3 skip 3": "",
    "files from t:raw limit 0": "",
    "files from t:raw limit -1": "",
    "files from t:raw limit 3 where core.run > 1": "2 3",
    "files from t:raw - fids f01 limit 2": "2 3",
    "(files from t:raw where core.run > 0) where core.run < 3": "1 2",
    # Comparisons.
    "files where core.run != 1": "2 3 4 9 10 14",
    "files where !(core.run = 1)": "2 3 4 6 9 10 11 12 13 14",
    "files where core.run not in (1, 3)": "2 4 5 6 9 11 12 13 14",
    'files where core.run = "5"': "5",
    "files where core.missing != 1": "",
    "files where core.quality != 1": "1 2 4 5",
    "files where core.type = raw and core.ok = true or core.type = reco and core.events > 15": "1 2 9 10",
    'files where core.run in ("5", 1)': "1 5 8",
    "files where core.run in 2:3": "2 3 9 10",
    "files where core.run not in 2:3": "1 4 5 6 8 11 12 13 14",
    'files where core.type ~* "RAW"': "1 2 3 4 14",
    "files where core.type !~ a": "8 9 10",
    "files where core.quality present": "1 2 3 4 5",
    "files where core.run not present": "6 11 12 13",
    'files where core.time = date("2021-01-01")': "1 2",
    'files where core.time > date("2021-01-01")': "3 4",
    'files where core.time < datetime("2021-01-01 12:00")': "1",
    # Lists and objects.
    "files where 2 in core.runs": "1 2 9",
    "files where core.runs[all] = 2": "2 3 5 6 9 13 14",
    "files where core.runs[0] in 2:4": "2 4 9 10 12",
    "files where core.runs[any] not in (1, 2)": "1 4 10 11 12",
    "files where core.runs[all] not in (1, 2)": "3 4 5 6 10 11 12 13 14",
    'files where det.cfg["muon"] = 1': "1",
    "files where len(core.runs) > 1": "1 4 10 11",
    'files where "a." in det.mods': "",
    "files where a in det.mods": "1 2 8",
    # Attributes.
    'files where created_timestamp < datetime("2021-01-03")': "1 2",
    'files where created_timestamp < "2021-01-03"': "1 2",
    f"files where created_timestamp < {_NEW_YEAR + 2 * _DAY}": "1 2",
    'files where created_timestamp in date("2021-01-02"):date("2021-01-03")': "2 3",
    "files where id = f01": "1",
    "files where size >= 1000 and name like 'reco%'": "8 9 10",
    "files where namespace = u and name ~ '[12].root$'": "11 12",
    "files where updated_by = bob or !(updated_by = bob)": "",
    "fids f01, f07 where retired = true": "7",
    "files where checksums != '{}'": "",
}
