"""How many vehicles a part of the clean-up takes, so that nobody waits long for what it locks."""

from uuid import UUID

FIRST, FEWEST, MOST = 100, 50, 400
AIM_SECONDS = 0.025
"""What is locked by a part should be free again after so long."""


class Paces:
    """The size of the next part per garage, as far as this process knows it.

    How long a part holds its locks depends on the machine, on what else it does just now, and on
    the plugins that hear of each departure: so it is measured. Where another process goes on, it
    begins with the first size and finds out for itself.
    """

    def __init__(self) -> None:
        self._sizes: dict[UUID, int] = {}

    def size(self, tenant_id: UUID) -> int:
        """How many vehicles the next part looks at."""
        return self._sizes.get(tenant_id, FIRST)

    def note(self, tenant_id: UUID, locked: int, seconds: float) -> None:
        """A part held the locks of so many vehicles for so long."""
        before = self.size(tenant_id)
        if seconds > AIM_SECONDS:
            after = int(min(locked, before) * AIM_SECONDS / seconds)
        elif 2 * locked > before:
            after = int(min(2.0, AIM_SECONDS / seconds) * before)
        else:
            return
        self._sizes[tenant_id] = max(FEWEST, min(MOST, after))

    def forget(self, tenant_id: UUID) -> None:
        """The garage's run is at its end."""
        self._sizes.pop(tenant_id, None)
