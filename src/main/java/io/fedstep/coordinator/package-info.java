/** Runs the rounds: one thread a model that decides and steps, its waiters and its deadlines. */
@NullMarked
package io.fedstep.coordinator;

import org.jspecify.annotations.NullMarked;
