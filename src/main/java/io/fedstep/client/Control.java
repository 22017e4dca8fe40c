package io.fedstep.client;

import org.jspecify.annotations.Nullable;

/**
 * What clients of a model with {@code scaffold-server} train with, beside a version's weights.
 *
 * @param version the version's number
 * @param bytes the flat vector of the stepped tensors, little-endian, in the model's dtype
 * @param round of which the client's own control is that the version holds; null if it holds none
 */
@SuppressWarnings("ArrayRecordComponent") // as large as a model: handed over, not compared
public record Control(long version, byte[] bytes, @Nullable Long round) {}
