"""Tells what the requests of a relay come to: in its status, the log, and who must sign in."""

from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntry
from homeassistant.core import HomeAssistant, callback

from ..const import LOGGER
from ..destinations.errors import DestinationError
from . import relay_issues as issues
from .alerts import Alerts
from .data import FLOWING, Status, status_after


class Outcomes:
    """What the last request came to, and how the delivery goes."""

    def __init__(
        self, hass: HomeAssistant, entry: ConfigEntry, alerts: Alerts, name: str
    ) -> None:
        """Initialize the outcomes of a relay, of which there is none yet."""
        self.status = Status.IDLE
        self.error: DestinationError | None = None
        self._hass = hass
        self._entry = entry
        self._alerts = alerts
        self._name = name

    @property
    def key(self) -> str | None:
        """What went wrong with the last request, None when it went well."""
        return self.error.key if self.error else None

    @callback
    def note(self, error: DestinationError | None) -> bool:
        """Take note of what a request came to, and return whether that is news."""
        before, self.error = self.key, error
        self._alerts.note(error)
        is_news = self.review() or self.key != before
        if is_news:
            issues.async_update_account(self._hass, self._entry, error)
        return is_news

    @callback
    def review(self) -> bool:
        """See how the delivery goes, and return whether it goes otherwise than before."""
        before = self.status
        is_lasting = self._alerts.is_lasting
        self.status = status_after(self.error, before, is_lasting=is_lasting)
        if self.status == before:
            return False
        self._log(before)
        if self.status is Status.NOT_AUTHORISED:
            self._entry.async_start_reauth(self._hass)
        elif self.status is Status.DELIVERING:
            self._end_reauth()
        return True

    def _end_reauth(self) -> None:
        """Ask nobody to sign in any more: the credentials are good after all."""
        flows = self._entry.async_get_active_flows(self._hass, {SOURCE_REAUTH})
        for flow in list(flows):
            self._hass.config_entries.flow.async_abort(flow["flow_id"])

    def _log(self, before: Status) -> None:
        """Write one line when a service goes, and one when it comes back."""
        if self.status in FLOWING:
            if before not in FLOWING:
                LOGGER.info("%s takes readings again", self._name)
        elif before in FLOWING:
            LOGGER.warning(
                "%s takes no readings now (%s), they are kept until it does",
                self._name,
                self.key,
            )
