"""Secure rounds against a real server: who is lost, restarts, identities."""

from __future__ import annotations

import tempfile
import unittest
from collections.abc import Callable
from typing import Any

import numpy as np
import secure_golden  # noqa: F401 - skips where cryptography is missing
from support import ServerTest, client, eventually, in_thread, logged

from fedstep import Client, Problem, Update
from fedstep.secure.flat import Flat
from fedstep.secure.identity import Identity
from fedstep.secure.member import Member
from fedstep.secure.roster import Start
from fedstep.secure.settings import Settings
from fedstep.secure.stages import Stages
from fedstep.secure.stream import Numbers, Stream
from fedstep.tensors import Array, Arrays

SIZE = 1000
SGD = {"lrate": 1.0, "modules": []}
PATIENT = {"join_timeout": "10m", "share_timeout": "10m", "unmask_timeout": "10m"}
NAMES = [f"site-{i}" for i in range(5)]


def gradient(name: str, round: int) -> Array:
    """What a client learns, in steps of 2^-10."""
    draws = np.random.default_rng([round, *name.encode()]).integers(-4096, 4096, SIZE)
    return (draws / 1024).astype(np.float32)


def weight_of(name: str) -> int:
    return 1 + NAMES.index(name)


def step_of(name: str) -> Callable[[Arrays, int], Update]:
    def step(weights: Arrays, round: int) -> Update:
        return Update({"w": gradient(name, round)}, weight_of(name), {"loss": weight_of(name)})

    return step


def mean(names: list[str], round: int) -> Array:
    """The weighted mean of some clients' gradients, rounded once."""
    total = np.zeros(SIZE)
    for name in names:
        total += weight_of(name) * gradient(name, round).astype(np.float64)
    return (total / sum(map(weight_of, names))).astype(np.float32)


class ByHand:
    """A member of the first round whose parts are done one by one, or never."""

    def __init__(self, client: Client, model: str) -> None:
        weights = client.weights(model)
        self._name, self._weights = client.check_id(), weights.arrays
        self._settings = Settings.of(client.model(model))
        start = Start.of(model, 0, weights.base, weights.arrays)
        self._member = Member(start, self._name, self._settings, identity=None, trusted=None)
        self._stages = Stages(client._transport, model, 0, self._name)

    def join(self) -> None:
        self._stages.put("members", self._member.join())

    def share(self) -> None:
        shares = self._member.share(self._stages.roster())
        self._stages.put("shares", shares, self._member.query)

    def update(self) -> None:
        self._member.open(self._stages.get("shares"))
        update = step_of(self._name)(self._weights, 0)
        numbers = Numbers(update.weight, update.metrics, self._settings)
        stream = Stream(Flat(update.gradient, self._weights), numbers, self._settings)
        query, body = self._member.update(stream)
        self._stages.put("updates", body, query)

    def answer(self) -> None:
        self._stages.put("unmasking", self._member.reveal(self._stages.get("unmasking")))


class SecureTest(ServerTest):
    def create(self, *, secure: dict[str, Any] | None = None, **policy: Any) -> None:
        """A secure model of zeros."""
        self.admin.create(
            self.model,
            {"w": np.zeros(SIZE, np.float32)},
            optimizer=SGD,
            round={"min_updates": 3, "max_updates": 5, "timeout": "10m"} | policy,
            secure=PATIENT | {"clip": 4.0, "metrics": ["loss"]} | (secure or {}),
        )

    def train(self, *names: str, **options: Any) -> list[Callable[[], None]]:
        """Lets clients train, beside the test."""
        return [
            in_thread(lambda name=name: client(name).train(self.model, step_of(name), **options))  # type: ignore[misc]
            for name in names
        ]

    def member(self, name: str) -> ByHand:
        return ByHand(client(name), self.model)

    def has(self, count: str, wanted: int) -> bool:
        """Whether so many did their part of the open round."""
        return bool(self.admin.round(self.model)[count] == wanted)

    def record(self, number: int = 0) -> dict[str, Any]:
        return self.admin.round(self.model, number)

    def check_sum(self, names: list[str], number: int = 0, **wanted: Any) -> None:
        """The version after a round is what these clients' updates make, to the bit."""
        before = self.admin.weights(self.model, number).arrays["w"]
        after = self.until(number + 1)
        if after.version != number + 1:
            after = self.admin.weights(self.model, number + 1)
        np.testing.assert_array_equal(after.arrays["w"], before - mean(names, number))
        record = self.record(number)
        total = sum(map(weight_of, names))
        loss = sum(weight_of(name) ** 2 for name in names) / total
        self.assertEqual(record["total_weight"], total)
        self.assertAlmostEqual(record["metrics"]["loss"], loss, delta=1e-4)
        self.assertEqual([one["client"] for one in record["clients"]], sorted(names))
        self.assertEqual({key: record[key] for key in wanted}, wanted)


