/** Many updates into one gradient, over one range of coordinates. */
@NullMarked
package io.fedstep.aggregate;

import org.jspecify.annotations.NullMarked;
