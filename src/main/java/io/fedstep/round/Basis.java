package io.fedstep.round;

/**
 * What a round is about, beside its own decisions: the messages of a protocol are bound to it.
 *
 * @param weights SHA-256 of the weights that the round trains from, as little-endian bytes
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record Basis(String model, byte[] weights) {}
