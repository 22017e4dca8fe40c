/** Who may contribute to a round and when it ends: decisions without clock, thread or file. */
@NullMarked
package io.fedstep.round;

import org.jspecify.annotations.NullMarked;
