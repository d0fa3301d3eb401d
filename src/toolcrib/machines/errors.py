"""How the pool can refuse."""

from __future__ import annotations

from toolcrib.kernel.problems import Conflict, InvalidRequest, NotFound, Problem


class MachineNotFound(NotFound):
    def __init__(self) -> None:
        super().__init__("Machine not found")


class MachineExists(Conflict):
    def __init__(self) -> None:
        super().__init__("Machine with this name already exists")


class AddressTaken(Conflict):
    """Another machine has this address, port and jump host: one host would have two holders (MACHINES_UNIQUE_HOSTS)."""

    code = "address_taken"


class MachineInUse(Problem):
    """It cannot be removed, or changed in this way, now."""

    code, status = "machine_in_use", 409


class NotEnrolled(Conflict):
    """The pool's own key does not open a machine, so its password is kept."""

    code = "not_enrolled"


class PoolKeySealed(Problem):
    """A key of the pool was encrypted with another secret of the server."""

    code, status = "pool_key_sealed", 503


class JumpsTooFar(InvalidRequest):
    """A machine would be reached through more than one other."""

    code = "jumps_too_far"


class MachineReserved(InvalidRequest):
    code = "bad_request"

    def __init__(self) -> None:
        super().__init__("Machine is currently reserved; release first")


class UnknownTag(InvalidRequest):
    code = "unknown_tag"


class TooMany(InvalidRequest):
    """More machines, or for longer, than one reservation may have."""

    code = "too_many"


class NoCredential(InvalidRequest):
    """Nothing was given by which somebody could sign in on the machines."""

    code = "no_credential"


class NotEnoughMachines(Conflict):
    """Fewer machines are free than asked for."""

    code = "not_enough_machines"


class TooFewMachines(Conflict):
    """Fewer machines are registered that match, and that the person may reserve, than asked for: waiting is no use."""

    code = "too_few_machines"


class BookedThen(Conflict):
    """Somebody has booked the machines for a part of that time."""

    code = "booked_then"


class LimitReached(Conflict):
    """The person holds as many machines as one person may."""

    code = "limit_reached"


class SomebodyWaits(Conflict):
    """A reservation is not extended while others wait for machines."""

    code = "somebody_waits"


class UnknownPerson(InvalidRequest):
    """There is nobody of that name who may have the machines."""

    code = "unknown_person"


class NoCertificates(Conflict):
    """The reservation was made without certificates."""

    code = "no_certificates"


class ReservationNotFound(NotFound):
    code = "reservation_not_found"


class ReservationDamaged(Conflict):
    """What a booking asked for cannot be read in the database, so it can be cancelled but not changed."""

    code = "reservation_damaged"


class ReservationOver(Conflict):
    """The reservation is not in a state in which this can be done."""

    code = "reservation_over"


class PoolRefusal(InvalidRequest):
    """`GET /reserve` could not be carried out; the text is for people (contract, section 6)."""


class ProvisioningFailed(Problem):
    """No account could be made on one of the machines."""

    code, status = "provisioning_failed", 500

    def __init__(self, diagnosis: str) -> None:
        super().__init__("Failed to create user", {"ansible_error": diagnosis})