class RoundsTest(SecureTest):
    def test_five_clients_sum_to_what_a_plain_round_would(self) -> None:
        self.create(rounds=3)
        for join in self.train(*NAMES):
            join()
        for number in range(3):
            self.check_sum(NAMES, number, missing=[], wrong=[], members=5, clipped=0.0)

    def test_words_of_32_bits_and_float64(self) -> None:
        self.admin.create(
            self.model,
            {"w": np.zeros(SIZE)},
            optimizer=SGD,
            round={"min_updates": 3, "timeout": "10m", "rounds": 1},
            secure=PATIENT | {"clip": 4.0, "bits": 32},
        )

        def step(weights: Arrays, round: int) -> Update:
            return Update({"w": np.full(SIZE, 0.25)})

        joins = [
            in_thread(lambda name=name: client(name).train(self.model, step))  # type: ignore[misc]
            for name in NAMES[:3]
        ]
        for join in joins:
            join()
        np.testing.assert_array_equal(self.until(1).arrays["w"], -0.25)

    def test_members_are_lost_at_every_stage(self) -> None:
        self.create(secure={"threshold": 0.5})
        joins = self.train(*NAMES[:3], rounds=1)
        joined, shared = map(self.member, NAMES[3:])
        joined.join()
        shared.join()
        shared.share()
        for count, wanted in (("shared", 4), ("updates", 3)):
            eventually(lambda count=count, wanted=wanted: self.has(count, wanted))  # type: ignore[misc]
            self.admin.close_round(self.model)
        for join in joins:
            join()
        self.check_sum(NAMES[:3], missing=NAMES[3:], members=5, threshold=3)

    def test_who_does_not_answer_is_in_the_sum_all_the_same(self) -> None:
        self.create(secure={"threshold": 0.5})
        joins = self.train(*NAMES[:4], rounds=1)
        last = self.member(NAMES[4])
        for part in (last.join, last.share, last.update):
            part()
        for join in joins:
            join()
        self.check_sum(NAMES, missing=[], members=5)

    def test_a_round_with_too_few_is_abandoned_and_the_next_goes_on(self) -> None:
        self.create(secure={"share_timeout": "5s"}, max_updates=4)
        joins = self.train(*NAMES[:2])
        for name in NAMES[2:4]:
            self.member(name).join()
        self.until(1)
        record = self.record(0)
        self.assertEqual((record["outcome"], record["why"]["stage"]), ("abandoned", "sharing"))
        joins += self.train(*NAMES[2:4])
        eventually(lambda: self.admin.rounds(self.model)[0]["outcome"] == "completed")
        self.admin.stop(self.model)
        for join in joins:
            join()

    def test_a_step_that_takes_long_does_not_cost_the_stages_before(self) -> None:
        self.create(max_updates=3)
        others = self.train(*NAMES[:2], rounds=1)

        def step(weights: Arrays, round: int) -> Update:
            eventually(lambda: self.admin.round(self.model)["phase"] == "collecting")
            return step_of(NAMES[2])(weights, round)

        client(NAMES[2]).train(self.model, step, rounds=1)
        for join in others:
            join()
        self.check_sum(NAMES[:3])

    def test_training_that_is_stopped_goes_on_in_the_same_round(self) -> None:
        self.create(max_updates=3)
        stopped: list[str] = []

        def step(weights: Arrays, round: int) -> Update:
            if not stopped:
                eventually(lambda: self.admin.round(self.model)["phase"] == "collecting")
                self.admin.stop(self.model)
                stopped.append("stopped")
            return step_of(NAMES[2])(weights, round)

        with logged() as lines:
            joins = self.train(*NAMES[:2], rounds=1, stay=True)
            last = in_thread(lambda: client(NAMES[2]).train(self.model, step, rounds=1, stay=True))
            eventually(lambda: any("waiting for its start" in line for line in lines))
            self.admin.start(self.model)
            for join in [*joins, last]:
                join()
        self.check_sum(NAMES[:3])

    def test_who_comes_too_late_takes_part_in_the_next_round(self) -> None:
        self.create(max_updates=3, rounds=2)
        joins = self.train(*NAMES[:2])
        late: list[Callable[[], None]] = []

        def step(weights: Arrays, round: int) -> Update:
            if not late:
                late.extend(self.train(NAMES[3]))
            return step_of(NAMES[2])(weights, round)

        client(NAMES[2]).train(self.model, step)
        for join in [*joins, *late]:
            join()
        self.check_sum(NAMES[:3], 0)

    def test_a_client_that_is_started_again_sits_the_round_out(self) -> None:
        self.create(secure={"threshold": 0.5}, max_updates=4, rounds=2)
        joins = self.train(*NAMES[:3])

        def dies(weights: Arrays, round: int) -> Update:
            eventually(lambda: self.has("updates", 3))
            raise KeyboardInterrupt

        with self.assertRaises(KeyboardInterrupt):
            client(NAMES[3]).train(self.model, dies)
        with logged() as lines:
            joins += self.train(NAMES[3])
            eventually(lambda: any("is sat out" in line for line in lines))
        self.admin.close_round(self.model)
        for join in joins:
            join()
        self.check_sum(NAMES[:3], 0, missing=[NAMES[3]])
        self.check_sum(NAMES[:4], 1)

    def test_before_all_have_shared_no_update_is_taken(self) -> None:
        self.create()
        plain = client("plain")  # which was not told
        with self.assertRaises(Problem) as refused:
            plain.submit(self.model, plain.weights(self.model), {"w": np.ones(SIZE, np.float32)})
        self.assertEqual(refused.exception.code, "round-not-open")


