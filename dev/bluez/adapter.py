"""What the kernel takes for a Bluetooth adapter: a controller behind /dev/vhci."""

import random

from bumble import hci, ll
from bumble.controller import Connection, Controller
from bumble.transport.common import Transport
from bumble.transport.vhci import open_vhci_transport

from .air import SUPERVISION, Air, later

JITTER = 10
"""By how many dB what is heard differs: BlueZ passes nothing on that stays the same."""

RSSI = -60


class Adapter(Controller):
    """A Bluetooth adapter."""

    le_features = (
        hci.LeFeatureMask.LE_ENCRYPTION
        | hci.LeFeatureMask.CONNECTION_PARAMETERS_REQUEST_PROCEDURE
        | hci.LeFeatureMask.LE_PING
        | hci.LeFeatureMask.LE_DATA_PACKET_LENGTH_EXTENSION
    )
    le_acl_data_packet_length = 251
    acl_data_packet_length = 251
    pending_le_connection: hci.HCI_LE_Create_Connection_Command | None = None

    def __init__(self, air: Air, name: str, address: str, slots: int) -> None:
        """Initialize an adapter that nobody has plugged in yet."""
        super().__init__(name, link=air, public_address=address)
        self.random_address = hci.Address.ANY_RANDOM
        self._slots = slots
        self._air = air
        self._accepted: set[hci.Address] = set()
        self._transport: Transport | None = None

    @classmethod
    async def plug_in(
        cls, air: Air, name: str, address: str, slots: int = 5
    ) -> Adapter:
        """Return a new adapter that the kernel knows."""
        adapter = cls(air, name, address, slots)
        transport = await open_vhci_transport(None)
        transport.source.set_packet_sink(adapter)
        adapter.host = transport.sink
        adapter._transport = transport
        return adapter

    async def unplug(self) -> None:
        """Pull it out."""
        assert self._transport
        self._air.remove_controller(self)
        self._air.supervise()
        await self._transport.close()

    def on_advertising_pdu(self, pdu: ll.AdvInd | ll.AdvExtInd) -> None:
        """Take an advertisement: report it, and call back who is waited for."""
        address = pdu.advertiser_address
        wanted = self.pending_le_connection
        if self.le_scan_enable and self._reports(address):
            self._report(pdu)
        if (
            not wanted
            or wanted.peer_address != address
            or address in self.le_connections
        ):
            return
        if len(self.le_connections) < self._slots:
            self.create_le_connection(address)
        else:
            self._end_call(hci.HCI_ErrorCode.CONNECTION_LIMIT_EXCEEDED_ERROR)

    def _reports(self, address: hci.Address) -> bool:
        """Return whether the kernel wants to hear of an address."""
        return not self.le_scanning_filter_policy & 1 or address in self._accepted

    def _report(self, pdu: ll.AdvInd | ll.AdvExtInd) -> None:
        """Tell the kernel of an advertisement, and of the answer to who asks."""
        kinds = hci.HCI_LE_Advertising_Report_Event.EventType
        reports = [(kinds.ADV_IND, bytes(pdu.data))]
        advertiser = self._air.advertiser(pdu.advertiser_address)
        if self.le_scan_type and advertiser:
            answer = bytes(advertiser.le_legacy_advertiser.scan_response_data)
            reports.append((kinds.SCAN_RSP, answer))
        for kind, data in reports:
            report = hci.HCI_LE_Advertising_Report_Event.Report(
                event_type=kind,
                address_type=pdu.advertiser_address.address_type,
                address=pdu.advertiser_address,
                data=data,
                rssi=RSSI + random.randint(-JITTER, JITTER),
            )
            self.send_hci_packet(hci.HCI_LE_Advertising_Report_Event([report]))

    def _end_call(self, status: int) -> None:
        """Tell the kernel that there will be no connection."""
        if not (wanted := self.pending_le_connection):
            return
        self.pending_le_connection = None
        self.send_hci_packet(
            hci.HCI_LE_Connection_Complete_Event(
                status=status,
                connection_handle=0,
                role=hci.Role.CENTRAL,
                peer_address_type=wanted.peer_address.address_type,
                peer_address=wanted.peer_address,
                connection_interval=0,
                peripheral_latency=0,
                supervision_timeout=0,
                central_clock_accuracy=0,
            )
        )

    # What bumble's controller leaves out

    def on_hci_reset_command(
        self, command: hci.HCI_Reset_Command
    ) -> hci.HCI_StatusReturnParameters:
        """Begin anew, without any link."""
        reason = (
            hci.HCI_ErrorCode.REMOTE_DEVICE_TERMINATED_CONNECTION_DUE_TO_POWER_OFF_ERROR
        )
        for link in tuple(self.le_connections.values()):
            link.send_ll_control_pdu(ll.TerminateInd(reason))
        self.le_connections.clear()
        self.le_scan_enable = False
        self.pending_le_connection = None
        return super().on_hci_reset_command(command)

    def on_hci_disconnect_command(self, command: hci.HCI_Disconnect_Command) -> None:
        """End a link: at once only where the other side can confirm that."""
        link = self.find_le_connection_by_handle(command.connection_handle)
        if link and not self._air.other_side(link):
            pending = hci.HCI_COMMAND_STATUS_PENDING
            self._send_hci_command_status(pending, command.op_code)
            later(SUPERVISION, self._end, link)
        else:
            super().on_hci_disconnect_command(command)

    def _end(self, link: Connection) -> None:
        if self.le_connections.get(link.peer_address) is link:
            reason = hci.HCI_ErrorCode.CONNECTION_TERMINATED_BY_LOCAL_HOST_ERROR
            self.on_le_disconnected(link, reason)

    def on_hci_le_create_connection_cancel_command(
        self, _command: hci.HCI_LE_Create_Connection_Cancel_Command
    ) -> hci.HCI_StatusReturnParameters:
        """Wait for someone no more."""
        if not self.pending_le_connection:
            error = hci.HCI_ErrorCode.COMMAND_DISALLOWED_ERROR
            return hci.HCI_StatusReturnParameters(error)
        later(0, self._end_call, hci.HCI_ErrorCode.UNKNOWN_CONNECTION_IDENTIFIER_ERROR)
        return hci.HCI_StatusReturnParameters(hci.HCI_ErrorCode.SUCCESS)

    def on_hci_le_clear_filter_accept_list_command(
        self, command: hci.HCI_LE_Clear_Filter_Accept_List_Command
    ) -> hci.HCI_StatusReturnParameters:
        """Listen to nobody in particular."""
        self._accepted.clear()
        return super().on_hci_le_clear_filter_accept_list_command(command)

    def on_hci_le_add_device_to_filter_accept_list_command(
        self, command: hci.HCI_LE_Add_Device_To_Filter_Accept_List_Command
    ) -> hci.HCI_StatusReturnParameters:
        """Listen to someone in particular."""
        self._accepted.add(command.address)
        return super().on_hci_le_add_device_to_filter_accept_list_command(command)

    def on_hci_le_remove_device_from_filter_accept_list_command(
        self, command: hci.HCI_LE_Remove_Device_From_Filter_Accept_List_Command
    ) -> hci.HCI_StatusReturnParameters:
        """Listen to someone no more."""
        self._accepted.discard(command.address)
        return super().on_hci_le_remove_device_from_filter_accept_list_command(command)
