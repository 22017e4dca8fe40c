package io.fedstep.round;

/**
 * What was found in the numbers of an update on their way in.
 *
 * @param digest {@code crc32c:} and 8 hex digits, over the vector's little-endian bytes
 * @param norm the L2 norm
 */
public record Content(String digest, double norm) {}
