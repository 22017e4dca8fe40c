/**
 * The addresses of the HTTP contract: controllers, the JSON of their answers, the conditions of
 * requests, and one place that turns refusals into problem documents ({@code ProblemAdvice}). Bytes
 * and connections are those of {@code io.fedstep.wire}.
 *
 * <ul>
 *   <li>Answers are those of the contract: the tests in {@code contract}.
 *   <li>What an address does not heed (a query parameter, a condition) is refused, never passed
 *       over: {@code ErrorsTest}, {@code ConditionsTest}.
 *   <li>Each request with a body holds a place while it is read: {@code LimitsTest}, {@code
 *       SharesTest}.
 *   <li>What came of an update is counted once, however it was answered: {@code UpdateTimerTest},
 *       {@code RefusalsTest}.
 *   <li>The description of the interface says what the server does: {@code OpenApiTest}.
 * </ul>
 */
@NullMarked
package io.fedstep.web;

import org.jspecify.annotations.NullMarked;
