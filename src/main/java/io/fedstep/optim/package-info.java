/** A gradient into a step of the weights: declearn's modules, over one range of coordinates. */
@NullMarked
package io.fedstep.optim;

import org.jspecify.annotations.NullMarked;
