/**
 * The coordinator of one machine: a thread for each model decides, forces its journal and makes its
 * versions.
 *
 * <p>Nobody is answered before the force that covers the answer, and a run with a fault at any
 * operation ends as one without: that is {@code CrashTest}'s.
 */
@NullMarked
package io.fedstep.local;

import org.jspecify.annotations.NullMarked;
