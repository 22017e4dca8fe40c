package io.fedstep.close;

import io.fedstep.codec.JoinedCrc32c;
import java.util.List;
import java.util.Map;

/**
 * The result of one shard of a close, beside the values that it wrote to the draft.
 *
 * @param finite whether all values that it wrote are
 * @param gradientSquares for each tile, the {@link io.fedstep.vector.Squares} of the aggregated
 *     gradient
 * @param stepSquares for each tile, the same of what was subtracted from the weights
 * @param written by file, the checksums of what it wrote
 * @param read by file of the version before, the checksums of what it read
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record ShardResult(
    boolean finite,
    double[] gradientSquares,
    double[] stepSquares,
    Map<String, List<JoinedCrc32c.Piece>> written,
    Map<String, List<JoinedCrc32c.Piece>> read) {}
