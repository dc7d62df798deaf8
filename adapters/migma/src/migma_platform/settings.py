"""Settings: the key, where the API lives, and which of its projects is ours."""

from __future__ import annotations

from migma_http import HttpSettings
from pydantic import Field

from .api import BASE_URL, Api
from .resources.sending import ProviderType

__all__ = ["PlatformSettings"]


class PlatformSettings(HttpSettings):
    """
    A key of Migma's API, and the project there that stands for ours.

    The key needs ``email:send`` to send, ``audience:read``, ``audience:write`` and ``domain:read`` to keep in step, and
    ``domain:write`` to add our domains there.
    """

    base_url: str = Field(BASE_URL, description="Another place than Migma's own, such as a stand-in in tests.")
    provider_type: ProviderType = Field("migma", description="Which provider Migma itself sends through.")
    project_id: str = Field(..., min_length=1, max_length=100, description="The project at Migma (its id there).")

    sync_hours: float = Field(24.0, gt=0, le=240, description="How old a sync may be while marketing leaves.")

    @property
    def api(self) -> Api:
        """The API, with the key."""
        return Api(self.key, self.base_url)
