"""Three clients train a small convolutional network with PyTorch.

python clients/python/examples/pytorch_digits.py --url http://127.0.0.1:8080
"""

from __future__ import annotations

import argparse
import contextlib
from concurrent.futures import ThreadPoolExecutor

import digits
import torch
from torch import nn

from fedstep import Client, Problem
from fedstep.pytorch import Trained, load_weights, local_step

MODEL = "digits-pytorch"
CLIENTS = 3
BATCH = 32


def network() -> nn.Sequential:
    """[images, 64] to the logarithm of each digit's odds."""
    return nn.Sequential(
        nn.Unflatten(1, (1, 8, 8)),
        nn.Conv2d(1, 16, 3),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(16 * 36, digits.DIGITS),
    )


def take_part(url: str, number: int) -> None:
    """A client that trains an epoch in each round, until training stops."""
    images = digits.share(digits.read()[0], number, CLIENTS)
    x, y = torch.from_numpy(images.pixels), torch.from_numpy(images.values)
    module = network()
    optimizer = torch.optim.SGD(module.parameters(), lr=0.05)
    random = torch.Generator().manual_seed(number)

    def train(round: int) -> Trained:
        losses = []
        for batch in torch.randperm(len(x), generator=random).split(BATCH):
            loss = nn.functional.cross_entropy(module(x[batch]), y[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        return len(x), {"loss": sum(losses) / len(losses)}

    with Client(url, client_id=f"client-{number}") as client:
        client.train(MODEL, local_step(module, train))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--url", default="http://127.0.0.1:8080")
    parser.add_argument("--rounds", type=int, default=10)
    options = parser.parse_args()

    torch.manual_seed(1)
    torch.set_num_threads(1)
    module = network()
    with Client(options.url) as client:
        with contextlib.suppress(Problem):
            client.delete(MODEL)
        client.create(
            MODEL,
            module,  # of which the statistics of BatchNorm are only averaged
            optimizer={"lrate": 1.0, "modules": []},  # FedAvg
            round={"min_updates": CLIENTS, "rounds": options.rounds},
        )
        with ThreadPoolExecutor(CLIENTS) as clients:
            list(clients.map(take_part, [options.url] * CLIENTS, range(CLIENTS)))
        load_weights(module, client.weights(MODEL).arrays)
        for record in reversed(client.rounds(MODEL)):
            print(f"round {record['round']}: loss {record['metrics']['loss']:.3f}")
    test = digits.read()[1]
    module.eval()
    with torch.no_grad():
        guessed = module(torch.from_numpy(test.pixels)).argmax(1).numpy()
    print(f"accuracy {(guessed == test.values).mean():.3f}")


if __name__ == "__main__":
    main()
