/**
 * What one machine and several have in common: who may come in, a model's state and who waits for
 * it, its deadlines, the rules of administrators' changes, limits and shares.
 */
@NullMarked
package io.fedstep.coordinator;

import org.jspecify.annotations.NullMarked;
