/** Requests and answers as they go over connections. */
@NullMarked
package io.fedstep.wire;

import org.jspecify.annotations.NullMarked;
