/**
 * A model's spec, and the mathematics of a close by it: a chain of steps over ranges of
 * coordinates.
 *
 * <ul>
 *   <li>What goes together in a spec is one table, that of the documentation: {@code
 *       AlgorithmsTest}.
 *   <li>A gradient is the same bits whatever the ranges: {@code CloseChainTest}, {@code
 *       ShardedCloseTest}.
 * </ul>
 */
@NullMarked
package io.fedstep.model;

import org.jspecify.annotations.NullMarked;
