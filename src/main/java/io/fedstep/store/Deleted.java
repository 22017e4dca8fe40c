package io.fedstep.store;

import java.time.Instant;

/**
 * A model that was deleted and can be put back.
 *
 * @param version its newest version, 0 where its files cannot be read
 * @param bytes of its files, 0 where they cannot be read
 */
public record Deleted(String model, Instant at, long version, long bytes) {}
