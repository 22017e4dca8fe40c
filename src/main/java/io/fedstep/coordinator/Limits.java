package io.fedstep.coordinator;

/**
 * What a server keeps and takes.
 *
 * @param keepVersions versions kept of a model, at least 1
 * @param keepRounds records kept of a model's rounds beyond those of its versions
 * @param maxParameters the most parameters of a model
 * @param uploads under way at once, over all models
 * @param threads that compute a round's close together, at least 1
 */
public record Limits(
    int keepVersions, int keepRounds, long maxParameters, int uploads, int threads) {}
