/** Ten clients that train on hand-written digits through the public HTTP API. */
@NullMarked
package io.fedstep.demo;

import org.jspecify.annotations.NullMarked;
