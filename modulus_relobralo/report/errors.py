"""The relative L2 errors of a run: of what the host logged, and of the fields themselves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

import numpy as np

from modulus_relobralo.report.files.tensorboard import ERROR
from modulus_relobralo.report.run import Field, Series

# A spread of the exact field below this part of its size is lost in the host's single precision.
CONSTANT = 1e-5
WHY_LAST = "what the host logs is divided by the exact field's variance, which is 0"

Key = tuple[str, str]


def relative_errors(scalars: Mapping[str, Series], fields: Mapping[Key, Field]) -> tuple[dict[Key, Series], list[str]]:
    """Return the relative L2 errors over the steps by validator and variable, and what is to be said of them.

    Parameters
    ----------
    scalars : mapping of str to Series
        By TensorBoard's tag.
    fields : mapping of (str, str) to Field
        By validator and variable, as they were at the last validation.
    """
    logged = {_key(tag): series for tag, series in scalars.items() if ERROR in tag}
    errors, notes = {}, []
    for key, field in fields.items():
        if key not in logged:
            continue
        place = f"{key[1]} ({key[0]})"
        if not np.any(field.exact):
            notes.append(f"no relative error of {place}: the exact field is 0, so its size is shown")
        elif _spreads(field):
            errors[key] = _from_logged(logged[key], field)
        else:
            errors[key] = Series.from_dict({int(logged[key].steps[-1]): field.relative_error})
            notes.append(f"the error of {place} is of the last field only: {WHY_LAST}")
    return errors, notes


def residual_sizes(scalars: Mapping[str, Series], fields: Mapping[Key, Field]) -> dict[Key, Series]:
    """Return the root mean square of what should be 0, by validator and variable, at the last validation.

    A validator whose exact values are 0 everywhere is of residuals, or of a variable that should vanish. What the
    host logs of it is divided by 0.
    """
    steps = {_key(tag): int(series.steps[-1]) for tag, series in scalars.items() if ERROR in tag}
    return {
        key: Series.from_dict({steps[key]: float(np.sqrt(np.mean(field.predicted**2)))})
        for key, field in fields.items()
        if key in steps and not np.any(field.exact)
    }


def name_variables(keys: Iterable[Key]) -> dict[Key, str]:
    """Return the variable for each pair of validator and variable, with the validator where that is ambiguous."""
    keys = list(keys)
    times = Counter(variable for _, variable in keys)
    return {
        (validator, variable): variable if times[variable] == 1 else f"{validator}.{variable}"
        for validator, variable in keys
    }


def _spreads(field: Field) -> bool:
    return float(np.std(field.exact)) > CONSTANT * float(np.sqrt(np.mean(field.exact**2)))


def _from_logged(logged: Series, field: Field) -> Series:
    """Return |predicted - exact| / |exact| of what the host logs under that name.

    The host divides by the standard deviation of the exact field, so its number is larger where the mean is not 0.
    """
    exact = field.exact
    return Series(logged.steps, logged.values * np.std(exact, ddof=1) / np.sqrt(np.mean(exact**2)))


def _key(tag: str) -> Key:
    """Return the two of the host's tag of an error, such as ``Validators/exact/l2_relative_error_u``."""
    place, _, variable = tag.partition(ERROR)
    return place.rpartition("/")[-1], variable
