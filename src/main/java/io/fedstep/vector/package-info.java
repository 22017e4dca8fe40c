/** Numbers in arrays, and arithmetic on them: layouts, tiles of coordinates, the exact mean. */
@NullMarked
package io.fedstep.vector;

import org.jspecify.annotations.NullMarked;
