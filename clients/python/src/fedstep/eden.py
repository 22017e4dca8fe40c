"""EDEN: blocks of values, rotated at random, each value in 1 to 4 bits (S. Vargaftik et al., 2021
and 2022). What the codes mean is in docs/THIN.md."""

from __future__ import annotations

import numpy as np

from .tensors import Array

BLOCK = 8192
"""Values that are rotated together."""

TOGETHER = 32
"""Blocks that are encoded at once: what they take stays in the processor's cache."""

_UPPER = {
    1: [0.7978845608028654],
    2: [0.452780034636492, 1.5104176084990955],
    3: [0.24509417894422167, 0.7560052812058773, 1.343909278505, 2.1519457045369874],
    4: [
        0.128395029851147,
        0.3880482994902902,
        0.6567591185324634,
        0.9423404564869614,
        1.2562311973471771,
        1.6180463860218826,
        2.0690172265313866,
        2.732589570995163,
    ],
}

_GAMMA = 0x9E3779B97F4A7C15
_WORD = (1 << 64) - 1


def centroids(bits: int) -> Array:
    """The numbers that codes stand for, in their order."""
    upper = np.array(_UPPER[bits])
    return np.concatenate([-upper[::-1], upper])


def words(seed: int, tensor: int, first: int, count: int) -> Array:
    """The signs of 64 values each, from the lowest bit on, for the tensor that is number ``tensor``
    in the spec: 1 is minus."""
    start = _mix(np.array([(seed + (tensor + 1) * _GAMMA) & _WORD], np.uint64))
    steps = np.arange(first + 1, first + count + 1, dtype=np.uint64) * np.uint64(_GAMMA)
    return _mix(start + steps)


def _mix(z: Array) -> Array:
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: Array = z ^ (z >> np.uint64(31))
    return mixed


def padded(count: int) -> int:
    """How many values a block of so many has on the wire."""
    return max(8, 1 << (count - 1).bit_length())


def encode(values: Array, bits: int, seed: int, tensor: int) -> tuple[Array, Array]:
    """The scales of a flat array's blocks, and the bytes of the codes."""
    whole = values.size // BLOCK * BLOCK
    scales: list[Array] = []
    codes: list[Array] = []
    for begin in range(0, whole, TOGETHER * BLOCK):
        blocks = values[begin : min(begin + TOGETHER * BLOCK, whole)].reshape(-1, BLOCK)
        _encode(blocks, bits, words(seed, tensor, begin // 64, blocks.size // 64), scales, codes)
    rest = values[whole:]
    if rest.size:
        last = np.zeros((1, padded(rest.size)), values.dtype)
        last[0, : rest.size] = rest
        _encode(last, bits, words(seed, tensor, whole // 64, -(-last.size // 64)), scales, codes)
    none = np.empty(0, np.float32)
    return np.concatenate([none, *scales]), np.concatenate([none.astype(np.uint8), *codes])


def _encode(
    blocks: Array, bits: int, signs: Array, scales: list[Array], codes: list[Array]
) -> None:
    largest = np.abs(blocks).max(axis=1)
    # of the size of 1, so that neither squares nor sums leave float32
    x = (blocks / np.where(largest > 0, largest, 1)[:, None]).astype(np.float32, copy=False)
    squares = np.einsum("bi,bi->b", x, x).astype(np.float64)
    minus = np.unpackbits(signs.astype("<u8").view(np.uint8), bitorder="little")
    x.view(np.uint32)[...] ^= minus[: x.size].reshape(x.shape).astype(np.uint32) << np.uint32(31)
    y = rotate(np.ascontiguousarray(x.T))  # so that neighbours are added to neighbours
    y /= np.sqrt(np.where(squares > 0, squares, 1)).astype(np.float32)
    levels = centroids(bits)
    code = np.zeros(y.shape, np.uint8)
    for limit in (levels[1:] + levels[:-1]) / 2:
        code += y > np.float32(limit)
    product = np.einsum("ib,ib->b", y, levels.astype(np.float32)[code]).astype(np.float64)
    with np.errstate(over="ignore"):
        scale = largest * np.sqrt(squares) / np.where(squares > 0, product, 1)
        scales.append(scale.astype(np.float32))
    codes.append(pack(np.ascontiguousarray(code.T).reshape(-1), bits))


def pack(code: Array, bits: int) -> Array:
    """Codes, a multiple of 8, as bytes: one after another, from the lowest bit on."""
    if bits == 1:
        return np.packbits(code, bitorder="little")
    if bits == 3:
        each = code[:, None] >> np.arange(3, dtype=np.uint8) & 1
        return np.packbits(each, bitorder="little")
    packed: Array = code[0 :: 8 // bits].copy()
    for place in range(1, 8 // bits):
        packed |= code[place :: 8 // bits] << np.uint8(place * bits)
    return packed


def unpack(packed: Array, bits: int) -> Array:
    """The codes that :func:`pack` made bytes of."""
    each = np.unpackbits(packed, bitorder="little").reshape(-1, bits)
    codes: Array = each @ (1 << np.arange(bits, dtype=np.uint8))
    return codes


def decode(coded: tuple[Array, Array], size: int, bits: int, seed: int, tensor: int) -> Array:
    """The values, in double, of which :func:`encode` gave the scales and the bytes of the codes."""
    scales, codes = coded
    values = np.empty(size)
    whole = size // BLOCK * BLOCK
    each = BLOCK * bits // 8
    for begin in range(0, whole, TOGETHER * BLOCK):
        end = min(begin + TOGETHER * BLOCK, whole)
        part = codes[begin // BLOCK * each : end // BLOCK * each]
        signs = words(seed, tensor, begin // 64, (end - begin) // 64)
        blocks = unpack(part, bits).reshape(-1, BLOCK)
        values[begin:end] = _decode(blocks, bits, signs, scales[begin // BLOCK : end // BLOCK])
    if size > whole:
        last = unpack(codes[whole // BLOCK * each :], bits).reshape(1, -1)
        signs = words(seed, tensor, whole // 64, -(-last.size // 64))
        values[whole:] = _decode(last, bits, signs, scales[-1:])[: size - whole]
    return values


def _decode(codes: Array, bits: int, signs: Array, scales: Array) -> Array:
    z = rotate(np.ascontiguousarray(centroids(bits)[codes].T)).T
    minus = np.unpackbits(signs.astype("<u8").view(np.uint8), bitorder="little")
    z = z * scales.astype(np.float64)[:, None]
    values: Array = np.where(minus[: z.size].reshape(z.shape) == 1, -z, z).reshape(-1)
    return values


def rotate(x: Array) -> Array:
    """The Walsh-Hadamard transform of each column, not scaled."""
    length, count = x.shape
    spare = np.empty_like(x)
    h = 1
    while h < length:
        pairs, sums = (each.reshape(-1, 2, h * count) for each in (x, spare))
        np.add(pairs[:, 0], pairs[:, 1], out=sums[:, 0])
        np.subtract(pairs[:, 0], pairs[:, 1], out=sums[:, 1])
        x, spare = spare, x
        h *= 2
    return x
