package io.fedstep.coordinator;

import io.fedstep.problem.Problem;
import io.fedstep.quota.Places;
import org.jspecify.annotations.Nullable;

/** The places of requests that take long, and of uploads that are no updates yet. */
public final class RequestPlaces {
  private final Places uploads;
  private final Places uploadsPerClient;
  private final Places waits;
  private final Places paused;

  RequestPlaces(Limits limits) {
    uploads =
        new Places(
            "uploads are under way",
            "fedstep.limits.uploads",
            limits.uploads(),
            limits.share(),
            Problem.TOO_MANY_REQUESTS,
            1);
    uploadsPerClient =
        new Places(
            "uploads are under way",
            "fedstep.limits.uploads-per-client",
            limits.uploadsPerClient());
    waits =
        new Places(
            "clients wait here already",
            "fedstep.limits.waiting",
            limits.waiting(),
            limits.share(),
            Problem.NOT_READY,
            5);
    paused =
        new Places(
            "uploads are paused",
            "fedstep.limits.paused-uploads",
            limits.pausedUploads(),
            1,
            Problem.TOO_MANY_REQUESTS,
            60);
  }

  /**
   * Counts a request with a body in, or refuses it.
   *
   * @param client for whom it is, or null where that is nobody in particular
   * @param holder of the place
   */
  UploadPlace takeUpload(@Nullable String client, @Nullable String holder) {
    Places.Place place = uploads.acquire(holder);
    try {
      return new UploadPlace(place, uploadsPerClient.acquire(client));
    } catch (RuntimeException e) {
      place.close();
      throw e;
    }
  }

  /**
   * What a request with a body has taken.
   *
   * @param place among all uploads
   * @param ofClient among its client's
   */
  public record UploadPlace(Places.Place place, Places.Place ofClient) implements AutoCloseable {
    @Override
    public void close() {
      place.close();
      ofClient.close();
    }
  }

  /** Counts a waiting client in, or refuses it. */
  Places.Place takeWait(@Nullable String holder) {
    return waits.acquire(holder);
  }

  /** The uploads that are no updates yet. */
  Places paused() {
    return paused;
  }
}