class PinnedTest(SecureTest):
    def test_members_that_know_each_other(self) -> None:
        names = NAMES[:3]
        with tempfile.TemporaryDirectory() as folder:
            public = {}
            for name in names:
                identity = Identity.new()
                identity.save(f"{folder}/{name}")
                public[name] = identity.text
            self.create(max_updates=3, rounds=2, secure={"identities": "pinned"})

            def train(name: str) -> None:
                one = Client(
                    self.server.url,
                    client_id=name,
                    timeout=60,
                    identity=f"{folder}/{name}",
                    trusted=public,
                    progress=False,
                )
                one.train(self.model, step_of(name))

            for join in [in_thread(lambda name=name: train(name)) for name in names]:  # type: ignore[misc]
                join()
        for number in range(2):
            self.check_sum(names, number)


class NoiseTest(SecureTest):
    MULTIPLIER = 1.2
    CLIP_NORM = 40.0

    def create_noisy(self, epsilon: float | None = None, **policy: Any) -> None:
        """A model whose members add noise, of whom one may tell its own."""
        self.admin.create(
            self.model,
            {"w": np.zeros(SIZE, np.float32)},
            optimizer=SGD,
            aggregator=["averaging", {"steps_weighted": False}],
            round={"min_updates": 3, "max_updates": 5, "timeout": "10m"} | policy,
            secure=PATIENT,
            privacy={
                "clip_norm": self.CLIP_NORM,
                "noise_multiplier": self.MULTIPLIER,
                "epsilon": epsilon,
                "delta": 1e-5,
                "where": "clients",
                "collusion": 1,
            },
        )

    def check_noise(self, names: list[str], number: int, threshold: int) -> None:
        """A version is what these clients' updates make, each cut, and noise of the variance of
        their shares, within five standard errors."""
        before = self.admin.weights(self.model, number).arrays["w"].astype(np.float64)
        after = self.admin.weights(self.model, number + 1).arrays["w"]
        cut = np.zeros(SIZE)
        for name in names:
            x = gradient(name, number).astype(np.float64)
            cut += x * min(1.0, self.CLIP_NORM / float(np.linalg.norm(x)))
        unit = self.MULTIPLIER * self.CLIP_NORM / len(names)
        noise = (before - after - cut / len(names)) / unit
        self.assertLess(abs(noise.mean()), 5 * (len(names) / (threshold - 1) / SIZE) ** 0.5)
        ratio = (noise**2).mean() * (threshold - 1) / len(names)
        self.assertLess(abs(ratio - 1), 5 * (2 / SIZE) ** 0.5)
        self.assertEqual(self.record(number)["total_weight"], len(names))

    def test_a_sum_has_the_noise_of_those_who_are_in(self) -> None:
        self.create_noisy(rounds=2)
        for join in self.train(*NAMES):
            join()
        for number in range(2):
            self.check_noise(NAMES, number, threshold=4)
        plan = self.admin.privacy_plan(
            noise_multiplier=self.MULTIPLIER, rounds=2, delta=1e-5, participation=1
        )
        self.assertEqual(self.record(1)["privacy"]["epsilon"], plan["epsilon"])
        self.assertEqual(self.admin.privacy(self.model, NAMES[0])["rounds"], 2)

    def test_a_member_that_is_lost_neither_adds_noise_nor_pays(self) -> None:
        self.create_noisy()
        joins = self.train(*NAMES[:4], rounds=1)
        lost = self.member(NAMES[4])
        lost.join()
        lost.share()
        eventually(lambda: self.has("updates", 4))
        self.admin.close_round(self.model)
        for join in joins:
            join()
        self.until(1)
        self.check_noise(NAMES[:4], 0, threshold=4)
        self.assertEqual(self.admin.privacy(self.model, NAMES[4])["rounds"], 0)
        self.assertEqual(self.admin.privacy(self.model, NAMES[3])["rounds"], 1)

    def test_a_client_without_budget_ends_its_training(self) -> None:
        self.create_noisy(epsilon=6.0, max_updates=3)  # pays for two rounds
        for names in (NAMES[:3], [*NAMES[:2], NAMES[3]]):
            for join in self.train(*names, rounds=1):
                join()
        with logged() as lines:
            client(NAMES[0]).train(self.model, step_of(NAMES[0]), stay=True)
        self.assertTrue(any("has spent its privacy budget" in line for line in lines), lines)
        self.assertEqual(self.admin.privacy(self.model, NAMES[2])["rounds_left"], 1)


class RestartTest(SecureTest):
    def test_a_server_that_is_killed_at_every_stage(self) -> None:
        names = NAMES[:3]
        self.create(max_updates=3)
        joins = self.train(*names[:2], rounds=1)
        last = self.member(names[2])
        for part, phase, count in (
            (last.join, "joining", "members"),
            (last.share, "sharing", "shared"),
            (last.update, "collecting", "updates"),
            (last.answer, "unmasking", "revealed"),
        ):
            eventually(lambda phase=phase, count=count: self.stands_at(phase, count))  # type: ignore[misc]
            self.server.kill()
            self.server.start()
            self.assertTrue(self.stands_at(phase, count))
            part()
        for join in joins:
            join()
        self.check_sum(names)

    def stands_at(self, phase: str, count: str) -> bool:
        return self.has(count, 2) and bool(self.admin.round(self.model)["phase"] == phase)


if __name__ == "__main__":
    unittest.main()
