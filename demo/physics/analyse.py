"""Fill the dimuon mass and fit its peak.

`analyse.py reco_*.root --output-histogram mass.root --output-picture mass.png`
"""

import argparse
import hashlib
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import rootfile
import uproot
import zmumu

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BINS, LOWEST, HIGHEST = 60, 60.0, 120.0  # one GeV per bin


@dataclass(frozen=True)
class Spectrum:
    """The dimuon masses of all files in bins; the first and last count are those below and above the range.

    `total` and `total_of_squares` sum the masses within the range, unbinned, as ROOT does for mean and spread.
    """

    edges: zmumu.Floats
    counts: zmumu.Floats
    total: float
    total_of_squares: float

    @property
    def inside(self) -> zmumu.Floats:
        """The counts within the range."""
        return self.counts[1:-1]

    @property
    def centres(self) -> zmumu.Floats:
        """The middle of each bin within the range."""
        return (self.edges[1:] + self.edges[:-1]) / 2.0

    @property
    def entries(self) -> int:
        """All events, those outside the range included."""
        return int(self.counts.sum())


def main() -> int:
    """Analyse the files; the exit code is 2 when one of them cannot be read."""
    parser = argparse.ArgumentParser(description="Fill the dimuon mass of reconstructed files and fit its peak.")
    parser.add_argument("inputs", type=Path, nargs="+", metavar="INPUT", help="reconstructed ROOT files")
    parser.add_argument("--output-histogram", type=Path, default=Path("mass.root"), metavar="NAME")
    parser.add_argument("--output-picture", type=Path, default=Path("mass.png"), metavar="NAME")
    options = parser.parse_args()
    if len({path.resolve() for path in options.inputs}) < len(options.inputs):
        parser.error("an input file is named twice and would be counted twice")
    try:
        analyse(options.inputs, histogram=options.output_histogram, picture=options.output_picture)
    except rootfile.RootFileError as problem:
        print(f"analyse: {problem}", file=sys.stderr)
        return 2
    return 0


def analyse(paths: list[Path], *, histogram: Path, picture: Path) -> None:
    """Write the histogram, its picture and their metadata; the order in which the files are named does not matter.

    Raises:
        RootFileError: one of the files cannot be read.
    """
    spectrum = fill(sorted(paths, key=lambda path: (path.name, path)))
    fit = zmumu.fit_peak(spectrum.edges, spectrum.inside)
    write_histogram(histogram, spectrum)
    described: dict[str, int | float | str] = {"core.events": spectrum.entries, "core.file_type": "mc"}
    peak: dict[str, int | float | str] = {} if fit is None else {"demo.peak_gev": round(fit.mass, 3)}
    rootfile.write_metadata(
        histogram, {**described, **peak, "core.data_tier": "analysed", "demo.files_read": len(paths)}
    )
    draw(picture, spectrum, fit)
    rootfile.write_metadata(picture, {**described, "core.data_tier": "picture"})


def fill(paths: list[Path]) -> Spectrum:
    """The dimuon masses of the files.

    Raises:
        RootFileError: one of the files cannot be read.
    """
    masses = np.concatenate([rootfile.read_tree(path, ["mass"])["mass"].astype(np.float64) for path in paths])
    edges = np.linspace(LOWEST, HIGHEST, BINS + 1)
    counts = np.bincount(np.searchsorted(edges, masses, side="right"), minlength=BINS + 2)
    inside = masses[(masses >= LOWEST) & (masses < HIGHEST)]
    return Spectrum(edges, counts.astype(np.float64), float(inside.sum()), float(np.sum(inside**2)))


def write_histogram(path: Path, spectrum: Spectrum) -> None:
    """Write the spectrum as the TH1D "dimuon_mass"."""
    title, label = "Z #rightarrow #mu#mu", "m_{#mu#mu} [GeV]"
    histogram = uproot.writing.identify.to_TH1x(
        fName=None,
        fTitle=title,
        data=spectrum.counts,
        fEntries=float(spectrum.entries),
        fTsumw=float(spectrum.inside.sum()),
        fTsumw2=float(spectrum.inside.sum()),
        fTsumwx=spectrum.total,
        fTsumwx2=spectrum.total_of_squares,
        fSumw2=None,
        fXaxis=uproot.writing.identify.to_TAxis("xaxis", label, BINS, LOWEST, HIGHEST),
        fYaxis=uproot.writing.identify.to_TAxis("yaxis", "Events / GeV", 1, 0.0, 1.0),
    )
    contents = hashlib.sha256(spectrum.counts.tobytes()).hexdigest()
    with rootfile.reproducible_root_file(path, name_for_uuid=f"{path.name} {contents}") as file:
        file["dimuon_mass"] = histogram


