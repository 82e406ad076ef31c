"""Measures as DataFrames that read like the tables of the terminal: ``8.3 ± 2.8 %``, for notebooks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from stasis_sim.observe.intervals import Intervals
from stasis_sim.report.sweeps import check_measures
from stasis_sim.report.tables import cell


def side_by_side(columns: Mapping[str, Intervals], measures: Sequence[str]) -> pd.DataFrame:
    """Return one row for each variant, or app, and one column for each measure.

    Args:
        columns: Measures by the name of whose they are: ``{name: results.measures["total"], …}`` of variants, or
            ``results.measures["apps"]``.
        measures: Names from docs/measures.md.

    Returns:
        Texts, each the mean with half the width of its 95 % interval and its unit; ``-`` where there was nothing to
        measure.

    Raises:
        InputError: There is no such measure.
    """
    names = check_measures(measures)
    rows = {of: [cell(name, found.get(name)) for name in names] for of, found in columns.items()}
    return pd.DataFrame.from_dict(rows, orient="index", columns=names)


def of(table: pd.DataFrame, measure: str, name: str | None = None) -> pd.DataFrame:
    """Return the rows of one measure from a table of an experiment.

    Args:
        table: What :func:`stasis_sim.experiments.replicate`, :func:`~stasis_sim.experiments.sweep` or
            :func:`~stasis_sim.experiments.compare` gave.
        measure: Its name, from docs/measures.md.
        name: Of an app or a client; of the app, where both have the name and the measure. None: in total.

    Raises:
        InputError: There is no such measure.
    """
    check_measures([measure])
    rows = table[table["measure"] == measure]
    if name is None:
        return rows[rows["app"].isna() & rows["client"].isna()]
    of_app = rows[rows["app"] == name]
    return of_app if len(of_app) else rows[rows["client"] == name]
