"""How many vehicles a part of the clean-up takes, so that nobody waits long for what it locks."""

from uuid import UUID

FEWEST, MOST = 100, 400
AIM_SECONDS = 0.025
"""What is locked by a part should be free again after so long."""


class Paces:
    """The size of the next part per garage, as far as this process knows it.

    How long a part holds its locks depends on the machine, on what else it does just now, and on
    the plugins that hear of each departure: so it is measured. It begins with the fewest, which
    another process does too where it goes on: below them the time goes into the dozen statements
    that a part has anyhow, and nobody would wait for less by taking fewer.
    """

    def __init__(self) -> None:
        self._sizes: dict[UUID, int] = {}

    def size(self, tenant_id: UUID) -> int:
        """How many vehicles the next part looks at."""
        return self._sizes.get(tenant_id, FEWEST)

    def note(self, tenant_id: UUID, locked: int, seconds: float) -> None:
        """A part held the locks of so many vehicles for so long."""
        before = self.size(tenant_id)
        if seconds <= AIM_SECONDS and 2 * locked <= before:
            return
        after = int(min(2.0, AIM_SECONDS / seconds) * before)
        self._sizes[tenant_id] = max(FEWEST, min(MOST, after))

    def forget(self, tenant_id: UUID) -> None:
        """The garage's run is at its end."""
        self._sizes.pop(tenant_id, None)