def draw(path: Path, spectrum: Spectrum, fit: zmumu.PeakFit | None) -> None:
    """Draw the spectrum with its fit as a PNG whose bytes depend on the numbers only."""
    import matplotlib as mpl  # noqa: PLC0415 - a second of start-up that a broken input need not wait for
    from matplotlib.figure import Figure  # noqa: PLC0415

    mpl.rcdefaults()  # whatever style the person at this machine prefers
    mpl.rcParams.update({"font.family": "DejaVu Sans", "mathtext.fontset": "dejavusans", "font.size": 11})
    figure = Figure(figsize=(8.0, 6.4), dpi=120)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(4, 1))
    figure.subplots_adjust(left=0.11, right=0.97, top=0.93, bottom=0.095, hspace=0.05)
    _draw_spectrum(upper, spectrum, fit)
    _draw_pulls(lower, spectrum, fit)
    for axes in (upper, lower):
        axes.minorticks_on()
        axes.tick_params(which="major", direction="in", top=True, right=True, length=6)
        axes.tick_params(which="minor", direction="in", top=True, right=True, length=3)
    figure.align_ylabels()
    figure.savefig(path, format="png", metadata={"Software": None})


def _draw_spectrum(axes: "Axes", spectrum: Spectrum, fit: zmumu.PeakFit | None) -> None:
    counts, seen = spectrum.inside, spectrum.inside > 0
    axes.errorbar(
        spectrum.centres[seen],
        counts[seen],
        yerr=np.sqrt(counts[seen]),
        fmt="o",
        markersize=3.8,
        color="black",
        elinewidth=1.1,
        zorder=3,
        label=f"Simulated events ({spectrum.entries:,})",
    )
    if fit is not None:
        _draw_fit(axes, fit)
    axes.set_title(f"Z → µµ, {spectrum.entries:,} events", fontsize=14, loc="left", pad=8)
    axes.set_title(r"pp simulation, $\sqrt{s}$ = 13 TeV", fontsize=11, loc="right", pad=8, color="#555555")
    axes.set_xlim(LOWEST, HIGHEST)
    highest = float(counts.max())
    axes.set_ylim(0.0, max(1.0, 1.1 * (highest + np.sqrt(highest))))
    axes.set_ylabel("Events / GeV")
    axes.locator_params(axis="y", integer=True)
    axes.yaxis.set_major_formatter("{x:,.0f}")
    axes.legend(loc="upper left", frameon=False, labelspacing=0.8)


def _draw_fit(axes: "Axes", fit: zmumu.PeakFit) -> None:
    edges = np.linspace(LOWEST, HIGHEST, 20 * BINS + 1)
    masses, per_gev = (edges[1:] + edges[:-1]) / 2.0, 20 * BINS / (HIGHEST - LOWEST)
    signal, continuum = (events * per_gev for events in fit.expected(edges))
    label = f"Fit: peak at {fit.mass:.2f} ± {fit.mass_error:.2f} GeV\nresolution {fit.resolution:.2f} GeV"
    axes.plot(masses, signal + continuum, color="#c0392b", linewidth=1.8, zorder=2, label=label)
    axes.fill_between(
        masses, continuum, signal + continuum, color="#f6dcd6", linewidth=0, label=f"Z signal ({fit.signal_count:,.0f})"
    )
    axes.fill_between(masses, continuum, color="#7d9bb8", linewidth=0, label="Continuum")


def _draw_pulls(axes: "Axes", spectrum: Spectrum, fit: zmumu.PeakFit | None) -> None:
    axes.axhspan(-1.0, 1.0, color="#e8e8e8", linewidth=0)
    axes.axhline(0.0, color="#c0392b", linewidth=1.2)
    largest = 4.0
    if fit is not None:
        signal, continuum = fit.expected(spectrum.edges)
        pulls = (spectrum.inside - signal - continuum) / np.sqrt(signal + continuum)
        axes.plot(spectrum.centres, pulls, "o", markersize=3.4, color="black")
        largest = max(largest, 1.1 * float(np.abs(pulls).max()))
    axes.set_ylim(-largest, largest)
    axes.set_xlabel(r"$m_{\mu\mu}$ [GeV]", fontsize=13)
    axes.set_ylabel(r"$(N - \mathrm{fit})\,/\,\sigma$")


if __name__ == "__main__":
    sys.exit(main())
