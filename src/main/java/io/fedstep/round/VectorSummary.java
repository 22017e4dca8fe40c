package io.fedstep.round;

/**
 * The checksum and the norm of an update's vector, computed while it is received.
 *
 * @param digest {@code crc32c:} and 8 hex digits, over the vector's little-endian bytes
 * @param norm the L2 norm
 */
public record VectorSummary(String digest, double norm) {}
