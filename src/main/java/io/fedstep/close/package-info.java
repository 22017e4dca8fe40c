/**
 * From the updates of a round to the next version's numbers: passes over tiles of coordinates, on
 * all cores, of one machine or of a range of several.
 *
 * <p>A result depends on the updates alone, whatever the tiles, the threads and the ranges; that is
 * {@code ShardedCloseTest}'s.
 */
@NullMarked
package io.fedstep.close;

import org.jspecify.annotations.NullMarked;
