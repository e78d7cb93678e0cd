"""The physics of the demonstration: Z → µµ at 13 TeV, what a detector makes of it, and a fit of the peak.

Masses, momenta and energies are in GeV (c = 1), angles in radians.
Every random number comes from the generator that is passed in, so the same generator gives the same events.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

Z_MASS = 91.1876
Z_WIDTH = 2.4952
MUON_MASS = 0.1056584

LIGHTEST, HEAVIEST = 50.0, 130.0  # wider than what is analysed, so that the resolution moves events both ways
CONTINUUM_FRACTION = 0.1
CONTINUUM_SLOPE = 30.0  # the continuum falls by a factor e in this many GeV

MUON_EFFICIENCY = 0.95
WRONG_CHARGE = 0.002  # tracks whose curvature is measured with the wrong sign
ANGLE_RESOLUTION = 0.0005
LEAST_PT = 20.0
LARGEST_ETA = 2.4

MUON_COLUMNS = tuple(f"{muon}_{quantity}" for muon in ("mu1", "mu2") for quantity in ("pt", "eta", "phi", "charge"))


@dataclass(frozen=True)
class Muons:
    """One muon per event: transverse momentum, pseudorapidity, azimuth and charge."""

    pt: Floats
    eta: Floats
    phi: Floats
    charge: Floats

    def select(self, chosen: Flags) -> "Muons":
        """The muons of the chosen events."""
        return Muons(self.pt[chosen], self.eta[chosen], self.phi[chosen], self.charge[chosen])

    def momentum(self) -> Floats:
        """Momentum vectors, one row (x, y, z) per muon."""
        return np.stack((self.pt * np.cos(self.phi), self.pt * np.sin(self.phi), self.pt * np.sinh(self.eta)), axis=1)


def generate_masses(random: np.random.Generator, count: int) -> Floats:
    """True dimuon masses: the Z as a relativistic Breit-Wigner in m², and a falling continuum below it."""
    edges = line_shape(np.array([LIGHTEST, HEAVIEST]), mass=Z_MASS)
    phase = np.pi * random.uniform(edges[0], edges[1], count)
    resonant = np.sqrt(Z_MASS**2 + Z_MASS * Z_WIDTH * np.tan(phase))
    surviving = np.exp(-(HEAVIEST - LIGHTEST) / CONTINUUM_SLOPE)
    continuum = LIGHTEST - CONTINUUM_SLOPE * np.log(random.uniform(surviving, 1.0, count))
    return np.where(random.random(count) < CONTINUUM_FRACTION, continuum, resonant)


def generate_pairs(random: np.random.Generator, masses: Floats) -> tuple[Muons, Muons]:
    """Muon pairs of the given masses as the laboratory sees them, the harder muon first.

    The boson gets a transverse momentum that peaks near 5 GeV with a power-law tail and a rapidity that is flat
    in the middle with soft edges; in its rest frame the muons follow 1 + cos²θ around the beam.
    """
    count = len(masses)
    boson, energy = _boson(random, masses)
    cosine = 2.0 * np.sinh(np.arcsinh(4.0 * random.random(count) - 2.0) / 3.0)  # inverts the integral of 1 + cos²θ
    sine = np.sqrt(np.clip(1.0 - cosine**2, 0.0, None))
    azimuth = random.uniform(-np.pi, np.pi, count)
    direction = np.stack((sine * np.cos(azimuth), sine * np.sin(azimuth), cosine), axis=1)
    at_rest = direction * np.sqrt(masses**2 / 4.0 - MUON_MASS**2)[:, np.newaxis]
    positive = _boost(at_rest, masses, boson, energy)
    negative = boson - positive
    return order_by_pt(_muons(positive, charge=1.0), _muons(negative, charge=-1.0))


def _boson(random: np.random.Generator, masses: Floats) -> tuple[Floats, Floats]:
    count = len(masses)
    pt = 10.0 * np.sqrt((1.0 - random.random(count)) ** -0.8 - 1.0)  # density pt (1 + (pt / 10 GeV)²)^-2.25
    rapidity = random.uniform(-2.2, 2.2, count) + random.normal(0.0, 0.8, count)
    azimuth = random.uniform(-np.pi, np.pi, count)
    transverse_energy = np.hypot(masses, pt)
    along_beam = transverse_energy * np.sinh(rapidity)
    momentum = np.stack((pt * np.cos(azimuth), pt * np.sin(azimuth), along_beam), axis=1)
    return momentum, transverse_energy * np.cosh(rapidity)


def _boost(at_rest: Floats, masses: Floats, boson: Floats, energy: Floats) -> Floats:
    """Momenta of one decay product in the frame in which the boson has this momentum and energy."""
    along: Floats = np.sum(boson * at_rest, axis=1) / (energy + masses)
    share: Floats = (along + masses / 2.0) / masses
    return at_rest + boson * share[:, np.newaxis]


def _muons(momentum: Floats, *, charge: float) -> Muons:
    pt = np.hypot(momentum[:, 0], momentum[:, 1])
    phi = np.arctan2(momentum[:, 1], momentum[:, 0])
    return Muons(pt, np.arcsinh(momentum[:, 2] / pt), phi, np.full(len(pt), charge))


def order_by_pt(first: Muons, second: Muons) -> tuple[Muons, Muons]:
    """The same pairs with the harder muon of each event first."""
    swap = second.pt > first.pt

    def choose(one: Muons, other: Muons) -> Muons:
        return Muons(
            np.where(swap, other.pt, one.pt),
            np.where(swap, other.eta, one.eta),
            np.where(swap, other.phi, one.phi),
            np.where(swap, other.charge, one.charge),
        )

    return choose(first, second), choose(second, first)


def dimuon_mass(first: Muons, second: Muons) -> Floats:
    """Invariant mass of each pair."""
    one, other = first.momentum(), second.momentum()
    energy = np.sqrt(np.sum(one**2, axis=1) + MUON_MASS**2) + np.sqrt(np.sum(other**2, axis=1) + MUON_MASS**2)
    squared: Floats = energy**2 - np.sum((one + other) ** 2, axis=1)
    return np.sqrt(np.clip(squared, 0.0, None))


def measure(random: np.random.Generator, muons: Muons) -> tuple[Muons, Flags]:
    """What the detector makes of the muons, and which of them it found at all.

    The transverse momentum is smeared by 1.5 % plus 0.02 % for each GeV of it.
    """
    count = len(muons.pt)
    pt = muons.pt * (1.0 + random.normal(0.0, 1.0, count) * (0.015 + 0.0002 * muons.pt))
    eta = muons.eta + random.normal(0.0, ANGLE_RESOLUTION, count)
    phi = muons.phi + random.normal(0.0, ANGLE_RESOLUTION, count)
    charge = np.where(random.random(count) < WRONG_CHARGE, -muons.charge, muons.charge)
    found = random.random(count) < MUON_EFFICIENCY
    return Muons(pt, eta, np.remainder(phi + np.pi, 2.0 * np.pi) - np.pi, charge), found


def is_accepted(muons: Muons) -> Flags:
    """Which muons are hard and central enough for the analysis."""
    return (muons.pt > LEAST_PT) & (np.abs(muons.eta) < LARGEST_ETA)


def to_columns(first: Muons, second: Muons) -> dict[str, NDArray[np.generic]]:
    """The pairs as named columns, `mu1_…` for the first muons and `mu2_…` for the second, in single precision."""
    columns: dict[str, NDArray[np.generic]] = {}
    for name, muons in (("mu1", first), ("mu2", second)):
        columns[f"{name}_pt"] = muons.pt.astype(np.float32)
        columns[f"{name}_eta"] = muons.eta.astype(np.float32)
        columns[f"{name}_phi"] = muons.phi.astype(np.float32)
        columns[f"{name}_charge"] = muons.charge.astype(np.int32)
    return columns


def from_columns(columns: Mapping[str, NDArray[np.generic]], name: str) -> Muons:
    """The muons kept in the columns that begin with this name."""
    pt, eta, phi, charge = (
        columns[f"{name}_{quantity}"].astype(np.float64) for quantity in ("pt", "eta", "phi", "charge")
    )
    return Muons(pt, eta, phi, charge)


def line_shape(masses: Floats, *, mass: float) -> Floats:
    """Integral of the normalised relativistic Breit-Wigner (in m²) of this pole up to each mass, plus a constant."""
    return np.arctan((masses**2 - mass**2) / (mass * Z_WIDTH)) / np.pi


@dataclass(frozen=True)
class PeakFit:
    """A fitted Z peak: its mass with the error of it, the resolution, and the signal events in the fitted range."""

    mass: float
    mass_error: float
    resolution: float
    signal_count: float
    parameters: Floats

    def expected(self, edges: Floats) -> tuple[Floats, Floats]:
        """Expected signal and continuum events in each bin; the bins may be finer than the fitted ones."""
        return _expected(edges, self.parameters)


def fit_peak(edges: Floats, counts: Floats) -> PeakFit | None:
    """Binned maximum-likelihood fit of a Breit-Wigner of the Z's width, smeared by a Gaussian, over an exponential.

    None when the entries do not fix a peak: when there are fewer than 200, or its error comes out above 5 GeV.
    """
    entries = float(counts.sum())
    if entries < 200:
        return None
    # Logarithms keep counts and resolution positive whatever step is tried.
    start = np.array([np.log(0.9 * entries), np.log(0.1 * entries), Z_MASS, np.log(1.5), 0.03])
    parameters = _maximise(edges, counts, start)
    derivatives = _derivatives(edges, parameters)
    covariance = np.linalg.pinv(derivatives.T @ (derivatives / _total(edges, parameters)[:, np.newaxis]))
    mass_error = float(np.sqrt(covariance[2, 2]))
    if mass_error > 5.0:
        return None
    resolution, signal_count = float(np.exp(parameters[3])), float(np.exp(parameters[0]))
    return PeakFit(float(parameters[2]), mass_error, resolution, signal_count, parameters)


def _maximise(edges: Floats, counts: Floats, start: Floats) -> Floats:
    """Levenberg-Marquardt with the Fisher matrix as curvature; stops when the likelihood no longer improves."""
    parameters, damping = start, 1e-3
    best = _misfit(edges, counts, parameters)
    for _ in range(200):
        expected = _total(edges, parameters)
        derivatives = _derivatives(edges, parameters)
        fisher = derivatives.T @ (derivatives / expected[:, np.newaxis])
        slope = derivatives.T @ (counts / expected - 1.0)
        step = np.linalg.solve(fisher + damping * np.diag(np.diag(fisher) + 1e-9), slope)
        trial = parameters + np.clip(step, -1.0, 1.0)
        misfit = _misfit(edges, counts, trial)
        if misfit > best:
            damping *= 10.0
            if damping > 1e9:
                break
            continue
        gained, best, parameters, damping = best - misfit, misfit, trial, damping / 10.0
        if gained < 1e-9:
            break
    return parameters


def _expected(edges: Floats, parameters: Floats) -> tuple[Floats, Floats]:
    """Expected signal and continuum in each bin."""
    log_signal, log_continuum, mass, log_resolution, slope = parameters
    offsets = np.linspace(-5.0, 5.0, 81)
    weights = np.exp(-(offsets**2) / 2.0)
    smeared = edges[:, np.newaxis] - offsets * np.exp(log_resolution)
    signal = np.diff(line_shape(smeared, mass=float(mass)) @ (weights / weights.sum()))
    centres = (edges[1:] + edges[:-1]) / 2.0
    continuum = np.exp(-slope * (centres - edges[0]))
    return np.exp(log_signal) * signal / signal.sum(), np.exp(log_continuum) * continuum / continuum.sum()


def _total(edges: Floats, parameters: Floats) -> Floats:
    signal, continuum = _expected(edges, parameters)
    return signal + continuum


def _derivatives(edges: Floats, parameters: Floats) -> Floats:
    columns = []
    for shift in 1e-5 * np.eye(len(parameters)):
        above = _total(edges, parameters + shift)
        below = _total(edges, parameters - shift)
        columns.append((above - below) / 2e-5)
    return np.stack(columns, axis=1)


def _misfit(edges: Floats, counts: Floats, parameters: Floats) -> float:
    """Negative logarithm of the Poisson likelihood, up to a constant."""
    expected = _total(edges, parameters)
    return float(np.sum(expected - counts * np.log(expected)))
