"""Three clients adapt a network that is frozen, and send a fifteenth of it (LoRA).

    python clients/python/examples/lora_digits.py --url http://127.0.0.1:8080

The network has learnt the digits 0 to 4. The clients have images of all ten: they train an adapter
of low rank beside each of its matrices (E. J. Hu et al., LoRA, 2021), a new last layer, and send
these alone. The base stays as it is on the server, bit for bit, and is in every version.
"""

from __future__ import annotations

import argparse
import contextlib
from concurrent.futures import ThreadPoolExecutor

import digits
import numpy as np
import torch
from torch import nn

from fedstep import Client, Problem, Update
from fedstep.pytorch import load_weights
from fedstep.tensors import Arrays

MODEL = "digits-lora"
CLIENTS = 3
KNOWN = 5
HIDDEN = 256
RANK = 4
BATCH = 32
LOCAL_RATE = 0.1


class Adapted(nn.Module):
    """A layer that is frozen, and beside it a product of two matrices that is learnt."""

    def __init__(self, base: nn.Linear) -> None:
        super().__init__()
        self.base = base.requires_grad_(False)
        self.down = nn.Parameter(torch.randn(RANK, base.in_features) / base.in_features**0.5)
        self.up = nn.Parameter(
            torch.zeros(base.out_features, RANK)
        )  # so that it begins as the base

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        beside: torch.Tensor = x @ self.down.T @ self.up.T
        return beside.add(self.base(x))


def network() -> nn.Sequential:
    """[images, 64] to the logarithm of each digit's odds."""
    return nn.Sequential(
        nn.Linear(digits.PIXELS, HIDDEN),
        nn.ReLU(),
        nn.Linear(HIDDEN, HIDDEN),
        nn.ReLU(),
        nn.Linear(HIDDEN, digits.DIGITS),
    )


def adapted(base: nn.Sequential) -> nn.Sequential:
    """The network with adapters, and a last layer of its own."""
    *layers, last = base
    beside = [Adapted(layer) if isinstance(layer, nn.Linear) else layer for layer in layers]
    return nn.Sequential(*beside, last)


def learn(module: nn.Module, images: digits.Images, seed: int) -> float:
    """Trains what is not frozen for an epoch; the mean loss."""
    x, y = torch.from_numpy(images.pixels), torch.from_numpy(images.values)
    optimizer = torch.optim.SGD([p for p in module.parameters() if p.requires_grad], lr=LOCAL_RATE)
    losses = []
    for batch in torch.randperm(len(x), generator=torch.Generator().manual_seed(seed)).split(BATCH):
        loss = nn.functional.cross_entropy(module(x[batch]), y[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return sum(losses) / len(losses)


def accuracy(module: nn.Module, images: digits.Images) -> float:
    with torch.no_grad():
        guessed = module(torch.from_numpy(images.pixels)).argmax(1).numpy()
    return float((guessed == images.values).mean())


def take_part(url: str, number: int) -> None:
    """A client that trains its adapter an epoch in each round, until training stops."""
    images = digits.share(digits.read()[0], number, CLIENTS)
    module = adapted(network())
    learnt = [name for name, p in module.named_parameters() if p.requires_grad]

    def local_step(weights: Arrays, round: int) -> Update:
        load_weights(module, weights)
        loss = learn(module, images, seed=round)
        after = module.state_dict()
        moved = {name: weights[name] - after[name].numpy() for name in learnt}
        return Update(moved, len(images.values), {"loss": loss}, partial=True)

    with Client(url, client_id=f"client-{number}") as client:
        client.train(MODEL, local_step)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--url", default="http://127.0.0.1:8080")
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()

    torch.manual_seed(1)
    torch.set_num_threads(1)
    train, test = digits.read()
    known = train.values < KNOWN
    base = network()
    for seed in range(10):
        learn(base, digits.Images(train.pixels[known], train.values[known]), seed)
    module = adapted(base)
    before = {name: tensor.numpy().copy() for name, tensor in module.state_dict().items()}
    print(f"the base alone: accuracy {accuracy(module, test):.3f}")
    with Client(options.url) as client:
        with contextlib.suppress(Problem):
            client.delete(MODEL)
        client.create(
            MODEL,
            before,
            optimizer={"lrate": 1.0, "modules": []},  # FedAvg
            round={"min_updates": CLIENTS, "rounds": options.rounds},
        )
        with ThreadPoolExecutor(CLIENTS) as clients:
            list(clients.map(take_part, [options.url] * CLIENTS, range(CLIENTS)))
        after = client.weights(MODEL).arrays
        sent = client.rounds(MODEL)[0]["clients"][0]
    frozen = [name for name, p in module.named_parameters() if not p.requires_grad]
    assert all(np.array_equal(before[name], after[name]) for name in frozen)
    load_weights(module, after)
    whole = 4 * sum(array.size for array in before.values())
    print(f"an update has {sent['bytes']} bytes of {whole}, {sent['left_out']} tensors left out")
    print(f"accuracy {accuracy(module, test):.3f}")


if __name__ == "__main__":
    main()
