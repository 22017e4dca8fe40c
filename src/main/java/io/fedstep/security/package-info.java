/** Who a request comes from, what he may do, how often, and the audit log. */
@NullMarked
package io.fedstep.security;

import org.jspecify.annotations.NullMarked;
