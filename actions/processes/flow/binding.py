"""The objects of models that an automation is bound to: their keys stand in its data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.apps import apps

from .declaring import AutomationType

if TYPE_CHECKING:
    from .data import Data


class Binding(metaclass=AutomationType):
    """Objects by their keys, read when they are asked for first."""

    _objects: dict[str, Any]

    @property
    def data(self) -> Data:
        """The automation's."""
        raise NotImplementedError

    def __getattr__(self, name: str) -> Any:
        """The object that it was started with under a name which is no attribute of the class."""
        label = "" if name.startswith("_") else self.data.model_of(name)
        if not label:
            raise AttributeError(f"{type(self).__name__} has no attribute {name!r}, and no object of that name.")
        return self.get_model_instance(apps.get_model(label), name)

    def get_model_instance(self, model: Any, name: str) -> Any:
        """The object whose key is in the data under a name; None where there is no key."""
        key = self.data.get(name)
        if key is None:
            return None
        known = self._objects.get(name)
        if known is None or known.pk != key:
            known = self._objects[name] = model._default_manager.get(pk=key)
        return known

    def set_model_instance(self, name: str, value: Any) -> None:
        """Put the key of an object into the data."""
        self.data[name] = getattr(value, "pk", value)
        self._objects.pop(name, None)
