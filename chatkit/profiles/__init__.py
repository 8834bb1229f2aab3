"""What models can do and what they cost, from models.dev, as data that ships with chatkit (spec 1Q).

Nothing is read before `profile_for` or `prices_for` is called, and then only the file of that one provider.
"""

from __future__ import annotations

from chatkit.profiles.mapping import ModelProfile
from chatkit.profiles.prices import cost_of, message_cost
from chatkit.profiles.store import data_version, prices_for, profile_for

__all__ = ["ModelProfile", "cost_of", "data_version", "message_cost", "prices_for", "profile_for"]
