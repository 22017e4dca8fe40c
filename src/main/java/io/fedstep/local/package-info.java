/**
 * The coordinator of one machine: a thread for each model decides, forces its journal and makes its
 * versions.
 *
 * <p>{@code LocalModels} adds and removes models, each with a {@code ModelRunner}. There {@code
 * Submissions} decides about messages, {@code LocalChanges} about commands; {@code Stepper} ends
 * stages, {@code LocalDrafts} fills the version, and {@code RoundOpening} shows it with its round.
 *
 * <p>Nobody is answered before the force that covers the answer, and a run with a fault at any
 * operation ends as one without: that is {@code CrashTest}'s.
 */
@NullMarked
package io.fedstep.local;

import org.jspecify.annotations.NullMarked;
