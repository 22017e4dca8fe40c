package io.fedstep.coordinator;

import io.fedstep.round.UpdateMetadata;

/**
 * A client's report on a version.
 *
 * @param number how many of its model there were, with this one, since the server started
 */
public record ClientReport(long number, long version, String client, UpdateMetadata report) {}
