"""Models whose model, or parameters, are chosen when they are called (spec 1Y)."""

from chatkit.configurable.model import ConfigurableModel, configurable_model

__all__ = ["ConfigurableModel", "configurable_model"]
