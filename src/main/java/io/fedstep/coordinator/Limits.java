package io.fedstep.coordinator;

/**
 * What a server keeps and takes.
 *
 * @param keepVersions versions kept of a model, at least 1
 * @param keepRounds records kept of a model's rounds beyond those of its versions
 * @param maxParameters the most parameters of a model
 * @param models that there may be
 * @param uploads under way at once, over all models
 * @param uploadsPerClient of them for one client
 * @param pausedUploads uploads at once that come in several requests, over all models
 * @param waiting clients that wait at once for a change of a model
 * @param share the part of uploads and of waits that one holder of places may have, in (0, 1]
 * @param threads that compute a round's close together, at least 1
 */
public record Limits(
    int keepVersions,
    int keepRounds,
    long maxParameters,
    int models,
    int uploads,
    int uploadsPerClient,
    int pausedUploads,
    int waiting,
    double share,
    int threads) {
  /** Limits of places that are not shared out. */
  public Limits(
      int keepVersions,
      int keepRounds,
      long maxParameters,
      int models,
      int uploads,
      int uploadsPerClient,
      int waiting,
      int threads) {
    this(
        keepVersions,
        keepRounds,
        maxParameters,
        models,
        uploads,
        uploadsPerClient,
        uploads,
        waiting,
        1,
        threads);
  }
}
