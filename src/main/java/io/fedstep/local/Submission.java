package io.fedstep.local;

import io.fedstep.round.Decision;
import io.fedstep.round.Verdict;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A message whose content is there, and which waits to be decided on its model's thread.
 *
 * @param <M> an update or a document
 * @param hasRow whether its numbers are in the matrix
 * @param isForOpen whether the open round can decide it; the lock is held
 * @param decides gives the verdict of the open round, or null if it came too late; welcome if it is
 *     for the next round; the lock is held
 * @param late gives the verdict if its round ended meanwhile
 * @param verdict for who waits for it
 */
record Submission<M extends Decision.Message>(
    boolean hasRow,
    BooleanSupplier isForOpen,
    Function<Instant, @Nullable Verdict<M>> decides,
    Supplier<Verdict<M>> late,
    CompletableFuture<Verdict<M>> verdict) {}
