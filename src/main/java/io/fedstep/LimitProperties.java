package io.fedstep;

import jakarta.validation.constraints.DecimalMax;
import jakarta.validation.constraints.DecimalMin;
import jakarta.validation.constraints.Min;
import java.time.Duration;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * How much the server takes on.
 *
 * @param connections open at once; 0 for as many as half of the heap can serve
 * @param waiting clients that wait at once for a version or a round; 0 for three quarters of the
 *     connections
 * @param uploads requests with a body under way at once; 0 for half of the connections
 * @param uploadsPerClient requests with a body under way at once for one client
 * @param pausedUploads uploads at once that come in several requests, under way or not
 * @param decoders bodies in zstd that are expanded at once
 * @param heavyAnswers answers at once that have to be computed
 * @param keptAnswers bytes of those that are kept on the disk, to be sent again; 0 for none
 * @param share the part of waits, uploads, decoders and heavy answers that one id may hold, or one
 *     address that shows none; of connections, one address
 * @param requestsPerSecond of one client on average, and of one address that does not say who it
 *     is; twice as many at once. A server without authentication counts nobody
 * @param leastUploadRate bytes a second that a body has to bring on average
 * @param headTime in which a request's line and header fields have to come
 * @param dropTime for which the rest of a refused body is taken and dropped
 * @param models that the server keeps
 */
public record LimitProperties(
    @Min(0) @DefaultValue("0") int connections,
    @Min(0) @DefaultValue("0") int waiting,
    @Min(0) @DefaultValue("0") int uploads,
    @Min(1) @DefaultValue("8") int uploadsPerClient,
    @Min(1) @DefaultValue("1000") int pausedUploads,
    @Min(1) @DefaultValue("32") int decoders,
    @Min(1) @DefaultValue("32") int heavyAnswers,
    @DefaultValue("1GB") DataSize keptAnswers,
    @DecimalMin("0.001") @DecimalMax("1") @DefaultValue("0.5") double share,
    @Min(1) @DefaultValue("200") int requestsPerSecond,
    @DefaultValue("1KB") DataSize leastUploadRate,
    @DefaultValue("20s") Duration headTime,
    @DefaultValue("60s") Duration dropTime,
    @Min(1) @DefaultValue("10000") int models) {
  /** Bytes of heap that a connection takes while something goes on over it. */
  static final int CONNECTION_BYTES = 256 * 1024;

  public LimitProperties {
    long half = Runtime.getRuntime().maxMemory() / 2;
    connections =
        connections > 0 ? connections : (int) Math.clamp(half / CONNECTION_BYTES, 64, 20_000);
    waiting = waiting > 0 ? waiting : Math.max(1, connections / 4 * 3);
    uploads = uploads > 0 ? uploads : Math.max(1, connections / 2);
  }
}
