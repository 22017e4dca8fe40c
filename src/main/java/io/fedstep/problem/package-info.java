/**
 * What a request got wrong, as a value: the codes of the contract, and a refusal that names the
 * place.
 */
@NullMarked
package io.fedstep.problem;

import org.jspecify.annotations.NullMarked;
