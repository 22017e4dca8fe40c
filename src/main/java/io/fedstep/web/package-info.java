/**
 * The HTTP contract: thin controllers, and one place that turns refusals into problem documents.
 *
 * <ul>
 *   <li>Answers are those of the contract: the tests in {@code contract}.
 *   <li>One client cannot take what the others need: {@code OneSenderTest}, {@code SharesTest},
 *       {@code LimitsTest}.
 *   <li>The description of the interface says what the server does: {@code OpenApiTest}.
 * </ul>
 */
@NullMarked
package io.fedstep.web;

import org.jspecify.annotations.NullMarked;
