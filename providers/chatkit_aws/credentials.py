"""Where AWS credentials come from: arguments, environment, profile files, and botocore's chain where it is installed.

A model holds one "key": a Bedrock API key (bearer token), or access keys for signing. Both travel in `Call.api_key`
as text; access keys are written as JSON there, which no bearer token can be.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from chatkit.errors import MissingKeyError
from chatkit.secrets import STARS, Secret
from chatkit_aws.profiles import read_profile

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Credentials", "ProfileKeys", "explicit_credentials", "find_credentials"]


class Credentials(Struct, frozen=True):
    """Access keys of AWS. `token` only with temporary ones."""

    access_key: str
    secret_key: str
    token: str | None = None

    def packed(self) -> str:
        """As text, for `Call.api_key`."""
        return msgspec.json.encode(self).decode()

    @classmethod
    def unpacked(cls, key: str) -> Credentials | None:
        """The access keys that a text of `packed` holds; None for a bearer token."""
        return msgspec.json.decode(key, type=cls) if key.startswith("{") else None

    def __repr__(self) -> str:
        return f"Credentials(access_key={self.access_key!r}, secret_key={STARS!r})"


def explicit_credentials(settings: Mapping[str, Any], owner: str) -> Credentials | None:
    """The access keys that were passed to the model.

    Raises:
        MissingKeyError: only one half of the pair was passed.
    """
    names = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
    access, secret, token = (Secret.of(settings[name]).get_secret_value() if settings.get(name) else None for name in names)
    if not access and not secret:
        return None
    if not access or not secret:
        raise MissingKeyError(f"{owner} needs both aws_access_key_id and aws_secret_access_key")
    return Credentials(access, secret, token)


def find_credentials(owner: str) -> Credentials | ProfileKeys:
    """What the machine has to offer: the environment, then the profile files and botocore's chain.

    Raises:
        MissingKeyError: nothing is there.
    """
    access, secret = os.environ.get("AWS_ACCESS_KEY_ID"), os.environ.get("AWS_SECRET_ACCESS_KEY")
    if access and secret:
        return Credentials(access, secret, os.environ.get("AWS_SESSION_TOKEN") or None)
    return ProfileKeys(None, owner)


class ProfileKeys:
    """Gives the current access keys of a profile, packed. An `api_key` function: it is called for each request.

    Static keys are read from the profile files each time, so that a tool which renews them there is noticed.
    Everything else (SSO, assumed roles, container and instance roles) is left to botocore, which renews by itself.

    Args:
        profile: name of the profile; None for the one that the environment names, or "default".
        owner: name of the class that asks, for errors.

    Raises:
        MissingKeyError: there is no such profile; or it holds no static keys, and botocore is not installed.
    """

    def __init__(self, profile: str | None, owner: str) -> None:
        self.profile = profile
        self.owner = owner
        self._chain: Any = None
        if profile and not read_profile(profile):
            raise MissingKeyError(f"{owner}: there is no profile {profile!r} in the AWS profile files")
        if _static_keys(profile) is None and importlib.util.find_spec("botocore") is None:
            raise MissingKeyError(
                f"{owner} needs AWS credentials, and neither the environment nor the profile files hold any: "
                "pass api_key=... (a Bedrock API key) or aws_access_key_id=... and aws_secret_access_key=..., or set "
                "AWS_BEARER_TOKEN_BEDROCK, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. For SSO, assumed roles, "
                "container and instance roles install botocore (the extra `aws`)."
            )

    def __call__(self) -> str:
        return (_static_keys(self.profile) or self._of_botocore()).packed()

    def _of_botocore(self) -> Credentials:
        """What botocore finds. Blocks (files, metadata services); chatkit calls it in a worker thread."""
        session = importlib.import_module("botocore.session")
        exceptions = importlib.import_module("botocore.exceptions")
        try:
            if self._chain is None:
                self._chain = session.Session(profile=self.profile).get_credentials()
            if self._chain is None:
                raise MissingKeyError(f"{self.owner} needs AWS credentials, and botocore's chain finds none")
            frozen = self._chain.get_frozen_credentials()
        except exceptions.BotoCoreError as error:
            raise MissingKeyError(f"{self.owner}: botocore cannot get AWS credentials: {error}") from error
        return Credentials(frozen.access_key, frozen.secret_key, frozen.token)


def _static_keys(profile: str | None) -> Credentials | None:
    values = read_profile(profile)
    access, secret = values.get("aws_access_key_id"), values.get("aws_secret_access_key")
    # A profile that names a role uses its keys only to assume it.
    if not access or not secret or "role_arn" in values:
        return None
    return Credentials(access, secret, values.get("aws_session_token"))
