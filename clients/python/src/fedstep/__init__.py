"""Client of fedstep, a federated-learning aggregation server."""

from .aio import AsyncClient
from .answers import Weights
from .client import Client
from .events import Event
from .problems import (
    FedstepError,
    NotInvited,
    Problem,
    RoundClosed,
    TrainingStopped,
    Unreachable,
    Unsafe,
)
from .training import Evaluate, LocalStep, Update
from .version import VERSION as __version__

__all__ = [
    "AsyncClient",
    "Client",
    "Evaluate",
    "Event",
    "FedstepError",
    "LocalStep",
    "NotInvited",
    "Problem",
    "RoundClosed",
    "TrainingStopped",
    "Unreachable",
    "Unsafe",
    "Update",
    "Weights",
    "__version__",
]
