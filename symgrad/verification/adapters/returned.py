"""Find the gradients that a backward pass returned or left on its object."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from symgrad.rendering.code import attribute
from symgrad.verification.adapters.calls import Given, plain

# how the gradient of w is called, the most frequent first
SPELLINGS = ("d{}", "grad_{}", "{}_grad", "g{}", "d_{}", "delta_{}", "{}")
# the attributes that hold the gradients of all parameters, as a dict or a list
COLLECTIONS = ("grads", "grad", "gradients", "_grads", "dparams")


def gradients_of(
    given: Given, returned: Any, holder: Any, passed: Sequence[str], kept: Sequence[str]
) -> dict[str, Any]:
    """Return the gradient by each input of `layer.wrt`, None where there is none.

    Args:
        given: what the call gave.
        returned: what backward returned.
        holder: the object whose attributes may hold gradients; None where there is none.
        passed: the inputs that forward took.
        kept: the inputs that the object keeps, in the order in which it took them.

    Raises:
        TypeError: backward returned another number of gradients than there are.
    """
    wrt = given.layer.wrt
    found = _named(given, returned, passed)
    for name in wrt:
        if name not in found:
            found[name] = _on_object(given, holder, name, kept)
    gradients = {name: found[name] for name in wrt}
    if not isinstance(returned, Mapping) and returned is not None:
        _require_all(given, returned, gradients, passed)
    return gradients


def _named(given: Given, returned: Any, passed: Sequence[str]) -> dict[str, Any]:
    """Return what backward itself returned, by input."""
    if returned is None:
        return {}
    if isinstance(returned, Mapping):
        found = {name: _by_spelling(given, returned, name) for name in given.layer.wrt}
        return {name: value for name, value in found.items() if value is not None}
    values = list(returned) if isinstance(returned, (tuple, list)) else [returned]
    for names in _orders(given, passed):
        if len(names) == len(values):
            pairs = zip(names, values, strict=True)
            return {name: value for name, value in pairs if name in given.layer.wrt}
    if not isinstance(returned, (tuple, list)):
        return dict(zip(_orders(given, passed)[0][:1], values, strict=False))
    return {}


def _orders(given: Given, passed: Sequence[str]) -> list[list[str]]:
    """Return the inputs whose gradients backward may return, the most likely choice first."""
    layer = given.layer
    return [
        [name for name in layer.inputs if name in passed and name in layer.wrt],
        list(passed),
        list(layer.wrt),
        list(layer.inputs),
    ]


def _require_all(
    given: Given, returned: Any, gradients: Mapping[str, Any], passed: Sequence[str]
) -> None:
    """Raise where what was returned can't be told apart: a number that fits no list of inputs."""
    count = len(returned) if isinstance(returned, (tuple, list)) else 1
    if any(len(names) == count for names in _orders(given, passed)):
        return
    missing = [name for name in given.layer.wrt if gradients[name] is None]
    if missing or isinstance(returned, (tuple, list)):
        wanted = _orders(given, passed)[0] or list(given.layer.wrt)
        labels = ", ".join(given.labels.get(name, f"d{name}") for name in wanted)
        word = "gradient" if count == 1 else "gradients"
        raise TypeError(f"backward returned {count} {word}, expected {len(wanted)}: {labels}")


def _on_object(given: Given, holder: Any, name: str, kept: Sequence[str]) -> Any:
    """Return the gradient of a kept parameter from the object's attributes."""
    if holder is None:
        return None
    own = attribute(given.labels.get(name, f"d{name}")).removeprefix("self.")
    if hasattr(holder, own):
        return getattr(holder, own)
    attributes = getattr(holder, "__dict__", {})
    direct = _by_spelling(given, attributes, name, SPELLINGS[:-1])
    if direct is not None:
        return direct
    for word in COLLECTIONS:
        found = _in_collection(given, getattr(holder, word, None), name, kept)
        if found is not None:
            return found
    return None


def _in_collection(given: Given, collection: Any, name: str, kept: Sequence[str]) -> Any:
    if isinstance(collection, Mapping):
        return _by_spelling(given, collection, name)
    if isinstance(collection, (list, tuple)):
        for names in (list(kept), list(given.layer.inputs)):
            if len(names) == len(collection) and name in names:
                return collection[names.index(name)]
    return None


def _by_spelling(
    given: Given, table: Mapping[Any, Any], name: str, spellings: Sequence[str] = SPELLINGS
) -> Any:
    """Return the entry whose key is a spelling of the gradient of `name`; exact case first."""
    wanted = [given.labels.get(name, f"d{name}"), *(word.format(name) for word in spellings)]
    for word in wanted:
        if word in table:
            return table[word]
    keys = {plain(key): key for key in table if isinstance(key, str)}
    return next((table[keys[plain(word)]] for word in wanted if plain(word) in keys), None)
