/** Everything with a wire form, as bytes: vectors, specs, optimizer documents, journal lines. */
@NullMarked
package io.fedstep.codec;

import org.jspecify.annotations.NullMarked;
